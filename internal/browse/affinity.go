package browse

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// affinity is how SQLite converts values for a column.
type affinity uint8

const (
	affNone affinity = iota // BLOB, or no type
	affText
	affNumeric
	affInteger
	affReal
)

// affinityOf reads a declared type by SQLite's rules (datatype3.html, 3.1).
func affinityOf(declared string, strict bool) affinity {
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
		return affInteger
	case has("CHAR", "CLOB", "TEXT"):
		return affText
	case t == "", has("BLOB"), strict && t == "ANY":
		return affNone
	case has("REAL", "FLOA", "DOUB"):
		return affReal
	}
	return affNumeric
}

var numberForm = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$`)

// number reads what a person typed as a number: an INTEGER when int64 holds it,
// else the nearest REAL.
func number(s string) (d1.Value, bool) {
	s = strings.TrimSpace(s)
	if !numberForm.MatchString(s) {
		return d1.Value{}, false
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return d1.Int(i), true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return d1.Value{}, false
	}
	return d1.Float(f), true
}
