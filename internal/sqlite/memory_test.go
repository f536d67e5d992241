package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

// series is a table expression of n numbers.
func series(n string) string {
	return "(with recursive s(n) as (select 1 union all select n + 1 from s where n < " + n + ") select n from s)"
}

// growing are statements that keep all they have seen, 80 MB.
var growing = map[string]string{
	"json_group_array":  "select length(json_group_array(printf('%02000d', n))) from " + series("40000"),
	"json_group_object": "select length(json_group_object(n, printf('%02000d', n))) from " + series("40000"),
	"jsonb_group_array": "select length(jsonb_group_array(printf('%02000d', n))) from " + series("40000"),
	"many values":       "select " + manyValues(40) + " from " + series("15"),
	"many caches": "select " + strings.Repeat("(select count(distinct n||x) from (select n, printf('%0900d', n) x from "+
		series("5000")+")) + ", 3) +
		"(select length(json_group_array(printf('%02000d', n))) from " + series("40000") + ")",
}

// manyValues are n values of 1.5 MB.
func manyValues(n int) string {
	var values []string
	for i := range n {
		values = append(values, "length(group_concat(printf('%0100000d', n + "+strconv.Itoa(i)+")))")
	}
	return strings.Join(values, ", ")
}

func file(t *testing.T, o sqlite.Options) *sqlite.Conn {
	t.Helper()
	o.Create = true
	c, err := sqlite.Open(filepath.Join(t.TempDir(), "a.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func read(t *testing.T, c *sqlite.Conn, sql string) []string {
	t.Helper()
	out, err := exec(c, sqlite.Read, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func shortage(err error) sqlite.Shortage {
	e, _ := errors.AsType[*sqlite.Error](err)
	if e == nil {
		return 0
	}
	return e.Short
}

// One without an end is stopped too: some aggregates go on after they were refused.
func TestAStatementWithoutAnEndIsStoppedAtItsBudget(t *testing.T) {
	t.Parallel()
	c := file(t, sqlite.Options{Budget: sqlite.NewBudget(16 << 20)})
	for _, f := range []string{"json_group_array", "jsonb_group_array"} {
		_, err := exec(c, sqlite.Read, "with recursive s(n) as (select 1 union all select n + 1 from s) select "+f+"(printf('%0900d', n)) from s")
		if shortage(err) != sqlite.ShortOfMemory {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestAStatementThatGrowsIsStoppedAtItsBudget(t *testing.T) {
	t.Parallel()
	for name, sql := range growing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := file(t, sqlite.Options{Budget: sqlite.NewBudget(16 << 20)})
			if got, err := exec(c, sqlite.Read, sql); shortage(err) != sqlite.ShortOfMemory ||
				!strings.Contains(err.Error(), "more memory than 16 MB") {
				t.Errorf("%v %v", got, err)
			}
			must(t, c, "select 1") // and the connection goes on
		})
	}
}

// Each of several connections at once may take a budget's floor; of the rest, one
// that has most of it leaves others less, for as long as it runs.
func TestConnectionsShareABudget(t *testing.T) {
	t.Parallel()
	b := sqlite.NewBudget(16 << 20)
	grown := func(n string) string { return "select json_group_array(printf('%01000d', n)) from " + series(n) }
	holder, other := file(t, sqlite.Options{Budget: b}), file(t, sqlite.Options{Budget: b})
	if err := holder.Begin(t.Context(), sqlite.Read); err != nil {
		t.Fatal(err)
	}
	var held []*sqlite.Stmt
	for i := 0; b.Taken() < 8<<20; i++ { // each keeps its result
		st, err := holder.Prepare(grown("1900") + " -- " + strconv.Itoa(i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Step(); err != nil {
			t.Fatal(i, err)
		}
		held = append(held, st)
	}
	if _, err := exec(other, sqlite.Read, growing["json_group_array"]); shortage(err) != sqlite.ShortOfShare ||
		!strings.Contains(err.Error(), "more memory than others leave of 16 MB") {
		t.Errorf("beside one that has half of it: %v", err)
	}
	read(t, other, grown("300")) // what an ordinary statement takes
	for _, st := range held {
		st.Close()
	}
	if _, err := exec(other, sqlite.Read, growing["json_group_array"]); shortage(err) != sqlite.ShortOfMemory {
		t.Errorf("alone: %v", err)
	}
	if err := holder.End(false); err != nil {
		t.Fatal(err)
	}
}

// What a connection is billed doesn't drift: not by what it has refused, by pages
// that the library hands from one connection to another, nor by what is freed by
// the last one that has a file open.
func TestBillsDontDrift(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	b := sqlite.NewBudget(16 << 20)
	open := func() *sqlite.Conn {
		c, err := sqlite.Open(path, sqlite.Options{Create: true, Budget: b})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	kept := open()
	defer func() { _ = kept.Close() }()
	must(t, kept, "create table t(a, b)")
	must(t, kept, "insert into t select n, hex(randomblob(500)) from "+series("3000"))
	var marks []int64
	for i := range 4 {
		others := []*sqlite.Conn{open(), open(), open(), open()}
		var wg sync.WaitGroup
		for n, c := range append(others, kept) {
			wg.Go(func() {
				_, _ = exec(c, sqlite.Read, "select count(distinct b), max(b) from t")
				_, _ = exec(c, sqlite.Read, growing["json_group_array"])
				_, _ = exec(c, sqlite.Read, "select count(*) from (select b from t order by b desc) where "+strconv.Itoa(n)+" = b")
			})
		}
		wg.Wait()
		for _, c := range others {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if got := sqlite.Used(c); got < 0 {
				t.Errorf("round %d: %d bytes are billed to a closed connection", i, got)
			}
		}
		marks = append(marks, sqlite.Used(kept))
	}
	if last := marks[len(marks)-1]; last < 0 || last > marks[1]+(64<<10) {
		t.Errorf("billed after each round: %d", marks)
	}
	if err := sqlite.Whole(b); err != nil {
		t.Error(err)
	}
}

// A schema of 1,000 tables can be tried in memory.
func TestScratchHoldsALargeSchema(t *testing.T) {
	t.Parallel()
	c := memory(t)
	if err := c.Begin(t.Context(), sqlite.Write); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if err := c.Exec("create table t" + strconv.Itoa(i) + "(id integer primary key, a text unique, b text references t0(id))"); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := c.End(true); err != nil {
		t.Fatal(err)
	}
	if got := sqlite.Used(c); got > 24<<20 {
		t.Errorf("it takes %d bytes", got)
	}
	if _, err := exec(c, sqlite.Write, "create table big as select printf('%01000d', n) x from "+series("80000")); shortage(err) == 0 {
		t.Errorf("80 MB in memory: %v", err)
	}
	must(t, c, "insert into t0 values (1, 'a', 1)")
}

// A transaction that runs out of memory at any of its allocations, its commit's and
// its rollback's included, is undone whole: in the database as it is, and as a crash
// at that moment would leave it.
func TestRunningOutOfMemoryAnywhereUndoesATransactionWhole(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(at, n int) bool{
		"once":          func(at, n int) bool { return at == n },
		"from there on": func(at, n int) bool { return at >= n },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &walk{t: t, path: filepath.Join(t.TempDir(), "a.db")}
			w.open()
			defer func() { _ = w.c.Close() }()
			for _, sql := range []string{
				"create table p(id integer primary key, n text unique)",
				"create table c(id integer primary key, p integer references p(id) on delete cascade deferrable initially deferred, x text)",
				"create table l(t text)",
				"create trigger tr after insert on p begin insert into l values (new.n); end",
				"create virtual table f using fts5(t)",
			} {
				must(t, w.c, sql)
			}
			for n := 1; ; n++ {
				if w.try(func(at int) bool { return refuse(at, n) }) < n {
					t.Logf("%d allocations", n-1)
					return
				}
			}
		})
	}
}

// walk is a database whose every transaction adds 3 rows.
type walk struct {
	t    *testing.T
	path string
	c    *sqlite.Conn
	done int // transactions
	// committed says that the last one got as far as its commit.
	committed bool
}

func (w *walk) open() {
	c, err := sqlite.Open(w.path, sqlite.Options{Create: true, Budget: sqlite.NewBudget(64 << 20)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.c = c
}

// try runs one transaction, of which refuse has allocations fail by their number,
// and returns how many there were.
func (w *walk) try(refuse func(at int) bool) int {
	at := 0
	sqlite.Trap(w.c, func() bool { at++; return refuse(at) })
	err := w.run()
	sqlite.Trap(w.c, nil)
	if err == nil {
		w.done++
	}
	if w.c.Tainted() {
		_ = w.c.Close()
		w.open()
	}
	if w.c.InTransaction() {
		w.t.Fatalf("allocation %d: still in a transaction after %v", at, err)
	}
	w.check(w.c, at, err)
	if w.committed {
		w.checkCrashed(at, err)
	}
	return at
}

// checkCrashed sees that a crash now would leave what was answered.
func (w *walk) checkCrashed(at int, answered error) {
	crashed := filepath.Join(w.t.TempDir(), "crashed.db")
	for _, s := range []string{"", "-wal"} {
		content, err := os.ReadFile(w.path + s)
		if err == nil {
			err = os.WriteFile(crashed+s, content, 0o600)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	c, err := sqlite.Open(crashed, sqlite.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.check(c, at, answered)
	_ = c.Close()
}

func (w *walk) run() error {
	w.committed = false
	if err := w.c.Begin(context.Background(), sqlite.Write); err != nil {
		return err
	}
	for _, sql := range []string{
		"insert into p(n) select printf('%d %s', n, hex(randomblob(500))) from " + series("3"),
		"insert into c(p, x) select id, hex(zeroblob(3000)) from p order by id desc limit 3",
		"insert into f(t) select n from p order by id desc limit 3",
		"update c set x = x || 'y' where id in (select id from c order by x desc, id desc limit 3)",
	} {
		if err := w.c.Exec(sql); err != nil {
			return errors.Join(err, w.c.End(false))
		}
	}
	w.committed = true
	return w.c.End(true)
}

// check sees that the database holds what was answered, and is sound.
func (w *walk) check(c *sqlite.Conn, at int, answered error) {
	want := 3 * w.done
	for _, sql := range []string{"select count(*) from p", "select count(*) from c", "select count(*) from l", "select count(*) from f"} {
		if got := read(w.t, c, sql); got[0] != strconv.Itoa(want) {
			w.t.Errorf("allocation %d: %s: %s, want %d after %v", at, sql, got[0], want, answered)
		}
	}
	for _, sql := range []string{"pragma quick_check", "pragma foreign_key_check"} {
		if got := read(w.t, c, sql); len(got) > 1 || len(got) == 1 && got[0] != "ok" {
			w.t.Errorf("allocation %d: %s: %v", at, sql, got)
		}
	}
	if w.t.Failed() {
		w.t.FailNow()
	}
}
