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
// text in double quotes and the other in single ones they do, unless it may be a column
// there: schemas are those that tables are looked up in.
func sameObject(a, b *Object, schemas ...*Schema) bool {
	return sameTexts(a.SQL, b.SQL, func(toks []sqltext.Token, i int) bool { return scope(schemas).mayBeColumn(a, toks, i) })
}

// sameTexts compares two CREATE texts token by token.
func sameTexts(a, b string, column func(toks []sqltext.Token, i int) bool) bool {
	one, two := objectTokens(a), objectTokens(b)
	if len(one) != len(two) {
		return false
	}
	for i, x := range one {
		y := two[i]
		if canonicalToken(x) != canonicalToken(y) && (!requotes(x, y) || column(one, i)) && (!requotes(y, x) || column(two, i)) {
			return false
		}
	}
	return true
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

// operators are the tokens behind which a text can stand, and nothing else in double
// quotes but a column: no alias, no name of a table.
var operators = []string{
	"=", "==", "<>", "!=", "<", ">", "<=", ">=", "||", "like", "glob", "is", "and", "or", "then", "else", "when", "case", "select",
	"between", "where", "having", "not", "distinct", "match", "regexp", "escape", "limit", "offset",
	"+", "-", "*", "/", "%", "&", "|", "<<", ">>", "~", "->", "->>",
}

// canonicalObject is that of an object of the schema. What may be a column in double quotes,
// also of a table that isn't declared, stays what it was.
func (s *Schema) canonicalObject(o *Object, f form) string {
	isText := func([]sqltext.Token, int) bool { return false }
	if f != nil && o.Type != "virtual table" && strings.Contains(o.SQL, `"`) {
		isText = func(toks []sqltext.Token, i int) bool { return s.isText(o, toks, i) }
	}
	words := strings.Replace(canonicalTexts(o.SQL, isText, f), " if not exists ", " ", 1)
	return strings.TrimSuffix(words, " ;")
}

// isText reports whether a token of an object is a text in double quotes: it stands behind
// an operator, in a list of values or among what is selected, and can be no column there.
func (s *Schema) isText(o *Object, toks []sqltext.Token, i int) bool {
	return toks[i].Text[0] == '"' && (i+1 == len(toks) || !toks[i+1].Is("(") && !toks[i+1].Is(".")) &&
		operand(toks, i) && !scope{s}.mayBeColumn(o, toks, i)
}

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
