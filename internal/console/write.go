package console

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Write runs the statements of a script that was judged, all in one transaction
// within Limits.Timeout. The end of ctx before the transaction's undoes all of it.
// The rows of each statement are cut at the limits. What one fails with is in its
// Result, the last one: then nothing of the run was done; so it is, without
// running, when one has failed in the trial. A write whose answer was lost is the
// error itself, fault.Unknown. Other errors are those of Run.
func Write(ctx context.Context, conn d1.Conn, s Script, l Limits, j Judgement) ([]Result, error) {
	if j.refused != nil {
		return j.refused, nil
	}
	l = l.orDefaults()
	parts, err := split(s.SQL, l)
	if err != nil {
		return nil, err
	}
	if len(parts) != len(j.told) {
		return nil, fault.New(fault.Internal, "another text was judged")
	}
	values, err := Params(s.Params)
	if err != nil {
		return nil, err
	}
	out := make([]Result, len(parts))
	stmts := make([]d1.Stmt, len(parts))
	for i, p := range parts {
		out[i] = Result{SQL: p.SQL, Offset: p.Offset, Wrote: j.told[i].writes, ErrOffset: -1}
		n := wanted(p.SQL)
		if n > len(values) {
			out[i].Err = fault.New(fault.Invalid, "The statement has %s, but %s. Give one a line. Nothing was run.",
				count(n, "parameter"), given(len(values)))
			return out[i : i+1], nil
		}
		stmts[i] = d1.Stmt{SQL: p.SQL, Args: values[:n], Columns: j.told[i].columns,
			MaxRow: maxRow, MaxRows: l.Rows, MaxBytes: l.Bytes / len(parts)}
		if j.told[i].writes {
			stmts[i].Mode = d1.Write
		}
		if l.Guard != ByEngine {
			stmts[i].SQL = spelledOut(p.SQL, stmts[i].Columns)
		}
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	results, err := conn.Batch(ctx, stmts)
	if err != nil {
		out, err = failed(out, err)
		if len(out) == 1 && wasStopped(out[0].Err) {
			out[0].Err = stopped(ctx, out[0].Err, began, rolledBack)
		}
		return out, err
	}
	for i, r := range results {
		out[i].Columns, out[i].Rows, out[i].Changes = r.Columns, r.Rows, r.Meta.Changes
		out[i].Engine, out[i].Total = r.Meta.Duration, time.Since(began)
		if r.Cut {
			out[i].Cut = "after " + strconv.Itoa(len(r.Rows)) + " rows"
		}
	}
	return out, nil
}

const rolledBack = "Everything was rolled back; nothing was changed."

// failed returns the one statement that undid the run, with its error.
func failed(out []Result, err error) ([]Result, error) {
	e, ok := errors.AsType[*d1.Error](err)
	if fault.Is(err, fault.Unknown) || !ok {
		return nil, err
	}
	i := max(e.Stmt, 0)
	if e.Stmt < 0 {
		i = len(out) - 1 // the end of the transaction
	}
	out[i].fail(err)
	if e.Class == d1.ReadOnly || len(out) > 1 {
		out[i].Err = fault.Wrap(err, fault.KindOf(out[i].Err), "%s. "+rolledBack, fault.Message(d1.Fail(e)))
	}
	return out[i : i+1], nil
}

// spelledOut names the columns of a RETURNING * one by one, so that D1 gives each of them back
// as it is stored: of a star it can't be asked. Nothing before it moves, and so no offset.
func spelledOut(sql string, columns []string) string {
	t := codeOf(sql)
	n := len(t)
	if n < 2 || len(columns) == 0 || !t[n-1].Is("*") || !t[n-2].Is("returning") {
		return sql
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = sqltext.Quote(c)
	}
	return sql[:t[n-1].Offset] + strings.Join(names, ", ")
}
