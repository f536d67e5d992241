package schema

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// columnReader reads one column's string.
type columnReader struct {
	p     *parser
	t     *Table
	c     Column
	base  int // offset of the string's first character in the file
	src   string
	ws    []word
	i     int
	isPK  bool
	desc  bool // the primary key goes down
	isUQ  bool
	isAI  bool
	enum  []string
	check []string
	fk    *ForeignKey
	fkOff int
	deflt *word
}

func (p *parser) column(t *Table, m member) {
	r := &columnReader{p: p, t: t, c: Column{Name: m.key}, base: m.value.offset + 1, src: m.value.text}
	ws, bad, at := words(m.value.text)
	if bad != "" {
		p.bad(r.base+at, "%s", bad)
		p.unread(t, m.key)
		return
	}
	if len(ws) == 0 {
		p.bad(r.base, `the column has no type; write one, for instance "text"`)
		p.unread(t, m.key)
		return
	}
	r.ws = ws
	r.readType()
	for r.i < len(r.ws) {
		r.modifier()
	}
	r.finish()
}

func (r *columnReader) bad(w word, format string, args ...any) {
	r.p.bad(r.base+w.offset, format, args...)
}

// is reports whether the next words are these, and moves past them.
func (r *columnReader) is(texts ...string) bool {
	for j, t := range texts {
		if r.i+j >= len(r.ws) || !sqltext.Same(r.ws[r.i+j].text, t) {
			return false
		}
	}
	r.i += len(texts)
	return true
}

var types = map[string]struct {
	sql  string
	mode Mode
}{
	"text": {"TEXT", Plain}, "integer": {"INTEGER", Plain}, "real": {"REAL", Plain}, "blob": {"BLOB", Plain},
	"json": {"TEXT", JSON}, "boolean": {"INTEGER", Boolean}, "timestamp_ms": {"INTEGER", TimestampMS},
}

func (r *columnReader) readType() {
	w := r.ws[0]
	if t, ok := types[sqltext.Fold(w.text)]; ok {
		r.c.Type, r.c.Mode, r.i = t.sql, t.mode, 1
		return
	}
	if len(w.text) > 4 && sqltext.Same(w.text[:4], "sql(") && strings.HasSuffix(w.text, ")") {
		if r.c.Type, r.i = sqltext.Upper(strings.TrimSpace(w.text[4:len(w.text)-1])), 1; !isType(r.c.Type) {
			r.bad(w, "%q is no type of SQLite", w.text)
		}
		return
	}
	r.c.Type = "TEXT"
	if isEnum(w.text) {
		return // read as a modifier
	}
	if isModifier(w.text) {
		r.bad(w, `the type comes first, for instance "text %s"`, r.src)
		return
	}
	if r.sqlType() {
		return
	}
	r.i = 1
	r.bad(w, "%q is no type; use text, integer, real, blob, json, boolean, timestamp_ms, enum(…) or sql(…)", w.text)
}

func isEnum(s string) bool { return len(s) > 5 && sqltext.Same(s[:5], "enum(") }

func (r *columnReader) modifier() {
	w := r.ws[r.i]
	switch {
	case r.is("primary", "key"):
		r.once(w, &r.isPK)
		r.desc = r.is("desc")
	case r.is("not", "null"):
		r.once(w, &r.c.NotNull)
	case r.is("unique"):
		r.once(w, &r.isUQ)
	case r.is("default"):
		r.readDefault(w)
	case r.is("->"):
		r.readReference(w)
	case r.is("autoincrement"):
		r.once(w, &r.isAI)
	case r.is("collate"):
		r.readCollate(w)
	case r.is("check"):
		if expr, ok := r.parenthesized(w, "check"); ok {
			r.check = append(r.check, expr)
		}
	case r.is("generated", "always", "as"), r.is("as"):
		r.readGenerated(w)
	case r.is("was"), r.is("was:"):
		r.readWas(w)
	case r.is("fill"):
		r.readFill(w)
	case isEnum(w.text):
		r.i++
		r.readEnum(w)
	default:
		r.unknown()
	}
}

func (r *columnReader) once(w word, flag *bool) {
	if *flag {
		r.bad(w, "%q is there twice", w.text)
	}
	*flag = true
}

// parenthesized reads the (expression) that comes after a word.
func (r *columnReader) parenthesized(w word, what string) (string, bool) {
	if r.i >= len(r.ws) || !strings.HasPrefix(r.ws[r.i].text, "(") || !strings.HasSuffix(r.ws[r.i].text, ")") {
		r.bad(w, "after %s comes an (SQL expression)", what)
		return "", false
	}
	r.i++
	text := r.ws[r.i-1].text
	if text = closable(text[1 : len(text)-1]); !whole(text) {
		r.bad(w, "%q is no SQL expression", text)
		return "", false
	}
	return text, true
}

