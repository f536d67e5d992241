package schema

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// FullText is what an FTS5 table reads the text of another table for: its content
// option, by name, which no ALTER TABLE rewrites.
type FullText struct {
	Name string
	// Content is the table, or view, that has the text.
	Content string
	// RowID is the column its rows are numbered by, "" for the rowid.
	RowID   string
	Columns []string
}

// ParseFullText reads the CREATE text of an FTS5 table with external content; false for
// any other text.
func ParseFullText(sql string) (FullText, bool) {
	r, f := newReader(sql), FullText{}
	if !r.accept("create", "virtual", "table") {
		return f, false
	}
	r.accept("if", "not", "exists")
	var err error
	if f.Name, err = r.qualified(); err != nil || !r.accept("using", "fts5", "(") {
		return f, false
	}
	for !r.done() && !r.peek().Is(")") {
		name := r.next()
		if r.accept("=") {
			switch value := spelled(r.next()); sqltext.Fold(name.Ident()) {
			case "content":
				f.Content = value
			case "content_rowid":
				f.RowID = value
			}
		} else {
			f.Columns = append(f.Columns, spelled(name))
		}
		for !r.done() && !r.peek().Is(",") && !r.peek().Is(")") { // UNINDEXED
			r.next()
		}
		r.accept(",")
	}
	return f, f.Content != ""
}

// Virtual reports whether a CREATE text is that of a virtual table.
func Virtual(sql string) bool { return newReader(sql).accept("create", "virtual", "table") }

// Module is the module of a virtual table's CREATE text, "" for any other text.
func Module(sql string) string {
	r := newReader(sql)
	if !r.accept("create", "virtual", "table") {
		return ""
	}
	r.accept("if", "not", "exists")
	if _, err := r.qualified(); err != nil || !r.accept("using") {
		return ""
	}
	return spelled(r.next())
}

// Reads reports whether it reads that column of its content.
func (f FullText) Reads(column string) bool {
	return sqltext.Same(f.RowID, column) || slices.ContainsFunc(f.Columns, func(c string) bool { return sqltext.Same(c, column) })
}

// spelled is the name a token stands for, where 'name' is one too.
func spelled(t sqltext.Token) string {
	if t.Kind == sqltext.String {
		return t.Value()
	}
	return t.Ident()
}
