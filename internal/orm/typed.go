package orm

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
)

// Typed is a text that a person typed to compare with. It is compared by the column's
// affinity: with a column of numbers as a number if it spells one, with text as text,
// with a column of no affinity as both, numbers with the number and all else with the
// text.
type Typed string

// values are what a typed text is compared as: one value, or for a column of no affinity
// the text and the number it spells.
func (s Typed) values(a live.Affinity) []d1.Value {
	n, isNumber := Number(string(s))
	switch {
	case a == live.Text || !isNumber:
		return []d1.Value{d1.Str(string(s))}
	case a == live.None:
		return []d1.Value{d1.Str(string(s)), n}
	}
	return []d1.Value{n}
}

// typed returns a comparison with what was typed.
func (c *compiler) typed(place int, op, s string) string {
	ref, vs := c.table.ref(self, place), Typed(s).values(c.table.Columns[place].Affinity)
	p := c.add(vs[0])
	if len(vs) == 1 {
		return ref + " " + op + " " + p
	}
	n := c.add(vs[1])
	switch op {
	case "=":
		return "(" + ref + " = " + p + " OR " + ref + " = " + n + ")"
	case "<>":
		return "(" + ref + " <> " + p + " AND " + ref + " <> " + n + ")"
	}
	return "CASE WHEN typeof(" + ref + ") IN ('integer', 'real') THEN " + ref + " " + op + " " + n + " ELSE " + ref + " " +
		op + " " + p + " END"
}

var numberForm = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$`)

// Number reads what a person typed as a number: an INTEGER when int64 holds it, else
// the nearest REAL; false for what is no number.
func Number(s string) (d1.Value, bool) {
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
