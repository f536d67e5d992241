package schema

import "strings"

// word is a piece of a column's string: blanks separate words except within
// quotes and parentheses.
type word struct {
	text   string
	offset int // within the string
}

// words cuts a column's string. The second result is a message and a place when
// quotes or parentheses don't close.
func words(s string) (out []word, bad string, at int) {
	for i := 0; i < len(s); {
		if s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r' {
			i++
			continue
		}
		start, depth := i, 0
	scan:
		for ; i < len(s); i++ {
			switch c := s[i]; c {
			case '\'', '"':
				end := quoteEnd(s, i)
				if end < 0 {
					return nil, "this quote is never closed", i
				}
				i = end
			case '(':
				depth++
			case ')':
				if depth--; depth < 0 {
					return nil, "this ) has no (", i
				}
			case ' ', '\t', '\n', '\r':
				if depth == 0 {
					break scan
				}
			}
		}
		if depth > 0 {
			return nil, "this ( is never closed", start + strings.IndexByte(s[start:], '(')
		}
		out = append(out, word{s[start:i], start})
	}
	return out, "", 0
}

// quoteEnd returns the index of the quote that closes the one at i, doubled
// quotes inside, or -1.
func quoteEnd(s string, i int) int {
	q := s[i]
	for j := i + 1; j < len(s); j++ {
		if s[j] == q {
			if j+1 < len(s) && s[j+1] == q {
				j++
				continue
			}
			return j
		}
	}
	return -1
}

// unquote returns the text a quoted word stands for.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '\'' && s[0] != '"' || quoteEnd(s, 0) != len(s)-1 {
		return s, false
	}
	q := s[:1]
	return strings.ReplaceAll(s[1:len(s)-1], q+q, q), true
}

// dotted cuts names at dots; one in quotes may hold dots of its own.
func dotted(s string) []string {
	var out []string
	for len(s) > 0 {
		end := strings.IndexByte(s, '.')
		if s[0] == '"' || s[0] == '\'' {
			if end = quoteEnd(s, 0) + 1; end == 0 || end < len(s) && s[end] != '.' {
				return nil
			}
		} else if end < 0 {
			end = len(s)
		}
		name, quoted := unquote(s[:end])
		if name == "" && !quoted {
			return nil
		}
		out = append(out, name)
		if end == len(s) {
			return out
		}
		if s = s[end+1:]; s == "" {
			return nil
		}
	}
	return out
}
