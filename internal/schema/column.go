package schema

import (
	"regexp"
	"slices"
	"strings"
)

// word is a piece of a column's string: blanks separate words except within
// quotes and parentheses.
type word struct {
	text   string
	offset int // within the string
}

// words cuts a column's string. The second result is a message and a place when
// quotes or parentheses don't close.
func words(s string) (out []word, bad string, at int) {
	for i := 0; i < len(s); {
		if s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r' {
			i++
			continue
		}
		start, depth := i, 0
	scan:
		for ; i < len(s); i++ {
			switch c := s[i]; c {
			case '\'', '"':
				end := quoteEnd(s, i)
				if end < 0 {
					return nil, "this quote is never closed", i
				}
				i = end
			case '(':
				depth++
			case ')':
				if depth--; depth < 0 {
					return nil, "this ) has no (", i
				}
			case ' ', '\t', '\n', '\r':
				if depth == 0 {
					break scan
				}
			}
		}
		if depth > 0 {
			return nil, "this ( is never closed", start + strings.IndexByte(s[start:], '(')
		}
		out = append(out, word{s[start:i], start})
	}
	return out, "", 0
}

// quoteEnd returns the index of the quote that closes the one at i, doubled
// quotes inside, or -1.
func quoteEnd(s string, i int) int {
	q := s[i]
	for j := i + 1; j < len(s); j++ {
		if s[j] == q {
			if j+1 < len(s) && s[j+1] == q {
				j++
				continue
			}
			return j
		}
	}
	return -1
}

// unquote returns the text a quoted word stands for.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '\'' && s[0] != '"' || quoteEnd(s, 0) != len(s)-1 {
		return s, false
	}
	q := s[:1]
	return strings.ReplaceAll(s[1:len(s)-1], q+q, q), true
}

// columnReader reads one column's string.
type columnReader struct {
	p     *parser
	t     *Table
	c     Column
	base  int // offset of the string's first character in the file
	ws    []word
	i     int
	isPK  bool
	isUQ  bool
	enum  []string
	fk    *ForeignKey
	fkOff int
	deflt *word
}

func (p *parser) column(t *Table, m member) {
	r := &columnReader{p: p, t: t, c: Column{Name: m.key}, base: m.value.offset + 1}
	ws, bad, at := words(m.value.text)
	if bad != "" {
		p.bad(r.base+at, "%s", bad)
		return
	}
	if len(ws) == 0 {
		p.bad(r.base, "the column has no type")
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
		if r.i+j >= len(r.ws) || !strings.EqualFold(r.ws[r.i+j].text, t) {
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
	if t, ok := types[strings.ToLower(w.text)]; ok {
		r.c.Type, r.c.Mode, r.i = t.sql, t.mode, 1
		return
	}
	r.c.Type = "TEXT"
	if isEnum(w.text) {
		return // read as a modifier
	}
	r.i = 1
	r.bad(w, "%q is no type; use text, integer, real, blob, json, boolean, timestamp_ms or enum(…)", w.text)
}

func isEnum(s string) bool { return len(s) > 5 && strings.EqualFold(s[:5], "enum(") }

func (r *columnReader) modifier() {
	w := r.ws[r.i]
	switch {
	case r.is("primary", "key"):
		r.once(w, &r.isPK)
	case r.is("not", "null"):
		r.once(w, &r.c.NotNull)
	case r.is("unique"):
		r.once(w, &r.isUQ)
	case r.is("default"):
		r.readDefault(w)
	case r.is("->"):
		r.readReference(w)
	case isEnum(w.text):
		r.i++
		r.readEnum(w)
	default:
		r.i++
		r.bad(w, "unknown word %q; after the type come primary key, not null, unique, enum(…), default … and -> table.column", w.text)
	}
}

func (r *columnReader) once(w word, flag *bool) {
	if *flag {
		r.bad(w, "%q is there twice", w.text)
	}
	*flag = true
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
		return QuoteText(text)
	}
	switch strings.ToLower(v) {
	case "now":
		return "CURRENT_TIMESTAMP"
	case "null":
		return ""
	case "true", "false":
		if r.c.Mode == Boolean {
			return map[string]string{"true": "1", "false": "0"}[strings.ToLower(v)]
		}
	}
	switch {
	case strings.HasPrefix(v, "(") && strings.HasSuffix(v, ")"):
		return strings.TrimSpace(v[1 : len(v)-1])
	case number.MatchString(v):
		return strings.TrimPrefix(v, "+")
	case r.c.Type == "INTEGER" || r.c.Type == "REAL":
		r.bad(w, "%q is no default for a column of numbers; put text in quotes if it is meant", v)
	case strings.ContainsAny(v, "()'\""):
		r.bad(w, "%q is no value; quote text, and put SQL in parentheses", v)
	}
	return QuoteText(v)
}

var actions = map[string]string{"cascade": "CASCADE", "restrict": "RESTRICT"}

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
	table, column, ok := strings.Cut(target.text, ".")
	if !ok || table == "" || column == "" {
		r.bad(target, "%q is no table.column", target.text)
		return
	}
	r.fk = &ForeignKey{Columns: []string{r.c.Name}, Table: table, RefColumns: []string{column}}
	r.fkOff = r.base + target.offset
	switch {
	case r.is("cascade"), r.is("restrict"):
		r.fk.OnDelete = actions[strings.ToLower(r.ws[r.i-1].text)]
	case r.is("set", "null"):
		r.fk.OnDelete = "SET NULL"
	case r.is("set", "default"):
		r.fk.OnDelete = "SET DEFAULT"
	case r.is("no", "action"):
	}
}

// finish puts what was read into the table.
func (r *columnReader) finish() {
	if r.deflt != nil {
		r.c.Default = r.defaultSQL(*r.deflt)
		if v, ok := strings.CutPrefix(r.c.Default, "'"); ok && r.enum != nil && !slices.Contains(r.enum, strings.ReplaceAll(strings.TrimSuffix(v, "'"), "''", "'")) {
			r.bad(*r.deflt, "the default is none of the enum's values")
		}
	}
	if r.fk != nil && r.fk.OnDelete == "SET NULL" && r.c.NotNull {
		r.p.bad(r.fkOff, "set null can never happen on a column that is not null")
	}
	r.replace()
	if r.isPK {
		r.t.PrimaryKey = append(r.t.PrimaryKey, r.c.Name)
	}
	if r.isUQ {
		r.t.Unique = append(r.t.Unique, []string{r.c.Name})
	}
	if r.enum != nil {
		quoted := make([]string, len(r.enum))
		for i, v := range r.enum {
			quoted[i] = QuoteText(v)
		}
		r.t.Checks = append(r.t.Checks, Quote(r.c.Name)+" IN ("+strings.Join(quoted, ", ")+")")
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
	name := fold(old.Name)
	same := func(cols []string) bool { return len(cols) == 1 && fold(cols[0]) == name }
	r.t.PrimaryKey = slices.DeleteFunc(r.t.PrimaryKey, func(c string) bool { return fold(c) == name })
	r.t.Unique = slices.DeleteFunc(r.t.Unique, same)
	r.t.ForeignKeys = slices.DeleteFunc(r.t.ForeignKeys, func(fk ForeignKey) bool { return same(fk.Columns) })
	r.t.Checks = slices.DeleteFunc(r.t.Checks, func(c string) bool { return fold(r.t.checkedColumn(c)) == name })
	r.p.refs = slices.DeleteFunc(r.p.refs, func(ref reference) bool { return ref.table == r.t.Name && fold(ref.column) == name })
	*old = r.c
}
