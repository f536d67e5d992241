package rest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqltext"
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
	tokens := tokensOf(sql)
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

// tokensOf are a statement's tokens, without comments and the semicolons that end it.
func tokensOf(sql string) []sqltext.Token {
	out := slices.Collect(sqltext.Code(sql))
	for len(out) > 0 && out[len(out)-1].Text == ";" {
		out = out[:len(out)-1]
	}
	return out
}

func reads(tokens []sqltext.Token) bool {
	return sqltext.Selects(tokens) || tokens[0].Is("pragma") && pragmaReads(tokens[1:])
}

func pragmaReads(t []sqltext.Token) bool {
	if len(t) > 2 && t[1].Is(".") { // a schema's name
		t = t[2:]
	}
	if len(t) == 0 {
		return false
	}
	name, rest := sqltext.Fold(t[0].Ident()), t[1:]
	switch {
	case slices.Contains(readingPragmas, name):
		return len(rest) == 0 || rest[0].Is("(") && len(sqltext.AfterParen(rest)) == 0 && rest[len(rest)-1].Is(")")
	case slices.Contains(settingPragmas, name):
		return len(rest) == 0
	}
	return false
}

// asksPragma reports the one PRAGMA that writes when it is read as a table, by
// whatever kind of name: SQLite takes a string for one too.
func asksPragma(t sqltext.Token) bool {
	name := t.Ident()
	if t.Kind == sqltext.String {
		name = t.Value()
	}
	return sqltext.Same(name, "pragma_optimize")
}

// single returns D1's words for a text that isn't exactly one statement. D1's own
// front would run all of them.
func single(sql string) error {
	at := -1
	if parts := sqltext.Split(sql); len(parts) > 1 {
		at = parts[1].Offset
	}
	switch {
	case strings.IndexByte(sql, 0) >= 0:
		return &d1.Error{Text: "the statement contains a NUL character: SQLITE_ERROR", Class: d1.Syntax,
			Offset: strings.IndexByte(sql, 0), Stmt: -1}
	case !utf8.ValidString(sql):
		return d1.NewError("the statement is not UTF-8: SQLITE_ERROR")
	case len(sql) > d1.MaxStatement:
		return d1.NewError("statement too long: SQLITE_TOOBIG")
	case at >= 0:
		return &d1.Error{Text: "one statement at a time: there is more after the first: SQLITE_ERROR", Class: d1.Syntax, Offset: at, Stmt: -1}
	case sqltext.End(sql) == 0 && (strings.TrimSpace(sql) == "" || strings.HasSuffix(sql, "\n")):
		return d1.NewError("No SQL statements detected.")
	case sqltext.End(sql) == 0:
		return d1.NewError("SQL code did not contain a statement.")
	}
	return nil
}
