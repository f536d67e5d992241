package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	cf "github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// conn is a handle on one database; it holds nothing open.
type conn struct {
	p  *Provider
	id string
}

// Close does nothing: there is no connection.
func (c *conn) Close() error { return nil }

// Query runs one statement: one call.
func (c *conn) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	rs, err := c.Batch(ctx, []d1.Stmt{s})
	if err != nil {
		return nil, err
	}
	return rs[0], nil
}

// Batch runs the statements in one transaction: one call. A second one follows
// when a text in an exact result may not be UTF-8, for its bytes.
func (c *conn) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if len(ss) == 0 {
		return nil, nil
	}
	if anyWrites(ss) { // it can't be asked twice, so texts come as their bytes at once
		return c.batch(ctx, ss, true)
	}
	rs, err := c.batch(ctx, ss, false)
	if errors.Is(err, errBroken) {
		return c.batch(ctx, ss, true)
	}
	return rs, err
}

func anyWrites(ss []d1.Stmt) bool {
	for _, s := range ss {
		if s.Mode == d1.Write {
			return true
		}
	}
	return false
}

// batch returns the results, with errBroken beside them when a text's bytes are lost.
func (c *conn) batch(ctx context.Context, ss []d1.Stmt, hexTexts bool) ([]*d1.Result, error) {
	ws := make([]wire, len(ss))
	for i, s := range ss {
		w, err := c.prepare(s, hexTexts, 1) // a row more tells that they were cut
		if err != nil {
			return nil, refuse(err, i)
		}
		ws[i] = w
	}
	req := call{what: "the statement on the database %s", id: c.id, writes: anyWrites(ss), readToken: !anyWrites(ss)}
	if len(ss) > 1 {
		req.what = "the batch of statements on the database %s"
	}
	var rs []*d1.Result
	var lost error
	err := c.p.do(ctx, req, c.raw(ws), func(body io.Reader) error {
		var err error
		rs, lost, err = collect(newAnswer(body), ws, ss, req.writes)
		return err
	})
	if err != nil {
		return nil, c.sqlFault(err, ws)
	}
	if hexTexts {
		lost = nil
	}
	return rs, lost
}

// prepare checks a statement and makes of it what is sent. more is how many rows beyond
// MaxRows are asked for.
func (c *conn) prepare(s d1.Stmt, hexTexts bool, more int) (wire, error) {
	if err := single(s.SQL); err != nil {
		return wire{}, err
	}
	if s.Mode != d1.Write {
		if err := judge(s.SQL); err != nil {
			return wire{}, err
		}
		if c.p.judge != nil {
			if err := c.p.judge(s.SQL); err != nil {
				return wire{}, err
			}
		}
	}
	w, err := bind(d1.Unsplit(s.SQL), s.Args)
	switch {
	case err != nil || s.Columns == nil:
		return w, err
	case sqltext.IsSelect(s.SQL):
		rows := -1
		if s.MaxRows > 0 {
			rows = s.MaxRows + more
		}
		return exact(w, s.Columns, hexTexts, rows), nil
	case s.Mode == d1.Write:
		return exactReturning(w, s.Columns), nil
	}
	return w, nil
}

// refuse is a statement that isn't sent: nothing was changed.
func refuse(err error, index int) error {
	e, ok := errors.AsType[*d1.Error](err)
	if !ok {
		return err
	}
	e.Stmt = index
	return d1.Fail(e)
}

// raw is the request of the statements.
func (c *conn) raw(ws []wire) requester {
	return func(ctx context.Context, opts ...option.RequestOption) error {
		var content any = ws[0]
		if len(ws) > 1 {
			content = map[string]any{"batch": ws}
		}
		body, err := marshal(content)
		if err != nil {
			return err
		}
		params := cf.DatabaseRawParams{Body: cf.DatabaseRawParamsBody{}}
		set(&params.AccountID.Value, &params.AccountID.Present, c.p.account)
		_, err = c.p.api.Database.Raw(ctx, c.id, params, append(opts, option.WithRequestBody("application/json", body))...)
		return err
	}
}

