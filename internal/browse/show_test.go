package browse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

// savedShapes are tables whose rows are told apart in each of the ways there are. Each has the
// columns a, b and n, which are edited, and rows from 1 to 8.
var savedShapes = []struct{ name, ddl, more string }{
	{"alias", "create table t (a integer primary key, b text, n)", ""},
	{"rowid alone", "create table t (a integer, b text, n)", ""},
	{"nullable key", "create table t (a integer, b text, n, primary key (a, b))", ""},
	{"without rowid", "create table t (a integer, b text collate nocase, n, primary key (b, a)) without rowid", ""},
	{"a key that compares otherwise", "create table t (a integer, b text, n, primary key (a, b collate nocase))", ""},
	{"generated", "create table t (a integer primary key, b text, n, twice generated always as (a || b) stored, " +
		"again generated always as (b || b))", ""},
	{"after triggers", "create table t (a integer primary key, b text, n, log text)",
		"create trigger w after update on t when new.log is not 'seen' begin update t set log = 'seen', n = n || '!' where a = new.a; end"},
	{"a trigger that removes", "create table t (a integer primary key, b text, n)",
		"create trigger r after update on t when new.a % 3 = 0 begin delete from t where a = new.a; end"},
	{"a trigger that moves", "create table t (a integer primary key, b text, n)",
		"create trigger m after update on t when new.a between 1 and 3 begin update t set a = a + 1000 where a = new.a; end"},
}

// A save that shows its rows leaves the same rows as one that doesn't, and shows what reading
// them afterwards by their keys would.
func TestASaveShowsWhatReadingAgainWould(t *testing.T) {
	t.Parallel()
	onD1 := func(t *testing.T) d1.Conn { c, _ := openD1(t); return c }
	for engine, opened := range map[string]func(*testing.T) d1.Conn{"embedded": func(t *testing.T) d1.Conn { return open(t) }, "D1": onD1} {
		for _, shape := range savedShapes {
			t.Run(engine+"/"+shape.name, func(t *testing.T) {
				c := opened(t)
				exec(t, c, shape.ddl)
				if shape.more != "" {
					exec(t, c, shape.more)
				}
				n := 0
				rapid.Check(t, func(rt *rapid.T) {
					if n++; engine == "D1" && n > 12 { // each takes some 14 calls
						return
					}
					edits := drawEdits(rt)
					start := func() (*browse.Catalog, []browse.RowEdit) {
						exec(rt, c, "delete from t")
						exec(rt, c, "insert into t (a, b, n) values "+eight)
						cat := load(rt, c)
						p, err := browse.Fetch(bg, c, cat, browse.Request{Table: "t", Sort: "a"})
						if err != nil {
							rt.Fatalf("%v", err)
						}
						out := make([]browse.RowEdit, len(edits))
						for i, e := range edits {
							out[i] = browse.RowEdit{Key: p.Rows[e.row].Key, Cells: e.cells}
						}
						return cat, out
					}
					cat, es := start()
					w, err := cat.Update(bg, c, "t", es, noon)
					if err != nil {
						rt.Fatalf("%v", err)
					}
					plain, plainErr := w.Run(bg, c)
					var read *browse.Page
					if plainErr == nil {
						if read, err = browse.FetchRows(bg, c, cat, browse.Request{Table: "t"}, plain.Keys); err != nil {
							rt.Fatalf("%v", err)
						}
					}
					want := content(rt, c)
					cat, es = start()
					if w, err = cat.Update(bg, c, "t", es, noon); err == nil {
						err = w.Show(browse.Request{Table: "t"})
					}
					if err != nil {
						rt.Fatalf("%v", err)
					}
					shown, err := w.Run(bg, c)
					if (err == nil) != (plainErr == nil) || err != nil && fault.Message(err) != fault.Message(plainErr) {
						rt.Fatalf("%v, and without rows %v", err, plainErr)
					}
					if d := cmp.Diff(want, content(rt, c), cmp.AllowUnexported(d1.Value{})); d != "" {
						rt.Fatalf("other rows are left: %s", d)
					}
					if err == nil {
						compareShown(rt, es, plain, shown, read)
					}
				})
			})
		}
	}
}

