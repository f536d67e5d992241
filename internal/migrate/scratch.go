package migrate

import (
	"context"
	"fmt"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
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

// withoutKeys switches foreign keys off: what a statement does because of them is none
// of the statement's own text.
func (s *scratch) withoutKeys(ctx context.Context) error {
	if err := s.c.End(true); err != nil { // within a transaction it has no effect
		return err
	}
	s.c.Restrict(sqlite.Write)
	if err := s.run("PRAGMA foreign_keys = off"); err != nil {
		return err
	}
	return s.c.Begin(ctx, sqlite.Write)
}

func (s *scratch) run(sql string) error { return s.c.Exec(sql) }

// inspect reads the scratch database's schema. The error is of a text that can't be
// read, too.
func (s *scratch) inspect() (*live.Database, error) {
	st, err := s.c.Prepare(live.Catalog().SQL)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	var rows [][]d1.Value
	for {
		more, err := st.Step()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		rows = append(rows, live.Row(st.Bytes, st.Int))
	}
	db := live.Of(rows)
	return db, db.Unread
}
