package browse_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

func intKey(i int64) string { return browse.EncodeKey([]d1.Value{d1.Int(i)}) }

// remove deletes rows as they are now.
func remove(t *testing.T, c d1.Conn, table string, keys ...string) (browse.Written, error) {
	t.Helper()
	cat := load(t, c)
	sums, err := cat.Sums(bg, c, table, keys)
	if err != nil {
		t.Fatal(err)
	}
	w, err := cat.Delete(bg, c, table, keys, sums)
	if err != nil {
		return browse.Written{}, err
	}
	return w.Run(bg, c)
}

func TestARowNobodySawIsNotDeleted(t *testing.T) {
	t.Parallel()
	c := open(t, "create table loose (v text, n)", "insert into loose values ('one', 1), ('two', 2), ('three', 3)")
	cat := load(t, c)
	keys := []string{intKey(2), intKey(3)}
	sums, err := cat.Sums(bg, c, "loose", keys)
	if err != nil {
		t.Fatal(err)
	}
	left := func(want string) {
		t.Helper()
		if r := exec(t, c, "select group_concat(v || n) from loose"); r.Rows[0][0].Text() != want {
			t.Errorf("left: %v, want %s", r.Rows, want)
		}
	}
	exec(t, c, "delete from loose where v = 'three'")
	exec(t, c, "insert into loose values ('PRECIOUS', 3)") // takes the row number
	var ce *browse.ConflictError
	_, err = cat.Delete(bg, c, "loose", keys, sums)
	if !errors.As(err, &ce) || len(ce.Conflicts) != 1 || ce.Conflicts[0].Gone || ce.Conflicts[0].Row != "row number 3" {
		t.Errorf("another row of that number: %v", err)
	}
	wantFault(t, err, fault.Conflict, "changed a row", "Nothing was deleted")
	left("one1,two2,PRECIOUS3")

	sums, _ = cat.Sums(bg, c, "loose", keys)
	w, err := cat.Delete(bg, c, "loose", keys, sums)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, c, "update loose set n = 2.0 where v = 'PRECIOUS'") // between asking and the batch
	_, err = w.Run(bg, c)
	wantFault(t, err, fault.Conflict, "changed a row", "Nothing was deleted")
	left("one1,two2,PRECIOUS2.0")
	exec(t, c, "delete from loose where v = 'two'")
	_, err = cat.Delete(bg, c, "loose", keys, sums)
	wantFault(t, err, fault.Conflict, "changed a row", "one is gone")
	if _, err := cat.Delete(bg, c, "loose", keys, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("what was seen isn't said: %v", err)
	}
	if _, err := remove(t, c, "loose", intKey(1), intKey(3)); err != nil {
		t.Error(err)
	}
	if r := exec(t, c, "select count(*) from loose"); r.Rows[0][0].Int() != 0 {
		t.Errorf("left: %v", r.Rows)
	}
}

func TestAWideRowIsComparedWhole(t *testing.T) {
	t.Parallel()
	cols := make([]string, 100)
	for i := range cols {
		cols[i] = "c" + string(rune('a'+i/26)) + string(rune('a'+i%26))
	}
	c := open(t, "create table t ("+strings.Join(cols, ", ")+", primary key (caa, cab))",
		"insert into t (caa, cab, cdv) values (1, 2, 'seen')")
	key := browse.EncodeKey([]d1.Value{d1.Int(1), d1.Int(2)})
	cat := load(t, c)
	sums, err := cat.Sums(bg, c, "t", []string{key})
	if err != nil {
		t.Fatal(err)
	}
	w, err := cat.Delete(bg, c, "t", []string{key}, sums)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, c, "update t set cdv = 'other'")
	_, err = w.Run(bg, c)
	wantFault(t, err, fault.Conflict, "changed a row")
	if _, err = remove(t, c, "t", key); err != nil {
		t.Error(err)
	}
}

const tree = "create table tree (id integer primary key, up integer references tree(id) on delete cascade, name text)"

func TestAParentAndItsChildAreDeletedTogether(t *testing.T) {
	t.Parallel()
	c := open(t, tree, "insert into tree values (1, null, 'root'), (2, 1, 'child'), (3, 2, 'leaf'), (4, null, 'other')")
	done, err := remove(t, c, "tree", intKey(1), intKey(2))
	if err != nil || done.Changes != 3 {
		t.Errorf("%+v %v", done, err)
	}
	if r := exec(t, c, "select group_concat(id) from tree"); r.Rows[0][0].Text() != "4" {
		t.Errorf("left: %v", r.Rows)
	}
}

