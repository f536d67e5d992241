package migrate

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// maxColumns is D1's limit of a table's columns, and of a result's.
const maxColumns = 100

// rowCopy is where the rows of a table wait while it is made anew, or emptied.
type rowCopy struct {
	table string // where they go back to
	// rows has them; ids their rowids, in the same order, where a copy with them would
	// have too many columns, else "".
	rows, ids string
	// rowid is the name the table knows its rowid by, "" where it isn't kept.
	rowid string
	// into are the columns, from what they get.
	into, from []string
	// order puts rows last that are numbered as they come, so that none takes the number
	// of another; "" for any.
	order string
}

// copyRows copies the rows of a table, in the columns that its next self has too.
func (b *builder) copyRows(have, want *schema.Table) rowCopy {
	c := rowCopy{table: sqltext.Quote(want.Name), rows: b.helper("rows"), rowid: keptRowID(have, want)}
	var selects []string
	for _, name := range carriedColumns(have, want) {
		old, _ := have.Column(name)
		next, _ := want.Column(name)
		selects = append(selects, sqltext.Quote(name))
		c.into, c.from = append(c.into, sqltext.Quote(next.Name)), append(c.from, carried(old, next, old.Name, written))
		if want.RowIDAlias(next.Name) && !have.RowIDAlias(old.Name) {
			c.order = " ORDER BY " + sqltext.Quote(old.Name) + " IS NULL"
		}
	}
	order := ""
	switch {
	case c.rowid == "":
	case len(selects) < maxColumns:
		selects = append([]string{c.rowid + " AS kuratchi_rowid"}, selects...)
		c.into, c.from = append([]string{c.rowid}, c.into...), append([]string{"kuratchi_rowid"}, c.from...)
	default:
		c.ids, order = b.helper("ids"), " ORDER BY "+c.rowid
	}
	b.more("CREATE TABLE " + c.rows + " AS SELECT " + list(selects) + " FROM " + sqltext.Quote(have.Name) + order)
	if c.ids != "" {
		b.more("CREATE TABLE " + c.ids + " AS SELECT " + c.rowid + " AS id FROM " + sqltext.Quote(have.Name) + order)
	}
	return c
}

// back are the statements that put the rows back.
func (c rowCopy) back() []string {
	if len(c.into) == 0 {
		return nil
	}
	// WHERE 1 keeps SQLite from copying pages, which would not settle the checks.
	insert := "INSERT INTO " + c.table + " (" + list(c.into) + ") SELECT " + list(c.from) + " FROM " + c.rows + " WHERE 1"
	if c.ids == "" {
		return []string{insert + c.order}
	}
	// The rows come back as 1, 2, 3 …, move below every rowid there was, and from there
	// to their own.
	below := "(SELECT min(0, min(id)) FROM " + c.ids + ")"
	return []string{
		insert + " ORDER BY " + c.rows + "." + c.rowid,
		"UPDATE " + c.table + " SET " + c.rowid + " = " + below + " - " + c.rowid,
		"UPDATE " + c.table + " SET " + c.rowid + " = (SELECT id FROM " + c.ids + " WHERE " + c.ids + ".rowid = " + below +
			" - " + c.table + "." + c.rowid + ")",
	}
}

// drops are the statements that remove the copies.
func (c rowCopy) drops() []string {
	var out []string
	for _, name := range slices.DeleteFunc([]string{c.rows, c.ids}, func(name string) bool { return name == "" }) {
		out = append(out, "DROP TABLE "+name)
	}
	return out
}
