package live

import (
	"context"
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
	// Unread is what a text that can't be read is, nil for none.
	Unread error
}

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
	d.Schema, d.Unread = schema.FromObjects(d.Rows)
	if d.Unread == nil {
		return
	}
	var read []schema.MasterRow
	for _, row := range d.Rows {
		_, err := schema.FromObjects([]schema.MasterRow{row})
		switch i := d.find(row.Name); {
		case err == nil:
			read = append(read, row)
		case row.Type == "table" && i >= 0:
			d.Tables[i].Unread = err.Error()
		}
	}
	s, err := schema.FromObjects(read)
	if err != nil { // each was read alone, so together they are too
		s = &schema.Schema{}
	}
	d.Schema = s
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

// Sound returns nil when every text could be read, else fault.Invalid that names what
// couldn't: there is no planning on half a schema.
func (d *Database) Sound() error {
	if d.Unread == nil {
		return nil
	}
	return fault.Wrap(d.Unread, fault.Invalid, "The database's schema can't be read: %v.", d.Unread)
}
