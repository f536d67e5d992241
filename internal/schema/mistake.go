package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// modifiers are the words that a column's modifiers begin with.
var modifiers = []string{"primary", "not", "unique", "default", "->", "autoincrement", "collate", "check", "generated", "as",
	"was", "was:", "fill"}

func isModifier(word string) bool {
	return isEnum(word) || slices.Contains(modifiers, sqltext.Fold(word))
}

// unknown takes the words up to the next modifier for one mistake, and says what to write
// where they are a clause of SQL.
func (r *columnReader) unknown() {
	w := r.ws[r.i]
	if sqltext.Same(w.text, "references") && r.sqlReference(w) {
		return
	}
	start := r.i
	for r.i++; r.i < len(r.ws) && !isModifier(r.ws[r.i].text) && !sqltext.Same(r.ws[r.i].text, "references"); r.i++ {
	}
	what, text := "word", r.text(start, r.i)
	switch {
	case sqltext.Same(text, "null"):
		r.bad(w, "leave %q out: a column may be NULL where it doesn't say not null", text)
		return
	case sqltext.Same(text, "auto_increment"):
		r.bad(w, `write autoincrement for %q`, text)
		return
	case r.i-start > 1:
		what = "words"
	}
	r.bad(w, "unknown %s %q; after the type come primary key, autoincrement, not null, unique, enum(…), default …, "+
		"collate …, check (…), as (…), -> table.column, was … and fill (…)", what, text)
}

// text returns the words from one to before another, as written.
func (r *columnReader) text(from, to int) string {
	last := r.ws[to-1]
	return r.src[r.ws[from].offset : last.offset+len(last.text)]
}

// sqlReference reads REFERENCES p(id) ON DELETE CASCADE and says how the language has it.
func (r *columnReader) sqlReference(w word) bool {
	t, sql := Table{}, newReader(r.src[w.offset:])
	if !sql.accept("references") || sql.references(&t, []string{r.c.Name}) != nil {
		return false
	}
	end, start := w.offset+sql.peek().Offset, r.i
	for r.i++; r.i < len(r.ws) && (sql.done() || r.ws[r.i].offset < end); r.i++ {
	}
	fk := t.ForeignKeys[0]
	right := "-> " + dottedSource(fk.Table) + ".column"
	if len(fk.RefColumns) == 1 {
		right = "-> " + dottedSource(fk.Table) + "." + dottedSource(fk.RefColumns[0])
	}
	r.bad(w, "write %q for %q", right+fk.actionWords(), r.text(start, r.i))
	return true
}

// sqlTarget is the table.column that a reference written like SQL's p(id) means.
func sqlTarget(text string) (string, bool) {
	r := newReader(text)
	table, err := r.name()
	if err != nil || !r.peek().Is("(") {
		return "", false
	}
	columns, err := r.names()
	if err != nil || len(columns) != 1 || !r.done() {
		return "", false
	}
	return dottedSource(table) + "." + dottedSource(columns[0]), true
}

// sqlTypes are the types of SQL that come up most, each with its word here.
var sqlTypes = map[string]string{
	"int": "integer", "bigint": "integer", "smallint": "integer", "tinyint": "integer", "varchar": "text", "char": "text",
	"string": "text", "uuid": "text", "clob": "text", "date": "text", "datetime": "text", "timestamp": "text", "double": "real",
	"float": "real", "numeric": "real", "decimal": "real", "bool": "boolean",
}

// sqlType reads a type of SQL that stands for one of the language's, with all its words.
func (r *columnReader) sqlType() bool {
	w := r.ws[0]
	name, _, _ := strings.Cut(sqltext.Fold(w.text), "(")
	right, ok := sqlTypes[name]
	if !ok {
		return false
	}
	for r.i = 1; r.i < len(r.ws) && !isModifier(r.ws[r.i].text) && !sqltext.Same(r.ws[r.i].text, "references") &&
		!sqltext.Same(r.ws[r.i].text, "null"); r.i++ {
	}
	text := r.text(0, r.i)
	if !isType(text) {
		r.i, text = 1, w.text
	}
	r.bad(w, "%q is no type; write %s, or sql(%s) for a column of just that type", text, right, sqltext.Upper(text))
	return true
}

// unread stands for a column whose text can't be read, so that what speaks of it is no
// second mistake.
func (p *parser) unread(t *Table, name string) {
	if _, ok := t.Column(name); !ok {
		t.Columns = append(t.Columns, Column{Name: name})
	}
}

// otherTable says what to do about a table that isn't there: take the one that is called
// almost so, or declare it.
func (p *parser) otherTable(name string) string {
	stem := func(s string) string { return strings.TrimSuffix(strings.ReplaceAll(sqltext.Fold(s), "_", ""), "s") }
	for i := range p.schema.Tables {
		if t := p.schema.Tables[i].Name; stem(t) == stem(name) {
			return "there is one called " + dottedSource(t)
		}
	}
	return "add it to \"tables\", or leave the reference out"
}
