package live_test

import (
	"errors"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

// The statement that a change begins with fails when the table is another one, and only then.
func TestUnalteredIsAboutOneTable(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		c, _ := open(t, p, append(hostile, "create table plain (a, b)", "create trigger plain_t after insert on PLAIN begin select 1; end")...)
		check := func(db *live.Database, table string) error {
			_, err := c.Batch(t.Context(), []d1.Stmt{db.Unaltered(table), d1.Query("select 1")})
			return err
		}
		db := read(t, c)
		for _, e := range db.Tables {
			if err := check(db, e.Name); err != nil {
				t.Errorf("%s is what was read: %v", e.Name, err)
			}
		}
		for _, step := range []struct {
			sql     string
			altered bool
		}{
			{"create table another (a)", false},
			{"create index users_id on users(id, org)", false},
			{"create view over as select a from plain", false},
			{"insert into plain values (1, 2)", false},
			{"create index plain_a on plain(a)", true},
			{"drop trigger plain_t", true},
			{"create trigger plain_u before update on Plain begin select 2; end", true},
			{"alter table plain add column c", true},
			{"alter table plain drop column b", true},
			{"alter table plain rename to other", true},
		} {
			db := read(t, c)
			exec(t, c, step.sql)
			err := check(db, "plain")
			if live.Altered(err) != step.altered || !step.altered && err != nil {
				t.Errorf("%s: %v", step.sql, err)
			}
		}
		if err := check(read(t, c), "plain"); !live.Altered(err) {
			t.Errorf("a table that isn't there: %v", err)
		}
	})
}

// A change is made for the table that is there: it is made once, or anew after nothing was.
func TestAChangeIsMadeOnceForWhatIsThere(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		one, other := open(t, p, "create table t (a, b)", "create table log (a)")
		conn, n := counted(one)
		cache := &live.Cache{}
		for _, step := range []struct {
			name, between, during string
			sql                   string
			times, calls          int
			kind                  fault.Kind
			stamped               [2]int // times and calls where the engine tells the stamp
		}{
			{name: "first", sql: "insert into t (a) values (1)", times: 1, calls: 2, stamped: [2]int{1, 2}},
			{name: "kept", sql: "insert into t (a) values (1)", times: 1, calls: 1, stamped: [2]int{1, 2}},
			{name: "altered", between: "alter table t add column c", sql: "insert into t (a) values (1)", times: 2, calls: 3, stamped: [2]int{1, 3}},
			{name: "what it names is gone", between: "alter table t drop column b", sql: "insert into t (b) values (1)", times: 2, calls: 3,
				kind: fault.Invalid, stamped: [2]int{1, 3}},
			{name: "another table", between: "create table u (a)", sql: "insert into t (a) values (1)", times: 1, calls: 1, stamped: [2]int{1, 3}},
			{name: "refused", between: "create unique index t_a on log(a)", sql: "insert into log (a) values (1), (1)", times: 1, calls: 1,
				kind: fault.Conflict, stamped: [2]int{1, 3}},
			{name: "altered again and again", during: "alter table t add column x", sql: "insert into t (a) values (1)", times: 2, calls: 3,
				kind: fault.Conflict, stamped: [2]int{2, 4}},
		} {
			if step.between != "" {
				exec(t, other, step.between)
			}
			before := rows(t, other, "t")
			n.calls = 0
			times := 0
			err := cache.Change(t.Context(), "shop", conn, func(conn d1.Conn, db *live.Database) error {
				times++
				if step.during != "" {
					exec(t, other, step.during+string(rune('0'+times)))
				}
				_, err := conn.Batch(t.Context(), []d1.Stmt{db.Unaltered("t"), d1.Exec(step.sql)})
				return err
			})
			if fault.KindOf(err) != step.kind && (err != nil || step.kind != 0) {
				t.Errorf("%s: %v", step.name, err)
			}
			want := [2]int{step.times, step.calls}
			if _, ok := one.(d1.Stamper); ok {
				want = step.stamped
			}
			if got := [2]int{times, n.calls}; got != want {
				t.Errorf("%s: times and calls are %v, want %v", step.name, got, want)
			}
			if made := rows(t, other, "t") - before; made != 1 && err == nil || made != 0 && err != nil {
				t.Errorf("%s: %d rows were written: %v", step.name, made, err)
			}
		}
	})
}

// What may be done isn't done again, whatever is said of it afterwards.
func TestAChangeThatWasSentIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		one, other := open(t, p, "create table t (a)")
		cache, boom, times := &live.Cache{}, errors.New("boom"), 0
		if _, err := cache.Database(t.Context(), "shop", one); err != nil {
			t.Fatal(err)
		}
		exec(t, other, "create table u (a)") // the kept reading is old
		err := cache.Change(t.Context(), "shop", one, func(conn d1.Conn, db *live.Database) error {
			times++
			if _, err := conn.Batch(t.Context(), []d1.Stmt{db.Unaltered("t"), d1.Exec("insert into t values (1)")}); err != nil {
				return err
			}
			_, err := conn.Query(t.Context(), d1.Query("select a from t"))
			return errors.Join(boom, err)
		})
		if !errors.Is(err, boom) || times != 1 || rows(t, other, "t") != 1 {
			t.Errorf("%d times, %d rows: %v", times, rows(t, other, "t"), err)
		}
	})
}

func rows(t *testing.T, c d1.Conn, table string) int {
	t.Helper()
	r, err := c.Query(t.Context(), d1.Query("select count(*) from "+table))
	if err != nil {
		t.Fatal(err)
	}
	return int(r.Rows[0][0].Int())
}
