package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Hash returns the SHA-256 of the canonical form of the schema's tables, in hex.
func (s *Schema) Hash() string { return s.hash(asText) }

// Recorded reports whether a hash that was recorded once is the schema's: as it is, or as
// builds before 2026-12-01 took it, to which a text in double quotes was another one than
// the same text in single quotes.
func (s *Schema) Recorded(hash string) bool { return hash == s.Hash() || hash == s.hash(asBefore) }

// A form is how a text in double quotes is written in a canonical form.
type form func(ident string) string

var (
	asText   form = sqltext.QuoteText
	asBefore form // as it stands; in an object, as a name
)

func (s *Schema) hash(f form) string {
	tables := make([]canonicalTable, len(s.Tables))
	for i := range s.Tables {
		tables[i] = s.canonical(&s.Tables[i], f)
	}
	slices.SortFunc(tables, func(a, b canonicalTable) int { return strings.Compare(a.Name, b.Name) })
	var all any = tables
	if len(s.Objects) > 0 {
		all = struct {
			Tables  []canonicalTable
			Objects []string
		}{tables, s.canonicalObjects(f)}
	}
	b, _ := json.Marshal(all) // plain strings can't fail
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (s *Schema) canonicalObjects(f form) []string {
	var out []string
	for _, o := range s.Objects {
		out = append(out, s.canonicalObject(&o, f))
	}
	slices.Sort(out)
	return out
}

// descendingKey stands in Extra for a primary key of one column that goes down.
const descendingKey = "primary key desc"

// The canonical forms hold only what has a meaning, in one way of writing it.
type canonicalTable struct {
	Name, Options string
	Columns       []canonicalColumn
	PrimaryKey    []string
	Unique        []string
	ForeignKeys   []string
	Checks        []string
	Indexes       []string
	Extra         []string `json:",omitempty"`
	// What builds before didn't tell apart stands at the end, and only where it is
	// there, so that every other schema keeps its hash.
	PrimaryTerms string   `json:",omitempty"`
	UniqueTerms  []string `json:",omitempty"`
}

type canonicalColumn struct {
	Name, Type, Default, Collate, Generated string
	NotNull                                 bool
}

func (s *Schema) canonical(t *Table, f form) canonicalTable {
	c := canonicalTable{Name: sqltext.Fold(t.Name), PrimaryKey: folded(t.PrimaryKey), Options: t.optionWords()}
	for i := range t.Columns {
		c.Columns = append(c.Columns, t.canonicalColumn(&t.Columns[i], f))
	}
	slices.SortFunc(c.Columns, func(a, b canonicalColumn) int { return strings.Compare(a.Name, b.Name) })
	for _, u := range t.Unique {
		c.Unique = append(c.Unique, strings.Join(folded(u), ","))
	}
	for _, fk := range t.ForeignKeys {
		c.ForeignKeys = append(c.ForeignKeys, s.canonicalKey(fk))
	}
	for _, check := range t.Checks {
		c.Checks = append(c.Checks, t.canonicalExpr(check, f))
	}
	for i := range t.Indexes {
		c.Indexes = append(c.Indexes, t.Indexes[i].canonical(t, f))
	}
	c.Extra = slices.Clone(t.Extra)
	if k := t.PrimaryTerms; len(k) == 1 && k[0].Collate == "" { // told apart since ever, and so
		c.Extra = append(c.Extra, descendingKey)
	} else {
		c.PrimaryTerms = k.canonical()
	}
	for _, k := range t.UniqueTerms {
		c.UniqueTerms = append(c.UniqueTerms, k.canonical())
	}
	for _, list := range []*[]string{&c.Unique, &c.ForeignKeys, &c.Checks, &c.Indexes, &c.Extra, &c.UniqueTerms} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return c
}

// clauses are Extra without what is said of the primary key by itself.
func (c *canonicalTable) clauses() []string {
	return slices.DeleteFunc(slices.Clone(c.Extra), func(s string) bool { return s == descendingKey })
}

func (t *Table) optionWords() string {
	var words []string
	for _, o := range []struct {
		on   bool
		word string
	}{{t.Strict, "strict"}, {t.WithoutRowID, "without rowid"}, {t.Autoincrement, "autoincrement"}} {
		if o.on {
			words = append(words, o.word)
		}
	}
	return strings.Join(words, " ")
}

func (t *Table) canonicalColumn(c *Column, f form) canonicalColumn {
	cc := canonicalColumn{
		Name: sqltext.Fold(c.Name), Type: Affinity(c.Type), Collate: strings.TrimPrefix(sqltext.Fold(c.Collate), "binary"),
		Default: t.canonicalDefault(c.Default, f), NotNull: c.NotNull && !t.RowIDAlias(c.Name),
	}
	if t.Strict {
		cc.Type = sqltext.Fold(c.Type)
	}
	if c.Generated != "" {
		cc.Generated = t.canonicalExpr(c.Generated, f)
		if c.Stored {
			cc.Generated += " stored"
		}
	}
	return cc
}

// Affinity returns the column affinity SQLite gives a declared type, by the
// rules of its documentation; boolean and timestamp_ms are read as integers.
func Affinity(declared string) string {
	d := sqltext.Fold(declared)
	if text, ok := quotedType(declared); ok {
		if d = sqltext.Fold(text); d == "" {
			return "numeric"
		}
	}
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(d, w) })
	}
	switch {
	case has("int"), d == "boolean", d == "bool", d == "timestamp_ms":
		return "integer"
	case has("char", "clob", "text"), d == "json":
		return "text"
	case has("blob"), d == "":
		return "blob"
	case has("real", "floa", "doub"):
		return "real"
	}
	return "numeric"
}

