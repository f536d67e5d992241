package schema

import (
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// canonicalExpr is that of an expression of the table, whose names are its columns: any
// other one in double quotes is a text.
func (t *Table) canonicalExpr(expr string, f form) string {
	return canonicalTexts(expr, func(toks []sqltext.Token, i int) bool {
		return t.isText(toks, i) && (f != nil || !sqltext.Same(toks[i].Ident(), t.Name)) // which builds before took for a name
	}, f)
}

// isText reports whether a token is a text in double quotes: it names no column, and
// doesn't stand where a function, a table, a collation or a type does.
func (t *Table) isText(toks []sqltext.Token, i int) bool {
	name := toks[i].Ident()
	if _, ok := t.Column(name); ok || toks[i].Text[0] != '"' || sqltext.IsRowID(name) {
		return false
	}
	if i+1 < len(toks) && (toks[i+1].Is("(") || toks[i+1].Is(".")) {
		return false
	}
	return i == 0 || !toks[i-1].Is(".") && !toks[i-1].Is("collate") && !toks[i-1].Is("as")
}

// foldTexts writes the names in double quotes of an expression small, the texts among
// them too.
func foldTexts(sql string) string {
	var b strings.Builder
	at := 0
	for t := range sqltext.Tokens(sql) {
		if t.Kind == sqltext.Name {
			b.WriteString(sql[at:t.Offset] + sqltext.Fold(t.Text))
			at = t.Offset + len(t.Text)
		}
	}
	return b.String() + sql[at:]
}
