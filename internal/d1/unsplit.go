package d1

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Unsplit changes what D1's front is known to cut a trigger at: a begin or end in
// lower case and carriage returns. Lengths stay, and with them offsets.
func Unsplit(sql string) string {
	tokens := slices.Collect(sqltext.Code(sql))
	if len(tokens) < 3 || !tokens[0].Is("create") || !slices.ContainsFunc(tokens[1:3], func(t sqltext.Token) bool { return t.Is("trigger") }) {
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
			copy(b[t.Offset:], sqltext.Upper(t.Text))
		}
	}
	return string(b)
}
