package sqltext

import "slices"

// IsSelect reports whether a text is one SELECT or VALUES, with or without WITH: what
// can stand in the parentheses of another one. A WITH that isn't written as SQLite's
// grammar has it is none.
func IsSelect(sql string) bool { return Selects(slices.Collect(Code(sql))) }

// Selects is IsSelect of a text's tokens, without its comments.
func Selects(tokens []Token) bool {
	if len(tokens) > 0 && tokens[0].Is("with") {
		tokens = afterWith(tokens[1:])
	}
	return len(tokens) > 0 && (tokens[0].Is("select") || tokens[0].Is("values"))
}

// afterWith returns what follows the tables of a WITH, nil if they aren't
// written as SQLite's grammar has them.
func afterWith(t []Token) []Token {
	// RECURSIVE may be a table's name too.
	if len(t) > 1 && t[0].Is("recursive") && !t[1].Is("as") && !t[1].Is("(") {
		t = t[1:]
	}
	for {
		if len(t) < 2 || !t[0].IsName() && t[0].Kind != String {
			return nil
		}
		if t = t[1:]; t[0].Is("(") {
			t = AfterParen(t)
		}
		if len(t) == 0 || !t[0].Is("as") {
			return nil
		}
		t = t[1:]
		if len(t) > 0 && t[0].Is("not") {
			t = t[1:]
		}
		if len(t) > 0 && t[0].Is("materialized") {
			t = t[1:]
		}
		if len(t) == 0 || !t[0].Is("(") {
			return nil
		}
		t = AfterParen(t)
		if len(t) == 0 || !t[0].Is(",") {
			return t
		}
		t = t[1:]
	}
}

// Closing returns the index of the parenthesis that closes the one at i, or
// len(tokens) when none does.
func Closing(tokens []Token, i int) int {
	depth := 0
	for ; i < len(tokens); i++ {
		switch tokens[i].Text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(tokens)
}

// AfterParen returns what follows the parenthesis that closes the one t begins with,
// nil when none does.
func AfterParen(t []Token) []Token {
	if end := Closing(t, 0); end < len(t) {
		return t[end+1:]
	}
	return nil
}

// End returns where a statement's last token ends, 0 for a text without any. The
// semicolon and a comment after it, which may be unfinished, can't stand inside
// another statement.
func End(sql string) int {
	last := 0
	for t := range Code(sql) {
		if t.Text != ";" {
			last = t.End()
		}
	}
	return last
}

// Unquoted returns a text with a blank for everything in quotes and each comment, so
// that a word in it is a word of the language or a plain name.
func Unquoted(sql string) string {
	b := []byte(sql)
	for t := range Tokens(sql) {
		if t.Kind == String || t.Kind == Name || t.Kind == Blob || t.Kind == Comment {
			for i := t.Offset; i < t.End(); i++ {
				b[i] = ' '
			}
		}
	}
	return string(b)
}
