package browse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

const numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < %d) "

func TestPagesUseTheIndex(t *testing.T) {
	t.Parallel()
	c := open(t,
		"create table a(id integer primary key, s text, u text unique, x)", "create index a_s on a(s)",
		"create table k(id text primary key, s)",
		"create table w(a text, b text, s text, primary key(a, b)) without rowid", "create index w_s on w(s)",
		"create table p(a int not null, b int not null, primary key(a, b))",
		"create table r(x)",
		"insert into a select i, 's' || (i % 3), i, null from ("+fmt.Sprintf(numbers, 300)+"select i from n)",
		"insert into k select id, id from a",
		"insert into w select 'a' || (id % 5), id, s from a",
		"insert into p select id % 5, id from a", "insert into r select id from a")
	for _, tc := range []struct{ table, sort, want string }{
		{"a", "", "INTEGER PRIMARY KEY (rowid>?)"}, {"a", "-id", "INTEGER PRIMARY KEY (rowid<?)"},
		{"a", "s", "a_s (s=? AND rowid>?)"}, {"a", "-s", "a_s (s=? AND rowid<?)"}, {"a", "u", "sqlite_autoindex_a_1 (u>?)"},
		{"k", "", "sqlite_autoindex_k_1 (id>?)"}, {"k", "-id", "sqlite_autoindex_k_1 (id<?)"},
		{"w", "", "PRIMARY KEY ((a,b)>(?,?))"}, {"w", "s", "w_s ((s,a,b)>(?,?,?))"}, {"w", "-s", "w_s ((s,a,b)<(?,?,?))"},
		{"p", "", "sqlite_autoindex_p_1 ((a,b)>(?,?))"}, {"r", "", "INTEGER PRIMARY KEY (rowid>?)"},
	} {
		t.Run(tc.table+" by "+tc.sort, func(t *testing.T) {
			req := browse.Request{Table: tc.table, Sort: tc.sort, Limit: 20}
			first := fetch(t, c, req)
			req.After = first.Next
			next := fetch(t, c, req)
			req.After, req.Before = "", next.Next
			back := fetch(t, c, req)
			for _, p := range []*browse.Page{first, next, back} {
				got := plan(t, c, p)
				if strings.Contains(got, "TEMP B-TREE") {
					t.Errorf("sorts: %s\n%s", p.Stmt.SQL, got)
				}
				if p != first && (!strings.Contains(got, "SEARCH") || strings.Contains(got, "SCAN t")) {
					t.Errorf("scans: %s\n%s", p.Stmt.SQL, got)
				}
			}
			if got := plan(t, c, next); !strings.Contains(got, tc.want) {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if len(back.Rows) != 20 || strings.Contains(first.Stmt.SQL, "OFFSET") || strings.Contains(first.Stmt.SQL, "count(") {
				t.Errorf("%d rows by %s", len(back.Rows), first.Stmt.SQL)
			}
		})
	}
}

func TestCursorsBelongToAnOrder(t *testing.T) {
	t.Parallel()
	c := open(t, "create table a(id integer primary key, s)", "create table b(id integer primary key, s)",
		"insert into a values (1, 'x'), (2, 'y'), (3, 'z')", "insert into b select * from a", "create view v as select * from a")
	next := fetch(t, c, browse.Request{Table: "a", Sort: "s", Limit: 1}).Next
	for _, req := range []browse.Request{
		{Table: "a", After: next}, {Table: "a", Sort: "-s", After: next}, {Table: "b", Sort: "s", After: next},
		{Table: "a", Sort: "s", After: next[1:]}, {Table: "a", Sort: "s", Before: "x"},
	} {
		_, err := browse.Fetch(bg, c, load(t, c), req)
		wantFault(t, err, fault.Invalid, "Start from the first page")
	}
	_, err := browse.Fetch(bg, c, load(t, c), browse.Request{Table: "a", Sort: "s", Before: next, After: next})
	wantFault(t, err, fault.Invalid)
	_, err = browse.Fetch(bg, c, load(t, c), browse.Request{Table: "v", After: next})
	wantFault(t, err, fault.Invalid, "one page only")
	for _, req := range []browse.Request{
		{Table: "a", Sort: "nope"}, {Table: "a", Columns: []string{"nope"}}, {Table: "a", Filters: []browse.Filter{{"nope", browse.Eq, ""}}},
		{Table: "a", Filters: []browse.Filter{{"s", "nope", ""}}},
	} {
		_, err := browse.Fetch(bg, c, load(t, c), req)
		wantFault(t, err, fault.Invalid, "nope")
	}
	_, err = browse.Fetch(bg, c, load(t, c), browse.Request{Table: "nope"})
	wantFault(t, err, fault.NotFound, "nope")
}

func TestRowsThatComeAndGoBetweenPages(t *testing.T) {
	t.Parallel()
	c := open(t, "create table a(id integer primary key, s text)")
	for i := range 6 {
		exec(t, c, "insert into a values (?1, ?2)", d1.Int(int64(i)), d1.Str(long+fmt.Sprint(i)))
	}
	byID, byText := browse.Request{Table: "a", Limit: 2}, browse.Request{Table: "a", Limit: 2, Sort: "-s"}
	first, text := fetch(t, c, byID), fetch(t, c, byText)
	exec(t, c, "delete from a where id in (0, 1, 4)")
	exec(t, c, "insert into a values (-1, '')")
	byID.After = first.Next
	second := fetch(t, c, byID)
	if d := cmp.Diff([]string{"2", "3"}, marks(second)); d != "" {
		t.Error(d)
	}
	byID.After, byID.Before = "", second.Prev
	if p := fetch(t, c, byID); !slices.Equal(marks(p), []string{"-1"}) || !p.First || !p.HasNext {
		t.Errorf("back: %+v", p)
	}
	// The sort value was too long for the cursor, and its row is gone.
	byText.After = text.Next
	_, err := browse.Fetch(bg, c, load(t, c), byText)
	wantFault(t, err, fault.Invalid, "is gone")
	exec(t, c, "delete from a where id > 1")
	byID.After, byID.Before = second.Next, ""
	if p := fetch(t, c, byID); len(p.Rows) != 0 || p.HasNext || !p.HasPrev || p.Prev != second.Next {
		t.Errorf("an empty page: %+v", p)
	}
	exec(t, c, "delete from a")
	byID.After, byID.Before = "", second.Prev
	if p := fetch(t, c, byID); len(p.Rows) != 0 || !p.First || p.HasNext {
		t.Errorf("back in an empty table: %+v", p)
	}
}

func TestLongCellsAreCut(t *testing.T) {
	t.Parallel()
	c := open(t, "create table big(id integer primary key, v, n integer, t text)")
	for _, tc := range []struct {
		v    d1.Value
		want string // the length in characters or bytes, and whether cut
	}{
		{d1.Str(strings.Repeat("x", 256)), "256 false"}, {d1.Str(strings.Repeat("x", 257)), "256 true"},
		{d1.Str(strings.Repeat("😀", 256)), "256 false"}, {d1.Str(strings.Repeat("😀", 257)), "256 true"},
		{d1.Str(strings.Repeat("x", 1_900_000)), "256 true"}, {d1.Str("\x00" + strings.Repeat("\xc0\x80", 500_000)), "256 true"},
		{d1.BlobOf(strings.Repeat("x", 256)), "256 false"}, {d1.BlobOf(strings.Repeat("x", 300)), "256 true"},
		{d1.Bytes(make([]byte, 1_900_000)), "256 true"},
		{d1.Bytes(nil), "0 false"}, {d1.Str(""), "0 false"}, {d1.Str("a\x00b"), "3 false"},
	} {
		exec(t, c, "delete from big")
		exec(t, c, "insert into big(v) values (?1)", tc.v)
		for _, column := range []string{"v", "n"} { // a column of numbers holds anything too
			if column == "n" {
				exec(t, c, "update big set n = v, v = null")
			}
			p := fetch(t, c, browse.Request{Table: "big", Columns: []string{column}})
			got := p.Rows[0].Cells[0]
			n := got.Value.Len()
			if got.Value.Kind() == d1.Text {
				n = utf8.RuneCountInString(got.Value.Text())
			}
			if s := fmt.Sprint(n, got.Cut); s != tc.want || got.Value.Kind() != tc.v.Kind() || !strings.HasPrefix(tc.v.Text(), got.Value.Text()) {
				t.Errorf("%s of %d bytes in %s: %s, want %s", tc.v.Kind(), tc.v.Len(), column, s, tc.want)
			}
			whole, err := load(t, c).CellContent(bg, c, "big", p.Rows[0].Key, column)
			if err != nil || whole.Value != tc.v || whole.Size != tc.v.Len() {
				t.Errorf("whole: %d bytes, %v", whole.Size, err)
			}
		}
	}
}

func TestAPageOfHugeCells(t *testing.T) {
	t.Parallel()
	c := open(t, "create table big(id integer primary key, v text)")
	for range 20 {
		exec(t, c, "insert into big(v) values (?1)", d1.Str(strings.Repeat("ä", 999_000)))
	}
	p := fetch(t, c, browse.Request{Table: "big", Sort: "-v", Limit: 15})
	if len(p.Rows) != 15 || !p.Rows[0].Cells[1].Cut || p.Next == "" || len(p.Next) > 100 {
		t.Fatalf("%d rows, cursor of %d bytes", len(p.Rows), len(p.Next))
	}
	r, err := c.Query(bg, p.Stmt)
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, row := range r.Rows {
		size += row[1].Len()
	}
	if size > 16*1100 {
		t.Errorf("%d bytes came for a page", size)
	}
	if n := len(fetch(t, c, browse.Request{Table: "big", Sort: "-v", Limit: 15, After: p.Next}).Rows); n != 5 {
		t.Errorf("%d rows on the second page", n)
	}
}

func TestLongKeysHaveNoLink(t *testing.T) {
	t.Parallel()
	c := open(t, "create table k(id text primary key) without rowid", "create table o(id text primary key)")
	for _, id := range []string{"a", "b" + strings.Repeat("x", 1_000_000), "c"} {
		exec(t, c, "insert into k values (?1)", d1.Str(id))
		exec(t, c, "insert into o values (?1)", d1.Str(id))
	}
	p := fetch(t, c, browse.Request{Table: "k", Limit: 2})
	if p.Rows[0].Key == "" || p.Rows[1].Key != "" || !p.HasNext || p.Next != "" {
		t.Errorf("%+v", p)
	}
	p = fetch(t, c, browse.Request{Table: "o", Limit: 2})
	if p.Rows[1].Key != "" || p.Next == "" {
		t.Errorf("%+v", p)
	}
	if p = fetch(t, c, browse.Request{Table: "o", Limit: 2, After: p.Next}); !slices.Equal(marks(p), []string{"'c'"}) {
		t.Errorf("after a long key: %v", marks(p))
	}
}

func TestAHundredColumns(t *testing.T) {
	t.Parallel()
	names := make([]string, 100)
	for i := range names {
		names[i] = fmt.Sprintf("column_%d", i)
	}
	c := open(t, "create table wide("+strings.Join(names, ",")+")", "insert into wide(column_99) values (7)",
		"create table keyed(id integer primary key,"+strings.Join(names[1:], ",")+")", "insert into keyed default values")
	p := fetch(t, c, browse.Request{Table: "wide"})
	if len(p.Columns) != browse.DefaultColumns || len(p.All) != 100 || p.Rows[0].Key == "" {
		t.Errorf("%d of %d columns", len(p.Columns), len(p.All))
	}
	p = fetch(t, c, browse.Request{Table: "wide", Columns: append([]string{"COLUMN_99"}, names[:98]...), Sort: "column_99"})
	if len(p.Columns) != 99 || p.Rows[0].Cells[0].Value != d1.Int(7) {
		t.Errorf("%d columns: %v", len(p.Columns), p.Rows[0].Cells[0])
	}
	_, err := browse.Fetch(bg, c, load(t, c), browse.Request{Table: "wide", Columns: names})
	wantFault(t, err, fault.Invalid, "At most 99")
	all := append([]string{"id"}, names[1:]...)
	if p = fetch(t, c, browse.Request{Table: "keyed", Columns: all, Sort: "-column_7"}); len(p.Columns) != 100 {
		t.Errorf("%d columns", len(p.Columns))
	}
}

func TestWhatHasNoKey(t *testing.T) {
	t.Parallel()
	c := open(t, "create table a(id integer primary key, s text)", "insert into a values (1, 'x'), (2, 'y'), (3, 'z')",
		"create view v as select id, s, id * 2 as double from a", "create view broken as select * from gone",
		"create table hidden(rowid, oid, _rowid_, s)", "insert into hidden values (1, 2, 3, 4)")
	p := fetch(t, c, browse.Request{Table: "v", Sort: "-double", Limit: 2, Filters: []browse.Filter{{"s", browse.Ne, "y"}}})
	if p.Kind != live.KindView || p.Keyless == "" || p.HasNext || !slices.Equal(marks(p), []string{"3", "1"}) || p.Rows[0].Key != "" {
		t.Errorf("%+v", p)
	}
	if p = fetch(t, c, browse.Request{Table: "v", Limit: 2}); !p.HasNext || p.Next != "" || p.Columns[1].Type != "TEXT" {
		t.Errorf("%+v", p)
	}
	if p = fetch(t, c, browse.Request{Table: "hidden"}); !strings.Contains(p.Keyless, "hide") || len(p.Rows) != 1 {
		t.Errorf("%+v", p)
	}
	_, err := browse.Fetch(bg, c, load(t, c), browse.Request{Table: "broken"})
	wantFault(t, err, fault.Invalid, "gone")
	_, err = load(t, c).CellContent(bg, c, "v", browse.EncodeKey([]d1.Value{d1.Int(1)}), "s")
	wantFault(t, err, fault.NotFound)
}

func TestAnRTree(t *testing.T) {
	t.Parallel()
	c := open(t, "create virtual table places using rtree(id, x0, x1, +name)",
		"insert into places values (1, 0, 2, 'home'), (2, 5, 6, 'work')")
	cat := load(t, c)
	if len(cat.Tables) != 1 || cat.Tables[0].Kind != live.KindVirtual {
		t.Fatalf("its shadow tables are listed: %+v", cat.Tables)
	}
	p := fetch(t, c, browse.Request{Table: "places", Filters: []browse.Filter{{"name", browse.Eq, "work"}}})
	if len(p.Columns) != 4 || len(p.Rows) != 1 || !slices.Equal(marks(p), []string{"2"}) {
		t.Errorf("%+v", p)
	}
}

func TestFullTextTable(t *testing.T) {
	t.Parallel()
	c := open(t, "create virtual table docs using fts5(title, body)")
	for i := range 5 {
		exec(t, c, "insert into docs values (?1, ?2)", d1.Int(int64(i)), d1.Str(strings.Repeat("word ", 100)))
	}
	cat := load(t, c)
	if len(cat.Tables) != 1 || cat.Tables[0].Kind != live.KindVirtual {
		t.Fatalf("%+v", cat.Tables)
	}
	req := browse.Request{Table: "docs", Limit: 2}
	p := fetch(t, c, req)
	if len(p.Columns) != 2 || p.Keyless != "" || !p.Rows[0].Cells[1].Cut {
		t.Fatalf("%+v", p)
	}
	req.After = p.Next
	p = fetch(t, c, req)
	if !slices.Equal(marks(p), []string{"2", "3"}) {
		t.Errorf("%v", marks(p))
	}
	if w, err := cat.CellContent(bg, c, "docs", p.Rows[0].Key, "body"); err != nil || w.Size != 500 {
		t.Errorf("%+v, %v", w, err)
	}
	req = browse.Request{Table: "docs", Sort: "-title", Limit: 2, Filters: []browse.Filter{{"body", browse.Contains, "WORD"}}}
	if p = fetch(t, c, req); !slices.Equal(marks(p), []string{"4", "3"}) {
		t.Errorf("%v", marks(p))
	}
}

// D1 reads "x" as a string where no column x is. A catalog of before must not
// show one.
func TestAColumnThatIsGoneIsNotAString(t *testing.T) {
	t.Parallel()
	c := open(t, "create table a(id integer primary key, gone)", "insert into a values (1, 2)")
	cat := load(t, c)
	exec(t, c, "alter table a drop column gone")
	_, err := browse.Fetch(bg, c, cat, browse.Request{Table: "a"})
	wantFault(t, err, fault.Invalid, "no such column")
	if p := fetch(t, c, browse.Request{Table: "a"}); len(p.Columns) != 1 {
		t.Errorf("%+v", p.Columns)
	}
}
