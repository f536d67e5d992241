package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// option reads what a schema file says of a whole table, a key that begins with @:
//
//	"@primary key": "a, b"                 "@strict": true
//	"@unique":      ["a, b", "c, d"]       "@without rowid": true
//	"@check":       ["a < b"]              "@was": "old_name"
//	"@foreign key": ["a, b -> parent(x, y) cascade on update cascade deferred"]
//	"@sql":         "CREATE TABLE …"       the table verbatim, and nothing beside it
func (p *parser) option(t *Table, option string, m member) {
	switch option {
	case "primary key":
		if key, ok := p.key(t, m.value); ok {
			t.PrimaryKey, t.PrimaryTerms, p.listed = key.Columns(), key, true
			p.fillInKey(t, m.value.offset)
			p.rowidHasNoOrder(t, m.value.offset)
		}
	case "unique":
		for _, n := range p.strings(m.value, option) {
			if key, ok := p.key(t, n); ok {
				t.UniqueTerms = append(t.UniqueTerms, key)
			}
		}
	case "check":
		for _, n := range p.strings(m.value, option) {
			if !whole(n.text) {
				p.bad(n.offset, "%q is no SQL expression", n.text)
			}
			t.Checks = append(t.Checks, closable(n.text))
		}
	case "foreign key":
		for _, n := range p.strings(m.value, option) {
			p.foreignKey(t, n)
		}
	case "strict", "without rowid":
		if m.value.kind != 'b' {
			p.bad(m.value.offset, "%q is true or false", "@"+option)
		}
		on := m.value.text == "true"
		if option == "strict" {
			t.Strict = on
		} else {
			t.WithoutRowID = on
		}
	case "was":
		if m.value.kind != 's' || m.value.text == "" {
			p.bad(m.value.offset, `"@was" is the name the table had`)
		}
		t.Was = m.value.text
	case "sql":
		p.verbatim(t, m)
	default:
		p.bad(m.offset, "unknown option %q; a table has @primary key, @unique, @check, @foreign key, @strict, @without rowid, "+
			"@was and @sql, and a column whose name begins with @ is written with @@", "@"+option)
	}
}

// strings returns the strings of a list, or a single one.
func (p *parser) strings(n node, option string) []node {
	list := []node{n}
	if n.kind == '[' {
		list = nil
		for _, m := range n.members {
			list = append(list, m.value)
		}
	}
	for _, s := range list {
		if s.kind != 's' || strings.TrimSpace(s.text) == "" {
			p.bad(s.offset, "%q is a text, or a list of texts", "@"+option)
			return nil
		}
	}
	return list
}

// columnList reads "a, b" with the columns of the table.
func (p *parser) columnList(t *Table, n node) ([]string, bool) {
	key, ok := p.key(t, n)
	if ok && !key.plain() {
		p.since(n.offset, "%q: collate and desc belong to primary keys, unique lists and indexes", n.text)
	}
	return key.Columns(), ok
}

// key reads "a, b collate nocase desc" with the columns of the table.
func (p *parser) key(t *Table, n node) (Key, bool) {
	if n.kind != 's' {
		p.bad(n.offset, "columns stand in one text, with commas between")
		return nil, false
	}
	r := newReader("(" + n.text + ")")
	key, err := r.terms()
	if err != nil || !r.done() || r.autoincrement {
		p.bad(n.offset, "%q is no list of columns, each with collate X and desc after it where it needs them", n.text)
		return nil, false
	}
	for _, c := range key {
		if _, ok := t.Column(c.Expr); !ok {
			p.bad(n.offset, "the table has no column %q; options come after the columns", c.Expr)
			return nil, false
		}
		if c.Collate != "" && !isCollation(c.Collate) {
			p.since(n.offset, "there is no collation %s; use nocase, rtrim or binary", sqltext.Fold(c.Collate))
		}
	}
	return key, true
}

// rowidHasNoOrder refuses what SQLite would drop in silence.
func (p *parser) rowidHasNoOrder(t *Table, offset int) {
	if c, ok := t.onlyKey(); ok && t.integerKey() && !t.own(t.PrimaryTerms).plain() {
		p.since(offset, `%s is an integer, and the list of one integer is the rowid, which has neither collation nor direction. `+
			`Leave them out, or write "integer primary key desc" at the column for a key that is not the rowid`, c.Name)
	}
}

// foreignKey reads "a, b -> parent(x, y) actions".
func (p *parser) foreignKey(t *Table, n node) {
	from, to, ok := strings.Cut(n.text, "->")
	cols, known := p.columnList(t, node{kind: 's', text: from, offset: n.offset})
	if !known {
		return
	}
	r := newReader(to)
	parent, err := r.name()
	fk := ForeignKey{Columns: cols, Table: parent}
	if err == nil && r.peek().Is("(") {
		fk.RefColumns, err = r.names()
	}
	if !ok || err != nil || len(fk.RefColumns) != len(cols) {
		p.bad(n.offset, "%q is no foreign key; write a, b -> parent(x, y)", n.text)
		return
	}
	rest := ""
	if !r.done() {
		rest = to[r.peek().Offset:]
	}
	ws, _, _ := words(rest)
	cr := &columnReader{p: p, t: t, base: n.offset, ws: ws}
	cr.readActions(&fk)
	if cr.i < len(cr.ws) {
		p.bad(n.offset, "%q is no action of a foreign key", cr.ws[cr.i].text)
		return
	}
	t.ForeignKeys = append(t.ForeignKeys, fk)
	p.refs = append(p.refs, reference{table: t.Name, column: strings.Join(cols, ", "), fk: fk, offset: n.offset})
}

