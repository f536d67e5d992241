package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Source writes a schema as a schema file, under that name and version: how a
// database that exists is adopted. Parse reads it to a schema of the same meaning.
// What the language has no word for is written verbatim, never left out. The error
// is for a schema that SQLite itself could not have.
func (s *Schema) Source(name string, version int) (string, error) {
	w, verbatim := &sourceWriter{}, map[string]bool{}
	for i := range s.Tables {
		t := &s.Tables[i]
		verbatim[sqltext.Fold(t.Name)] = t.SQL != "" && (t.Named || len(t.Extra) > 0)
	}
	for {
		src := w.file(s, name, version, verbatim)
		parsed, err := Parse([]byte(src))
		if err == nil && parsed.Hash() == s.Hash() {
			return src, nil
		}
		if s.moreVerbatim(parsed, err, verbatim) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("schema: %s can't be written: %w", name, err)
		}
		return "", fmt.Errorf("schema: %s does not come back as it was written", name)
	}
}

// moreVerbatim adds the tables that don't come back as they are, each for itself: those
// that the file's problems name, or without any those that come back as others. It
// reports whether there was one that can be written verbatim and isn't.
func (s *Schema) moreVerbatim(parsed *Schema, err error, verbatim map[string]bool) (more bool) {
	problems, _ := errors.AsType[Problems](err)
	for i := range s.Tables {
		t := &s.Tables[i]
		wrong := slices.ContainsFunc(problems, func(p Problem) bool { return p.Table == t.Name })
		if parsed != nil {
			back, ok := parsed.Table(t.Name)
			wrong = !ok || (&Schema{Tables: []Table{*t}}).Hash() != (&Schema{Tables: []Table{*back}}).Hash()
		}
		if wrong && t.SQL != "" && !verbatim[sqltext.Fold(t.Name)] {
			verbatim[sqltext.Fold(t.Name)], more = true, true
		}
	}
	return more
}

type sourceWriter struct{ b strings.Builder }

func quoteJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text can't fail
	return strings.TrimSuffix(b.String(), "\n")
}

func (w *sourceWriter) file(s *Schema, name string, version int, verbatim map[string]bool) string {
	w.b.Reset()
	fmt.Fprintf(&w.b, "{\n  \"name\": %s,\n  \"version\": %d,\n  \"tables\": {", quoteJSON(name), version)
	for i := range s.Tables {
		t := &s.Tables[i]
		w.entry(i, 4, t.Name)
		if verbatim[sqltext.Fold(t.Name)] {
			w.b.WriteString("{ \"@sql\": " + quoteJSON(t.SQL) + " }")
			continue
		}
		w.members(t.members())
	}
	w.b.WriteString("\n  }")
	w.indexes(s)
	for _, kind := range []struct{ key, of string }{{"views", "view"}, {"triggers", "trigger"}, {"virtual", "virtual table"}} {
		var members [][2]string
		for _, o := range s.Objects {
			if o.Type == kind.of {
				members = append(members, [2]string{o.Name, quoteJSON(o.SQL)})
			}
		}
		if len(members) > 0 {
			w.b.WriteString(",\n  " + quoteJSON(kind.key) + ": ")
			w.indented(members, 2)
		}
	}
	w.b.WriteString("\n}\n")
	return w.b.String()
}

func (w *sourceWriter) entry(i, indent int, key string) {
	if i > 0 {
		w.b.WriteString(",")
	}
	w.b.WriteString("\n" + strings.Repeat(" ", indent) + quoteJSON(key) + ": ")
}

func (w *sourceWriter) members(members [][2]string) { w.indented(members, 4) }

func (w *sourceWriter) indented(members [][2]string, indent int) {
	w.b.WriteString("{")
	for i, m := range members {
		w.entry(i, indent+2, m[0])
		w.b.WriteString(m[1])
	}
	w.b.WriteString("\n" + strings.Repeat(" ", indent) + "}")
}

func (w *sourceWriter) indexes(s *Schema) {
	n := 0
	for i := range s.Tables {
		t := &s.Tables[i]
		if len(t.Indexes) == 0 {
			continue
		}
		if n == 0 {
			w.b.WriteString(",\n  \"indexes\": {")
		}
		w.entry(n, 4, t.Name)
		n++
		var members [][2]string
		for _, ix := range t.Indexes {
			members = append(members, [2]string{ix.Name, ix.source()})
		}
		w.members(members)
	}
	if n > 0 {
		w.b.WriteString("\n  }")
	}
}

func (ix *Index) source() string {
	cols := make([]string, len(ix.Columns))
	for i, c := range ix.Columns {
		word := c.Expr
		if c.IsExpr {
			if word = c.Expr; !wrapped(word) {
				word = "(" + word + ")"
			}
		} else if c.Collate != "" || c.Desc {
			word = sqltext.Quote(c.Expr)
		}
		if c.Collate != "" {
			word += " collate " + sqltext.Fold(c.Collate)
		}
		if c.Desc {
			word += " desc"
		}
		cols[i] = quoteJSON(word)
	}
	out := "{ \"columns\": [" + strings.Join(cols, ", ") + "]"
	if ix.Unique {
		out += ", \"unique\": true"
	}
	if ix.Where != "" {
		out += ", \"where\": " + quoteJSON(ix.Where)
	}
	return out + " }"
}