const eight = "(1, 'a', 1), (2, 'b', 2.0), (3, 'C', 'x'), (4, 'd', null), (5, 'e', x'00ff'), (6, 'f', ''), (7, 'g', 7), (8, 'h', 8)"

type drawn struct {
	row   int
	cells []browse.CellEdit
}

// drawEdits draws changes of some of the eight rows, from what eight says of them.
func drawEdits(t *rapid.T) []drawn {
	rows := rapid.SliceOfNDistinct(rapid.IntRange(0, 7), 1, 5, rapid.ID[int]).Draw(t, "rows")
	b := []string{"a", "b", "C", "d", "e", "f", "g", "h"}
	out := make([]drawn, 0, len(rows))
	for _, row := range rows {
		var cells []browse.CellEdit
		add := func(column string, old d1.Value, in browse.Input) {
			cells = append(cells, browse.CellEdit{Column: column, Old: browse.See(old), New: in})
		}
		what := rapid.IntRange(1, 7).Draw(t, "columns")
		if what&1 != 0 {
			text := rapid.SampledFrom([]string{"9", "12", "13", "1", "40.0"}).Draw(t, "a")
			add("a", d1.Int(int64(row+1)), browse.Input{As: browse.AsValue, Text: text})
		}
		if what&2 != 0 {
			add("b", d1.Str(b[row]), rapid.SampledFrom([]browse.Input{{As: browse.AsText, Text: "A"}, {As: browse.AsText, Text: "5"},
				{As: browse.AsEmpty}, {As: browse.AsDefault}, {As: browse.AsNull},
				{As: browse.AsText, Text: "long " + strings.Repeat("é", 600)}}).Draw(t, "b"))
		}
		if what&4 != 0 && row == 0 {
			add("n", d1.Int(1), browse.Input{As: browse.AsValue, Text: "2"})
		}
		if len(cells) == 0 {
			add("b", d1.Str(b[row]), browse.Input{As: browse.AsText, Text: "z"})
		}
		out = append(out, drawn{row, cells})
	}
	return out
}

func content(t reporter, c d1.Conn) [][]d1.Value {
	t.Helper()
	return exec(t, c, "select * from t order by 1, 2, 3").Rows
}

func compareShown(t *rapid.T, es []browse.RowEdit, plain, shown browse.Written, read *browse.Page) {
	if d := cmp.Diff(plain.Keys, shown.Keys); d != "" || plain.Changes != shown.Changes || len(shown.Rows) != len(es) {
		t.Fatalf("%d and %d changes, %d rows: %s", plain.Changes, shown.Changes, len(shown.Rows), d)
	}
	cells := cmp.Options{cmp.AllowUnexported(d1.Value{}), cmpopts.EquateEmpty()}
	if d := cmp.Diff(read.Columns, shown.Page.Columns, cells); d != "" {
		t.Fatal(d)
	}
	for i, row := range shown.Rows {
		at := slices.IndexFunc(read.Rows, func(r browse.Row) bool { return r.Key == plain.Keys[i] })
		switch {
		case row.At >= 0 && at >= 0:
			if d := cmp.Diff(read.Rows[at], shown.Page.Rows[row.At], cells); d != "" {
				t.Fatalf("row %d: %s", i, d)
			}
		case row.At >= 0:
			t.Fatalf("row %d is shown, and isn't there", i)
		case row.Gone && at >= 0:
			t.Fatalf("row %d is there, and said to be gone", i)
		case at >= 0 && !unknowable(es[i]):
			t.Fatalf("row %d is there, and isn't shown", i)
		}
	}
}

// unknowable reports whether nobody knows the key before the row is written.
func unknowable(e browse.RowEdit) bool {
	return slices.ContainsFunc(e.Cells, func(c browse.CellEdit) bool {
		return c.New.As == browse.AsDefault || c.New.As == browse.AsNull
	})
}

