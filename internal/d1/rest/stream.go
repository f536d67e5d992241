package rest

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Stream runs one reading statement: one call, whose answer is read row by row.
// It takes the memory of one row. Closing it before its end stops the answer;
// D1 may go on for up to 30 s. Texts travel as their bytes where Stmt.Columns is
// given, which takes twice the room: rows that were handed out can't be asked for
// again when one turns out not to be UTF-8, as Query does.
func (c *conn) Stream(ctx context.Context, s d1.Stmt) (*d1.Rows, error) {
	if s.Mode != d1.Read {
		return nil, fault.New(fault.Invalid, "Only a reading statement can be streamed.")
	}
	w, err := c.prepare(s, true, 0)
	if err != nil {
		return nil, refuse(err, 0)
	}
	req := call{what: "the statement on the database %s", id: c.id, readToken: true}
	resp, err := c.p.open(ctx, req, c.raw([]wire{w}))
	if err != nil {
		return nil, c.sqlFault(err, []wire{w})
	}
	a := newAnswer(resp.Body)
	// fail explains what ended the stream, in the words Query has.
	fail := func(err error) error {
		err = c.p.explain(ctx, resp, err)
		if f, ok := failure(err); ok {
			err = c.p.fault(f, req)
		}
		return c.sqlFault(err, []wire{w})
	}
	ev, row, err := a.next()
	if err != nil {
		err = fail(err)
		_ = resp.Body.Close()
		return nil, err
	}
	names, err := w.names(a.columns)
	if err != nil {
		err = fail(err)
		_ = resp.Body.Close()
		return nil, err
	}
	st := &stream{a: a, s: s, read: rowReader{w: w, columns: len(a.columns)}, ev: ev, row: row, fail: fail}
	return d1.NewRows(names, st.next, func() d1.Meta {
		_ = resp.Body.Close()
		return st.a.meta
	}), nil
}

type stream struct {
	a    *answer
	s    d1.Stmt
	read rowReader
	// ev and row were met and not handed out yet.
	ev   event
	row  []byte
	rows int
	size int
	fail func(error) error
}

// next hands out a row; at the end it reads on to what tells whether it was one.
func (st *stream) next() ([]d1.Value, error) {
	ev, row := st.ev, st.row
	st.row = nil
	for {
		switch {
		case ev == theEnd:
			st.ev = theEnd
			return nil, nil
		case ev == aRow && row != nil:
			values, size, err := st.read.read(row)
			if err != nil {
				return nil, st.fail(err)
			}
			if st.s.MaxRow > 0 && size > st.s.MaxRow {
				return nil, rowTooLarge(st.s.MaxRow)
			}
			st.rows++
			st.size += size
			if st.s.MaxRows > 0 && st.rows > st.s.MaxRows || st.s.MaxBytes > 0 && st.size > st.s.MaxBytes {
				st.ev = theEnd
				return nil, nil
			}
			st.ev = aRow
			return values, nil
		}
		var err error
		if ev, row, err = st.a.next(); err != nil {
			return nil, st.fail(err)
		}
	}
}