func TestWhatATriggerHoldsBackIsSaid(t *testing.T) {
	t.Parallel()
	c := open(t, tree, "insert into tree values (1, null, 'root')",
		`create trigger "no update" before update on tree begin select raise(ignore); end`,
		"create trigger hold before delete on tree begin select raise(ignore); end")
	_, err := remove(t, c, "tree", intKey(1))
	wantFault(t, err, fault.Conflict, "still there after it was deleted", "the trigger hold", "Nothing was deleted")
	_, err = save(t, c, "tree", edit(intKey(1), "name", d1.Str("root"), browse.AsValue, "x"))
	wantFault(t, err, fault.Conflict, "the trigger no update", "Nothing was saved")
}

func TestEffectsAreCountedThroughAllLevels(t *testing.T) {
	t.Parallel()
	c := open(t, tree, "create table note (id integer primary key, t integer references tree(id) on delete set null)",
		"create table tag (t integer references tree(id) on delete restrict)",
		"insert into tree values (1, null, 'root'), (2, 1, 'a'), (3, 2, 'b'), (4, 3, 'c'), (9, null, 'other')",
		"insert into note (t) values (1), (3), (9)", "insert into tag values (4)",
		"create trigger gone after delete on tree begin select 1; end", "create trigger freed after update on note begin select 1; end",
		"create trigger other after insert on tree begin delete from tag; end")
	got, err := load(t, c).Effects(bg, c, "tree", []string{intKey(1), intKey(3)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[browse.Dependents]bool{
		{Table: "tree", Action: "CASCADE", Rows: 2}:  true,
		{Table: "note", Action: "SET NULL", Rows: 2}: true,
		{Table: "tag", Action: "RESTRICT", Rows: 1}:  true,
	}
	for _, d := range got.Dependents {
		if !want[d] {
			t.Errorf("%+v", d)
		}
		delete(want, d)
	}
	if len(want) > 0 || got.More || strings.Join(got.Triggers, ", ") != "gone of tree, freed of note" {
		t.Errorf("missing %v in %+v", want, got)
	}
	exec(t, c, "with recursive n(i) as (select 100 union all select i+1 from n where i < 3000) insert into tree "+
		"select i, iif(i = 100, 9, i-1), 'deep' from n")
	got, err = load(t, c).Effects(bg, c, "tree", []string{intKey(9)})
	if err != nil || !got.More || got.Dependents[1].Rows < 30 {
		t.Errorf("a chain of 2901: %+v %v", got, err)
	}
	exec(t, c, "update tree set up = 9 where id >= 100")
	got, err = load(t, c).Effects(bg, c, "tree", []string{intKey(9)})
	if err != nil || !got.More || got.Dependents[1].Rows < browse.MaxDependents {
		t.Errorf("2901 children: %+v %v", got, err)
	}
}

func TestEffectsOfManyRowsAtOnce(t *testing.T) {
	t.Parallel()
	c := open(t, tree, "create table pair (a, b, primary key (a, b))",
		"create table leaf (a, b, foreign key (a, b) references pair on delete cascade)",
		"with recursive n(i) as (select 1 union all select i+1 from n where i < 300) insert into pair select i, i from n",
		"insert into leaf select a, b from pair")
	var keys []string
	for i := range 300 {
		keys = append(keys, browse.EncodeKey([]d1.Value{d1.Int(int64(i + 1)), d1.Int(int64(i + 1)), d1.Int(int64(i + 1))}))
	}
	page := fetch(t, c, browse.Request{Table: "pair"})
	if page.Rows[0].Key != keys[0] {
		for i := range keys {
			keys[i] = browse.EncodeKey([]d1.Value{d1.Int(int64(i + 1)), d1.Int(int64(i + 1))})
		}
	}
	got, err := load(t, c).Effects(bg, c, "pair", keys)
	if err != nil || len(got.Dependents) != 1 || got.Dependents[0].Rows != 300 || got.More {
		t.Errorf("%+v %v", got, err)
	}
	if done, err := remove(t, c, "pair", keys...); err != nil || done.Changes != 600 {
		t.Errorf("%+v %v", done, err)
	}
}

// TestDependentsWhoseKeysDifferByCaseAreCounted: a key may have another collation than its
// column.
func TestDependentsWhoseKeysDifferByCaseAreCounted(t *testing.T) {
	t.Parallel()
	c := open(t, "create table p (id integer primary key)",
		"create table c (k text collate nocase, p references p on delete cascade, primary key (k collate binary)) without rowid",
		"create table g (k text references c on delete cascade)",
		"insert into p values (1)", "insert into c values ('a', 1), ('A', 1)", "insert into g values ('a')")
	e, err := load(t, c).Effects(bg, c, "p", []string{browse.EncodeKey([]d1.Value{d1.Int(1)})})
	if err != nil || len(e.Dependents) == 0 || e.Dependents[0].Rows != 2 {
		t.Errorf("got %+v and %v, want two rows of c", e, err)
	}
}
