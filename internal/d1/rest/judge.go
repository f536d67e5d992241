package rest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/lex"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// readingPragmas read whatever argument they get; settingPragmas read without one.
var (
	readingPragmas = []string{
		"table_list", "table_info", "table_xinfo", "foreign_key_list", "foreign_key_check",
		"index_list", "index_info", "index_xinfo", "quick_check", "data_version",
	}
	settingPragmas = []string{
		"foreign_keys", "defer_foreign_keys", "recursive_triggers", "case_sensitive_like",
		"ignore_check_constraints", "legacy_alter_table", "reverse_unordered_selects",
	}
)

// judge returns nil for a statement that certainly only reads, by its tokens:
// SELECT, VALUES, WITH before one of them, EXPLAIN of one of them, and a PRAGMA
// that sets nothing. No function of D1 writes, so that is all there is to know,
// but for PRAGMAs that are read as tables.
func judge(sql string) error {
	tokens := withoutComments(sql)
	if len(tokens) > 0 && tokens[0].Is("explain") {
		tokens = tokens[1:]
		if len(tokens) > 1 && tokens[0].Is("query") && tokens[1].Is("plan") {
			tokens = tokens[2:]
		}
	}
	if len(tokens) == 0 || !reads(tokens) || slices.ContainsFunc(tokens, asksPragma) {
		return d1.NewError(d1.ReadOnlyText)
	}
	return nil
}

func withoutComments(sql string) []lex.Token {
	var out []lex.Token
	for t := range lex.Tokens(sql) {
		if t.Kind != lex.Comment {
			out = append(out, t)
		}
	}
	for len(out) > 0 && out[len(out)-1].Text == ";" {
		out = out[:len(out)-1]
	}
	return out
}

func reads(tokens []lex.Token) bool {
	return selects(tokens) || tokens[0].Is("pragma") && pragmaReads(tokens[1:])
}

// selects reports a SELECT or VALUES, with or without WITH: what can stand in
// the parentheses of another one.
func selects(tokens []lex.Token) bool {
	if len(tokens) > 0 && tokens[0].Is("with") {
		tokens = afterWith(tokens[1:])
	}
	return len(tokens) > 0 && (tokens[0].Is("select") || tokens[0].Is("values"))
}

// afterWith returns what follows the tables of a WITH, nil if they aren't
// written as SQLite's grammar has them.
func afterWith(t []lex.Token) []lex.Token {
	// RECURSIVE may be a table's name too.
	if len(t) > 1 && t[0].Is("recursive") && !t[1].Is("as") && !t[1].Is("(") {
		t = t[1:]
	}
	for {
		if len(t) < 2 || t[0].Kind != lex.Word && t[0].Kind != lex.Name && t[0].Kind != lex.String {
			return nil
		}
		if t = t[1:]; t[0].Is("(") {
			t = afterParen(t)
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
		t = afterParen(t)
		if len(t) == 0 || !t[0].Is(",") {
			return t
		}
		t = t[1:]
	}
}

// afterParen returns what follows the closing one of the parenthesis t begins with.
func afterParen(t []lex.Token) []lex.Token {
	depth := 0
	for i := range t {
		switch {
		case t[i].Is("("):
			depth++
		case t[i].Is(")"):
			if depth--; depth == 0 {
				return t[i+1:]
			}
		}
	}
	return nil
}

func pragmaReads(t []lex.Token) bool {
	if len(t) > 2 && t[1].Is(".") { // a schema's name
		t = t[2:]
	}
	if len(t) == 0 {
		return false
	}
	name, rest := strings.ToLower(t[0].Ident()), t[1:]
	switch {
	case slices.Contains(readingPragmas, name):
		return len(rest) == 0 || rest[0].Is("(") && len(afterParen(rest)) == 0 && rest[len(rest)-1].Is(")")
	case slices.Contains(settingPragmas, name):
		return len(rest) == 0
	}
	return false
}

// asksPragma reports the one PRAGMA that writes when it is read as a table, by
// whatever kind of name: SQLite takes a string for one too.
func asksPragma(t lex.Token) bool {
	name := t.Ident()
	if t.Kind == lex.String {
		name = t.Value()
	}
	return strings.EqualFold(name, "pragma_optimize")
}

// single returns D1's words for a text that isn't exactly one statement. D1's own
// front would run all of them.
func single(sql string) error {
	at := -1
	if parts := sqlite.Split(sql); len(parts) > 1 {
		at = parts[1].Offset
	}
	switch {
	case strings.IndexByte(sql, 0) >= 0:
		return &d1.Error{Text: "the statement contains a NUL character: SQLITE_ERROR", Class: d1.Syntax, Offset: strings.IndexByte(sql, 0), Stmt: -1}
	case !utf8.ValidString(sql):
		return d1.NewError("the statement is not UTF-8: SQLITE_ERROR")
	case len(sql) > d1.MaxStatement:
		return d1.NewError("statement too long: SQLITE_TOOBIG")
	case at >= 0:
		return &d1.Error{Text: "one statement at a time: there is more after the first: SQLITE_ERROR", Class: d1.Syntax, Offset: at, Stmt: -1}
	case end(sql) == 0 && (strings.TrimSpace(sql) == "" || strings.HasSuffix(sql, "\n")):
		return d1.NewError("No SQL statements detected.")
	case end(sql) == 0:
		return d1.NewError("SQL code did not contain a statement.")
	}
	return nil
}

// forD1 changes what D1's front is known to cut a trigger at: a begin or end in
// lower case and carriage returns. Lengths stay, and with them offsets.
func forD1(sql string) string {
	tokens := withoutComments(sql)
	if len(tokens) < 3 || !tokens[0].Is("create") || !slices.ContainsFunc(tokens[1:3], func(t lex.Token) bool { return t.Is("trigger") }) {
		return sql
	}
	b := []byte(sql)
	from := 0
	for _, t := range tokens {
		for i := from; i < t.Offset; i++ {
			if b[i] == '\r' {
				b[i] = ' '
			}
		}
		from = t.Offset + len(t.Text)
		if t.Is("begin") || t.Is("end") {
			copy(b[t.Offset:], strings.ToUpper(t.Text))
		}
	}
	return string(b)
}
