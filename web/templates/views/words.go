package views

import (
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/web/templates/textual"
)

func plural(n int, noun string) string { return textual.Plural(n, noun) }

func itoa(n int) string { return strconv.Itoa(n) }

// sqlLines cuts SQL into its lines, for .sql.
func sqlLines(sql string) []string { return strings.Split(strings.TrimRight(sql, "\n"), "\n") }

// cutText cuts a text for the eye.
func cutText(s string, n int) string {
	if len(s) <= n {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
