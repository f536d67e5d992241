package shadow

import (
	"context"
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Copy is an empty copy of a database.
type Copy struct {
	*sqlite.Conn
	// Left is what the engine couldn't make of the database, and so isn't in the copy.
	Left []live.Left

	lacks []schema.MasterRow // its rows, which Read adds
}

// Make returns a copy that these statements made, in a writing transaction that ctx
// can interrupt. One that fails is the error.
func Make(ctx context.Context, statements []string) (*Copy, error) {
	s, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	for _, sql := range statements {
		if err := s.Exec(sql); err != nil {
			s.Close()
			return nil, fmt.Errorf("shadow: on an empty copy: %s: %w", sql, err)
		}
	}
	return s, nil
}

// Tolerate is Make, but leaves out what can't be made (the schema of a module that
// isn't there, say).
func Tolerate(ctx context.Context, statements []string) (*Copy, error) {
	s, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	for _, sql := range statements {
		_ = s.Exec(sql)
	}
	return s, nil
}

func begin(ctx context.Context) (*Copy, error) {
	c, err := sqlite.Open("", sqlite.Options{Memory: true})
	if err != nil {
		return nil, err
	}
	s := &Copy{Conn: c}
	if err := c.Begin(ctx, sqlite.Write); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Over is a copy that somebody else made, with rows in it; closing it closes c.
func Over(c *sqlite.Conn) *Copy { return &Copy{Conn: c} }

// Close ends the copy, which is gone then.
func (s *Copy) Close() {
	if s.InTransaction() {
		_ = s.End(false)
	}
	_ = s.Conn.Close()
}

// ReadOnly keeps the copy as it is: from here on only what reads is compiled.
func (s *Copy) ReadOnly(ctx context.Context) error {
	if err := s.End(true); err != nil {
		return err
	}
	return s.Begin(ctx, sqlite.Read)
}

// WithoutKeys switches foreign keys off: what a statement does because of them is none
// of the statement's own text.
func (s *Copy) WithoutKeys(ctx context.Context) error {
	if err := s.End(true); err != nil { // within a transaction it has no effect
		return err
	}
	s.Restrict(sqlite.Write)
	if err := s.Exec("PRAGMA foreign_keys = off"); err != nil {
		return err
	}
	return s.Begin(ctx, sqlite.Write)
}

// Read reads what the copy is, with what it lacks as that was.
func (s *Copy) Read() (*live.Database, error) {
	var rows [][]d1.Value
	err := s.each(live.Catalog().SQL, func(st *sqlite.Stmt) bool {
		rows = append(rows, live.Row(st.Bytes, st.Int))
		return true
	})
	if err != nil {
		return nil, err
	}
	return live.Of(rows).With(s.lacks), nil
}

// Texts returns the first column of a statement's rows.
func (s *Copy) Texts(sql string) (out []string, err error) {
	err = s.each(sql, func(st *sqlite.Stmt) bool {
		out = append(out, st.Bytes(0))
		return true
	})
	return out, err
}

// Text returns the first value of a query, "" for none and for a query that fails.
func (s *Copy) Text(sql string) (text string) {
	_ = s.each(sql, func(st *sqlite.Stmt) bool {
		text = st.Bytes(0)
		return false
	})
	return text
}

// each does f with every row of a statement, until it returns false.
func (s *Copy) each(sql string, f func(*sqlite.Stmt) bool) error {
	st, err := s.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close()
	for {
		if row, err := st.Step(); err != nil || !row || !f(st) {
			return err
		}
	}
}

// Bound runs a statement with its values, texts and integers, to its end.
func (s *Copy) Bound(q d1.Stmt) error {
	st, err := s.Prepare(q.SQL)
	if err != nil {
		return err
	}
	defer st.Close()
	for i, v := range q.Args {
		if v.Kind() == d1.Integer {
			st.BindInt(i+1, v.Int())
			continue
		}
		st.BindText(i+1, v.Text())
	}
	for more := true; more && err == nil; {
		more, err = st.Step()
	}
	return err
}

// Follow changes the copy's schema as a statement of a run would; one that fails
// changes nothing. CREATE TABLE … AS SELECT runs a query of any length, so of it only
// the columns are made.
func (s *Copy) Follow(sql string) {
	if name, query, ok := asSelect(sql); ok {
		columns, ok := s.columns(query)
		if !ok {
			return
		}
		sql = "CREATE TABLE IF NOT EXISTS " + name + " (" + strings.Join(columns, ", ") + ")"
	}
	_ = s.Exec(sql)
}

// columns are the names that a query gives to the columns of a table.
func (s *Copy) columns(query string) ([]string, bool) {
	st, err := s.Prepare(query)
	if err != nil {
		return nil, false
	}
	defer st.Close()
	var columns []string
	seen := map[string]int{}
	for _, c := range st.Columns() {
		key := sqltext.Fold(c)
		if seen[key]++; seen[key] > 1 {
			c = fmt.Sprintf("%s:%d", c, seen[key]-1) // as SQLite does
		}
		columns = append(columns, sqltext.Quote(c))
	}
	return columns, true
}

// asSelect returns the table and the query of a CREATE TABLE … AS SELECT.
func asSelect(sql string) (name, query string, ok bool) {
	n, start := 0, -1
	for t := range sqltext.Code(sql) {
		switch {
		case n == 0 && !t.Is("create"), n == 1 && !t.Is("table"):
			return "", "", false
		case n == 2 && start < 0 && (t.Is("if") || t.Is("not") || t.Is("exists")):
			continue
		case n == 2 && start < 0:
			start = t.Offset
			continue
		case n == 2 && t.Is("as"):
			return sql[start:t.Offset], sql[t.Offset+len(t.Text):], true
		case n == 2 && t.Is("("), n == 2 && t.Is("using"):
			return "", "", false
		case n == 2:
			continue // the rest of the name
		}
		n++
	}
	return "", "", false
}
