package browse

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

// Op is how a filter compares.
type Op string

// The operators. All but IsNull leave out rows whose value is NULL.
const (
	Eq       Op = "eq"
	Ne       Op = "ne"
	Gt       Op = "gt"
	Gte      Op = "gte"
	Lt       Op = "lt"
	Lte      Op = "lte"
	Contains Op = "contains" // anywhere, ASCII letters in any case
	Starts   Op = "starts"   // at the start, ASCII letters in any case
	IsNull   Op = "isnull"   // takes no value
	NotNull  Op = "notnull"  // takes no value
	Empty    Op = "empty"    // the empty text; takes no value
	In       Op = "in"       // values between commas
)

// Ops are the operators in the order a menu shows them.
var Ops = []Op{Eq, Ne, Gt, Gte, Lt, Lte, Contains, Starts, In, Empty, IsNull, NotNull}

// TakesValue reports whether the operator compares with something typed.
func (op Op) TakesValue() bool { return op != IsNull && op != NotNull && op != Empty }

// Filter is one condition; a request's filters must all hold.
type Filter struct {
	Column string
	Op     Op
	// Value is what was typed. It is compared by the column's affinity: with a
	// column of numbers as a number if it is one, with text as text, with a
	// column of no affinity as both.
	Value string
}

// String returns the filter as a URL's parameter: the column by EncodeName, the
// operator and the value as it is, between colons.
func (f Filter) String() string {
	s := EncodeName(f.Column) + ":" + string(f.Op)
	if f.Op.TakesValue() {
		s += ":" + f.Value
	}
	return s
}

// ParseFilter reads what Filter.String wrote. An operator that takes no value
// ignores one. Anything else is fault.Invalid at "f".
func ParseFilter(s string) (Filter, error) {
	name, rest, _ := strings.Cut(s, ":")
	op, value, _ := strings.Cut(rest, ":")
	column, err := DecodeName(name)
	if err != nil {
		return Filter{}, fault.New(fault.Invalid, "The filter %.60q names no column; it is written column:operator:value.", s).At("f")
	}
	f := Filter{Column: column, Op: Op(op), Value: value}
	if !slices.Contains(Ops, f.Op) {
		return Filter{}, fault.New(fault.Invalid, "There is no operator %.20q; the operators are %s.", op, opNames()).At("f")
	}
	if !f.Op.TakesValue() {
		f.Value = ""
	}
	return f, nil
}

func opNames() string {
	names := make([]string, len(Ops))
	for i, op := range Ops {
		names[i] = string(op)
	}
	return strings.Join(names, ", ")
}

var comparisons = map[Op]string{Eq: "=", Ne: "<>", Gt: ">", Gte: ">=", Lt: "<", Lte: "<="}

// conditions returns the SQL of all filters.
func (r *relation) conditions(fs []Filter, a *args) ([]string, error) {
	if len(fs) > maxFilters {
		return nil, fault.New(fault.Invalid, "%d filters at once are too many; %d is the most.", len(fs), maxFilters).At("f")
	}
	var out []string
	for _, f := range fs {
		i, ok := r.column(f.Column)
		if !ok {
			return nil, fault.New(fault.Invalid, "%s has no column %.100q to filter by.", r.Name, f.Column).At("f")
		}
		c, err := condition(r.ref("t", i), r.columns[i].Affinity, f, a)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// condition returns one filter's SQL. It is NULL, and so not met, for NULL.
func condition(c string, aff live.Affinity, f Filter, a *args) (string, error) {
	switch f.Op {
	case IsNull:
		return c + " IS NULL", nil
	case NotNull:
		return c + " IS NOT NULL", nil
	case Empty:
		return c + " = ''", nil
	case Contains:
		return "instr(lower(CAST(" + c + " AS TEXT)), lower(" + a.add(d1.Str(f.Value)) + ")) > 0", nil
	case Starts:
		p := a.add(d1.Str(f.Value))
		return "lower(substr(CAST(" + c + " AS TEXT), 1, length(" + p + "))) = lower(" + p + ")", nil
	case In:
		var list []string
		for part := range strings.SplitSeq(f.Value, ",") {
			for _, v := range typed(strings.TrimSpace(part), aff) {
				list = append(list, a.add(v))
			}
		}
		return c + " IN (" + strings.Join(list, ", ") + ")", nil
	}
	op, ok := comparisons[f.Op]
	if !ok {
		return "", fault.New(fault.Invalid, "There is no operator %.20q; the operators are %s.", string(f.Op), opNames()).At("f")
	}
	return compare(c, op, typed(f.Value, aff), a), nil
}

// compare returns a comparison with one value, or with a text and the number it
// spells: numbers are then compared with the number and the rest with the text.
func compare(c, op string, vs []d1.Value, a *args) string {
	p := a.add(vs[0])
	if len(vs) == 1 {
		return c + " " + op + " " + p
	}
	n := a.add(vs[1])
	switch op {
	case "=":
		return "(" + c + " = " + p + " OR " + c + " = " + n + ")"
	case "<>":
		return "(" + c + " <> " + p + " AND " + c + " <> " + n + ")"
	}
	return "CASE WHEN typeof(" + c + ") IN ('integer', 'real') THEN " + c + " " + op + " " + n + " ELSE " + c + " " + op + " " + p + " END"
}

// typed returns what a typed text is compared as: one value, or for a column of
// no affinity the text and the number it spells.
func typed(s string, aff live.Affinity) []d1.Value {
	n, isNumber := number(s)
	switch {
	case aff == live.Text || !isNumber:
		return []d1.Value{d1.Str(s)}
	case aff == live.None:
		return []d1.Value{d1.Str(s), n}
	}
	return []d1.Value{n}
}
