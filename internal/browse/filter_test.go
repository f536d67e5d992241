package browse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/fault"
)

func TestFiltersPartition(t *testing.T) {
	t.Parallel()
	c := open(t, "create table f(mark, i integer, r real, t text, n numeric, b blob, x, y text collate nocase)")
	values := []string{"", "0", "1", "-2.25", "9223372036854775807", "9223372036854775808", "9007199254740993", "1e300",
		"1e999", "a", "A", "10", " 1 ", "é😀", "abc", "%_"}
	s := shape{table: "f", fill: []string{"i", "r", "t", "n", "b", "x", "y"}}
	rapid.Check(t, func(rt *rapid.T) {
		s.refill(rt, c)
		cat := load(rt, c)
		column := rapid.SampledFrom(s.fill).Draw(rt, "column")
		value := rapid.SampledFrom(values).Draw(rt, "value")
		all := len(exec(rt, c, "select 1 from f").Rows)
		count := func(op browse.Op) int {
			p, err := browse.Fetch(bg, c, cat, browse.Request{Table: "f", Filters: []browse.Filter{{Column: column, Op: op, Value: value}}})
			if err != nil {
				rt.Fatalf("%s %s %q: %v", column, op, value, err)
			}
			return len(p.Rows)
		}
		nulls := count(browse.IsNull)
		for _, pair := range [][]browse.Op{{browse.IsNull, browse.NotNull}, {browse.Eq, browse.Ne, browse.IsNull},
			{browse.Gt, browse.Lte, browse.IsNull}, {browse.Gte, browse.Lt, browse.IsNull}} {
			sum := 0
			for _, op := range pair {
				sum += count(op)
			}
			if sum != all {
				rt.Fatalf("%v of %s with %q: %d of %d rows", pair, column, value, sum, all)
			}
		}
		if value == "" && count(browse.Contains) != all-nulls || count(browse.Starts) > count(browse.Contains) {
			rt.Fatalf("%s contains or starts %q", column, value)
		}
		if in := count(browse.In); strings.TrimSpace(value) == value && in != count(browse.Eq) {
			rt.Fatalf("%s in %q: %d rows", column, value, in)
		}
	})
}

func TestFilterValues(t *testing.T) {
	t.Parallel()
	c := open(t, "create table f(mark integer primary key, i integer, t text, x, d datetime)",
		"insert into f values (1, 9007199254740993, '42', 42, '2024-05-06'), (2, 9007199254740992, '42.0', '42', '2025-01-01'), "+
			"(3, 'abc', 'Straße 10%', x'3432', null), (4, null, '', 41.5, 7)")
	for _, tc := range []struct {
		filter string
		want   string
	}{
		{"i:eq:9007199254740993", "1"}, {"i:gt:9007199254740992", "1 3"}, {"i:eq:abc", "3"}, {"i:isnull", "4"}, {"i:notnull:x", "1 2 3"},
		{"t:eq:42", "1"}, {"t:ne:42", "2 3 4"}, {"t:empty", "4"}, {"t:contains:0%", "3"}, {"t:contains:STRA", "3"}, {"t:starts:4", "1 2"},
		{"t:starts:straß", "3"},
		{"x:eq:42", "1 2"}, {"x:ne:42", "3 4"}, {"x:gt:41", "1 2 3 4"}, {"x:lt:42", "4"}, {"x:contains:2", "1 2 3"},
		{"i:in:9007199254740993, abc", "1 3"}, {"x:in:42,41.5", "1 2 4"}, {"d:gte:2024-06-01", "2"}, {"t:eq:a:b", ""}, {"mark:lte: 2 ", "1 2"},
	} {
		t.Run(tc.filter, func(t *testing.T) {
			f, err := browse.ParseFilter(tc.filter)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(marks(fetch(t, c, browse.Request{Table: "F", Filters: []browse.Filter{f}})), " ")
			if got != tc.want {
				t.Errorf("got rows %q, want %q", got, tc.want)
			}
		})
	}
	got := marks(fetch(t, c, browse.Request{Table: "f", Sort: "-d", Limit: 1,
		Filters: []browse.Filter{{"t", browse.Ne, "42"}, {"i", browse.NotNull, ""}}}))
	if !slices.Equal(got, []string{"2"}) {
		t.Errorf("two filters and a sort: %v", got)
	}
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprint(i))
	}
	_, err := browse.Fetch(bg, c, load(t, c), browse.Request{Table: "f", Filters: []browse.Filter{{"i", browse.In, strings.Join(many, ",")}}})
	wantFault(t, err, fault.Invalid, "101 values")
}

func TestAnAffinityIsReadByASCII(t *testing.T) {
	t.Parallel()
	c := open(t, `create table t (mark, x "text ınt")`, "insert into t values (0, '042'), (1, '42')")
	p := fetch(t, c, browse.Request{Table: "t", Filters: []browse.Filter{{"x", browse.Eq, "042"}}})
	if got := marks(p); !slices.Equal(got, []string{"0"}) {
		t.Errorf("x is 042: %v", got)
	}
}

func TestStartsWithComparesBeyondANUL(t *testing.T) {
	t.Parallel()
	c := open(t, "create table t (mark, x text)", "insert into t values (0, cast(x'610062' as text)), (1, 'a')")
	p := fetch(t, c, browse.Request{Table: "t", Filters: []browse.Filter{{"x", browse.Starts, "a\x00b"}}})
	if got := marks(p); !slices.Equal(got, []string{"0"}) {
		t.Errorf("x starts a NUL b: %v", got)
	}
}
