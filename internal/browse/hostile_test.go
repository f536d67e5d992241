package browse_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/d1"
)

// hostile is a table of any form SQLite takes. Its first column is mark, which is
// different in every row; columns are those after it.
type hostile struct {
	name         string
	columns      []hostileColumn
	key          []keyTerm
	withoutRowID bool
	strict       bool
	sql          []string
}

type hostileColumn struct {
	name, declared, collate string
	affinity                affinity
	notNull                 bool
	source                  string // what it is generated from, "" for a stored column
}

// keyTerm is a column of the primary key with what it says of itself.
type keyTerm struct {
	column  int
	collate string
	desc    bool
	inline  bool // PRIMARY KEY stands at the column
}

// affinity is what SQLite makes of a declared type (datatype3.html, 3.1), written
// down here for each type by hand.
type affinity string

const (
	none    affinity = "none"
	text    affinity = "text"
	numeric affinity = "numeric" // INTEGER and REAL too: they compare alike
)

type declared struct {
	name     string
	affinity affinity
}

var (
	looseTypes = []declared{
		{"", none}, {"", none}, {"BLOB", none}, {"longblob", none}, {"TEXT", text}, {"text", text}, {"VARCHAR(20)", text},
		{"nchar", text},
		{"xBLOBTEXT", text}, {"INTEGER", numeric}, {"InTeGeR", numeric}, {"INT", numeric}, {"CHARINT", numeric}, {"BLOBINT", numeric},
		{"FLOATING POINT", numeric}, {"REAL", numeric}, {"DOUBLE PRECISION", numeric}, {"NUMERIC", numeric}, {"DECIMAL(10,5)", numeric},
		{"DATETIME", numeric}, {"BOOLEAN", numeric}, {"STRING", numeric}, {"ANY", numeric}, {`"text ınt"`, text},
	}
	strictTypes = []declared{
		{"INT", numeric}, {"INTEGER", numeric}, {"REAL", numeric}, {"TEXT", text}, {"BLOB", none}, {"ANY", none}, {"ANY", none},
	}
	generations = []string{"(%s) VIRTUAL", "(typeof(%s)) VIRTUAL", "(%s) STORED", "(lower(%s) || 'q') STORED"}
	collations  = []string{"", "", "", "NOCASE", "RTRIM", "BINARY", "nocase"}
	hostileName = []string{
		"a", "b", "C", "d_1", "rowid", "oid", "_rowid_", "ROWID", `q"uote`, "sp ace", "x)", "(y", "x;--", "/*", "-x", "~x", "é", "É", "k", "t",
		"\u212a", "select", "1st", "*", "a.b", "%2F", "😀", "it's", "[z]", "collate", "tab\t", "`",
	}
	tableNames = []string{"t", "k", "plain", `a "b" 'c' [d]`, "é😀.%2F", "rowid", "order", "x)", "-t", "main.t", "it's"}
	asides     = []string{" ", " ", " ", " /* primary key desc */ ", " -- primary key (a collate nocase)\n", " -- a comment)\n", "\n\t"}
)

func drawHostile(t *rapid.T) hostile {
	h := hostile{name: rapid.SampledFrom(tableNames).Draw(t, "table"), strict: rapid.IntRange(0, 4).Draw(t, "strict") == 4}
	n := rapid.IntRange(1, 6).Draw(t, "columns")
	if rapid.IntRange(0, 19).Draw(t, "wide") == 19 {
		n = rapid.IntRange(60, d1.MaxColumns-1).Draw(t, "many columns")
	}
	names := hostileName
	for i := len(names); i < n; i++ {
		names = append(names, fmt.Sprintf("column_%d", i))
	}
	names = distinct(rapid.Permutation(names).Draw(t, "names"))
	for _, name := range names[:min(n, len(names))] {
		h.columns = append(h.columns, h.drawColumn(t, name))
	}
	h.drawKey(t)
	h.write(t)
	return h
}

// distinct leaves out names that SQLite takes for one that was there.
func distinct(names []string) []string {
	seen := map[string]bool{"mark": true}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		folded := asciiLower(name)
		was := seen[folded]
		seen[folded] = true
		return was
	})
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func (h *hostile) drawColumn(t *rapid.T, name string) hostileColumn {
	types := looseTypes
	if h.strict {
		types = strictTypes
	}
	d := rapid.SampledFrom(types).Draw(t, "type")
	c := hostileColumn{name: name, declared: d.name, affinity: d.affinity, collate: rapid.SampledFrom(collations).Draw(t, "collation")}
	if len(h.columns) > 0 && rapid.IntRange(0, 7).Draw(t, "generated") == 7 {
		from := rapid.SampledFrom(h.columns).Draw(t, "source")
		how := rapid.SampledFrom(generations).Draw(t, "expression")
		if c.source = fmt.Sprintf(how, ident(from.name)); h.strict {
			c.declared, c.affinity = "ANY", none
		}
		return c
	}
	c.notNull = rapid.IntRange(0, 4).Draw(t, "not null") == 4
	return c
}

