package schema

import (
	"iter"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/lex"
)

// tokens yields the tokens of sql without its comments.
func tokens(sql string) iter.Seq[lex.Token] {
	return func(yield func(lex.Token) bool) {
		for t := range lex.Tokens(sql) {
			if t.Kind != lex.Comment && !yield(t) {
				return
			}
		}
	}
}

func isName(t lex.Token) bool { return t.Kind == lex.Word || t.Kind == lex.Name }

func isLiteral(t lex.Token) bool {
	return t.Kind == lex.Number || t.Kind == lex.String || t.Kind == lex.Blob
}

func isWordOf(t lex.Token, words ...string) bool {
	return t.Kind == lex.Word && slices.Contains(words, fold(t.Text))
}

// canonicalExpr writes an expression so that only its meaning is left: names
// and keywords folded and unquoted, one blank between tokens, no comments, no
// parentheses around the whole.
func canonicalExpr(expr string) string {
	toks := slices.Collect(tokens(expr))
	for len(toks) > 2 && toks[0].Text == "(" && closing(toks, 0) == len(toks)-1 {
		toks = toks[1 : len(toks)-1]
	}
	words := make([]string, len(toks))
	for i, t := range toks {
		switch {
		case isName(t):
			words[i] = fold(t.Ident())
		case t.Kind == lex.Number || t.Kind == lex.Blob:
			words[i] = strings.ToLower(t.Text)
		default:
			words[i] = t.Text
		}
	}
	return strings.Join(words, " ")
}

// closing returns the index of the parenthesis that closes the one at i, or
// len(toks) when none does.
func closing(toks []lex.Token, i int) int {
	depth := 0
	for ; i < len(toks); i++ {
		switch toks[i].Text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(toks)
}