// collect reads the results of a batch. lost is errBroken when a text's bytes are.
func collect(a *answer, ws []wire, ss []d1.Stmt, writes bool) (rs []*d1.Result, lost, err error) {
	size := 0
	var current *collector
	for {
		ev, row, err := a.next()
		if err != nil {
			return nil, nil, err
		}
		if current == nil && ev != theEnd {
			if a.stmt >= len(ws) {
				return nil, nil, errShape
			}
			current = &collector{rows: rowReader{w: ws[a.stmt], columns: len(a.columns)}, s: ss[a.stmt], writes: writes, r: &d1.Result{}}
		}
		switch ev {
		case aRow:
			if err := current.add(row); err != nil {
				return nil, nil, err
			}
			if !current.r.Cut {
				if size += len(row); size > maxAnswer {
					return nil, nil, errTooLarge
				}
				continue
			}
			if len(ws) == 1 && !writes { // the rest isn't needed, and neither is its meta
				current.r.Columns, err = ws[0].names(a.columns)
				return []*d1.Result{current.r}, current.rows.broken(), err
			}
		case aResult:
			r := current.r
			if r.Columns, err = ws[a.stmt].names(a.columns); err != nil {
				return nil, nil, err
			}
			r.Meta = a.meta
			rs = append(rs, r)
			if current.rows.lost {
				lost = errBroken
			}
			current = nil
		case theEnd:
			if len(rs) != len(ws) {
				return nil, nil, errShape
			}
			return rs, lost, nil
		}
	}
}

// names returns the names of the result's columns.
func (w wire) names(columns []string) ([]string, error) {
	if w.columns != nil {
		if len(columns) != len(w.columns) {
			return nil, errShape
		}
		return w.columns, nil
	}
	if len(columns) == 0 {
		return nil, nil
	}
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = w.name(c)
	}
	return out, nil
}

// collector gathers the rows of one statement within its limits.
type collector struct {
	rows   rowReader
	s      d1.Stmt
	writes bool
	r      *d1.Result
	size   int
}

func (c *collector) add(row json.RawMessage) error {
	if c.r.Cut {
		return nil
	}
	if c.r.Cut = c.s.MaxRows > 0 && len(c.r.Rows) == c.s.MaxRows; c.r.Cut {
		return nil
	}
	values, size, err := c.rows.read(row)
	if err != nil {
		return err
	}
	if c.s.MaxRow > 0 && size > c.s.MaxRow {
		if c.r.Cut = c.writes; c.writes { // it is done, and no error may say otherwise
			return nil
		}
		return rowTooLarge(c.s.MaxRow)
	}
	c.size += size
	if c.r.Cut = c.s.MaxBytes > 0 && c.size > c.s.MaxBytes; c.r.Cut {
		return nil
	}
	c.r.Rows = append(c.r.Rows, values)
	return nil
}

func rowTooLarge(limit int) error {
	return fault.New(fault.Invalid,
		"A row of this result is larger than %d MB. Select less of it, for instance substr(column, 1, 1000).", limit/1_000_000)
}

// rowReader reads rows of one statement.
type rowReader struct {
	w       wire
	columns int
	lost    bool // a text's bytes are
}

func (r *rowReader) broken() error {
	if r.lost {
		return errBroken
	}
	return nil
}

// read returns the values and how many bytes the row's texts and BLOBs have.
func (r *rowReader) read(row json.RawMessage) (values []d1.Value, size int, err error) {
	raw, err := cells(row, r.columns)
	if err != nil {
		return nil, 0, err
	}
	values = make([]d1.Value, len(raw))
	for i, cell := range raw {
		if r.w.columns == nil {
			values[i], err = plainValue(cell)
		} else {
			values[i], err = exactValue(cell)
		}
		if errors.Is(err, errBroken) {
			r.lost, err = true, nil
		}
		if err != nil {
			return nil, 0, errShape
		}
		size += values[i].Len()
	}
	return values, size, nil
}

// sqlFault gives a refusal of D1's engine the form every transport has. Which
// statement of a batch it is about isn't said.
func (c *conn) sqlFault(err error, ws []wire) error {
	f, ok := errors.AsType[*Failure](err)
	if !ok || !f.fromSQL() {
		return err
	}
	e := d1.NewError(f.Text)
	switch {
	case len(ws) == 1:
		e.Stmt = 0
		if e.Offset >= 0 {
			e.Offset = ws[0].offset(e.Offset)
		}
	case edited(ws):
		e.Offset = -1
	}
	switch e.Class {
	case d1.Busy, d1.Storage, d1.Broken, d1.Quota: // of the database or the account, not of the statement
		return err
	case d1.Interrupted:
		return c.interrupted(e, f)
	}
	out, _ := errors.AsType[*fault.Error](d1.Fail(e))
	out.Ref = f.RequestID
	return out
}

// interrupted is what D1 stopped: of a database that hangs, its name is all there is to say.
func (c *conn) interrupted(e *d1.Error, f *Failure) error {
	out := fault.Wrap(e, fault.Limited, "The database %s did not answer within the %s that D1 gives, so D1 stopped what was asked. "+
		"Nothing was changed. Ask for less at once, or try again later.", c.p.name(c.id), seconds(d1.MaxDuration))
	out.Ref = f.RequestID
	return out
}

func edited(ws []wire) bool {
	for _, w := range ws {
		if len(w.edits) > 0 || w.prefix > 0 {
			return true
		}
	}
	return false
}