// drawKey chooses one to three columns, or none.
func (h *hostile) drawKey(t *rapid.T) {
	var able []int
	for i, c := range h.columns {
		if c.source == "" {
			able = append(able, i)
		}
	}
	able = rapid.Permutation(able).Draw(t, "key")
	n := min(len(able), rapid.SampledFrom([]int{0, 1, 1, 1, 2, 2, 3}).Draw(t, "key columns"))
	inline := n == 1 && rapid.Bool().Draw(t, "key at its column")
	for _, i := range able[:n] {
		term := keyTerm{column: i, desc: rapid.IntRange(0, 3).Draw(t, "key desc") == 3, inline: inline}
		if rapid.IntRange(0, 3).Draw(t, "key collates") == 3 && !inline {
			term.collate = rapid.SampledFrom(collations[3:6]).Draw(t, "key collation")
		}
		h.key = append(h.key, term)
	}
	if n == 1 && rapid.IntRange(0, 2).Draw(t, "integer key") == 2 {
		h.columns[h.key[0].column].declared, h.columns[h.key[0].column].affinity = "INTEGER", numeric
	}
	h.withoutRowID = n > 0 && rapid.IntRange(0, 2).Draw(t, "without rowid") == 2
	if n > 0 && !inline && rapid.IntRange(0, 4).Draw(t, "key by bytes") == 4 {
		h.withoutRowID, h.key[0].collate = true, "BINARY"
		h.columns[h.key[0].column].collate = rapid.SampledFrom(collations[3:5]).Draw(t, "collation")
	}
}

// alias reports whether the key is the rowid. INTEGER PRIMARY KEY DESC at its
// column is not, by an old mistake that SQLite keeps.
func (h *hostile) alias() bool {
	if len(h.key) != 1 || h.withoutRowID || h.key[0].inline && h.key[0].desc {
		return false
	}
	return asciiLower(h.columns[h.key[0].column].declared) == "integer"
}

// rowid is a name of the rowid that no column takes, "" for none.
func (h *hostile) rowid() string {
	if h.withoutRowID {
		return ""
	}
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if !slices.ContainsFunc(h.columns, func(c hostileColumn) bool { return asciiLower(c.name) == name }) {
			return name
		}
	}
	return ""
}

// write makes the CREATE texts.
func (h *hostile) write(t *rapid.T) {
	aside := func() string { return rapid.SampledFrom(asides).Draw(t, "aside") }
	defs := []string{"mark" + map[bool]string{true: " ANY"}[h.strict]}
	for i, c := range h.columns {
		def := ident(c.name) + " " + c.declared
		if c.source != "" {
			def += " AS " + c.source
		}
		if c.notNull {
			def += aside() + "NOT NULL"
		}
		for _, term := range h.key {
			if term.inline && term.column == i {
				def += " PRIMARY" + aside() + "KEY" + term.direction() + rapid.SampledFrom([]string{"", "", "", " ON CONFLICT IGNORE"}).
					Draw(t, "on conflict")
			}
		}
		defs = append(defs, def+collating(c.collate))
	}
	if len(h.key) > 0 && !h.key[0].inline {
		defs = append(defs, "PRIMARY"+aside()+"KEY"+aside()+"("+h.keyTerms()+")")
	}
	table := "CREATE TABLE " + ident(h.name) + aside() + "(" + strings.Join(defs, ","+aside()) + ")" + h.options()
	h.sql = append([]string{table}, h.drawIndexes(t)...)
}

func (h *hostile) keyTerms() string {
	terms := make([]string, len(h.key))
	for n, term := range h.key {
		terms[n] = ident(h.columns[term.column].name) + collating(term.collate) + term.direction()
	}
	return strings.Join(terms, ", ")
}

func (k keyTerm) direction() string { return map[bool]string{true: " DESC"}[k.desc] }

func collating(name string) string {
	if name == "" {
		return ""
	}
	return " COLLATE " + name
}

func (h *hostile) options() string {
	var options []string
	if h.withoutRowID {
		options = append(options, "WITHOUT ROWID")
	}
	if h.strict {
		options = append(options, "STRICT")
	}
	return " " + strings.Join(options, ", ")
}

func (h *hostile) drawIndexes(t *rapid.T) []string {
	var out []string
	for n := range rapid.IntRange(0, 3).Draw(t, "indexes") {
		c := rapid.SampledFrom(h.columns).Draw(t, "indexed")
		kind := rapid.SampledFrom([]string{"INDEX", "INDEX", "UNIQUE INDEX"}).Draw(t, "index")
		tail := rapid.SampledFrom([]string{"", "", " DESC", " COLLATE NOCASE", ", mark", ", mark DESC"}).Draw(t, "index term")
		where := rapid.SampledFrom([]string{"", "", "", " WHERE " + ident(c.name) + " IS NOT NULL"}).Draw(t, "partial")
		out = append(out, fmt.Sprintf("CREATE %s ix_%d ON %s(%s%s)%s", kind, n, ident(h.name), ident(c.name), tail, where))
	}
	return out
}