func (r *columnReader) readCollate(w word) {
	if r.i >= len(r.ws) || r.c.Collate != "" {
		r.bad(w, "after collate comes a collation, once: nocase, rtrim or binary")
		return
	}
	r.c.Collate = sqltext.Upper(r.ws[r.i].text)
	r.i++
	if !isCollation(r.c.Collate) {
		r.bad(w, "there is no collation %s; use nocase, rtrim or binary", sqltext.Fold(r.c.Collate))
	}
}

// isCollation reports whether D1 has that collation, in capitals.
func isCollation(name string) bool { return name == "NOCASE" || name == "RTRIM" || name == "BINARY" }

func (r *columnReader) readGenerated(w word) {
	if r.c.Generated != "" {
		r.bad(w, "a column is generated from one expression")
	}
	r.c.Generated, _ = r.parenthesized(w, "as")
	r.c.Stored = r.is("stored")
	_ = !r.c.Stored && r.is("virtual")
}

func (r *columnReader) readWas(w word) {
	if r.i >= len(r.ws) || r.c.Was != "" {
		r.bad(w, "after was comes the name the column had, once")
		return
	}
	r.c.Was, _ = unquote(r.ws[r.i].text)
	r.i++
}

func (r *columnReader) readEnum(w word) {
	if r.enum != nil {
		r.bad(w, "a column has one enum")
		return
	}
	if r.c.Type != "TEXT" || r.c.Mode != Plain {
		r.bad(w, "an enum is text, and this column is not")
		return
	}
	for _, part := range splitList(strings.TrimSuffix(w.text[5:], ")")) {
		v, _ := unquote(part)
		if v == "" || slices.Contains(r.enum, v) {
			r.bad(w, "the values of an enum are neither empty nor there twice")
			return
		}
		r.enum = append(r.enum, v)
	}
}

func (r *columnReader) readDefault(w word) {
	if r.deflt != nil {
		r.bad(w, "a column has one default")
	}
	if r.i >= len(r.ws) {
		r.bad(w, "after default comes a value")
		return
	}
	v := r.ws[r.i]
	r.deflt = &v
	r.i++
}

