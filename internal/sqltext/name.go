package sqltext

import (
	"slices"
	"strings"
)

// Quote returns a name as SQL writes it, in double quotes.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuoteAll returns names as SQL writes them, with commas between.
func QuoteAll(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = Quote(n)
	}
	return strings.Join(out, ", ")
}

// QuoteText returns a text as an SQL string. A NUL would end it, and bytes that are
// no UTF-8 don't travel: see d1.Value.Literal for any text.
func QuoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Reserved reports whether a name belongs to SQLite, to D1 or to the ledgers of
// migrations, and so to no schema.
func Reserved(name string) bool {
	n := Fold(name)
	return strings.HasPrefix(n, "sqlite_") || strings.HasPrefix(n, "_cf_") || strings.HasPrefix(n, "kuratchi_") ||
		n == "d1_migrations" || n == "migrations_history"
}

// RowIDs returns SQLite's words for the number of a row.
func RowIDs() [3]string { return [...]string{"rowid", "_rowid_", "oid"} }

// IsRowID reports whether a name is a word for the number of a row, where no column
// has it.
func IsRowID(name string) bool {
	words := RowIDs()
	return slices.ContainsFunc(words[:], func(word string) bool { return Same(word, name) })
}

// RowID returns a word for the number of a row that none of these columns hides, ""
// when they hide them all.
func RowID(columns []string) string {
	for _, word := range RowIDs() {
		if !slices.ContainsFunc(columns, func(c string) bool { return Same(c, word) }) {
			return word
		}
	}
	return ""
}
