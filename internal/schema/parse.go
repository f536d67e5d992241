package schema

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// MaxSource is how long a schema file may be, in bytes.
const MaxSource = 1 << 20

// Parse reads a schema file:
//
//	{
//	  "name": "organization", "version": 1,
//	  "mixins":  {"timestamps": {"created_at": "text default now"}},
//	  "tables":  {"users": {"id": "text primary key not null", "...timestamps": true}},
//	  "indexes": {"users": {"idx_users_created": {"columns": ["created_at"], "unique": false}}}
//	}
//
// A column is one string: its type (text, integer, real, blob, json, boolean,
// timestamp_ms or enum(a,b)), then in any order: primary key, not null, unique,
// enum(a,b), default X, -> table.column [cascade | restrict | set null |
// set default | no action], was old, fill (expression). X is now, null, true,
// false, a number, 'text', "text", a bare word or an (SQL expression). The error
// is Problems, all of them.
func Parse(src []byte) (*Schema, error) { return parse(src, false) }

// Reread reads a schema file that was saved before. What is refused only since then
// passes: a version stays what it is.
func Reread(src []byte) (*Schema, error) { return parse(src, true) }

func parse(src []byte, saved bool) (*Schema, error) {
	if len(src) > MaxSource {
		return nil, Problems{{Line: 1, Column: 1, Msg: fmt.Sprintf("the file is larger than %d bytes", MaxSource)}}
	}
	src = bytes.TrimPrefix(src, []byte(sqltext.Mark))
	root, bad := readTree(src)
	if bad != nil {
		return nil, Problems{*bad}.place(src)
	}
	p := &parser{src: src, schema: &Schema{}, mixins: map[string]node{}, refused: map[string]bool{}, saved: saved}
	p.file(root)
	if len(p.problems) > 0 {
		return nil, p.problems.place(src)
	}
	return p.schema, nil
}

type parser struct {
	src      []byte
	schema   *Schema
	mixins   map[string]node
	refs     []reference
	problems Problems
	refused  map[string]bool // tables whose names are mistakes
	table    string          // the table, and the column or index, being read
	name     string
	// listed says that the primary key of the table stands in a list of its own.
	listed bool
	// saved says that the file was accepted before: see Reread.
	saved bool
}

// reference is a foreign key to check once all tables are known.
type reference struct {
	table, column string
	fk            ForeignKey
	offset        int
}

func (p *parser) bad(offset int, format string, args ...any) {
	p.problems = append(p.problems, Problem{offset: offset, Table: p.table, Name: p.name, Msg: fmt.Sprintf(format, args...)})
}

// since notes a mistake that builds before didn't see, where the file is a new one.
func (p *parser) since(offset int, format string, args ...any) {
	if !p.saved {
		p.bad(offset, format, args...)
	}
}

// object checks that a node is one, without a key twice.
func (p *parser) object(n node, what string) []member {
	if n.kind != '{' {
		p.bad(n.offset, "%s must be an object {…}", what)
		return nil
	}
	seen := map[string]bool{}
	for _, m := range n.members {
		if seen[sqltext.Fold(m.key)] {
			p.bad(m.offset, "%q is there twice (names differ by more than case)", m.key)
		}
		seen[sqltext.Fold(m.key)] = true
	}
	return n.members
}

func (p *parser) file(root node) {
	var tables, indexes *node
	var objects []member
	for _, m := range p.object(root, "a schema") {
		switch m.key {
		case "name":
			p.schemaName(m.value)
		case "version":
			p.version(m.value)
		case "mixins":
			for _, mixin := range p.object(m.value, "mixins") {
				p.mixins[mixin.key] = mixin.value
			}
		case "tables":
			tables = &m.value
		case "indexes":
			indexes = &m.value
		case "views", "triggers", "virtual":
			objects = append(objects, m)
		default:
			p.bad(m.offset, "unknown key %q; a schema has name, version, mixins, tables, indexes, views, triggers and virtual", m.key)
		}
	}
	if root.kind != '{' {
		return
	}
	if p.schema.Name == "" && !p.has(root, "name") {
		p.bad(root.offset, `"name" is missing`)
	}
	if p.schema.Version == 0 && !p.has(root, "version") {
		p.bad(root.offset, `"version" is missing`)
	}
	if tables == nil {
		p.bad(root.offset, `"tables" is missing`)
		return
	}
	p.tables(*tables)
	if indexes != nil {
		p.indexes(*indexes)
	}
	p.checkReferences()
	for _, m := range objects {
		p.objects(m)
	}
}