func (t *Table) canonicalDefault(expr string, f form) string {
	toks := slices.Collect(sqltext.Code(expr))
	if len(toks) == 1 && toks[0].Kind == sqltext.Name && toks[0].Text[0] == '"' && f != nil { // never a column's value
		return f(toks[0].Ident())
	}
	switch c := t.canonicalExpr(expr, f); c {
	case "null":
		return ""
	case "true":
		return "1"
	case "false":
		return "0"
	default:
		return c
	}
}

func (s *Schema) canonicalKey(fk ForeignKey) string {
	ref := fk.RefColumns
	if len(ref) == 0 {
		if parent, ok := s.Table(fk.Table); ok {
			ref = parent.PrimaryKey
		}
	}
	words := []string{strings.Join(folded(fk.Columns), ","), "->", sqltext.Fold(fk.Table), strings.Join(folded(ref), ",")}
	if fk.OnDelete != "" {
		words = append(words, "on delete", sqltext.Fold(fk.OnDelete))
	}
	if fk.OnUpdate != "" {
		words = append(words, "on update", sqltext.Fold(fk.OnUpdate))
	}
	if fk.Deferred {
		words = append(words, "deferred")
	}
	return strings.Join(words, " ")
}

func (ix *Index) canonical(t *Table, f form) string {
	words := []string{sqltext.Fold(ix.Name)}
	if ix.Unique {
		words = append(words, "unique")
	}
	for _, c := range ix.Columns {
		w := sqltext.Fold(c.Expr)
		if c.IsExpr {
			w = t.canonicalExpr(c.Expr, f)
		}
		if c.Collate != "" && c.IsExpr && !isPrimary(slices.Collect(sqltext.Code(w))) { // else it would be its last operand's
			w = "( " + w + " )"
		}
		if c.Collate != "" {
			w += " collate " + sqltext.Fold(c.Collate)
		}
		if c.Desc {
			w += " desc"
		}
		words = append(words, "("+w+")")
	}
	if ix.Where != "" {
		words = append(words, "where", t.canonicalExpr(ix.Where, f))
	}
	return strings.Join(words, " ")
}

func folded(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = sqltext.Fold(n)
	}
	return out
}
