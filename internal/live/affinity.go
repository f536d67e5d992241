package live

import (
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Affinity is how SQLite converts values for a column, when they are stored and when
// they are compared.
type Affinity uint8

// The affinities. None is that of BLOB and of no type at all: nothing is converted.
const (
	None Affinity = iota
	Text
	Numeric
	Integer
	Real
)

// Numbers reports whether texts that look like a number become one.
func (a Affinity) Numbers() bool { return a >= Numeric }

// AffinityOf reads a declared type by SQLite's rules (datatype3.html, 3.1).
func AffinityOf(declared string, strict bool) Affinity {
	t := sqltext.Upper(declared)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(t, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("INT"):
		return Integer
	case has("CHAR", "CLOB", "TEXT"):
		return Text
	case t == "", has("BLOB"), strict && t == "ANY":
		return None
	case has("REAL", "FLOA", "DOUB"):
		return Real
	}
	return Numeric
}
