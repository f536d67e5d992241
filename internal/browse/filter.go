package browse

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
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

// conditions are those of all filters.
func (t table) conditions(fs []Filter) ([]orm.Cond, error) {
	if len(fs) > maxFilters {
		return nil, fault.New(fault.Invalid, "%d filters at once are too many; %d is the most.", len(fs), maxFilters).At("f")
	}
	var out []orm.Cond
	values := 0
	for _, f := range fs {
		if f.Op == In { // a longer list would be one value, and a link nobody can read
			values += strings.Count(f.Value, ",")
		}
		if values++; values > d1.MaxParams {
			return nil, limitError(&orm.LimitError{What: "values", Count: values, Most: d1.MaxParams})
		}
		i, ok := t.Column(f.Column)
		if !ok {
			return nil, fault.New(fault.Invalid, "%s has no column %.100q to filter by.", t.Name, f.Column).At("f")
		}
		cond, ok := f.condition(t.Columns[i].Name)
		if !ok {
			return nil, fault.New(fault.Invalid, "There is no operator %.20q; the operators are %s.", string(f.Op), opNames()).At("f")
		}
		out = append(out, cond)
	}
	return out, nil
}

var comparisons = map[Op]func(column string, v any) orm.Cond{
	Eq: orm.Eq, Ne: orm.Ne, Gt: orm.Gt, Gte: orm.Gte, Lt: orm.Lt, Lte: orm.Lte,
}

// condition is one filter's, on the column of that name. It isn't met by NULL.
func (f Filter) condition(column string) (orm.Cond, bool) {
	switch f.Op {
	case IsNull:
		return orm.Eq(column, nil), true
	case NotNull:
		return orm.Ne(column, nil), true
	case Empty:
		return orm.Eq(column, ""), true
	case Contains:
		return orm.Contains(column, f.Value), true
	case Starts:
		return orm.Starts(column, f.Value), true
	case In:
		var list []any
		for part := range strings.SplitSeq(f.Value, ",") {
			list = append(list, orm.Typed(strings.TrimSpace(part)))
		}
		return orm.In(column, list...), true
	}
	compare, ok := comparisons[f.Op]
	if !ok {
		return orm.Cond{}, false
	}
	return compare(column, orm.Typed(f.Value)), true
}
