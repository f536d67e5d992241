package console_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

const (
	points   = "2 rows of c point at it: ON DELETE CASCADE."
	cascades = "By foreign keys and triggers 2 rows more change: c."
)

// asked judges a text and returns what is asked about.
func asked(t *testing.T, c d1.Conn, sql, params string) (console.Judgement, []string) {
	t.Helper()
	j, err := console.Judge(t.Context(), c, console.Script{SQL: sql, Params: params}, console.Limits{})
	if err != nil {
		t.Errorf("%s: %v", sql, err)
	}
	var got []string
	for _, d := range j.Dangers {
		got = append(append(got, d.What, d.Verb), d.Notes...)
	}
	return j, got
}

func TestWhatHasToBeConfirmed(t *testing.T) {
	t.Parallel()
	c := shop(t)
	everyP := []string{"Delete every row of p: 3 rows", "Delete 3 rows", points, cascades}
	for sql, want := range map[string][]string{
		"explain query plan delete from p":                                         nil,
		"insert into p values (9, 'x')":                                            nil,
		"insert into p select value, 'x' from json_each('[11,12,13,14]')":          nil,
		"replace into p values (3, 'z')":                                           nil,
		"insert into p values (3, 'z') on conflict (id) do update set name = 'z'":  nil,
		"update p set name = 'x' where id = 1":                                     nil,
		"update p set name = 'x' where (id = 1)":                                   nil,
		"delete from p where id = 3":                                               nil,
		"delete from p where name in (select what from log)":                       nil,
		"create table n (x)":                                                       nil,
		"create table n as select * from p":                                        nil,
		"create index ix2 on p(id)":                                                nil,
		"pragma optimize":                                                          nil,
		"pragma defer_foreign_keys = 1":                                            nil,
		"analyze":                                                                  nil,
		"update p set name = 'x'":                                                  {"Update every row of p: 3 rows", "Update 3 rows"},
		"update p set name = 'x' where id in (1, 2, 3)":                            {"Update every row of p: 3 rows", "Update 3 rows"},
		"with gone as (select 1 i) delete from p where id in (select i from gone)": {"Delete 1 row of p", "Delete 1 row", cascades},
		"delete from p":                                                            everyP,
		"\ufeffDELETE FROM p":                                                      everyP,
		"/* where */ delete from p -- where id = 1":                                everyP,
		"delete from p returning id":                                               everyP,
		"with w as (select 1 where 1) update log set what = 1":                     {"Update every row of log: 0 rows", "Update 0 rows"},
		"insert or replace into p select * from p": {"Replace or change every row of p: 3 rows",
			"Replace or change 3 rows", cascades},
		"replace into p values (1, 'z')": {"Replace or change 1 row of p", "Replace or change 1 row", cascades},
		"update or replace p set id = 1 where id > 1": {"Update every row of p: 3 rows", "Update 3 rows",
			"By foreign keys and triggers 2 rows more change, among: log, c."},
		"insert into p(id) select id from p where true on conflict(id) do update set name = null": {"Replace or change every " +
			"row of p: 3 rows", "Replace or change 3 rows"},
		"drop table p":               {"Drop the table p, with 3 rows", "Drop p and 3 rows", points},
		"drop index ix":              {"Drop the index ix", "Drop ix"},
		"drop view v":                {"Drop the view v", "Drop v"},
		"drop trigger tr":            {"Drop the trigger tr", "Drop tr"},
		"alter table p add column x": {"Alter the table p, which has 3 rows", "Alter p"},
		"alter table p rename to q":  {"Alter the table p, which has 3 rows", "Alter p"},
		"create table m (x); delete from m; drop table m": {"Delete every row of m: 0 rows",
			"Delete 0 rows", "Drop the table m", "Drop m"},
		"create table m as select 1 a, 2 a, 3 from p; delete from m where \"a:1\" = 2": {"Delete every row of m: 3 rows", "Delete 3 rows"},
		"insert into p values (20, 'x'); delete from p where id = 20":                  nil,
		"insert into p values (20, 'x'); delete from p where id <> 20 and id > 1":      nil,
	} {
		j, got := asked(t, c, sql, "")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sql, diff)
		}
		if !j.Writes {
			t.Errorf("%s: it only reads", sql)
		}
	}
	for _, where := range []string{
		"1", "1 = 1 and not false", "random() is not null", "(select 1)", "exists(select 1 from p)", "current_timestamp", "1 notnull",
		"1 is distinct from 2", "1 glob 1",
		"'a'='A' collate nocase", "cast(1 as int)", "id=id", "id is not null", "rowid", "id in (select id from p)",
	} {
		if _, got := asked(t, c, "delete from p where "+where, ""); !cmp.Equal(got, everyP) {
			t.Errorf("where %s: %v", where, got)
		}
	}
	r, err := c.Query(t.Context(), d1.Query("select (select count(*) from p), (select count(*) from sqlite_master "+
		"where name like 'kuratchi%')"))
	if err != nil || r.Rows[0][0].Int() != 3 || r.Rows[0][1].Int() != 0 {
		t.Errorf("judging changed something: %v %v", r, err)
	}
}