var number = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$`)

// defaultSQL returns the default as SQL, once the type is known.
func (r *columnReader) defaultSQL(w word) string {
	v := w.text
	if text, ok := unquote(v); ok {
		return sqltext.QuoteText(text)
	}
	switch sqltext.Fold(v) {
	case "now":
		return "CURRENT_TIMESTAMP"
	case "null":
		return ""
	case "true", "false":
		if r.c.Mode == Boolean {
			return map[string]string{"true": "1", "false": "0"}[sqltext.Fold(v)]
		}
	}
	switch {
	case strings.HasPrefix(v, "(") && strings.HasSuffix(v, ")"):
		if !whole(v[1 : len(v)-1]) {
			r.bad(w, "%q is no SQL expression", v)
		}
		return closable(v[1 : len(v)-1])
	case number.MatchString(v):
		return strings.TrimPrefix(v, "+")
	case r.c.Type == "INTEGER" || r.c.Type == "REAL":
		r.bad(w, "%q is no default for a column of numbers; put text in quotes if it is meant", v)
	case strings.ContainsAny(v, "()'\""):
		r.bad(w, "%q is no value; quote text, and put SQL in parentheses", v)
	}
	return sqltext.QuoteText(v)
}

func (r *columnReader) readReference(w word) {
	if r.fk != nil {
		r.bad(w, "a column has one reference")
	}
	if r.i >= len(r.ws) {
		r.bad(w, "after -> comes table.column")
		return
	}
	target := r.ws[r.i]
	r.i++
	names := dotted(target.text)
	if len(names) != 2 {
		fix := "write the table's name, a dot and the column's"
		if right, ok := sqlTarget(target.text); ok {
			fix = "write " + right
		}
		r.bad(target, "%q is no table.column; %s", target.text, fix)
		r.readActions(&ForeignKey{})
		return
	}
	r.fk = &ForeignKey{Columns: []string{r.c.Name}, Table: names[0], RefColumns: names[1:]}
	r.fkOff = r.base + target.offset
	r.readActions(r.fk)
}

// readActions reads what may stand after a reference: an action for deletes, on
// update and an action, on delete and an action, deferred.
func (r *columnReader) readActions(fk *ForeignKey) {
	for r.i < len(r.ws) {
		w := r.ws[r.i]
		to := &fk.OnDelete
		switch {
		case r.is("deferred"):
			fk.Deferred = true
			continue
		case r.is("on", "update"):
			to = &fk.OnUpdate
		case r.is("on", "delete"):
		case !r.isAction():
			return
		}
		action, ok := r.action()
		if !ok || *to != "" {
			r.bad(w, "after a reference comes an action, once each for deletes and updates: cascade, restrict, set null, set default or no action")
			return
		}
		*to = action
	}
}

func (r *columnReader) isAction() bool {
	at := r.i
	_, ok := r.action()
	r.i = at
	return ok
}

// action reads an action; NO ACTION is "".
func (r *columnReader) action() (string, bool) {
	switch {
	case r.is("cascade"):
		return "CASCADE", true
	case r.is("restrict"):
		return "RESTRICT", true
	case r.is("set", "null"):
		return "SET NULL", true
	case r.is("set", "default"):
		return "SET DEFAULT", true
	case r.is("no", "action"):
		return "", true
	}
	return "", false
}

// finish puts what was read into the table.
func (r *columnReader) finish() {
	if r.deflt != nil {
		r.c.Default = r.defaultSQL(*r.deflt)
		text := sqltext.Token{Kind: sqltext.String, Text: r.c.Default}
		if r.enum != nil && strings.HasPrefix(text.Text, "'") && !slices.Contains(r.enum, text.Value()) {
			r.bad(*r.deflt, "the default is none of the enum's values")
		}
	}
	if r.fk != nil && r.fk.OnDelete == "SET NULL" && r.c.NotNull {
		r.p.bad(r.fkOff, "set null can never happen on a column that is not null")
	}
	r.replace()
	if r.isPK {
		r.t.PrimaryKey = append(r.t.PrimaryKey, r.c.Name)
		r.t.PrimaryTerms = append(r.t.PrimaryTerms, IndexColumn{Expr: r.c.Name, Desc: r.desc})
	}
	r.t.Autoincrement = r.t.Autoincrement || r.isAI
	if r.isAI && (!r.isPK || r.c.Type != "INTEGER" || r.desc) {
		r.p.bad(r.base, "autoincrement goes with integer primary key alone")
	}
	if r.c.Generated != "" && (r.deflt != nil || r.isPK) {
		r.p.bad(r.base, "a generated column has no default and is no primary key")
	}
	r.checkFill()
	r.t.Checks = append(r.t.Checks, r.check...)
	if r.isUQ {
		r.t.Unique = append(r.t.Unique, []string{r.c.Name})
	}
	if r.enum != nil {
		quoted := make([]string, len(r.enum))
		for i, v := range r.enum {
			quoted[i] = sqltext.QuoteText(v)
		}
		r.t.Checks = append(r.t.Checks, sqltext.Quote(r.c.Name)+" IN ("+strings.Join(quoted, ", ")+")")
	}
	if r.fk != nil {
		r.t.ForeignKeys = append(r.t.ForeignKeys, *r.fk)
		r.p.refs = append(r.p.refs, reference{table: r.t.Name, column: r.c.Name, fk: *r.fk, offset: r.fkOff})
	}
}

// replace adds the column, or puts it in the place of an earlier one (a mixin's)
// together with all that hung on it.
func (r *columnReader) replace() {
	old, ok := r.t.Column(r.c.Name)
	if !ok {
		r.t.Columns = append(r.t.Columns, r.c)
		return
	}
	name := sqltext.Fold(old.Name)
	same := func(cols []string) bool { return len(cols) == 1 && sqltext.Fold(cols[0]) == name }
	r.t.PrimaryKey = slices.DeleteFunc(r.t.PrimaryKey, func(c string) bool { return sqltext.Fold(c) == name })
	r.t.PrimaryTerms = slices.DeleteFunc(r.t.PrimaryTerms, func(c IndexColumn) bool { return sqltext.Fold(c.Expr) == name })
	r.t.Unique = slices.DeleteFunc(r.t.Unique, same)
	r.t.ForeignKeys = slices.DeleteFunc(r.t.ForeignKeys, func(fk ForeignKey) bool { return same(fk.Columns) })
	r.t.Checks = slices.DeleteFunc(r.t.Checks, func(c string) bool { return sqltext.Fold(r.t.checkedColumn(c)) == name })
	r.p.refs = slices.DeleteFunc(r.p.refs, func(ref reference) bool { return ref.table == r.t.Name && sqltext.Fold(ref.column) == name })
	*old = r.c
}
