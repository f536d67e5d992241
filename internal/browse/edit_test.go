package browse_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 5e6, time.UTC)

func edit(key, column string, old d1.Value, as browse.As, text string) browse.RowEdit {
	return browse.RowEdit{Key: key, Cells: []browse.CellEdit{{Column: column, Old: browse.See(old), New: browse.Input{As: as, Text: text}}}}
}

func save(t reporter, c d1.Conn, table string, edits ...browse.RowEdit) (browse.Written, error) {
	t.Helper()
	w, err := load(t, c).Update(bg, c, table, edits, noon)
	if err != nil {
		return browse.Written{}, err
	}
	return w.Run(bg, c)
}

func TestEveryWayToFillACell(t *testing.T) {
	t.Parallel()
	c := open(t, "create table t (id integer primary key, i integer default (7), s text not null default 'dflt', r real, "+
		"b blob, n numeric, any_thing, bool boolean)",
		"insert into t (id) values (1)")
	key := browse.EncodeKey([]d1.Value{d1.Int(1)})
	for _, tc := range []struct {
		column string
		as     browse.As
		text   string
		want   d1.Value
	}{
		{"i", browse.AsValue, "42", d1.Int(42)},
		{"i", browse.AsValue, " 9223372036854775807 ", d1.Int(math.MaxInt64)},
		{"i", browse.AsValue, "not a number", d1.Str("not a number")},
		{"i", browse.AsText, "forty", d1.Str("forty")},
		{"i", browse.AsDefault, "", d1.Int(7)},
		{"i", browse.AsNow, "", d1.Int(noon.UnixMilli())},
		{"i", browse.AsNull, "ignored", d1.Value{}},
		{"s", browse.AsValue, "42", d1.Str("42")},
		{"s", browse.AsEmpty, "", d1.Str("")},
		{"s", browse.AsValue, "it's \"quoted\" ?1 and 😀", d1.Str("it's \"quoted\" ?1 and 😀")},
		{"s", browse.AsDefault, "", d1.Str("dflt")},
		{"s", browse.AsNow, "", d1.Str("2026-11-25 12:00:00")},
		{"r", browse.AsValue, "1", d1.Float(1)},
		{"r", browse.AsValue, "1e300", d1.Float(1e300)},
		{"r", browse.AsDefault, "", d1.Value{}},
		{"b", browse.AsBlob, "00 FF\n0a", d1.Bytes([]byte{0, 255, 10})},
		{"b", browse.AsBlob, "", d1.Bytes(nil)},
		{"n", browse.AsValue, "12.50", d1.Float(12.5)},
		{"any_thing", browse.AsValue, "42", d1.Str("42")},
		{"bool", browse.AsValue, "1", d1.Int(1)},
	} {
		old := exec(t, c, `select "`+tc.column+`" from t`).Rows[0][0]
		done, err := save(t, c, "t", edit(key, tc.column, old, tc.as, tc.text))
		if err != nil || len(done.Keys) != 1 || done.Keys[0] != key || done.Changes != 1 {
			t.Errorf("%s as %s %q: %+v %v", tc.column, tc.as, tc.text, done, err)
		}
		if got := exec(t, c, `select "`+tc.column+`" from t`).Rows[0][0]; got != tc.want {
			t.Errorf("%s as %s %q: %s, want %s", tc.column, tc.as, tc.text, got.Literal(), tc.want.Literal())
		}
	}
	if _, err := save(t, c, "t", edit(key, "any_thing", d1.Str("42"), browse.AsUUID, "")); err != nil {
		t.Error(err)
	}
	if r := exec(t, c, "select any_thing from t"); len(r.Rows[0][0].Text()) != 36 {
		t.Errorf("a uuid: %v", r.Rows)
	}
}

