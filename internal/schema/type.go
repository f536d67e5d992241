package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// declaredType reads the type behind a column's name, "" for none.
func (r *sqlReader) declaredType() (string, error) {
	start := r.pos
	for !r.done() && !r.peek().Is(",") && !r.peek().Is(")") && !startsConstraint(r.peek()) {
		if r.peek().Is("(") {
			if _, err := r.group(); err != nil {
				return "", err
			}
			break
		}
		if _, err := r.name(); err != nil {
			return "", err
		}
	}
	if r.pos == start {
		return "", nil
	}
	return typeOf(r.src[r.toks[start].Offset:r.toks[r.pos-1].End()]), nil
}

// typeOf writes a type as Column.Type has it: its words in capitals with one blank between.
// A quoted word that is the first is the whole type to SQLite, whatever comes after it; it
// keeps its quotes where the words alone would be no type, or another.
func typeOf(raw string) string {
	raw = withoutGenerated(raw)
	toks := slices.Collect(sqltext.Code(raw))
	if len(toks) == 0 {
		return ""
	}
	if text, ok := quotedType(raw); ok {
		text = sqltext.Upper(text)
		switch {
		case text == "INTEGER" && len(toks) > 1: // of which no primary key is the rowid
			return `"INTEGER" INTEGER`
		case isPlainType(text):
			return text
		}
		return sqltext.Quote(text)
	}
	words := make([]string, 0, len(toks))
	for i, t := range toks {
		if t.Is("(") {
			words = append(words, "("+closable(raw[t.End():toks[sqltext.Closing(toks, i)].Offset])+")")
			break
		}
		words = append(words, t.Text)
	}
	plain := sqltext.Upper(strings.ReplaceAll(strings.Join(words, " "), " (", "("))
	if Affinity(plain) != Affinity(raw) { // a comment counts to SQLite: varchar /* int */ holds integers
		return sqltext.Upper(raw)
	}
	return plain
}

// quotedType returns the type that one is whose first word is in quotes, and whether it is:
// that word alone. Of [a] b SQLite takes the first byte and the last for the quotes.
func quotedType(raw string) (string, bool) {
	first := newReader(raw).peek()
	if first.Kind != sqltext.Name && first.Kind != sqltext.String {
		return "", false
	}
	if inner := raw[1 : len(raw)-1]; raw[0] == '[' && !strings.ContainsAny(inner, "\"'`[") {
		return inner, true
	}
	return spelled(first), true
}

// withoutGenerated leaves GENERATED ALWAYS out of a type, to whose words the grammar
// counts it: as SQLite does, by the letters at the end.
func withoutGenerated(raw string) string {
	const blanks = " \t\n\v\f\r"
	if len(raw) < 16 || !sqltext.Same(raw[len(raw)-6:], "always") {
		return raw
	}
	raw = strings.TrimRight(raw[:len(raw)-6], blanks)
	if n := len(raw) - 9; n >= 0 && sqltext.Same(raw[n:], "generated") {
		raw = strings.TrimRight(raw[:n], blanks)
	}
	return raw
}

// isType reports whether a text is a declared type: words, and up to two numbers
// in parentheses.
func isType(s string) bool {
	r := newReader(s)
	for !r.done() && (r.peek().IsName() || r.peek().Kind == sqltext.String) && !isHard(r.peek()) {
		r.next()
	}
	if r.pos > 0 && r.accept("(") {
		for ok := true; ok; ok = r.accept(",") {
			_ = r.accept("+") || r.accept("-")
			if r.next().Kind != sqltext.Number {
				return false
			}
		}
		if !r.accept(")") {
			return false
		}
	}
	return r.done()
}

// isPlainType reports whether a text is a type that needs no quotes.
func isPlainType(s string) bool {
	return s != "" && isType(s) && !strings.ContainsAny(s, "'\"`[") && !slices.ContainsFunc(slices.Collect(sqltext.Tokens(s)),
		func(t sqltext.Token) bool { return t.Kind == sqltext.Comment })
}

// hardWords are the keywords that SQLite takes for nothing else, and so for no name and no
// type without quotes.
var hardWords = strings.Fields("add all alter and as autoincrement between case check collate commit constraint create default " +
	"deferrable delete distinct drop else escape except exists foreign from group having in index insert intersect into is " +
	"isnull join limit not nothing notnull null on or order primary references returning select set table then to " +
	"transaction union unique update using values when where cross full indexed inner left natural outer right")

func isHard(t sqltext.Token) bool { return isWordOf(t, hardWords...) }