// A table that is altered between is told, and nothing is done.
func TestASaveOfATableThatWasAltered(t *testing.T) {
	t.Parallel()
	onD1, _ := openD1(t)
	for engine, c := range map[string]d1.Conn{"embedded": open(t), "D1": onD1} {
		t.Run(engine, func(t *testing.T) {
			exec(t, c, "create table t (a integer primary key, b text, n)")
			exec(t, c, "insert into t values "+eight)
			cat := load(t, c)
			sums, err := cat.Sums(bg, c, "t", []string{intKey(2)})
			if err != nil {
				t.Fatal(err)
			}
			writes := map[string]*browse.Write{}
			writes["update"], err = cat.Update(bg, c, "t", []browse.RowEdit{edit(intKey(1), "b", d1.Str("a"), browse.AsValue, "z")}, noon)
			if err == nil {
				writes["insert"], err = cat.Insert(bg, c, "t", nil, noon)
			}
			if err == nil {
				writes["delete"], err = cat.Delete(bg, c, "t", []string{intKey(2)}, sums)
			}
			if err != nil {
				t.Fatal(err)
			}
			exec(t, c, "alter table t add column more")
			before := content(t, c)
			for name, w := range writes {
				_, err := w.Run(bg, c)
				wantFault(t, err, fault.Conflict, "table t was altered", "Nothing was changed")
				if !live.Altered(err) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if d := cmp.Diff(before, content(t, c), cmp.AllowUnexported(d1.Value{})); d != "" {
				t.Error(d)
			}
		})
	}
}

// Many rows, wide keys and large values are shown within D1's limits.
func TestALargeSaveIsShownInOneBatch(t *testing.T) {
	t.Parallel()
	onD1, cloud := openD1(t)
	for engine, c := range map[string]d1.Conn{"embedded": open(t), "D1": onD1} {
		t.Run(engine, func(t *testing.T) {
			var key, more []string
			for i := range 30 {
				key = append(key, fmt.Sprintf("k%d", i))
			}
			for i := range 60 {
				more = append(more, fmt.Sprintf("c%d text default 'text'", i))
			}
			exec(t, c, "create table wide ("+strings.Join(key, ", ")+", n integer, "+strings.Join(more, ", ")+", primary key ("+
				strings.Join(key, ", ")+")) without rowid")
			exec(t, c, "create index wide_n on wide(n)")
			exec(t, c, fmt.Sprintf(numbers, 120)+"insert into wide ("+strings.Join(key, ", ")+", n) select i"+
				strings.Repeat(", i", 29)+", i from n")
			cat := load(t, c)
			var edits []browse.RowEdit
			for i := range 120 {
				edits = append(edits, edit(browse.EncodeKey(slices.Repeat([]d1.Value{d1.Int(int64(i + 1))}, 30)), "n",
					d1.Int(int64(i+1)), browse.AsValue, fmt.Sprint(i+1000)))
			}
			show := func(table string, edits []browse.RowEdit) browse.Written {
				t.Helper()
				w, err := cat.Update(bg, c, table, edits, noon)
				if err == nil {
					err = w.Show(browse.Request{Table: table})
				}
				if err != nil {
					t.Fatal(err)
				}
				before := len(cloud.Calls())
				done, err := w.Run(bg, c)
				if err != nil {
					t.Fatal(err)
				}
				if n := len(cloud.Calls()) - before; engine == "D1" && n != 1 {
					t.Errorf("%s: %d calls", table, n)
				}
				return done
			}
			done := show("wide", edits)
			for i, r := range done.Rows {
				if r.At < 0 || done.Page.Rows[r.At].Key != edits[i].Key || done.Page.Rows[r.At].Cells[30].Value != d1.Int(int64(i+1000)) {
					t.Fatalf("row %d: %+v", i, r)
				}
			}
			exec(t, c, "create table large (id integer primary key, v text, n)")
			large := strings.Repeat("é", 990_000) // 1.98 MB
			exec(t, c, "insert into large values (1, 'short', 1), (2, 'x', 2)")
			cat = load(t, c)
			done = show("large", []browse.RowEdit{edit(intKey(1), "v", d1.Str("short"), browse.AsText, large),
				edit(intKey(2), "n", d1.Int(2), browse.AsValue, "3")})
			if v := done.Page.Rows[done.Rows[0].At].Cells[1]; !v.Cut || v.Value.Text() != strings.Repeat("é", browse.MaxCell) {
				t.Errorf("a large value is shown as %.80s", v.Value.Literal())
			}
		})
	}
}
