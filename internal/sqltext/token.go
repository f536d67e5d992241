package sqltext

import (
	"iter"
	"slices"
	"strings"
)

// Kind sorts the tokens of SQL.
type Kind uint8

// The kinds of tokens.
const (
	Word      Kind = iota // a keyword or an unquoted name
	Name                  // a name in "…", `…` or […]; D1 may take "…" for a string
	String                // a string in '…'
	Blob                  // x'…'
	Number                // a number
	Parameter             // ?, ?1, :a, @a, $a
	Symbol                // an operator or punctuation
	Comment               // -- … or /* … */
)

// Token is one token of SQL, as written.
type Token struct {
	Kind Kind
	Text string
	// Offset is where it starts, in bytes.
	Offset int
}

// Ident returns the name a word or quoted name stands for.
func (t Token) Ident() string {
	if t.Kind != Name || len(t.Text) < 2 {
		return t.Text
	}
	open, inner := t.Text[0], t.Text[1:]
	if open == '[' {
		return strings.TrimSuffix(inner, "]")
	}
	q := string(open)
	return strings.ReplaceAll(strings.TrimSuffix(inner, q), q+q, q)
}

// Value returns the text a string token stands for.
func (t Token) Value() string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(t.Text, "'"), "'"), "''", "'")
}

// Is reports whether the token is that keyword or symbol, whatever its case.
func (t Token) Is(word string) bool {
	return (t.Kind == Word || t.Kind == Symbol) && Same(t.Text, word)
}

// IsName reports whether the token can be a name: a word, or a name in quotes.
func (t Token) IsName() bool { return t.Kind == Word || t.Kind == Name }

// IsLiteral reports whether the token is a number, a string or a BLOB.
func (t Token) IsLiteral() bool { return t.Kind == Number || t.Kind == String || t.Kind == Blob }

// End is where the token ends, in bytes.
func (t Token) End() int { return t.Offset + len(t.Text) }

// Mark is the byte order mark, with which some editors begin a file.
const Mark = "\ufeff"

// Tokens yields SQL's tokens by the rules of SQLite's tokenizer, blanks left
// out, of which a byte order mark is one wherever a token could begin. Text that is
// no SQL comes out as symbols; an unfinished string or comment reaches to the end.
func Tokens(sql string) iter.Seq[Token] {
	return func(yield func(Token) bool) {
		for i := 0; i < len(sql); {
			if n := blank(sql[i:]); n > 0 {
				i += n
				continue
			}
			kind, n := scan(sql[i:])
			if !yield(Token{Kind: kind, Text: sql[i : i+n], Offset: i}) {
				return
			}
			i += n
		}
	}
}

// Code yields the tokens of sql without its comments.
func Code(sql string) iter.Seq[Token] {
	return func(yield func(Token) bool) {
		for t := range Tokens(sql) {
			if t.Kind != Comment && !yield(t) {
				return
			}
		}
	}
}

// HasWord reports whether sql has one of these keywords or symbols, outside of quotes and
// comments.
func HasWord(sql string, words ...string) bool {
	for t := range Tokens(sql) {
		if slices.ContainsFunc(words, t.Is) {
			return true
		}
	}
	return false
}

// blank returns the length of the blank s starts with, 0 for none.
func blank(s string) int {
	switch {
	case isSpace(s[0]):
		return 1
	case strings.HasPrefix(s, Mark):
		return len(Mark)
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// scan returns the kind and length of the token s starts with.
func scan(s string) (Kind, int) {
	switch c := s[0]; {
	case strings.HasPrefix(s, "--"):
		if end := strings.IndexByte(s, '\n'); end >= 0 {
			return Comment, end
		}
		return Comment, len(s)
	case strings.HasPrefix(s, "/*"):
		if end := strings.Index(s[2:], "*/"); end >= 0 {
			return Comment, end + 4
		}
		return Comment, len(s)
	case c == '\'':
		return String, quoted(s, '\'')
	case c == '"' || c == '`':
		return Name, quoted(s, c)
	case c == '[':
		if end := strings.IndexByte(s, ']'); end >= 0 {
			return Name, end + 1
		}
		return Name, len(s)
	case c == '?' || (c == ':' || c == '@' || c == '$' || c == '#') && len(s) > 1 && isWord(s[1]):
		return Parameter, 1 + while(s[1:], isWord)
	case (c == 'x' || c == 'X') && len(s) > 1 && s[1] == '\'':
		return Blob, 1 + quoted(s[1:], '\'')
	case isDigit(c) || c == '.' && len(s) > 1 && isDigit(s[1]):
		return Number, number(s)
	case isWord(c):
		return Word, while(s, isWord)
	}
	for _, op := range []string{"->>", "->", "||", "<=", ">=", "<>", "<<", ">>", "==", "!="} {
		if strings.HasPrefix(s, op) {
			return Symbol, len(op)
		}
	}
	return Symbol, 1
}

// quoted returns the length of the quoted text s starts with, doubled quotes inside.
func quoted(s string, q byte) int {
	for i := 1; i < len(s); i++ {
		if s[i] != q {
			continue
		}
		if i+1 < len(s) && s[i+1] == q {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}

func while(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return n
}

func number(s string) int {
	n := while(s, func(c byte) bool { return isWord(c) || c == '.' })
	if n < len(s) && (s[n] == '+' || s[n] == '-') && s[n-1]|0x20 == 'e' && !(s[0] == '0' && len(s) > 1 && s[1]|0x20 == 'x') {
		n += 1 + while(s[n+1:], isDigit)
	}
	return n
}
