package local

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// Stream runs one reading statement and hands its rows out as they come. The
// database's snapshot stays the one of the first row until Close.
func (c *conn) Stream(ctx context.Context, s d1.Stmt) (*d1.Rows, error) {
	if s.Mode != d1.Read {
		return nil, fault.New(fault.Invalid, "Only a reading statement can be streamed.")
	}
	ctx, cancel := context.WithTimeout(ctx, d1.MaxDuration)
	db, end, err := c.begin(ctx, sqlite.Read)
	if err != nil {
		err = c.fail(ctx, err)
		cancel()
		return nil, err
	}
	st, err := prepare(db, s)
	if err != nil {
		err = c.fail(ctx, &stmtError{err: err})
		_ = end(false)
		cancel()
		return nil, err
	}
	began := time.Now()
	row, err := st.Step()
	busy := time.Since(began)
	if err != nil {
		err = c.fail(ctx, &stmtError{err: err})
		st.Close()
		_ = end(false)
		cancel()
		return nil, err
	}
	columns, first := st.Columns(), true // known for sure only after the first step, see run
	next := func() ([]d1.Value, error) {
		if !first {
			began := time.Now()
			row, err = st.Step()
			busy += time.Since(began)
		}
		first = false
		switch {
		case err != nil:
			return nil, c.fail(ctx, &stmtError{err: err})
		case !row:
			return nil, nil
		}
		return values(st, len(columns)), nil
	}
	return d1.NewRows(columns, next, func() d1.Meta {
		st.Close()
		_ = end(false)
		cancel()
		return d1.Meta{Duration: busy}
	}), nil
}
