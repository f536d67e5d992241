package schema

// Fold makes names comparable, as SQLite does: it folds ASCII alone.
func Fold(name string) string { return fold(name) }

// SameName reports whether two names are the same one to SQLite.
func SameName(a, b string) bool { return sameName(a, b) }

// SameText reports whether two CREATE texts of a view, trigger or virtual table say the
// same: blanks, comments, quotes and the case of names don't count.
func SameText(a, b string) bool {
	return (&Object{SQL: a}).canonical() == (&Object{SQL: b}).canonical()
}
