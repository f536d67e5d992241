package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

func isWordOf(t sqltext.Token, words ...string) bool {
	return t.Kind == sqltext.Word && slices.Contains(words, sqltext.Fold(t.Text))
}

// canonicalExpr writes an expression so that only its meaning is left: names
// and keywords folded and unquoted, one blank between tokens, no comments, no
// parentheses around the whole.
//
// A name in double quotes that is no name is a text to SQLite, of which D1 takes some:
// where text says that a name is one, it is written as the text it is.
func canonicalExpr(expr string) string {
	return canonicalTexts(expr, func([]sqltext.Token, int) bool { return false }, asText)
}

func canonicalTexts(expr string, text func(toks []sqltext.Token, i int) bool, f form) string {
	toks := slices.Collect(sqltext.Code(expr))
	for len(toks) > 2 && toks[0].Text == "(" && sqltext.Closing(toks, 0) == len(toks)-1 {
		toks = toks[1 : len(toks)-1]
	}
	words := make([]string, len(toks))
	for i, t := range toks {
		switch words[i] = canonicalToken(t); {
		case t.Kind != sqltext.Name || !text(toks, i):
		case f == nil:
			words[i] = t.Ident()
		default:
			words[i] = f(t.Ident())
		}
	}
	return strings.Join(words, " ")
}

func canonicalToken(t sqltext.Token) string {
	switch {
	case t.IsName():
		return sqltext.Fold(t.Ident())
	case t.Kind == sqltext.Number || t.Kind == sqltext.Blob:
		return sqltext.Fold(t.Text)
	}
	return t.Text
}

// whole reports whether a text can stand in parentheses: every one of its own is
// closed, nothing is left open (a quote, a comment), and no statement ends in it.
func whole(expr string) bool {
	toks := slices.Collect(sqltext.Code("(" + expr + "\n)"))
	return len(toks) > 2 && sqltext.Closing(toks, 0) == len(toks)-1 &&
		!slices.ContainsFunc(toks, func(t sqltext.Token) bool { return t.Is(";") })
}

// isPrimary reports whether an operator after the expression applies to all of it: a
// name, a call, a cast, a CASE, or whatever is in parentheses. COLLATE binds closer
// than any other operator.
func isPrimary(toks []sqltext.Token) bool {
	if len(toks) < 2 {
		return true
	}
	switch {
	case toks[0].Is("("):
		return sqltext.Closing(toks, 0) == len(toks)-1
	case toks[0].Is("case"):
		return caseEnd(toks) == len(toks)-1
	}
	return toks[0].IsName() && !toks[0].Is("not") && toks[1].Is("(") && sqltext.Closing(toks, 1) == len(toks)-1
}

// caseEnd returns the index of the END of the CASE that begins, or len(toks).
func caseEnd(toks []sqltext.Token) int {
	depth := 0
	for i, t := range toks {
		switch {
		case t.Is("case"):
			depth++
		case t.Is("end"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(toks)
}
