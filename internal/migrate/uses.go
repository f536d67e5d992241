package migrate

import (
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// A use is what a view or trigger means in a schema: what its names are bound to. SQLite
// binds them when the object is used, so an ALTER TABLE elsewhere can break it, or make
// it mean something else, without any error.
type use struct {
	row schema.MasterRow
	// err is why it can't be compiled, in the engine's words; "" when it can.
	err string
	// columns are those a view shows.
	columns []string
	// accesses are what it reads and writes, in the order of its text.
	accesses []sqlite.Access
}

// uses compiles every view and trigger of a schema, each trigger alone, so that what one
// is bound to is told apart from what others do when it writes. Their names are folded.
func uses(l *Live) (map[string]use, error) {
	out, views := map[string]use{}, map[string]bool{}
	var objects []schema.MasterRow
	for _, row := range l.Rows {
		if row.Type == "view" || row.Type == "trigger" {
			objects = append(objects, row)
			views[schema.Fold(row.Name)] = row.Type == "view"
		}
	}
	if len(objects) == 0 {
		return nil, nil
	}
	s, err := newScratch(context.Background(), l.statements("table", "index", "view"))
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.withoutKeys(context.Background()); err != nil {
		return nil, err
	}
	for _, row := range objects {
		u := s.use(row)
		u.accesses = slices.DeleteFunc(u.accesses, func(a sqlite.Access) bool {
			return a.By == "" || schema.Fold(a.By) != schema.Fold(row.Name) && views[schema.Fold(a.By)] // the statement's own, and another view's
		})
		out[schema.Fold(row.Name)] = u
	}
	return out, nil
}

// use compiles one view, or one trigger on a schema that has no other.
func (s *scratch) use(row schema.MasterRow) use {
	u, statement := use{row: row}, "SELECT * FROM "+schema.Quote(row.Name)
	if row.Type == "trigger" {
		if err := s.run(row.SQL); err != nil {
			u.err = engineWords(err)
			return u
		}
		defer func() { _ = s.run("DROP TRIGGER " + schema.Quote(row.Name)) }()
		var err error
		if statement, err = s.fires(row); err != nil {
			u.err = engineWords(err)
			return u
		}
	}
	var err error
	if u.accesses, u.columns, err = s.c.Accesses(statement); err != nil {
		u.err = engineWords(err)
	}
	return u
}

// fires returns a statement that fires a trigger.
func (s *scratch) fires(row schema.MasterRow) (string, error) {
	table := schema.Quote(row.Table)
	head, _ := schema.ParseTrigger(row.SQL)
	switch head.Event {
	case "insert":
		return "INSERT INTO " + table + " DEFAULT VALUES", nil
	case "delete":
		return "DELETE FROM " + table, nil
	}
	names, err := s.texts("SELECT name FROM pragma_table_xinfo(" + schema.QuoteText(row.Table) + ") WHERE hidden = 0")
	for i, name := range names {
		names[i] = schema.Quote(name) + " = " + schema.Quote(name)
	}
	return "UPDATE " + table + " SET " + list(names), err
}

// texts runs a statement of the package's own and returns its first column.
func (s *scratch) texts(sql string) ([]string, error) {
	st, err := s.c.Prepare(sql)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	var out []string
	for {
		row, err := st.Step()
		if err != nil || !row {
			return out, err
		}
		out = append(out, st.Bytes(0))
	}
}

// writes reports whether it inserts into or updates a table.
func (u use) writes(table string) bool {
	return slices.ContainsFunc(u.accesses, func(a sqlite.Access) bool {
		return (a.Kind == "insert" || a.Kind == "update") && schema.SameName(a.Table, table)
	})
}

// deletes reports whether it deletes or updates rows of a table.
func (u use) deletes(table string) bool {
	return slices.ContainsFunc(u.accesses, func(a sqlite.Access) bool {
		return (a.Kind == "delete" || a.Kind == "update") && schema.SameName(a.Table, table)
	})
}

// reads reports whether it reads a column.
func (u use) reads(table, column string) bool {
	return slices.ContainsFunc(u.accesses, func(a sqlite.Access) bool {
		return a.Kind == "read" && schema.SameName(a.Table, table) && schema.SameName(a.Column, column)
	})
}

// words name it: "trigger log".
func (u use) words() string { return u.row.Type + " " + u.row.Name }