func TestWhatCantBeWritten(t *testing.T) {
	t.Parallel()
	c := open(t, "create table t (id integer primary key, s text not null unique, g text generated always as (s || '!'), check (s <> 'bad'))",
		"insert into t (id, s) values (1, 'a'), (2, 'b')", "create view v as select * from t",
		"create table nokey (rowid text, _rowid_ text, oid text)")
	key := browse.EncodeKey([]d1.Value{d1.Int(1)})
	seen := d1.Str("a")
	for name, tc := range map[string]struct {
		table string
		edit  browse.RowEdit
		kind  fault.Kind
		want  string
	}{
		"a generated column":    {"t", edit(key, "g", d1.Str("a!"), browse.AsValue, "x"), fault.Invalid, "computed"},
		"half a byte":           {"t", edit(key, "s", seen, browse.AsBlob, "abc"), fault.Invalid, "hexadecimal"},
		"a way there isn't":     {"t", edit(key, "s", seen, "magic", ""), fault.Invalid, "magic"},
		"a column there isn't":  {"t", edit(key, "nope", seen, browse.AsNull, ""), fault.NotFound, "no column"},
		"a table there isn't":   {"nope", edit(key, "s", seen, browse.AsNull, ""), fault.NotFound, "no table"},
		"nothing":               {"t", edit(key, "s", seen, browse.AsKeep, ""), fault.Invalid, "Nothing"},
		"a key that is none":    {"t", edit("zzz", "s", seen, browse.AsNull, ""), fault.NotFound, "key"},
		"a view":                {"v", edit(key, "s", seen, browse.AsNull, ""), fault.Invalid, "view"},
		"a table without a key": {"nokey", edit(key, "rowid", seen, browse.AsNull, ""), fault.Invalid, "no primary key"},
		"NULL under NOT NULL":   {"t", edit(key, "s", seen, browse.AsNull, ""), fault.Conflict, "NOT NULL constraint failed: t.s"},
		"a value that is taken": {"t", edit(key, "s", seen, browse.AsValue, "b"), fault.Conflict, "UNIQUE constraint failed: t.s"},
		"what a CHECK forbids":  {"t", edit(key, "s", seen, browse.AsValue, "bad"), fault.Conflict, "CHECK constraint failed"},
		"more than a value has": {"t", edit(key, "s", seen, browse.AsValue, strings.Repeat("x", d1.MaxValue+1)), fault.Invalid, "2000001 bytes"},
		"a key of another shape": {"t", edit(browse.EncodeKey([]d1.Value{d1.Int(1), d1.Int(2)}), "s", seen, browse.AsNull, ""),
			fault.NotFound, "not the key"},
	} {
		_, err := save(t, c, tc.table, tc.edit)
		if !fault.Is(err, tc.kind) || !strings.Contains(fault.Message(err), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r := exec(t, c, "select group_concat(s) from t"); r.Rows[0][0].Text() != "a,b" {
		t.Errorf("a refused write changed rows: %v", r.Rows)
	}
}

func TestAConflictUndoesTheWholeSaveAndShowsBothValues(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é long ", 1000)
	c := open(t, "create table t (id integer primary key, a text collate nocase, b text, n integer)",
		"insert into t values (1, 'one', 'x', 1), (2, 'two', 'x', 2), (3, 'three', 'x', 3)")
	exec(t, c, "update t set b = ?1 where id = 3", d1.Str(long))
	key := func(i int64) string { return browse.EncodeKey([]d1.Value{d1.Int(i)}) }
	exec(t, c, "update t set a = 'ONE' where id = 1") // equal by the collation, not by bytes
	_, err := save(t, c, "t",
		edit(key(2), "n", d1.Int(2), browse.AsValue, "20"),
		edit(key(1), "a", d1.Str("one"), browse.AsValue, "mine"),
		edit(key(9), "a", d1.Str("nine"), browse.AsValue, "gone"))
	var ce *browse.ConflictError
	if !errors.As(err, &ce) || !fault.Is(err, fault.Conflict) || len(ce.Conflicts) != 2 {
		t.Fatalf("%v", err)
	}
	was, ok := ce.Conflicts[0].Old.Value()
	if x := ce.Conflicts[0]; x.Key != key(1) || x.Column.Name != "a" || x.Now != d1.Str("ONE") || !ok || was != d1.Str("one") ||
		x.New.Text != "mine" {
		t.Errorf("%+v", x)
	}
	if x := ce.Conflicts[1]; !x.Gone || x.Key != key(9) {
		t.Errorf("%+v", x)
	}
	if r := exec(t, c, "select n from t where id = 2"); r.Rows[0][0].Int() != 2 {
		t.Error("half of the save was done")
	}
	// A long value is compared as exactly, and saved when it is still the same.
	if _, err := save(t, c, "t", edit(key(3), "b", d1.Str(long+"!"), browse.AsValue, "short")); !errors.As(err, &ce) ||
		len(ce.Conflicts) != 1 {
		t.Errorf("a long value that differs: %v", err)
	}
	if _, err := save(t, c, "t", edit(key(3), "b", d1.Str(long), browse.AsValue, "short")); err != nil {
		t.Errorf("a long value that is the same: %v", err)
	}
}

func TestAChangedKeyIsFollowed(t *testing.T) {
	t.Parallel()
	c := open(t, "create table t (a text, b integer, v text, primary key (a, b)) without rowid", "insert into t values ('x', 1, 'v')",
		"create table loose (v text)", "insert into loose values ('one'), ('two')")
	done, err := save(t, c, "t", edit(browse.EncodeKey([]d1.Value{d1.Str("x"), d1.Int(1)}), "a", d1.Str("x"), browse.AsValue, "y"))
	if err != nil || done.Keys[0] != browse.EncodeKey([]d1.Value{d1.Str("y"), d1.Int(1)}) {
		t.Fatalf("%+v %v", done, err)
	}
	page, err := browse.FetchRows(bg, c, load(t, c), browse.Request{Table: "t"}, done.Keys)
	if err != nil || len(page.Rows) != 1 || page.Rows[0].Cells[0].Value != d1.Str("y") || page.Rows[0].Key != done.Keys[0] {
		t.Errorf("%+v %v", page, err)
	}
	if done, err = save(t, c, "loose", edit(browse.EncodeKey([]d1.Value{d1.Int(2)}), "v", d1.Str("two"), browse.AsValue, "2")); err != nil ||
		len(done.Keys) != 1 {
		t.Errorf("a table without a primary key: %+v %v", done, err)
	}
}

func TestInsert(t *testing.T) {
	t.Parallel()
	c := open(t, "create table t (id integer primary key autoincrement, s text not null default 'd', n integer)",
		"create table w (k text primary key) without rowid",
		"create table nokey (rowid text, _rowid_ text, oid text)", "create view v as select 1 as one")
	cat := load(t, c)
	for _, tc := range []struct {
		table string
		cells map[string]browse.Input
		want  string
	}{
		{"t", nil, "1,d,NULL"},
		{"t", map[string]browse.Input{
			"id": {As: browse.AsValue, Text: "10"},
			"s":  {As: browse.AsEmpty},
			"n":  {As: browse.AsValue, Text: "5"},
		}, "10,,5"},
		{"w", map[string]browse.Input{"k": {As: browse.AsValue, Text: "a/b"}}, "a/b"},
		{"nokey", map[string]browse.Input{"oid": {As: browse.AsValue, Text: "o"}}, "NULL,NULL,o"},
	} {
		w, err := cat.Insert(bg, c, tc.table, tc.cells, noon)
		if err != nil {
			t.Fatal(err)
		}
		done, err := w.Run(bg, c)
		if err != nil || done.Changes != 1 {
			t.Errorf("%s: %+v %v", w.SQL(), done, err)
		}
		if tc.table == "nokey" {
			continue
		}
		page, err := browse.FetchRows(bg, c, cat, browse.Request{Table: tc.table}, done.Keys)
		if err != nil || len(page.Rows) != 1 {
			t.Fatalf("%s: %v %v", tc.table, page, err)
		}
		var got []string
		for _, cell := range page.Rows[0].Cells {
			text := cell.Value.Text()
			if cell.Value.IsNull() {
				text = "NULL"
			}
			got = append(got, text)
		}
		if strings.Join(got, ",") != tc.want {
			t.Errorf("%s: %v, want %s", tc.table, got, tc.want)
		}
	}
	if _, err := cat.Insert(bg, c, "v", nil, noon); !fault.Is(err, fault.Invalid) {
		t.Errorf("into a view: %v", err)
	}
}

func TestDeleteAndWhatGoesWithIt(t *testing.T) {
	t.Parallel()
	c := open(t, "create table p (id integer primary key, name text)",
		"create table c (id integer primary key, p integer references p(id) on delete cascade)",
		"create table keep (id integer primary key, p integer references p)",
		"insert into p values (1, 'a'), (2, 'b'), (3, 'c')", "insert into c (p) values (1), (1), (2)", "insert into keep (p) values (3)")
	cat := load(t, c)
	key := func(i int64) string { return browse.EncodeKey([]d1.Value{d1.Int(i)}) }
	effects, err := cat.Effects(bg, c, "p", []string{key(1), key(2), key(3)})
	deps := effects.Dependents
	if err != nil || len(deps) != 2 || deps[0] != (browse.Dependents{Table: "c", Action: "CASCADE", Rows: 3}) || deps[1].Table != "keep" ||
		deps[1].Rows != 1 || effects.More || len(effects.Triggers) > 0 {
		t.Errorf("%+v %v", effects, err)
	}
	run := func(keys ...string) (browse.Written, error) { return remove(t, c, "p", keys...) }
	if _, err := run(key(1), key(3)); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "FOREIGN KEY") {
		t.Errorf("a row that another one needs: %v", err)
	}
	if done, err := run(key(1), key(2)); err != nil || done.Changes != 5 {
		t.Errorf("%+v %v", done, err)
	}
	var ce *browse.ConflictError
	if _, err := run(key(1)); !errors.As(err, &ce) || !ce.Conflicts[0].Gone {
		t.Errorf("a row that is gone: %v", err)
	}
	if r := exec(t, c, "select (select count(*) from p), (select count(*) from c)"); r.Rows[0][0].Int() != 1 || r.Rows[0][1].Int() != 0 {
		t.Errorf("left: %v", r.Rows)
	}
	if _, err := cat.Delete(bg, c, "p", nil, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("nothing to delete: %v", err)
	}
}

func TestTheSQLThatIsShown(t *testing.T) {
	t.Parallel()
	c := open(t, `create table "a ?1 ""b" (id integer primary key, "?2 'x" text)`, `insert into "a ?1 ""b" values (1, 'it''s ?3')`)
	w, err := load(t, c).Update(bg, c, `a ?1 "b`,
		[]browse.RowEdit{edit(browse.EncodeKey([]d1.Value{d1.Int(1)}), "?2 'x", d1.Str("it's ?3"), browse.AsValue, "new ?1 'quoted'")}, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := `UPDATE "a ?1 ""b" AS t SET "?2 'x" = 'new ?1 ''quoted''' WHERE t."id" IS 1 AND t."?2 'x" IS 'it''s ?3' RETURNING "id";`
	if w.SQL() != want {
		t.Errorf("\n%s, want\n%s", w.SQL(), want)
	}
	if _, err := c.Query(bg, d1.Exec(w.SQL())); err != nil { // what is shown can be run
		t.Error(err)
	}
}

// TestRowsStayAsTheyAreButForTheEdits edits random cells of tables of many shapes
// and compares every row with a model. Reading a record and writing it back as it
// was typed changes nothing.
func TestRowsStayAsTheyAreButForTheEdits(t *testing.T) {
	t.Parallel()
	shapes := []string{
		`create table t (k integer primary key, a text, b integer, c real, d blob, e)`,
		`create table t (k text primary key, a text collate nocase, b integer, c real, d blob, e) without rowid`,
		`create table t (k, a text, b integer, c numeric, d blob, e)`,
		`create table t (k text not null, a text, b integer, c real, d blob, e any, primary key (k, b)) strict`,
		`create table t ("k" text primary key, "a" text, "b" integer, "c" real, "d" blob, "e")`,
	}
	rapid.Check(t, func(rt *rapid.T) {
		shape := rapid.IntRange(0, len(shapes)-1).Draw(rt, "shape")
		c := open(t, shapes[shape])
		n := rapid.IntRange(1, 6).Draw(rt, "rows")
		for i := range n {
			args := []d1.Value{d1.Int(int64(i))}
			if shape == 1 || shape == 3 || shape == 4 {
				args[0] = d1.Str(fmt.Sprint("key ", i))
			}
			for _, k := range []string{"a", "b", "c", "d", "e"} {
				args = append(args, drawFor(rt, k, shape))
			}
			if shape == 3 {
				args[2] = d1.Int(int64(i))
			}
			if _, err := c.Query(bg, d1.Exec("insert into t values (?1, ?2, ?3, ?4, ?5, ?6)", args...)); err != nil {
				rt.Fatalf("%v", err)
			}
		}
		cat := load(rt, c)
		page, err := browse.Fetch(bg, c, cat, browse.Request{Table: "t"})
		if err != nil {
			rt.Fatalf("%v", err)
		}
		before := everything(rt, c)
		var edits []browse.RowEdit
		for _, row := range page.Rows {
			rec, err := cat.Record(bg, c, "t", row.Key)
			if err != nil {
				rt.Fatalf("%v", err)
			}
			e := browse.RowEdit{Key: row.Key}
			for i, col := range rec.Columns {
				in, ok := col.InputOf(rec.Values[i])
				if !ok {
					in = browse.Input{As: browse.AsKeep}
				}
				e.Cells = append(e.Cells, browse.CellEdit{Column: col.Name, Old: browse.See(rec.Values[i]), New: in})
			}
			edits = append(edits, e)
		}
		if _, err := save(rt, c, "t", edits...); err != nil {
			rt.Fatalf("%v", err)
		}
		if after := everything(rt, c); after != before {
			rt.Fatalf("writing back what was read changed rows:\n%s\n%s", before, after)
		}
		row := page.Rows[rapid.IntRange(0, len(page.Rows)-1).Draw(rt, "row")]
		rec, _ := cat.Record(bg, c, "t", row.Key)
		if _, err := save(rt, c, "t", edit(row.Key, "a", rec.Values[1], browse.AsText, "edited")); err != nil {
			rt.Fatalf("%v", err)
		}
		if r := exec(rt, c, "select count(*) from t where a = 'edited' collate binary"); r.Rows[0][0].Int() != 1 {
			rt.Fatalf("%v rows were edited", r.Rows)
		}
	})
}

func drawFor(rt *rapid.T, column string, shape int) d1.Value {
	kinds := map[string][]int{"a": {0, 1}, "b": {0, 2}, "c": {0, 3}, "d": {0, 4}, "e": {0, 1, 2, 3, 4}}[column]
	if shape != 3 { // any column may hold anything
		kinds = []int{0, 1, 2, 3, 4}
	}
	switch rapid.SampledFrom(kinds).Draw(rt, "kind") {
	case 1:
		return d1.Str(rapid.OneOf(rapid.String(),
			rapid.SampledFrom([]string{"", "42", "1.0", "é\x00x", "\xff", "a\r\nb", strings.Repeat("z", 2000)})).Draw(rt, "text"))
	case 2:
		return d1.Int(rapid.Int64().Draw(rt, "int"))
	case 3:
		return d1.Float(rapid.SampledFrom([]float64{0, 1, -1.5, 1e300, 0.1, 123456789012345680}).Draw(rt, "real"))
	case 4:
		return d1.Bytes(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "blob"))
	}
	return d1.Value{}
}

// everything is all rows with their storage classes.
func everything(t reporter, c d1.Conn) string {
	r := exec(t, c, "select * from t")
	var b strings.Builder
	for _, row := range r.Rows {
		for _, v := range row {
			b.WriteString(v.Kind().String() + " " + v.Literal() + "|")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func FuzzParseSeen(f *testing.F) {
	f.Add(browse.See(d1.Str("a")).String())
	f.Add(browse.See(d1.Bytes(make([]byte, 5000))).String())
	f.Fuzz(func(t *testing.T, s string) {
		if seen, ok := browse.ParseSeen(s); ok && !strings.HasPrefix(seen.String(), s[:1]) {
			t.Errorf("%q became %q", s, seen)
		}
	})
}
