package browse_test

import (
	"math"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/d1"
)

// alikeText is one text by some collation, and alikeNumbers one number by some affinity.
var (
	alikeText = []d1.Value{
		{}, d1.Str("a"), d1.Str("A"), d1.Str("a "), d1.Str("A "), d1.Str("a  "), d1.Str("a\x00b"), d1.Str("A\x00B"),
		d1.Str("a\x00c"), d1.Bytes([]byte("a")), d1.Str("b"),
	}
	alikeNumbers = []d1.Value{
		{}, d1.Int(42), d1.Float(42), d1.Str("42"), d1.Str("42.0"), d1.Str("042"), d1.Str(" 42 "), d1.Str("4.2e1"),
		d1.Bytes([]byte("42")), d1.Float(42.5), d1.Int(43),
	}
)

// hostileValues are of every storage class, near to each other and not the same.
func hostileValues() []d1.Value {
	return append(pool(),
		d1.Float(math.Copysign(0, -1)), d1.Float(0), d1.Int(42), d1.Float(42), d1.Float(41.99999999999999),
		d1.Float(0x1p63), d1.Int(math.MaxInt64-1),
		d1.Int(1<<53-1), d1.Float(1<<53+2), d1.Int(-1), d1.Str("42"), d1.Str("42.0"), d1.Str("042"), d1.Str(" 42"), d1.Str("4.2e1"),
		d1.Str("abc"), d1.Str("ABC"),
		d1.Str("a "), d1.Str("a  "), d1.Str("A "), d1.Str(" "), d1.Str("É"), d1.Str("\x80a"), d1.Str("a\xff"), d1.Str("%_"),
		d1.Bytes([]byte("42")), d1.Bytes([]byte("A")),
	)
}

// fill makes the table and writes random rows, few values over and over. What a
// constraint refuses is left out.
func (h *hostile) fill(t *rapid.T, c d1.Conn) {
	for _, sql := range h.sql {
		exec(t, c, sql)
	}
	few := h.drawValues(t)
	into := []string{"mark"}
	for _, col := range h.columns {
		if col.source == "" {
			into = append(into, ident(col.name))
		}
	}
	numbered := h.rowid() != "" && !h.alias() && len(into) < d1.MaxParams && rapid.Bool().Draw(t, "rowids")
	if numbered {
		into = append(into, h.rowid())
	}
	sql := "INSERT OR IGNORE INTO " + ident(h.name) + "(" + strings.Join(into, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(into)-1) + ")"
	var rows []d1.Stmt
	for mark := range rapid.IntRange(0, 25).Draw(t, "rows") {
		rows = append(rows, d1.Exec(sql, h.drawRow(t, mark, few, numbered)...))
	}
	if _, err := c.Batch(bg, rows); err != nil { // a class that a column refuses
		for _, s := range rows {
			_, _ = c.Query(bg, s)
		}
	}
}

// drawValues chooses a few, either any or such as are alike.
func (h *hostile) drawValues(t *rapid.T) []d1.Value {
	from := rapid.SampledFrom([][]d1.Value{hostileValues(), alikeText, alikeText, alikeNumbers}).Draw(t, "kind of values")
	return rapid.SliceOfN(rapid.SampledFrom(from), 2, 12).Draw(t, "values")
}

func (h *hostile) drawRow(t *rapid.T, mark int, few []d1.Value, numbered bool) []d1.Value {
	row := []d1.Value{d1.Int(int64(mark))}
	for i, col := range h.columns {
		if col.source != "" {
			continue
		}
		able := few
		if h.strict || h.alias() && h.key[0].column == i {
			able = slices.DeleteFunc(slices.Clone(few), func(v d1.Value) bool { return !fits(col.declared, v) })
		}
		switch {
		case h.alias() && h.key[0].column == i && (len(able) == 0 || rapid.Bool().Draw(t, "small key")):
			row = append(row, d1.Int(rapid.Int64Range(-5, 20).Draw(t, "key")))
		case len(able) == 0:
			row = append(row, d1.Value{})
		default:
			row = append(row, rapid.SampledFrom(able).Draw(t, "value"))
		}
	}
	if numbered {
		row = append(row, d1.Int(rapid.SampledFrom([]int64{math.MinInt64, -1, 0, int64(mark), math.MaxInt64}).Draw(t, "rowid")))
	}
	return row
}

// fits reports whether a column of a STRICT table, or the rowid, takes the value.
// NULL as a rowid would be a number of SQLite's choice.
func fits(declared string, v d1.Value) bool {
	switch asciiLower(declared) {
	case "int", "integer":
		return v.Kind() == d1.Integer
	case "real":
		return v.Kind() == d1.Real
	case "text":
		return v.Kind() == d1.Text
	case "blob":
		return v.Kind() == d1.Blob
	}
	return true
}
