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
	leave, err := c.enterStream(ctx)
	if err != nil {
		return nil, err
	}
	ctx, stop := timed(ctx)
	cancel := func() { stop(); leave() }
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
	read := &reader{st: st, columns: len(columns), max: s.MaxRow}
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
		values, _, err := read.row()
		return values, err
	}
	return d1.NewRows(columns, next, func() d1.Meta {
		st.Close()
		_ = end(false)
		cancel()
		return d1.Meta{Duration: busy}
	}), nil
}

// streamWait is how long a stream waits for one of the places of its database.
const streamWait = 2 * time.Second

// enterStream takes one of the database's maxStreams places, so that slow
// statements leave readers for pages. It doesn't wait for long: a statement that
// waited would seem slow itself.
func (c *conn) enterStream(ctx context.Context) (leave func(), err error) {
	h, err := c.handles.acquire(c.key, c.path)
	if err != nil {
		return nil, c.fail(ctx, err)
	}
	wait := time.NewTimer(streamWait)
	defer wait.Stop()
	select {
	case h.streams <- struct{}{}:
		return func() { <-h.streams; c.handles.release(h) }, nil
	case <-ctx.Done():
		err = c.fail(ctx, &sqlite.Error{Text: d1.InterruptedText, Offset: -1})
	case <-wait.C:
		err = fault.New(fault.Limited, "%d statements are running on %s already. Try again when one has ended.", maxStreams, c.name)
	}
	c.handles.release(h)
	return nil, err
}
