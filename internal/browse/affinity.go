package browse

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
)

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
