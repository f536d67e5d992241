package browse

import (
	"context"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// The kinds of what can be browsed.
const (
	KindTable   = "table"
	KindView    = "view"
	KindVirtual = "virtual table"
)

// Table is a table, view or virtual table in short.
type Table struct {
	Name string
	// Kind is one of KindTable, KindView and KindVirtual.
	Kind string
	// Columns counts the columns, a virtual table's hidden ones too. It is 0
	// where it isn't known: for a view that is broken, and with such a view
	// around for others, because SQLite then gives up counting.
	Columns int
	// Indexes counts what CREATE INDEX made.
	Indexes int
	// SQL is the CREATE text.
	SQL string
	// Unread says why the CREATE text could not be understood, "" when it was.
	// Such a table can be browsed all the same.
	Unread string

	withoutRowID, strict bool
}

// Catalog is what a database holds, as it was at one moment. It is immutable.
type Catalog struct {
	// Tables are what a person may browse, by name.
	Tables []Table
	// Schema is what could be read of the CREATE texts.
	Schema *schema.Schema
}

// pragma_table_list is read once: joined by itself it is read for every object.
const catalogSQL = `with l as materialized (select name, type, ncol, wr, strict from pragma_table_list where schema = 'main') ` +
	`select m.type, m.name, m.tbl_name, coalesce(m.sql, ''), l.type, l.ncol, l.wr, l.strict ` +
	`from sqlite_master m left join l on l.name = m.name where l.type is not 'shadow' order by m.name`

// Load reads a database's catalog in one round trip. What belongs to SQLite, to
// D1 and to ledgers is left out, and so are the tables below a full-text index.
// A table whose text can't be read is listed with the reason and spoils nothing
// else.
func Load(ctx context.Context, conn d1.Conn) (*Catalog, error) {
	r, err := conn.Query(ctx, d1.Query(catalogSQL))
	if err != nil {
		return nil, err
	}
	return catalogOf(r), nil
}

func catalogOf(r *d1.Result) *Catalog {
	cat := &Catalog{}
	var rows []schema.MasterRow
	indexes := map[string]int{}
	for _, v := range r.Rows {
		row := schema.MasterRow{Type: v[0].Text(), Name: v[1].Text(), Table: v[2].Text(), SQL: v[3].Text()}
		if sqltext.Reserved(row.Name) || sqltext.Reserved(row.Table) || row.SQL == "" {
			continue
		}
		rows = append(rows, row)
		switch row.Type {
		case "index":
			indexes[sqltext.Fold(row.Table)]++
		case "table", "view":
			cat.Tables = append(cat.Tables, Table{
				Name: row.Name, Kind: kindOf(v[4].Text(), row.Type), SQL: row.SQL,
				Columns: int(v[5].Int()), withoutRowID: v[6].Int() == 1, strict: v[7].Int() == 1,
			})
		}
	}
	cat.read(rows)
	for i := range cat.Tables {
		cat.Tables[i].Indexes = indexes[sqltext.Fold(cat.Tables[i].Name)]
	}
	return cat
}

func kindOf(listed, master string) string {
	switch {
	case listed == "virtual":
		return KindVirtual
	case master == "view":
		return KindView
	}
	return KindTable
}

// read parses the CREATE texts, one by one when they can't be read together.
func (c *Catalog) read(rows []schema.MasterRow) {
	s, err := schema.FromObjects(rows)
	if err != nil {
		rows = slices.DeleteFunc(rows, func(row schema.MasterRow) bool {
			_, err := schema.FromObjects([]schema.MasterRow{row})
			if err != nil && row.Type == "table" {
				c.find(row.Name).Unread = err.Error()
			}
			return err != nil
		})
		s, err = schema.FromObjects(rows)
	}
	if err != nil { // each was read alone, so together they are too
		s = &schema.Schema{}
	}
	c.Schema = s
}

func (c *Catalog) find(name string) *Table {
	for i := range c.Tables {
		if sqltext.Same(c.Tables[i].Name, name) {
			return &c.Tables[i]
		}
	}
	return nil
}

// Table returns the table, view or virtual table of that name, in any case of
// its letters, or fault.NotFound.
func (c *Catalog) Table(name string) (Table, error) {
	if t := c.find(name); t != nil {
		return *t, nil
	}
	return Table{}, fault.New(fault.NotFound, "There is no table or view %.100q in this database.", name)
}

// isFTS reports whether a virtual table is a full-text index, which has a rowid.
func (t Table) isFTS() bool {
	_, using, _ := strings.Cut(sqltext.Fold(t.SQL), "using")
	return t.Kind == KindVirtual && ftsModule.MatchString(using)
}