// An R*Tree's module compiles INSERTs of its own when it is read.
func TestReadingAnRTreeOnlyReads(t *testing.T) {
	t.Parallel()
	c := shop(t)
	exec(t, c, "create virtual table places using rtree(id, x0, x1)")
	exec(t, c, "insert into places values (1, 0, 2)")
	const sql = "select id from places where x0 <= 1 and x1 >= 1"
	if j, got := asked(t, c, sql, ""); j.Writes || got != nil {
		t.Errorf("%+v, %q", j, got)
	}
	if rs, err := console.Run(t.Context(), c, sql, "", console.Limits{Rows: 10}); err != nil || len(rs[0].Rows) != 1 {
		t.Errorf("%+v, %v", rs, err)
	}
	if rs, err := console.Run(t.Context(), c, "delete from places", "", console.Limits{Rows: 10}); err != nil ||
		!fault.Is(rs[0].Err, fault.Denied) {
		t.Errorf("a console that reads emptied an R*Tree: %+v, %v", rs, err)
	}
	if _, got := asked(t, c, "delete from places", ""); len(got) == 0 {
		t.Error("emptying an R*Tree isn't asked about")
	}
}

// TestWhatATriggerDoesIsAskedAbout has tables whose triggers do more than they are told.
func TestWhatATriggerDoesIsAskedAbout(t *testing.T) {
	t.Parallel()
	c := shop(t)
	for _, sql := range []string{
		"create table lg (x)", "create trigger evil after insert on lg begin delete from p; end",
		"create table u (id integer primary key autoincrement, n, at)",
		"create trigger touch after update of n on u begin update u set at = 1 where id = new.id; end",
		"create trigger noted after delete on u begin insert into log values (old.id); end",
		"create table big (id integer primary key, n)", "create virtual table f using fts5(n)",
		"create trigger sync after insert on big begin insert into f(rowid, n) values (new.id, new.n); end",
		"create trigger sync2 after update on big begin delete from f where rowid = old.id; insert into f(rowid, n) values (new.id, new.n); end",
		"insert into u (n) values (1), (2), (3)",
		"insert into big with recursive r(i) as (select 1 union all select i + 1 from r limit 300) select i, 'word' || i from r",
	} {
		exec(t, c, sql)
	}
	for sql, want := range map[string][]string{
		"insert into lg values (1)": {"Insert 1 row into lg", "Insert 1 row",
			"By foreign keys and triggers 5 rows more change, among: p, c."},
		"update u set n = 5 where id = 1": nil, // its time of change is its own
		"delete from u where id = 1":      nil, // a row that is added destroys nothing
		"update u set n = 5 where id":     {"Update every row of u: 3 rows", "Update 3 rows"},
		"update sqlite_sequence set seq = 0": {"Update every row of sqlite_sequence: 1 row", "Update 1 row",
			"SQLite keeps the last numbers of AUTOINCREMENT there."},
		"delete from sqlite_sequence": {"Delete every row of sqlite_sequence: 1 row", "Delete 1 row",
			"SQLite keeps the last numbers of AUTOINCREMENT there."},
		"delete from sqlite_sequence where name": nil,
		"update big set n = 'x' where id = 7":    nil,
		"insert into big (n) values ('new')":     nil,
		"update big set n = 'x' where id <= 100": nil,
		"update big set n = 'x' where id <= 101": {"Update 101 rows of big",
			"Update 101 rows"},
		"update big set n = 'x' where id <= 60; update big set n = 'y' where id > 200 and id <= 260": {"Change 120 rows in all",
			"Change 120 rows"},
		"delete from big where id > ?1": {"Delete every row of big: 300 rows", "Delete 300 rows"},
		"create trigger e2 after insert on log begin delete from c; end; insert into log values (1)": {"Replace or change", ""},
	} {
		_, got := asked(t, c, sql, "0")
		switch {
		case strings.HasPrefix(sql, "delete from sqlite_sequence where"):
			want = []string{"Delete 0 rows of sqlite_sequence", "Delete 0 rows", "SQLite keeps the last numbers of AUTOINCREMENT there."}
		case strings.HasPrefix(sql, "create trigger e2"):
			want = []string{"Insert 1 row into log", "Insert 1 row", "By foreign keys and triggers 2 rows more change: c."}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sql, diff)
		}
	}
}