// verbatim reads a CREATE TABLE text.
func (p *parser) verbatim(t *Table, m member) {
	if m.value.kind != 's' || len(t.Columns) > 0 {
		p.bad(m.value.offset, `"@sql" is a CREATE TABLE text, and no column stands beside it`)
		return
	}
	read, err := ParseTable(m.value.text)
	if err != nil {
		p.bad(m.value.offset, "the CREATE TABLE text can't be read: %v", err)
		return
	}
	if sqltext.Fold(read.Name) != sqltext.Fold(t.Name) {
		p.bad(m.value.offset, "the text makes the table %q, not %q", read.Name, t.Name)
		return
	}
	was := t.Was
	*t = read
	t.Verbatim, t.Was = true, was
}

// objects reads views, triggers or virtual tables: their CREATE texts by name.
func (p *parser) objects(m member) {
	kinds := map[string]string{"views": "view", "triggers": "trigger", "virtual": "virtual table"}
	for _, o := range p.object(m.value, m.key) {
		p.table, p.name = o.key, ""
		if !p.objectName(o.key, o.offset) {
			continue
		}
		kind, sql := kinds[m.key], strings.TrimRight(strings.TrimSpace(o.value.text), "; \t\r\n")
		name, table, ok := objectHead(kind, sql)
		if m.key == "triggers" {
			sql = strings.TrimSpace(o.value.text)
		}
		switch {
		case o.value.kind != 's' || !ok:
			p.bad(o.value.offset, "a %s is its CREATE text", kind)
		case sqltext.Fold(name) != sqltext.Fold(o.key):
			p.bad(o.value.offset, "the text makes %q, not %q", name, o.key)
		default:
			p.schema.Objects = append(p.schema.Objects, Object{Type: kind, Name: o.key, Table: table, SQL: sql})
		}
	}
	p.table, p.name = "", ""
}

// objectHead returns the name that a CREATE text gives, and the table a trigger is
// on, and whether the text is of that kind.
func objectHead(kind, sql string) (name, table string, ok bool) {
	if kind == "trigger" {
		head, ok := ParseTrigger(sql)
		return head.Name, head.Table, ok
	}
	r := newReader(sql)
	ok = kind == "view" && r.accept("create", "view") || kind != "view" && r.accept("create", "virtual", "table")
	r.accept("if", "not", "exists")
	name, err := r.qualified()
	return name, name, ok && err == nil
}

// isKey reports whether the columns are the primary key or a UNIQUE constraint, in
// any order. A key that compares by another collation than its columns is none that a
// foreign key can refer to.
func (t *Table) isKey(columns []string) bool {
	return slices.ContainsFunc(t.Keys(), func(k Key) bool {
		return sameColumns(k.Columns(), columns) && !slices.ContainsFunc(k, func(c IndexColumn) bool { return c.Collate != "" })
	})
}

func sameColumns(a, b []string) bool {
	x, y := folded(a), folded(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// uniqueIndex reports whether a unique index, whole and of plain columns, has
// exactly these columns, each with its own collation, or with any.
func (t *Table) uniqueIndex(columns []string, collated bool) bool {
	return slices.ContainsFunc(t.Indexes, func(ix Index) bool {
		k := t.own(ix.Columns)
		return ix.Unique && ix.Where == "" && sameColumns(k.Columns(), columns) &&
			!slices.ContainsFunc(k, func(c IndexColumn) bool { return c.IsExpr || c.Collate != "" && !collated })
	})
}

// Mentions reports whether SQL speaks of a column of that name.
func Mentions(sql, name string) bool {
	for t := range sqltext.Code(sql) {
		if t.IsName() && sqltext.Same(t.Ident(), name) {
			return true
		}
	}
	return false
}

// Speaks reports whether SQL may speak of a table or view of that name, which stands in
// single quotes too: FROM 'orders'.
func Speaks(sql, name string) bool {
	for t := range sqltext.Code(sql) {
		if (t.IsName() || t.Kind == sqltext.String) && sqltext.Same(spelled(t), name) {
			return true
		}
	}
	return false
}

// DependsOn reports whether anything of the table depends on that column: a key,
// a constraint, an index, a generated column.
func (t *Table) DependsOn(column string) bool {
	has := func(names []string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return sqltext.Same(n, column) })
	}
	return slices.ContainsFunc(t.Keys(), func(k Key) bool { return has(k.Columns()) }) ||
		slices.ContainsFunc(t.ForeignKeys, func(fk ForeignKey) bool { return has(fk.Columns) }) ||
		slices.ContainsFunc(t.Checks, func(c string) bool { return Mentions(c, column) }) ||
		slices.ContainsFunc(t.Columns, func(c Column) bool { return Mentions(c.Generated, column) }) ||
		slices.ContainsFunc(t.Indexes, func(ix Index) bool { return ix.Has(column) })
}

// Has reports whether an index is of that column, or mentions it.
func (ix *Index) Has(column string) bool {
	return Mentions(ix.Where, column) || slices.ContainsFunc(ix.Columns, func(c IndexColumn) bool {
		return !c.IsExpr && sqltext.Same(c.Expr, column) || c.IsExpr && Mentions(c.Expr, column)
	})
}

// Indexed reports whether a key or index of the table begins with these columns, in
// any order, so that their values are found without reading all of it.
func (t *Table) Indexed(columns []string) bool {
	begins := func(k Key) bool {
		var names []string
		for _, c := range t.own(k) {
			if c.IsExpr || c.Collate != "" { // it is sorted by something else
				break
			}
			names = append(names, c.Expr)
		}
		return len(names) >= len(columns) && sameColumns(names[:len(columns)], columns)
	}
	return slices.ContainsFunc(t.Keys(), begins) || slices.ContainsFunc(t.Indexes, func(ix Index) bool {
		return ix.Where == "" && begins(ix.Columns)
	})
}