func (p *parser) has(n node, key string) bool {
	return slices.ContainsFunc(n.members, func(m member) bool { return m.key == key })
}

func (p *parser) schemaName(n node) {
	ok := n.kind == 's' && n.text != "" && len(n.text) <= 64
	for _, r := range n.text {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}
	if !ok {
		p.bad(n.offset, `"name" must be 1 to 64 letters, digits, - or _`)
		return
	}
	p.schema.Name = n.text
}

func (p *parser) version(n node) {
	v, err := strconv.Atoi(n.text)
	if n.kind != 'n' || err != nil || v < 1 {
		p.bad(n.offset, `"version" must be a whole number from 1: write "version": 1 in the first one, and one more in each after it`)
		return
	}
	p.schema.Version = v
}

// objectName refuses names that can't be an object's in D1.
func (p *parser) objectName(name string, offset int) bool {
	switch {
	case len(name) > 255 || strings.ContainsRune(name, 0):
		p.bad(offset, "a name has up to 255 bytes, none of them a NUL; this one has %d", len(name))
	case sqltext.Reserved(name):
		p.bad(offset, "the name %q is reserved for SQLite, D1 or the migration ledgers", name)
	default:
		return true
	}
	return false
}

func (p *parser) tables(n node) {
	for _, m := range p.object(n, "tables") {
		p.table, p.name = m.key, ""
		if !p.objectName(m.key, m.offset) {
			p.refused[sqltext.Fold(m.key)] = true
			continue
		}
		t := Table{Name: m.key}
		p.listed = false
		for _, c := range p.object(m.value, "a table") {
			p.member(&t, c, nil)
		}
		p.name = ""
		if !t.Verbatim { // else it is settled
			p.settle(&t, m.offset)
		}
		if t.WithoutRowID && len(t.PrimaryKey) == 0 {
			p.bad(m.offset, "a table without rowid needs a primary key")
		}
		if len(t.Columns) == 0 && m.value.kind == '{' {
			p.bad(m.offset, "a table needs at least one column")
		}
		if len(t.Columns) > 100 {
			p.bad(m.offset, "the table has %d columns; D1 allows 100", len(t.Columns))
		}
		p.schema.Tables = append(p.schema.Tables, t)
	}
	p.table, p.name = "", ""
}

// member reads a column, or expands a mixin. A column given again replaces the
// earlier one in its place.
func (p *parser) member(t *Table, m member, within []string) {
	p.name = m.key
	if mixin, ok := strings.CutPrefix(m.key, "..."); ok {
		body, known := p.mixins[mixin]
		switch {
		case !known:
			p.bad(m.offset, "there is no mixin %q", mixin)
		case m.value.kind != 'b' || m.value.text != "true":
			p.bad(m.value.offset, "a mixin is switched on with true")
		case slices.Contains(within, mixin):
			p.bad(m.offset, "the mixin %q contains itself", mixin)
		default:
			for _, c := range p.object(body, "a mixin") {
				p.member(t, c, append(within, mixin))
			}
		}
		return
	}
	if option, ok := strings.CutPrefix(m.key, "@"); ok && !strings.HasPrefix(option, "@") {
		p.option(t, option, m)
		return
	}
	if rest, ok := strings.CutPrefix(m.key, "@@"); ok { // a column whose name begins like something else
		m.key, p.name = rest, rest
	}
	if !p.objectName(m.key, m.offset) {
		return
	}
	if m.value.kind != 's' {
		p.bad(m.value.offset, `a column is one string, for instance "text not null"`)
		p.unread(t, m.key)
		return
	}
	p.column(t, m)
}

// settle is for a table whose keys are all known. A UNIQUE comes before the primary
// key, as in the SQL that is written.
func (p *parser) settle(t *Table, offset int) {
	written := t.own(t.PrimaryTerms)
	t.UniqueTerms, t.Unique = append(plainKeys(t.Unique), t.UniqueTerms...), nil
	t.settle(p.listed, len(t.UniqueTerms))
	if !written.plain() && !t.integerKey() && t.primary().canonical() != written.canonical() {
		p.since(offset, "the columns of the primary key are unique too, in another direction, "+
			"and SQLite keeps one index for both. Leave that unique out")
	}
}