func TestATypoIsNoDanger(t *testing.T) {
	t.Parallel()
	c := shop(t)
	exec(t, c, "create table d1_migrations (id integer, name text)")
	exec(t, c, "insert into d1_migrations values (1, 'a'), (2, 'b')")
	for _, sql := range []string{
		"select nope from p", "selec 1", "delete from nowhere", "vacuum", "begin", "select 1; select nope",
		"select * from p", "with x as (select 1) select * from x", "select * from d1_migrations", "select ?1",
	} {
		if j, got := asked(t, c, sql, ""); j.Writes || got != nil {
			t.Errorf("%s: writes %v, asks %v", sql, j.Writes, got)
		}
	}
	if _, got := asked(t, c, "delete from d1_migrations where id", ""); len(got) != 2 ||
		got[0] != "Delete every row of d1_migrations: 2 rows" {
		t.Errorf("a ledger: %v", got)
	}
	// Among writes it is shown with its place, and nothing is asked or done.
	rs, err := write(t, c, "delete from c;\nselect nope from p", "", console.Limits{})
	if err != nil || len(rs) != 1 || rs[0].ErrOffset != len("delete from c;\nselect ") ||
		!strings.Contains(fault.Message(rs[0].Err), "nothing was changed") {
		t.Errorf("%+v %v", rs, err)
	}
	if n := rowsOf(t, c, "c"); n != 2 {
		t.Errorf("%d rows are left", n)
	}
}

func TestForeignKeysAreDeferredAsD1Documents(t *testing.T) {
	t.Parallel()
	c := shop(t)
	rs, err := write(t, c, "PRAGMA defer_foreign_keys=1; insert into c (p) values (50); insert into p values (50, 'later')",
		"", console.Limits{})
	if err != nil || len(rs) != 3 || rs[2].Err != nil {
		t.Errorf("%+v %v", rs, err)
	}
	if rs, err = write(t, c, "PRAGMA defer_foreign_keys=1", "", console.Limits{}); err != nil || rs[0].Err != nil {
		t.Errorf("alone: %+v %v", rs, err)
	}
}

// TestJudgingHasLimits has statements whose trial takes for ever, or a lot of
// memory if it ran on the copy.
func TestJudgingHasLimits(t *testing.T) {
	c := shop(t)
	const forever = "with recursive r(i) as (select 1 union all select i + 1 from r) select zeroblob(1000) as z from r where i < 0"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, sql := range []string{
		"create table j as " + forever + "; delete from j",
		"create table if not exists \"j\" as " + forever + "; delete from p where id = 2",
		"insert or replace into p select null, 'x' from (" + forever + ")",
		"delete from p where (select count(*) from (" + forever + "))",
	} {
		began := time.Now()
		j, err := console.Judge(t.Context(), c, console.Script{SQL: sql}, console.Limits{Trial: 200 * time.Millisecond})
		if took := time.Since(began); err != nil || len(j.Dangers) == 0 || took > 3*time.Second {
			t.Errorf("%s: %+v %v after %v", sql, j, err, took)
		}
		if d := j.Dangers; len(d) > 0 && !strings.Contains(d[0].What, "trying it out took longer than 0.2 s") {
			t.Errorf("%s: %v", sql, d)
		}
	}
	// These destroy nothing, and are not run to know that.
	for _, sql := range []string{"create table j as " + forever, "insert into p select null, 'x' from (" + forever + ")"} {
		if _, got := asked(t, c, sql, ""); got != nil {
			t.Error(got)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("judging took %d MB", grown>>20)
	}
}

func TestWhatCanNotBeTriedIsAskedAbout(t *testing.T) {
	t.Parallel()
	c := shop(t)
	_, got := asked(t, c, "delete from c where id = 1; insert into log select changes()", "")
	if len(got) != 2 || !strings.Contains(got[0], "asks for changes()") {
		t.Error(got)
	}
	j, err := console.Judge(t.Context(), c, console.Script{SQL: "delete from p where id = ?1"}, console.Limits{})
	rs, _ := console.Write(t.Context(), c, console.Script{SQL: "delete from p where id = ?1"}, console.Limits{}, j)
	if err != nil || len(rs) != 1 || !fault.Is(rs[0].Err, fault.Invalid) {
		t.Errorf("a missing value: %+v %v", rs, err)
	}
}

func rowsOf(t *testing.T, c d1.Conn, table string) int64 {
	t.Helper()
	r, err := c.Query(t.Context(), d1.Query("select count(*) from "+table))
	if err != nil {
		t.Fatal(err)
	}
	return r.Rows[0][0].Int()
}
