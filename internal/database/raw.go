package database

import (
	"context"
	"slices"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Raw is a database by plain SQL: the SDK's data plane. Every method may write
// and binds the values it is given. It is safe for concurrent use.
type Raw struct{ conn d1.Conn }

// Statement is one statement of a batch.
type Statement struct {
	SQL    string
	Params []d1.Value
}

// Record is one row with its columns' names, duplicates kept.
type Record struct {
	Columns []string
	Values  []d1.Value
}

// Executed is what Exec did.
type Executed struct {
	// Count is how many statements ran.
	Count int
	// Changes counts the rows inserted, updated and deleted, cascades included.
	Changes int64
	// Duration is the time inside the engine.
	Duration time.Duration
}

// Query runs one statement and returns all of its rows. A text of several
// statements is refused; use Batch.
func (r *Raw) Query(ctx context.Context, sql string, params []d1.Value) (*d1.Result, error) {
	return r.conn.Query(ctx, d1.Exec(sql, params...))
}

// Exec runs statements without values in one transaction, each given by itself:
// a text isn't split. The SDK's exec leaves the earlier ones standing when one
// fails; this leaves none.
func (r *Raw) Exec(ctx context.Context, statements ...string) (Executed, error) {
	ss := make([]d1.Stmt, len(statements))
	for i, sql := range statements {
		ss[i] = d1.Exec(sql)
	}
	results, err := r.conn.Batch(ctx, ss)
	if err != nil {
		return Executed{}, err
	}
	done := Executed{Count: len(results)}
	for _, res := range results {
		done.Changes += res.Meta.Changes
		done.Duration += res.Meta.Duration
	}
	return done, nil
}

// Batch runs statements in one transaction, in order: all of them or none.
func (r *Raw) Batch(ctx context.Context, statements []Statement) ([]*d1.Result, error) {
	ss := make([]d1.Stmt, len(statements))
	for i, s := range statements {
		ss[i] = d1.Exec(s.SQL, s.Params...)
	}
	return r.conn.Batch(ctx, ss)
}

// Raw runs one statement and returns its rows without their columns' names.
func (r *Raw) Raw(ctx context.Context, sql string, params []d1.Value) ([][]d1.Value, error) {
	res, err := r.Query(ctx, sql, params)
	if err != nil {
		return nil, err
	}
	return res.Rows, nil
}

// First runs one statement and returns its first row, cut to that column unless
// it is "". found is false without a row. A column the result doesn't have is
// fault.Invalid, row or none; by then the statement has run.
func (r *Raw) First(ctx context.Context, sql string, params []d1.Value, column string) (rec Record, found bool, err error) {
	res, err := r.Query(ctx, sql, params)
	if err != nil {
		return Record{}, false, err
	}
	at := slices.Index(res.Columns, column)
	if column != "" && at < 0 {
		return Record{}, false, fault.New(fault.Invalid, "The result has no column %q.", column)
	}
	if len(res.Rows) == 0 {
		return Record{}, false, nil
	}
	if column == "" {
		return Record{Columns: res.Columns, Values: res.Rows[0]}, true, nil
	}
	return Record{Columns: res.Columns[at : at+1], Values: res.Rows[0][at : at+1]}, true, nil
}

// Close gives the connection back. The database goes on existing.
func (r *Raw) Close() error { return r.conn.Close() }
