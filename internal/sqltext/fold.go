package sqltext

// Fold makes names comparable as SQLite does: the letters of ASCII become small.
func Fold(s string) string { return mapped(s, 'A', 'Z', 'a'-'A') }

// Upper makes the letters of ASCII capitals, for keywords and declared types.
func Upper(s string) string { return mapped(s, 'a', 'z', -('a' - 'A')) }

// mapped moves the bytes from first to last by that much. What has none comes back
// as it is.
func mapped(s string, first, last byte, by int) string {
	for i := range len(s) {
		if s[i] < first || s[i] > last {
			continue
		}
		b := []byte(s)
		for ; i < len(b); i++ {
			if b[i] >= first && b[i] <= last {
				b[i] = byte(int(b[i]) + by)
			}
		}
		return string(b)
	}
	return s
}

// Same reports whether two names are the same one to SQLite.
func Same(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && small(a[i]) != small(b[i]) {
			return false
		}
	}
	return true
}

func small(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
