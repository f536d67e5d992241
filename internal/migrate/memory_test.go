package migrate_test

import (
	"context"
	"errors"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// memory is a database in memory, as a connection: enough of one for plans, and fast
// enough for thousands of them.
type memory struct{ c *sqlite.Conn }

func newMemory(t tester) memory {
	c, err := sqlite.Open("", sqlite.Options{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	return memory{c}
}

func (m memory) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	out, err := m.Batch(ctx, []d1.Stmt{s})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func (m memory) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if err := m.c.Begin(ctx, sqlite.Write); err != nil {
		return nil, err
	}
	out := make([]*d1.Result, len(ss))
	for i, s := range ss {
		r, err := m.one(s)
		if err != nil {
			_ = m.c.End(false)
			text := err.Error()
			if e, ok := errors.AsType[*sqlite.Error](err); ok {
				text = e.Text
			}
			return nil, fault.Wrap(&d1.Error{Text: text, Stmt: i}, fault.Conflict, "%s", text)
		}
		out[i] = r
	}
	return out, m.c.End(true)
}

func (m memory) one(s d1.Stmt) (*d1.Result, error) {
	st, err := m.c.Prepare(s.SQL)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	for i, v := range s.Args {
		switch v.Kind() {
		case d1.Null:
			st.BindNull(i + 1)
		case d1.Integer:
			st.BindInt(i+1, v.Int())
		default:
			st.BindText(i+1, v.Text())
		}
	}
	r := &d1.Result{Columns: st.Columns()}
	for {
		row, err := st.Step()
		if err != nil || !row {
			return r, err
		}
		values := make([]d1.Value, len(r.Columns))
		for i := range values {
			switch st.ColumnType(i) {
			case sqlite.TypeNull:
			case sqlite.TypeInteger:
				values[i] = d1.Int(st.Int(i))
			default:
				values[i] = d1.Str(st.Bytes(i))
			}
		}
		r.Rows = append(r.Rows, values)
	}
}

func (m memory) Stream(context.Context, d1.Stmt) (*d1.Rows, error) {
	return nil, errors.New("it doesn't stream")
}

func (m memory) Close() error { return m.c.Close() }