func (p *parser) checkReferences() {
	for _, r := range p.refs {
		p.table, p.name = r.table, r.column
		parent, ok := p.schema.Table(r.fk.Table)
		if !ok {
			if !p.refused[sqltext.Fold(r.fk.Table)] { // else that was said
				p.bad(r.offset, "there is no table %q to refer to; %s", r.fk.Table, p.otherTable(r.fk.Table))
			}
			continue
		}
		missing := false
		for _, column := range r.fk.RefColumns {
			if _, ok := parent.Column(column); !ok {
				p.bad(r.offset, "the table %q has no column %q to refer to", parent.Name, column)
				missing = true
			}
		}
		if !missing {
			p.checkParentKey(r, parent)
		}
	}
	p.table, p.name = "", ""
}

// checkParentKey refuses a reference to columns that are no key, or whose keys all
// compare by other collations than the columns themselves: SQLite calls that a
// "foreign key mismatch" at the first row.
func (p *parser) checkParentKey(r reference, parent *Table) {
	columns := r.fk.RefColumns
	if parent.isKey(columns) || parent.uniqueIndex(columns, false) {
		return
	}
	where := parent.Name + "." + strings.Join(columns, ", ")
	if slices.ContainsFunc(parent.UniqueTerms, func(k Key) bool {
		return sameColumns(k.Columns(), columns)
	}) || parent.uniqueIndex(columns, true) ||
		sameColumns(parent.PrimaryKey, columns) {
		p.since(r.offset, "%s is unique by another collation than its own, so nothing can refer to it. "+
			"Give the column that collation, or make it unique as it is", where)
		return
	}
	p.bad(r.offset, "%s is neither a primary key nor unique, so nothing can refer to it", where)
}

func (p *parser) indexes(n node) {
	names := map[string]bool{}
	for _, tm := range p.object(n, "indexes") {
		p.table, p.name = tm.key, ""
		t, ok := p.schema.Table(tm.key)
		if !ok {
			p.bad(tm.offset, "there is no table %q to index", tm.key)
			continue
		}
		for _, im := range p.object(tm.value, "the indexes of a table") {
			p.name = im.key
			if !p.objectName(im.key, im.offset) {
				continue
			}
			if names[sqltext.Fold(im.key)] {
				p.bad(im.offset, "another index is called %q too; names of indexes are unique in a database", im.key)
			}
			names[sqltext.Fold(im.key)] = true
			if ix, ok := p.index(t, im); ok {
				t.Indexes = append(t.Indexes, ix)
			}
		}
	}
	p.table, p.name = "", ""
}

func (p *parser) index(t *Table, m member) (Index, bool) {
	ix, before := Index{Name: m.key}, len(p.problems)
	for _, part := range p.object(m.value, "an index") {
		switch {
		case part.key == "columns" && part.value.kind == '[':
			for _, c := range part.value.members {
				if column, ok := p.indexColumn(t, c.value); ok {
					ix.Columns = append(ix.Columns, column)
				}
			}
		case part.key == "columns":
			p.bad(part.value.offset, `"columns" must be a list of columns`)
		case part.key == "unique" && part.value.kind == 'b':
			ix.Unique = part.value.text == "true"
		case part.key == "unique":
			p.bad(part.value.offset, `"unique" must be true or false`)
		case part.key == "where" && part.value.kind == 's' && whole(part.value.text):
			ix.Where = strings.TrimSpace(part.value.text)
		case part.key == "where":
			p.bad(part.value.offset, `"where" must be an SQL condition`)
		default:
			p.bad(part.offset, "unknown key %q; an index has columns, unique and where", part.key)
		}
	}
	if len(ix.Columns) == 0 && len(p.problems) == before {
		p.bad(m.offset, "an index needs at least one column")
	}
	return ix, len(p.problems) == before
}

// indexColumn reads a column of an index: its name as it is, or a name or an
// (expression) with collate and desc after it.
func (p *parser) indexColumn(t *Table, n node) (IndexColumn, bool) {
	if _, ok := t.Column(n.text); ok && n.kind == 's' {
		return IndexColumn{Expr: n.text}, true
	}
	if n.kind != 's' || strings.TrimSpace(n.text) == "" {
		p.bad(n.offset, "the table has no column %q", n.text)
		return IndexColumn{}, false
	}
	c := indexColumn(n.text)
	if _, ok := t.Column(c.Expr); !c.IsExpr && !ok {
		p.bad(n.offset, "the table has no column %q", n.text)
		return c, false
	}
	if c.IsExpr && !whole(c.Expr) {
		p.bad(n.offset, "%q is no SQL expression", c.Expr)
		return c, false
	}
	if c.IsExpr && !strings.HasPrefix(c.Expr, "(") {
		p.bad(n.offset, "the table has no column %q; an expression stands in parentheses", n.text)
		return c, false
	}
	return c, true
}
