package migrate

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// fullTexts lists the FTS5 tables that read a live table, by the name the plan's renames
// give it.
func (b *builder) fullTexts(table string) (out []schema.FullText) {
	for _, row := range b.rows {
		if row.Type != "table" || b.dropped[identity(row.Type, row.Name)] {
			continue
		}
		if f, ok := schema.ParseFullText(row.SQL); ok && sqltext.Same(f.Content, table) {
			out = append(out, f)
		}
	}
	return out
}

func isFullText(row schema.MasterRow) bool {
	_, ok := schema.ParseFullText(row.SQL)
	return row.Type == "table" && ok
}

// fullTextQuery is how FTS5 reads what an index is of. No ALTER TABLE rewrites the names
// in it.
func fullTextQuery(f schema.FullText) string {
	rowid := "rowid"
	if f.RowID != "" {
		rowid = sqltext.Quote(f.RowID)
	}
	columns := []string{"T." + rowid}
	for _, c := range f.Columns {
		columns = append(columns, "T."+sqltext.Quote(c))
	}
	return "SELECT " + list(columns) + " FROM " + sqltext.Quote(f.Content) + " AS T"
}

// compareFullText tells of an index that can't read its text any more, or reads another.
func (b *builder) compareFullText(old, now use) {
	const fix = "Make it anew for the new names, in the same version, or drop it first."
	switch {
	case old.err != "":
	case now.err != "":
		b.finding(codeFullText, Fails, now.row.Name,
			"The "+now.words()+" can't be read from its table any more ("+now.err+"): queries of it fail from then on.", fix)
	case !slices.Equal(b.renamedAccesses(old.accesses), bound(now.accesses)):
		b.finding(codeFullText, Fails, now.row.Name,
			"The "+now.words()+" reads other columns, or rows by another number, than those it was made of: "+
				"queries of it answer wrongly or fail from then on.", fix)
	}
}

// newText notes that a plan changes values of a column while the table's triggers are
// away. A full-text index that reads it is read anew, unless a trigger of its keeps rows
// out of it: these would come in.
func (b *builder) newText(table, column string) {
	for _, f := range b.fullTexts(table) {
		if !f.Reads(column) || slices.Contains(b.stale, f.Name) {
			continue
		}
		if name := b.selects(table, f.Name); name != "" {
			b.finding(codeFullText, Fails, f.Name,
				"The full-text index "+f.Name+" reads "+table+"."+column+", of which values change. The trigger "+name+
					" keeps some rows out of it, so it is not read anew, and it has the old text of the others.",
				"Bring the rows that changed into it afterwards.")
			continue
		}
		b.stale = append(b.stale, f.Name)
	}
}

// selects names a trigger of a table that writes to an index only for some rows, "" for
// none.
func (b *builder) selects(table, index string) string {
	for _, row := range b.rows {
		if row.Type == "trigger" && sqltext.Same(row.Table, table) && schema.Speaks(row.SQL, index) &&
			sqltext.HasWord(row.SQL, "when", "where") {
			return row.Name
		}
	}
	return ""
}

// refreshFullText reads anew, once all is made, what a rebuild has changed.
func (b *builder) refreshFullText() {
	for _, name := range b.stale {
		q := sqltext.Quote(name)
		b.step(objectWords{name, "Read the full-text index " + name + " anew"}, "INSERT INTO "+q+" ("+q+") VALUES ('rebuild')", Rewrite,
			"Values it reads change while the table's triggers are away.")
	}
}
