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
//
// A name in double quotes that is no name is a text to SQLite, of which D1 takes some:
// where text says that a name is one, its case stays.
func canonicalExpr(expr string) string {
	return canonicalTexts(expr, func([]lex.Token, int) bool { return false })
}

func canonicalTexts(expr string, text func(toks []lex.Token, i int) bool) string {
	toks := slices.Collect(tokens(expr))
	for len(toks) > 2 && toks[0].Text == "(" && closing(toks, 0) == len(toks)-1 {
		toks = toks[1 : len(toks)-1]
	}
	words := make([]string, len(toks))
	for i, t := range toks {
		switch {
		case t.Kind == lex.Name && text(toks, i):
			words[i] = t.Ident()
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

// whole reports whether a text can stand in parentheses: every one of its own is
// closed, nothing is left open (a quote, a comment), and no statement ends in it.
func whole(expr string) bool {
	toks := slices.Collect(tokens("(" + expr + "\n)"))
	return len(toks) > 2 && closing(toks, 0) == len(toks)-1 && !slices.ContainsFunc(toks, func(t lex.Token) bool { return t.Is(";") })
}

// isType reports whether a text is a declared type: words, and up to two numbers
// in parentheses.
func isType(s string) bool {
	r := newReader(s)
	for isName(r.peek()) && !r.done() && !startsConstraint(r.peek()) {
		r.next()
	}
	if r.pos > 0 && r.accept("(") {
		for ok := true; ok; ok = r.accept(",") {
			_ = r.accept("+") || r.accept("-")
			if r.next().Kind != lex.Number {
				return false
			}
		}
		if !r.accept(")") {
			return false
		}
	}
	return r.done()
}

// isPrimary reports whether an operator after the expression applies to all of it: a
// name, a call, a cast, a CASE, or whatever is in parentheses. COLLATE binds closer
// than any other operator.
func isPrimary(toks []lex.Token) bool {
	if len(toks) < 2 {
		return true
	}
	switch {
	case toks[0].Is("("):
		return closing(toks, 0) == len(toks)-1
	case toks[0].Is("case"):
		return caseEnd(toks) == len(toks)-1
	}
	return isName(toks[0]) && toks[1].Is("(") && closing(toks, 1) == len(toks)-1
}

// caseEnd returns the index of the END of the CASE that begins, or len(toks).
func caseEnd(toks []lex.Token) int {
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
