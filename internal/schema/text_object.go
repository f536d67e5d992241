package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// What a view or trigger has in double quotes is a text where no column has that name.
// ALTER TABLE … RENAME COLUMN and DROP COLUMN write all such texts of a database in single
// quotes, so both are one schema.

// sameObject reports whether two CREATE texts of an object say the same. Where one has a
// text in double quotes and the other in single ones they do, unless a table that the text
// speaks of has a column of that name: schemas are those that tables are looked up in.
func sameObject(a, b *Object, schemas ...*Schema) bool {
	return sameTexts(a.SQL, b.SQL, func(name string) bool {
		return slices.ContainsFunc(schemas, func(s *Schema) bool { return s.hasColumn(a, name) })
	})
}

// sameTexts compares two CREATE texts token by token.
func sameTexts(a, b string, column func(name string) bool) bool {
	return slices.EqualFunc(objectTokens(a), objectTokens(b), func(x, y sqltext.Token) bool {
		return canonicalToken(x) == canonicalToken(y) || requotes(x, y) && !column(x.Ident()) || requotes(y, x) && !column(y.Ident())
	})
}

// requotes reports whether y is x as a text in single quotes.
func requotes(x, y sqltext.Token) bool {
	return x.Kind == sqltext.Name && x.Text[0] == '"' && y.Kind == sqltext.String && x.Ident() == y.Value()
}

// objectTokens leaves out IF NOT EXISTS, which SQLite doesn't keep, and what ends the
// statement.
func objectTokens(sql string) []sqltext.Token {
	toks := slices.Collect(sqltext.Code(sql))
	for i := 0; i+2 < len(toks) && i < 4; i++ {
		if toks[i].Is("if") && toks[i+1].Is("not") && toks[i+2].Is("exists") {
			toks = slices.Delete(toks, i, i+3)
			break
		}
	}
	if n := len(toks); n > 0 && toks[n-1].Is(";") {
		toks = toks[:n-1]
	}
	return toks
}

// hasColumn reports whether a table or a view that an object speaks of has, or may have, a
// column of that name.
func (s *Schema) hasColumn(of *Object, name string) bool {
	for i := range s.Tables {
		t := &s.Tables[i]
		if _, ok := t.Column(name); ok && Mentions(of.SQL, t.Name) {
			return true
		}
	}
	return slices.ContainsFunc(s.Objects, func(o Object) bool {
		return o.Type != "trigger" && !sqltext.Same(o.Name, of.Name) && Mentions(of.SQL, o.Name) && namesIn(o.SQL, name)
	})
}

// namesIn reports whether a text may give a column that name: it stands there as a name
// without quotes, or behind AS.
func namesIn(sql, name string) bool {
	toks := objectTokens(sql)
	for i, t := range toks {
		if t.IsName() && sqltext.Same(t.Ident(), name) && (t.Text[0] != '"' || i > 0 && toks[i-1].Is("as")) {
			return true
		}
	}
	return false
}

// operators are the tokens behind which a text can stand, and nothing else in double
// quotes but a column: no alias, no name of a table.
var operators = []string{
	"=", "==", "<>", "!=", "<", ">", "<=", ">=", "||", "like", "glob", "is", "and", "or", "then", "else", "when", "case", "select",
	"between", "where", "having",
}

// canonicalObject is that of an object of the schema. A text in double quotes is one where
// all tables the object speaks of are declared: else it may be a column, and its reading
// stays what it was.
func (s *Schema) canonicalObject(o *Object, f form) string {
	isText := func([]sqltext.Token, int) bool { return false }
	if f != nil && o.Type != "virtual table" && strings.Contains(o.SQL, `"`) && s.knowsTablesOf(o) {
		isText = func(toks []sqltext.Token, i int) bool { return s.isText(o, toks, i) }
	}
	words := strings.Replace(canonicalTexts(o.SQL, isText, f), " if not exists ", " ", 1)
	return strings.TrimSuffix(words, " ;")
}

// isText reports whether a token of an object is a text in double quotes: it stands behind
// an operator, in a list of values or among what is selected, and nothing that the object
// speaks of has that name.
func (s *Schema) isText(o *Object, toks []sqltext.Token, i int) bool {
	name := toks[i].Ident()
	if toks[i].Text[0] != '"' || i == 0 || i+1 < len(toks) && (toks[i+1].Is("(") || toks[i+1].Is(".")) ||
		!operand(toks, i) || sqltext.IsRowID(name) || s.hasColumn(o, name) {
		return false
	}
	for j, t := range toks { // an alias, or what a WITH or the view itself names
		if j != i && t.IsName() && sqltext.Same(t.Ident(), name) && !operand(toks, j) && !aliases(toks, i, j) {
			return false
		}
	}
	return true
}

// aliases reports whether j is the alias of i: that "open" AS open has the name makes it
// no column.
func aliases(toks []sqltext.Token, i, j int) bool { return j == i+2 && toks[i+1].Is("as") }

// operand reports whether a token stands where a value does.
func operand(toks []sqltext.Token, i int) bool {
	if i == 0 {
		return false
	}
	before := toks[i-1]
	if slices.ContainsFunc(operators, before.Is) {
		return true
	}
	if !before.Is("(") && !before.Is(",") {
		return false
	}
	open, depth := i-1, 0 // what the list is of
	for ; open > 0; open-- {
		switch {
		case toks[open].Is(")"):
			depth++
		case toks[open].Is("(") && depth > 0:
			depth--
		case depth == 0 && (toks[open].Is("(") || toks[open].Is("select") || toks[open].Is("values")):
			return toks[open].Is("select") || toks[open].Is("values") || listed(toks, open)
		case depth == 0 && (toks[open].Is("from") || toks[open].Is("by") || toks[open].Is("set") || toks[open].Is("of")):
			return false
		}
	}
	return false
}

// listed reports whether a parenthesis opens values: of IN, of VALUES, or of a function.
func listed(toks []sqltext.Token, open int) bool {
	if open < 2 {
		return false
	}
	before, of := toks[open-1], toks[open-2]
	if before.Is("in") || before.Is("values") || before.Is(",") && toks[open-2].Is(")") {
		return true
	}
	// INSERT INTO t (…), WITH c (…), VIEW v (…) and REFERENCES are lists of names.
	return before.Kind == sqltext.Word && !of.Is(",") &&
		!isWordOf(of, "into", "with", "view", "recursive", "exists", "as", "from", "join", "using") &&
		!isWordOf(before, "using", "over")
}

// knowsTablesOf reports whether all that an object reads and writes is of the schema.
func (s *Schema) knowsTablesOf(o *Object) bool {
	toks := objectTokens(o.SQL)
	for i, t := range toks {
		if !isWordOf(t, "from", "join", "into", "update") || i+1 >= len(toks) {
			continue
		}
		next := toks[i+1]
		if next.Is("(") || next.Is("of") || next.Is("on") || next.Is("set") || isWordOf(next, "or") {
			continue
		}
		_, table := s.Table(next.Ident())
		_, object := s.Object("view", next.Ident())
		if !next.IsName() || !table && !object {
			return false
		}
	}
	return true
}
