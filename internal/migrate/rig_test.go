package migrate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// rig is real D1 as a connection, as far as migrations use one: texts, integers
// and NULL.
type rig struct{ db *d1test.Database }

func (r rig) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	out, err := r.Batch(ctx, []d1.Stmt{s})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func (r rig) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if len(ss) == 1 {
		return r.one(ctx, ss[0])
	}
	var batch []d1test.Stmt
	for _, s := range ss {
		batch = append(batch, d1test.Stmt{SQL: s.SQL, Params: params(s)})
	}
	answer, err := r.db.Batch(ctx, batch...)
	if err != nil {
		return nil, refused(err)
	}
	var results []struct{ Results []json.RawMessage }
	if err := json.Unmarshal(answer, &results); err != nil {
		return nil, err
	}
	out := make([]*d1.Result, len(results))
	for i, one := range results {
		out[i] = &d1.Result{}
		for _, row := range one.Results {
			values, err := ordered(row)
			if err != nil {
				return nil, err
			}
			out[i].Rows = append(out[i].Rows, values)
		}
	}
	return out, nil
}

// ordered are the values of an object in their order, which is that of the columns.
func ordered(object json.RawMessage) (out []d1.Value, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		var v any
		if _, err := d.Token(); err != nil { // its name
			return nil, err
		}
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		out = append(out, value(v))
	}
	return out, nil
}

// one asks for arrays, which keep the order of columns.
func (r rig) one(ctx context.Context, s d1.Stmt) ([]*d1.Result, error) {
	answer, err := r.db.Raw(ctx, s.SQL, params(s)...)
	if err != nil {
		return nil, refused(err)
	}
	var rows [][]any
	if err := json.Unmarshal(answer, &rows); err != nil {
		return nil, err
	}
	res := &d1.Result{}
	for i, row := range rows {
		values := make([]d1.Value, len(row))
		for j, v := range row {
			values[j] = value(v)
			if i == 0 {
				res.Columns = append(res.Columns, values[j].Text())
			}
		}
		if i > 0 {
			res.Rows = append(res.Rows, values)
		}
	}
	return []*d1.Result{res}, nil
}

func (r rig) Stream(context.Context, d1.Stmt) (*d1.Rows, error) {
	return nil, errors.New("the rig doesn't stream")
}

func (r rig) Close() error { return nil }

func refused(err error) error {
	if e, ok := errors.AsType[*d1test.D1Error](err); ok {
		text := strings.TrimPrefix(e.Text, "D1_ERROR: ")
		return fault.Wrap(&d1.Error{Text: text, Stmt: -1}, fault.Conflict, "%s", text)
	}
	return err
}

func params(s d1.Stmt) []any {
	var out []any
	for _, v := range s.Args {
		switch v.Kind() {
		case d1.Null:
			out = append(out, nil)
		default: // also integers: a number would arrive as a REAL
			out = append(out, v.Text())
		}
	}
	return out
}

func value(v any) d1.Value {
	switch v := v.(type) {
	case string:
		return d1.Str(v)
	case float64:
		return d1.Int(int64(v))
	}
	return d1.Value{}
}

// engines are the ones every plan has to work on, each with a way to a new
// database.
func engines(t *testing.T) map[string]func(t *testing.T) d1.Conn {
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	n := 0
	far := overREST(t)
	return map[string]func(t *testing.T) d1.Conn{
		"embedded": func(t *testing.T) d1.Conn {
			n++
			info, err := e.Create(t.Context(), d1.CreateInput{Name: "m" + strconv.Itoa(n)})
			if err != nil {
				t.Fatal(err)
			}
			c, err := e.Open(t.Context(), info.ID)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			return c
		},
		"workerd": func(t *testing.T) d1.Conn { return rig{d1test.Workerd(t, d1test.Older).Database(t)} },
		"newest":  func(t *testing.T) d1.Conn { return rig{d1test.Workerd(t, d1test.Newest).Database(t)} },
		"rest":    far,
	}
}

// overREST is real D1 through the transport the dashboard uses.
func overREST(t *testing.T) func(t *testing.T) d1.Conn {
	t.Helper()
	f := front.New(t, front.Options{})
	p := front.Provider(t, f.URL)
	n := 0
	return func(t *testing.T) d1.Conn {
		n++
		c, err := p.Open(t.Context(), f.Add("m"+strconv.Itoa(n)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// attempt is one by test, now.
func attempt(id string) migrate.Attempt {
	return migrate.Attempt{ID: id, Actor: "test", At: now}
}

// copyTo makes a database file of statements.
func copyTo(t *testing.T, path string, statements ...string) {
	t.Helper()
	c, err := sqlite.Open(path, sqlite.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Begin(t.Context(), sqlite.Write); err != nil {
		t.Fatal(err)
	}
	for _, sql := range statements {
		st, err := c.Prepare(sql)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Step(); err != nil {
			t.Fatal(err)
		}
		st.Close()
	}
	if err := c.End(true); err != nil {
		t.Fatal(err)
	}
}
