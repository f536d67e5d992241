package migrate

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
)

// fullTexts lists the FTS5 tables that read a live table, by the name the plan's renames
// give it.
func (b *builder) fullTexts(table string) (out []schema.FullText) {
	for _, row := range b.rows {
		if row.Type != "table" || b.dropped[schema.Fold(row.Name)] {
			continue
		}
		if f, ok := schema.ParseFullText(row.SQL); ok && schema.SameName(f.Content, table) {
			out = append(out, f)
		}
	}
	return out
}

// fullTextFindings tell of full-text indexes that lose what they read: they name a table
// and its columns in a text that no ALTER TABLE rewrites.
func (b *builder) fullTextFindings(gone []schema.Change) {
	lost := func(f schema.FullText, object, how string) {
		b.finding(codeFullText, Fails, f.Name, "The full-text index "+f.Name+" reads "+object+", which is "+how+": queries of it fail from then on.",
			"Make it anew for the new names, in the same version, or drop it first.")
	}
	for _, c := range b.renamed {
		switch c := c.(type) {
		case schema.RenameTable:
			for _, f := range b.fullTexts(c.From) {
				if !schema.SameName(c.From, c.To) {
					lost(f, c.From, "called "+c.To)
				}
			}
		case schema.RenameColumn:
			for _, f := range slices.Concat(b.fullTexts(c.Table), b.fullTexts(b.liveTable(c.Table))) {
				if f.Reads(c.From) && !schema.SameName(c.From, c.To) {
					lost(f, c.Table+"."+c.From, "called "+c.To)
				}
			}
		}
	}
	for _, t := range b.target.Tables {
		tc := b.changes[strings.ToLower(t.Name)]
		if tc == nil {
			continue
		}
		for _, c := range tc.gone {
			for _, f := range b.fullTexts(t.Name) {
				if name := c.(schema.DropColumn).Column.Name; f.Reads(name) {
					lost(f, c.Object(), "gone")
				}
			}
		}
	}
	for _, c := range gone {
		if c, ok := c.(schema.DropTable); ok {
			for _, f := range b.fullTexts(c.Table.Name) {
				lost(f, c.Table.Name, "gone")
			}
		}
	}
}

// altered notes columns whose values a rebuild changes. Its triggers are away then, so a
// full-text index that they keep would miss the new text.
func (b *builder) altered(table, column string) {
	for _, f := range b.fullTexts(table) {
		if f.Reads(column) && !slices.Contains(b.stale, f.Name) {
			b.stale = append(b.stale, f.Name)
		}
	}
}

// refreshFullText reads anew, once all is made, what a rebuild has changed.
func (b *builder) refreshFullText() {
	for _, name := range b.stale {
		q := schema.Quote(name)
		b.step(tableWords{name, "Read the full-text index " + name + " anew"}, "INSERT INTO "+q+" ("+q+") VALUES ('rebuild')", Rewrite,
			"Values it reads change while the table's triggers are away.")
	}
}
