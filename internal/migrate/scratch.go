package migrate

import (
	"context"
	"fmt"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// scratch is an empty database in memory on which statements are tried.
type scratch struct{ c *sqlite.Conn }

func newScratch(ctx context.Context, statements []string) (*scratch, error) {
	c, err := sqlite.Open("", sqlite.Options{Memory: true})
	if err != nil {
		return nil, err
	}
	s := &scratch{c: c}
	if err := c.Begin(ctx, sqlite.Write); err != nil {
		s.close()
		return nil, err
	}
	for _, sql := range statements {
		if err := s.run(sql); err != nil {
			s.close()
			return nil, fmt.Errorf("migrate: on a scratch copy: %s: %w", sql, err)
		}
	}
	return s, nil
}

func (s *scratch) close() {
	if s.c.InTransaction() {
		_ = s.c.End(false)
	}
	_ = s.c.Close()
}

func (s *scratch) run(sql string) error { return s.c.Exec(sql) }

// inspect reads the scratch database's schema.
func (s *scratch) inspect() (*Live, error) {
	st, err := s.c.Prepare(inspectSQL)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	l := &Live{}
	for {
		row, err := st.Step()
		if err != nil {
			return nil, err
		}
		if !row {
			break
		}
		l.Rows = append(l.Rows, schema.MasterRow{Type: st.Bytes(0), Name: st.Bytes(1), Table: st.Bytes(2), SQL: st.Bytes(3)})
	}
	l.Schema, err = schema.FromObjects(l.Rows)
	return l, err
}

// broken returns why a view or trigger of the schema can't be compiled, nil when
// all can. A rename makes SQLite compile them all.
func (s *scratch) broken() error {
	const name = "kuratchi_probe"
	if err := s.run("create table " + name + "(a)"); err != nil {
		return err
	}
	err := s.run("alter table " + name + " rename column a to b")
	if dropped := s.run("drop table " + name); err == nil {
		err = dropped
	}
	return err
}

// Statements make the live schema anew, in an order that works.
func (l *Live) Statements() []string {
	var statements []string
	for _, kind := range []string{"table", "index", "view", "trigger"} {
		for _, r := range l.Rows {
			if r.Type == kind && r.SQL != "" {
				statements = append(statements, r.SQL)
			}
		}
	}
	return statements
}
