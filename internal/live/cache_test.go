package live_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

// counting counts the readings of the catalog and the calls.
type counting struct {
	d1.Conn
	catalogs, calls int
}

func (c *counting) count(ss []d1.Stmt) {
	c.calls++
	for _, s := range ss {
		if s.SQL == live.Catalog().SQL {
			c.catalogs++
		}
	}
}

func (c *counting) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	c.count([]d1.Stmt{s})
	return c.Conn.Query(ctx, s)
}

func (c *counting) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	c.count(ss)
	return c.Conn.Batch(ctx, ss)
}

// countingStamper is counting of an engine that tells its stamp.
type countingStamper struct {
	*counting
	stamper d1.Stamper
}

func (c countingStamper) Stamped(ctx context.Context, want d1.Stamp, ss []d1.Stmt) ([]*d1.Result, d1.Stamp, error) {
	c.count(ss)
	return c.stamper.Stamped(ctx, want, ss)
}

func counted(c d1.Conn) (d1.Conn, *counting) {
	n := &counting{Conn: c}
	if s, ok := c.(d1.Stamper); ok {
		return countingStamper{n, s}, n
	}
	return n, n
}

// page reads a table's columns as the reading knows them, and what happens meanwhile.
func page(ctx context.Context, cache *live.Cache, conn d1.Conn, meanwhile func()) (string, error) {
	var got string
	err := cache.Read(ctx, "shop", conn, func(conn d1.Conn, db *live.Database) error {
		t, err := db.Describe(ctx, conn, "t")
		if err != nil {
			return err
		}
		names := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			names[i] = "t." + c.Name
		}
		if meanwhile != nil {
			meanwhile()
		}
		r, err := conn.Query(ctx, d1.Query("select "+strings.Join(names, ", ")+" from t"))
		if err != nil {
			return err
		}
		got = strings.Join(r.Columns, " ")
		return nil
	})
	return got, err
}

func TestAPageIsNeverOfASchemaThatIsGone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		one, other := open(t, p, "create table t (a, b)", "insert into t values (1, 2)", "create table keeps (x)")
		conn, n := counted(one)
		cache := &live.Cache{}
		_, stamps := one.(d1.Stamper)
		for _, step := range []struct {
			name                    string
			between, during         string
			want                    string
			calls, catalogs, onceD1 int // onceD1: the catalogs where the engine has no stamp
		}{
			{name: "first", want: "a b", calls: 2, catalogs: 1, onceD1: 2},
			{name: "unchanged", want: "a b", calls: 1, catalogs: 0, onceD1: 1},
			{name: "rows change", between: "insert into t values (3, 4)", want: "a b", calls: 1, catalogs: 0, onceD1: 1},
			{name: "a column comes between", between: "alter table t add column c", want: "a b c", calls: 3, catalogs: 1, onceD1: 2},
			{name: "a column comes during", during: "alter table t add column d", want: "a b c d", calls: 3, catalogs: 1, onceD1: 2},
			{name: "a column goes during", during: "alter table t drop column b", want: "a c d", calls: 3, catalogs: 1, onceD1: 3},
			{name: "another table changes", between: "alter table keeps add column y", want: "a c d", calls: 3, catalogs: 1, onceD1: 2},
			{name: "unchanged again", want: "a c d", calls: 1, catalogs: 0, onceD1: 1},
			{name: "a view in its place", between: "alter table t rename to u", during: "", want: "", calls: -1},
			{name: "the view", between: "create view t as select a, 1 as v from u", want: "a v", calls: -1},
			{name: "another view", between: "drop view t", during: "create view t as select c from u", want: "c", calls: -1},
		} {
			if step.between != "" {
				exec(t, other, step.between)
			}
			n.calls, n.catalogs = 0, 0
			once := false
			got, err := page(t.Context(), cache, conn, func() {
				if step.during != "" && !once {
					once = true
					exec(t, other, step.during)
				}
			})
			if step.during != "" && !once { // it was refused before: the table was gone
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: %q, %v", step.name, got, err)
				}
				exec(t, other, step.during)
				got, err = page(t.Context(), cache, conn, nil)
			}
			if step.want == "" && !fault.Is(err, fault.NotFound) || step.want != "" && err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
			if d := cmp.Diff(step.want, got); d != "" {
				t.Errorf("%s: %s", step.name, d)
			}
			want := step.catalogs
			if !stamps {
				want = step.onceD1
			}
			if step.calls >= 0 && (n.catalogs != want || stamps && n.calls != step.calls) {
				t.Errorf("%s: %d calls with %d catalogs", step.name, n.calls, n.catalogs)
			}
		}
	})
}

func TestASchemaThatNeverStandsStillIsSaid(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		one, other := open(t, p, "create table t (a)")
		i := 0
		_, err := page(t.Context(), &live.Cache{}, one, func() {
			i++
			exec(t, other, "create table more"+strings.Repeat("x", i)+" (a)")
		})
		if !fault.Is(err, fault.Conflict) || i != 5 {
			t.Errorf("after %d times: %v", i, err)
		}
	})
}