// wrapped reports whether one pair of parentheses is around the whole expression.
func wrapped(expr string) bool {
	toks := slices.Collect(sqltext.Code(expr))
	return len(toks) > 1 && toks[0].Is("(") && sqltext.Closing(toks, 0) == len(toks)-1
}

// members are a table's columns and options, as they stand in a file.
func (t *Table) members() [][2]string {
	var out [][2]string
	for i := range t.Columns {
		c := &t.Columns[i]
		key := c.Name
		if strings.HasPrefix(key, "@") || strings.HasPrefix(key, "...") {
			key = "@@" + key
		}
		out = append(out, [2]string{key, quoteJSON(t.columnSource(c))})
	}
	list := func(key string, texts []string) {
		if len(texts) == 0 {
			return
		}
		quoted := make([]string, len(texts))
		for i, s := range texts {
			quoted[i] = quoteJSON(s)
		}
		out = append(out, [2]string{key, "[" + strings.Join(quoted, ", ") + "]"})
	}
	if t.Was != "" {
		out = append(out, [2]string{"@was", quoteJSON(t.Was)})
	}
	key := t.primary()
	if len(key) > 1 || len(key) == 1 && key[0].Collate != "" {
		out = append(out, [2]string{"@primary key", quoteJSON(key.source())})
	}
	var unique, keys, checks []string
	for _, u := range t.Unique {
		if len(u) > 1 {
			unique = append(unique, sqltext.QuoteAll(u))
		}
	}
	for _, k := range t.UniqueTerms {
		unique = append(unique, k.source())
	}
	for _, fk := range t.ForeignKeys {
		if len(fk.Columns) > 1 {
			keys = append(keys, sqltext.QuoteAll(fk.Columns)+" -> "+sqltext.Quote(fk.Table)+"("+sqltext.QuoteAll(fk.RefColumns)+")"+fk.actionWords())
		}
	}
	for _, c := range t.Checks {
		if t.checkedColumn(c) == "" {
			checks = append(checks, c)
		}
	}
	list("@unique", unique)
	list("@foreign key", keys)
	list("@check", checks)
	if t.Strict {
		out = append(out, [2]string{"@strict", "true"})
	}
	if t.WithoutRowID {
		out = append(out, [2]string{"@without rowid", "true"})
	}
	return out
}

func (fk *ForeignKey) actionWords() string {
	out := ""
	if fk.OnDelete != "" {
		out += " " + sqltext.Fold(fk.OnDelete)
	}
	if fk.OnUpdate != "" {
		out += " on update " + sqltext.Fold(fk.OnUpdate)
	}
	if fk.Deferred {
		out += " deferred"
	}
	return out
}

// columnSource is a column's string in a file.
func (t *Table) columnSource(c *Column) string {
	parts := []string{typeSource(c.Type)}
	add := func(ok bool, s string) {
		if ok {
			parts = append(parts, s)
		}
	}
	key := len(t.PrimaryKey) == 1 && sqltext.Same(t.PrimaryKey[0], c.Name) && t.primary()[0].Collate == ""
	add(key, "primary key")
	add(key && len(t.PrimaryTerms) > 0, "desc")
	add(key && t.Autoincrement, "autoincrement")
	add(c.NotNull, "not null")
	for _, u := range t.Unique {
		add(len(u) == 1 && sqltext.Same(u[0], c.Name), "unique")
	}
	add(c.Default != "", "default "+defaultSource(c.Default))
	add(c.Collate != "", "collate "+sqltext.Fold(c.Collate))
	add(c.Generated != "", "as ("+c.Generated+")")
	add(c.Generated != "" && c.Stored, "stored")
	for _, check := range t.Checks {
		add(sqltext.Same(t.checkedColumn(check), c.Name), "check ("+check+")")
	}
	for _, fk := range t.ForeignKeys {
		if len(fk.Columns) == 1 && sqltext.Same(fk.Columns[0], c.Name) && len(fk.RefColumns) == 1 {
			add(true, "-> "+dottedSource(fk.Table)+"."+dottedSource(fk.RefColumns[0])+fk.actionWords())
		}
	}
	add(c.Was != "", "was "+dottedSource(c.Was))
	add(c.Fill != "", "fill ("+c.Fill+")")
	return strings.Join(parts, " ")
}

func typeSource(declared string) string {
	switch declared {
	case "TEXT", "INTEGER", "REAL", "BLOB":
		return sqltext.Fold(declared)
	}
	return "sql(" + declared + ")"
}

func defaultSource(expr string) string {
	switch c := canonicalExpr(expr); {
	case c == "current_timestamp":
		return "now"
	case number.MatchString(expr):
		return expr
	}
	return "(" + expr + ")"
}

func dottedSource(name string) string {
	plain := name != ""
	for _, r := range name {
		plain = plain && (r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	if plain {
		return name
	}
	return sqltext.Quote(name)
}
