package schema

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// SameText reports whether two CREATE texts of a view, trigger or virtual table say the
// same: blanks, comments, quotes and the case of names don't count, and neither does
// whether a text is in double quotes or in single ones.
func SameText(a, b string) bool {
	return sameTexts(a, b, func([]sqltext.Token, int) bool { return false })
}

// Requoted reports whether one CREATE text is another in which texts in double quotes
// have single ones: ALTER TABLE rewrites them so in every view and trigger there is,
// where no column has that name.
func Requoted(was, is string) bool {
	a, b := newReader(was).toks, newReader(is).toks
	return slices.EqualFunc(a, b, func(x, y sqltext.Token) bool {
		return x.Text == y.Text || requotes(x, y)
	})
}
