package browse_test

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

// typedValues are what a person types into a filter, with the number it spells as SQL.
var typedValues = []struct{ text, number string }{
	{"", ""}, {"0", "0"}, {"1", "1"}, {"-0.0", "-0.0"}, {"42", "42"}, {" 42 ", "42"}, {"42.0", "42.0"}, {"+42", "42"}, {"042", "42"},
	{"4.2e1", "42.0"},
	{".5", "0.5"}, {"5.", "5.0"}, {"-2.25", "-2.25"}, {"9223372036854775807", "9223372036854775807"},
	{"9223372036854775808", "9223372036854775808.0"},
	{"-9223372036854775808", "-9223372036854775808"}, {"9007199254740993", "9007199254740993"}, {"9007199254740992.0", "9007199254740992.0"},
	{"1e300", "1e300"}, {"1e999", "9e999"}, {"-1e999", "-9e999"},
	{"0x2A", ""}, {"4_2", ""}, {"inf", ""}, {"NaN", ""}, {"42abc", ""}, {"1e", ""}, {"a", ""}, {"A", ""}, {"a ", ""},
	{" ", ""}, {"b", ""}, {"é😀", ""}, {"É", ""},
	{"%_", ""}, {"ABC", ""}, {"\u0664\u0662", ""}, {"a\x00b", ""}, {"integer", ""}, {"LÅNG", ""},
}

func number(typed string) string {
	for _, v := range typedValues {
		if v.text == typed {
			return v.number
		}
	}
	return ""
}

func (h *hostile) drawFilters(t *rapid.T) []browse.Filter {
	var out []browse.Filter
	for range rapid.IntRange(0, 3).Draw(t, "filters") {
		f := browse.Filter{Column: rapid.SampledFrom(h.columns).Draw(t, "by").name, Op: rapid.SampledFrom(browse.Ops).Draw(t, "op")}
		if f.Op.TakesValue() {
			f.Value = h.drawTyped(t)
		}
		if f.Op == browse.In {
			for range rapid.IntRange(0, 3).Draw(t, "more") {
				f.Value += "," + h.drawTyped(t)
			}
		}
		out = append(out, f)
	}
	return out
}

// drawTyped likes what is alike to the values of half of the tables.
func (h *hostile) drawTyped(t *rapid.T) string {
	if rapid.Bool().Draw(t, "alike") {
		return rapid.SampledFrom([]string{"42", "42.0", "042", " 42 ", "4.2e1", "a", "A", "a ", "b", "B"}).Draw(t, "typed")
	}
	return rapid.SampledFrom(typedValues).Draw(t, "typed").text
}

func (h *hostile) column(name string) hostileColumn {
	return h.columns[slices.IndexFunc(h.columns, func(c hostileColumn) bool { return c.name == name })]
}

func (h *hostile) ref(name string) string { return ident(h.name) + "." + ident(name) }

// chosen returns the marks of the rows that a filter is to select.
func (h *hostile) chosen(t *rapid.T, c d1.Conn, f browse.Filter) map[string]bool {
	marks := map[string]bool{}
	col := h.column(f.Column)
	if f.Op == browse.Contains || f.Op == browse.Starts {
		for _, row := range exec(t, c, "SELECT mark, CAST("+h.ref(col.name)+" AS TEXT) FROM "+ident(h.name)+" NOT INDEXED").Rows {
			has := strings.Contains
			if f.Op == browse.Starts {
				has = strings.HasPrefix
			}
			if !row[1].IsNull() && has(asciiLower(row[1].Text()), asciiLower(f.Value)) {
				marks[row[0].Literal()] = true
			}
		}
		return marks
	}
	values := []string{f.Value}
	if f.Op == browse.In {
		values = strings.Split(f.Value, ",")
	}
	for _, v := range values {
		if f.Op == browse.In {
			v = strings.TrimSpace(v)
		}
		where, args := h.compare(col, f.Op, v)
		for _, row := range exec(t, c, "SELECT mark FROM "+ident(h.name)+" NOT INDEXED WHERE "+where, args...).Rows {
			marks[row[0].Literal()] = true
		}
	}
	return marks
}

// compare is SQLite's own comparison of a column with a text, which has no affinity
// and takes the column's. A column without any compares numbers with the number that
// the text spells.
func (h *hostile) compare(col hostileColumn, op browse.Op, typed string) (where string, args []d1.Value) {
	ref := h.ref(col.name)
	switch op {
	case browse.IsNull:
		return ref + " IS NULL", nil
	case browse.NotNull:
		return ref + " IS NOT NULL", nil
	case browse.Empty:
		return ref + " = ''", nil
	}
	sign := map[browse.Op]string{
		browse.Eq: "=", browse.In: "=", browse.Ne: "<>", browse.Gt: ">", browse.Gte: ">=", browse.Lt: "<", browse.Lte: "<=",
	}[op]
	where, args = ref+" "+sign+" ?1", []d1.Value{d1.Str(typed)}
	if n := number(typed); n != "" && col.affinity == none {
		where = "CASE WHEN typeof(" + ref + ") IN ('integer', 'real') THEN " + ref + " " + sign + " " + n + " ELSE " + where + " END"
	}
	return where, args
}
