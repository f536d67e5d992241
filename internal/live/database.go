package live

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Database is what a database holds, as it was at one moment. It is immutable.
type Database struct {
	// Tables are the tables, views and virtual tables that are somebody's, by name.
	Tables []Entry
	// Schema is what could be read of the CREATE texts.
	Schema *schema.Schema
	// Rows are sqlite_master's, without the tables of SQLite, D1 and the ledgers, what
	// belongs to them, and shadow tables. They are in the order of types and names, but
	// triggers in that of their creation, which is the reverse of the one they fire in.
	Rows []schema.MasterRow
	// Ledgers are the rows of the ledgers and of what is on them, in the same order.
	Ledgers []schema.MasterRow
	// Virtual are the rows of the virtual tables among all of these, by name.
	Virtual []schema.MasterRow
	// Left is what can't be read of the CREATE texts, in the order of Rows.
	Left []Left
}

// Left is something of a database that is left alone: what is planned goes round it.
type Left struct {
	// Type, Name and Table are those of sqlite_master.
	Type  string `json:"type"`
	Name  string `json:"name"`
	Table string `json:"table"`
	// Reason says why, as a sentence without its end.
	Reason string `json:"reason"`
}

// Of reports whether it is that table or view, or belongs to it.
func (l Left) Of(table string) bool {
	return sqltext.Same(l.Name, table) || sqltext.Same(l.Table, table)
}

// Words name it with the reason.
func (l Left) Words() string { return "the " + l.Type + " " + l.Name + " (" + l.Reason + ")" }

// Read reads what a database holds in one round trip.
func Read(ctx context.Context, conn d1.Conn) (*Database, error) {
	r, err := conn.Query(ctx, Catalog())
	if err != nil {
		return nil, err
	}
	return Of(r.Rows), nil
}

// Of reads the rows that the statement Catalog returned.
func Of(rows [][]d1.Value) *Database {
	d := &Database{}
	indexes := map[string]int{}
	for _, v := range rows {
		row := schema.MasterRow{Type: v[catType].Text(), Name: v[catName].Text(), Table: v[catTable].Text(), SQL: v[catSQL].Text()}
		if v[catListed].Text() == "virtual" {
			d.Virtual = append(d.Virtual, row)
		}
		if v[catOwn].Int() == 0 {
			d.Ledgers = append(d.Ledgers, row)
			continue
		}
		d.Rows = append(d.Rows, row)
		switch {
		case sqltext.Reserved(row.Name): // whatever it is called, but nothing to browse
		case row.Type == "index":
			indexes[sqltext.Fold(row.Table)]++
		case row.Type == "table", row.Type == "view":
			d.Tables = append(d.Tables, Entry{
				Name: row.Name, Kind: kindOf(v[catListed].Text(), row.Type), SQL: row.SQL, Columns: int(v[catColumns].Int()),
				WithoutRowID: v[catWithoutRowID].Int() == 1, Strict: v[catStrict].Int() == 1,
			})
		}
	}
	slices.SortFunc(d.Tables, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	for i := range d.Tables {
		d.Tables[i].Indexes = indexes[sqltext.Fold(d.Tables[i].Name)]
	}
	d.parse()
	return d
}

// parse reads the CREATE texts, one by one when they can't be read together.
func (d *Database) parse() {
	var err error
	if d.Schema, err = schema.FromObjects(d.Rows); err == nil {
		return
	}
	var read []schema.MasterRow
	for _, row := range d.Rows {
		_, err := schema.FromObjects([]schema.MasterRow{row})
		if err == nil {
			read = append(read, row)
			continue
		}
		reason := err
		if inner := errors.Unwrap(err); inner != nil { // without the name, which Left has
			reason = inner
		}
		d.Left = append(d.Left, Left{Type: row.Type, Name: row.Name, Table: row.Table, Reason: "its text can't be read: " + reason.Error()})
		if i := d.find(row.Name); row.Type == "table" && i >= 0 {
			d.Tables[i].Unread = err.Error()
		}
	}
	if d.Schema, err = schema.FromObjects(read); err != nil { // each was read alone, so together they are too
		d.Schema = &schema.Schema{}
	}
}

// With is the database with rows of sqlite_master that no engine listed: what an empty
// copy of it lacks.
func (d *Database) With(rows []schema.MasterRow) *Database {
	if len(rows) == 0 && d.Schema != nil {
		return d
	}
	out := *d
	out.Tables, out.Left = slices.Clone(d.Tables), nil
	out.Rows = append(slices.Clone(d.Rows), rows...)
	slices.SortStableFunc(out.Rows, func(a, b schema.MasterRow) int {
		if a.Type == "trigger" && b.Type == "trigger" { // in the order of their creation
			return 0
		}
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name))
	})
	for _, row := range rows {
		if row.Type == "table" || row.Type == "view" {
			kind := kindOf("", row.Type)
			if schema.Virtual(row.SQL) {
				kind, out.Virtual = KindVirtual, append(slices.Clone(out.Virtual), row)
			}
			out.Tables = append(out.Tables, Entry{Name: row.Name, Kind: kind, SQL: row.SQL})
		}
	}
	slices.SortFunc(out.Tables, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	out.parse()
	return &out
}

func (d *Database) find(name string) int {
	return slices.IndexFunc(d.Tables, func(e Entry) bool { return sqltext.Same(e.Name, name) })
}

// Table returns the table, view or virtual table of that name, in any case of
// its letters, or fault.NotFound.
func (d *Database) Table(name string) (Entry, error) {
	if i := d.find(name); i >= 0 {
		return d.Tables[i], nil
	}
	return Entry{}, fault.New(fault.NotFound, "There is no table or view %.100q in this database.", name)
}