func TestAnErrorOfThePageIsNotReadTwice(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		one, _ := open(t, p, "create table t (a)")
		cache, times, boom := &live.Cache{}, 0, errors.New("boom")
		for range 2 {
			times = 0
			err := cache.Read(t.Context(), "shop", one, func(conn d1.Conn, _ *live.Database) error {
				times++
				if _, err := conn.Query(t.Context(), d1.Query("select a from t")); err != nil {
					return err
				}
				return boom
			})
			if !errors.Is(err, boom) || times != 1 {
				t.Errorf("%d times: %v", times, err)
			}
		}
	})
}

func TestTheCachedDatabaseIsThatOfNow(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		one, other := open(t, p, "create table t (a)")
		cache := &live.Cache{}
		for i, sql := range []string{"", "alter table t add column b", "", "drop table t"} {
			if sql != "" {
				exec(t, other, sql)
			}
			db, err := cache.Database(t.Context(), "shop", one)
			if err != nil {
				t.Fatal(err)
			}
			if db.Fingerprint() != read(t, other).Fingerprint() {
				t.Errorf("step %d: %q", i, db.Fingerprint())
			}
		}
	})
}

func TestAStampMovesWithTheSchemaAlone(t *testing.T) {
	t.Parallel()
	p := provider(t, false)
	one, other := open(t, p, "create table t (a)")
	s := one.(d1.Stamper)
	stamp := func() d1.Stamp {
		t.Helper()
		_, got, err := s.Stamped(t.Context(), "", nil)
		if err != nil || got == "" {
			t.Fatal(got, err)
		}
		return got
	}
	was := stamp()
	exec(t, other, "insert into t values (1)")
	if got := stamp(); got != was {
		t.Errorf("rows moved it from %s to %s", was, got)
	}
	rs, got, err := s.Stamped(t.Context(), was, []d1.Stmt{d1.Query("select a from t")})
	if err != nil || got != was || len(rs) != 1 || len(rs[0].Rows) != 1 {
		t.Errorf("%v, %s, %v", rs, got, err)
	}
	seen := map[d1.Stamp]bool{was: true}
	info, err := p.Find(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	point, err := p.Keep(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(){
		func() { exec(t, other, "alter table t add column b") },
		func() { exec(t, other, "create index t_a on t(a)") },
		func() {
			if err := p.Restore(t.Context(), info.ID, point.ID); err != nil {
				t.Fatal(err)
			}
		},
		func() { exec(t, other, "alter table t add column other") },
		func() { exec(t, other, "drop table t") },
	} {
		change()
		now := stamp()
		if seen[now] {
			t.Errorf("the stamp %s came back", now)
		}
		seen[now] = true
		if rs, got, err := s.Stamped(t.Context(), was, []d1.Stmt{d1.Query("select nothing from nowhere")}); err != nil || rs != nil ||
			got != now {
			t.Errorf("an old stamp runs something: %v, %s, %v", rs, got, err)
		}
	}
	if _, _, err := s.Stamped(t.Context(), "", []d1.Stmt{d1.Exec("drop table t")}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a write: %v", err)
	}
}

func TestAViewIsAskedAboutOnceASchema(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		one, other := open(t, p, "create table u (a, b)", "create view t as select * from u")
		conn, n := counted(one)
		cache := &live.Cache{}
		show := func(step, want string, calls int) {
			t.Helper()
			n.calls = 0
			got, err := page(t.Context(), cache, conn, nil)
			if err != nil || got != want {
				t.Errorf("%s: %q, %v", step, got, err)
			}
			if calls > 0 && n.calls != calls {
				t.Errorf("%s: %d calls, want %d", step, n.calls, calls)
			}
		}
		show("first", "a b", 3) // the catalog, the view's columns, the rows
		show("unchanged", "a b", 1)
		exec(t, other, "insert into u values (1, 2)")
		show("rows change", "a b", 1)
		exec(t, other, "alter table u add column c")
		show("the table under it changes", "a b c", 0)
		show("unchanged again", "a b c", 1)

		// What no call has checked is not kept: the view is another one while it is asked
		// about, and the old one at the next page.
		cache, once := &live.Cache{}, false
		err := cache.Read(t.Context(), "shop", conn, func(conn d1.Conn, db *live.Database) error {
			if _, err := conn.Query(t.Context(), d1.Query("select 1")); err != nil || once {
				return err
			}
			once = true
			exec(t, other, "drop view t", "create view t as select c from u")
			_, err := db.Describe(t.Context(), conn, "t")
			exec(t, other, "drop view t", "create view t as select * from u")
			return err
		})
		if err != nil || !once {
			t.Error(err)
		}
		show("after another view in between", "a b c", 0)
	})
}
