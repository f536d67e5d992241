package migrate

import (
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// A use is what a view or trigger means in a schema: what its names are bound to. SQLite
// binds them when the object is used, so an ALTER TABLE elsewhere can break it, or make
// it mean something else, without any error. A full-text index with external content is
// used like a view of that content.
type use struct {
	row schema.MasterRow
	// err is why it can't be compiled, in the engine's words; "" when it can.
	err string
	// columns are those a view shows.
	columns []string
	// accesses are what it reads and writes, in the order of its text.
	accesses []sqlite.Access
}

// uses compiles every view, trigger and full-text index of a schema, each trigger of a
// table alone, so that what one is bound to is told apart from what others do when it
// writes. Triggers of views stand, since nothing writes to a view without them. They are
// found by their identity.
func uses(l *live.Database) (map[string]use, error) {
	out, others, views := map[string]use{}, map[string]bool{}, map[string]bool{}
	var objects []schema.MasterRow
	for _, row := range l.Rows {
		if row.Type == "view" || row.Type == "trigger" || isFullText(row) {
			objects = append(objects, row)
			others[sqltext.Fold(row.Name)] = true
			views[sqltext.Fold(row.Name)] = views[sqltext.Fold(row.Name)] || row.Type == "view"
		}
	}
	if len(objects) == 0 {
		return nil, nil
	}
	s, err := shadow.Like(context.Background(), slices.DeleteFunc(slices.Clone(l.Rows), func(row schema.MasterRow) bool {
		return row.Type == "trigger" && !views[sqltext.Fold(row.Table)]
	}))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := s.WithoutKeys(context.Background()); err != nil {
		return nil, err
	}
	for _, row := range objects {
		u := useOf(s, row, views[sqltext.Fold(row.Table)])
		u.accesses = slices.DeleteFunc(u.accesses, func(a sqlite.Access) bool { // the statement's own, and another object's
			return a.By == "" && !isFullText(row) || !sqltext.Same(a.By, row.Name) && others[sqltext.Fold(a.By)]
		})
		out[identity(row.Type, row.Name)] = u
	}
	return out, nil
}

// useOf compiles one view, or one trigger, which stands already or on a schema where its
// table has no other.
func useOf(s *shadow.Copy, row schema.MasterRow, stands bool) use {
	u, statement := use{row: row}, "SELECT * FROM "+sqltext.Quote(row.Name)
	if f, ok := schema.ParseFullText(row.SQL); ok && row.Type == "table" {
		statement = fullTextQuery(f)
	}
	if row.Type == "trigger" {
		if !stands {
			if err := s.Exec(row.SQL); err != nil {
				u.err = engineWords(err)
				return u
			}
			defer func() { _ = s.Exec("DROP TRIGGER " + sqltext.Quote(row.Name)) }()
		}
		var err error
		if statement, err = s.Fires(row); err != nil {
			u.err = engineWords(err)
			return u
		}
	}
	var err error
	if u.accesses, u.columns, err = s.Accesses(statement); err != nil {
		u.err = engineWords(err)
	}
	return u
}

// writes reports whether it inserts into or updates a table.
func (u use) writes(table string) bool {
	return slices.ContainsFunc(u.accesses, func(a sqlite.Access) bool {
		return (a.Kind == "insert" || a.Kind == "update") && sqltext.Same(a.Table, table)
	})
}

// removes reports whether rows of a table may go or change by it: REPLACE deletes too.
func (u use) removes(table string) bool {
	replaces := sqltext.HasWord(u.row.SQL, "replace")
	return slices.ContainsFunc(u.accesses, func(a sqlite.Access) bool {
		return (a.Kind == "delete" || a.Kind == "update" || a.Kind == "insert" && replaces) && sqltext.Same(a.Table, table)
	})
}

// inserts reports whether it inserts into a table.
func (u use) inserts(table string) bool {
	return slices.ContainsFunc(u.accesses, func(a sqlite.Access) bool { return a.Kind == "insert" && sqltext.Same(a.Table, table) })
}

// updates reports whether it sets a column.
func (u use) updates(table, column string) bool {
	return slices.ContainsFunc(u.accesses, func(a sqlite.Access) bool {
		return a.Kind == "update" && sqltext.Same(a.Table, table) && sqltext.Same(a.Column, column)
	})
}

// reads reports whether it reads a column.
func (u use) reads(table, column string) bool {
	return slices.ContainsFunc(u.accesses, func(a sqlite.Access) bool {
		return a.Kind == "read" && sqltext.Same(a.Table, table) && sqltext.Same(a.Column, column)
	})
}

// words name it: "trigger log".
func (u use) words() string {
	if u.row.Type == "table" {
		return "full-text index " + u.row.Name
	}
	return u.row.Type + " " + u.row.Name
}
