package local_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func engine(t *testing.T, o local.Options) *local.Engine {
	t.Helper()
	e, err := local.Open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func open(t *testing.T) d1.Conn {
	t.Helper()
	e := engine(t, local.Options{})
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "probe"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func query(t *testing.T, c d1.Conn, sql string, args ...d1.Value) *d1.Result {
	t.Helper()
	r, err := c.Query(t.Context(), d1.Exec(sql, args...))
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return r
}

func TestValuesSurvive(t *testing.T) {
	c := open(t)
	query(t, c, "create table v(n, b boolean, d datetime, t text, i integer)")
	all := []d1.Value{
		{}, d1.Int(0), d1.Int(math.MaxInt64), d1.Int(math.MinInt64), d1.Int(9007199254740993),
		d1.Float(0.1), d1.Float(1), d1.Float(-1e300), d1.Float(math.Inf(1)), d1.Float(math.Copysign(0, -1)),
		d1.Str(""), d1.Str("a\x00b"), d1.Str("\xff\xfe not utf-8"), d1.Str("héλ😀"), d1.Str("42"),
		d1.Bytes(nil), d1.Bytes([]byte{0, 1, 255}), d1.Bytes(make([]byte, 1_900_000)),
	}
	for _, v := range all {
		t.Run(v.Kind().String(), func(t *testing.T) {
			query(t, c, "delete from v")
			query(t, c, "insert into v(n) values (?1)", v)
			got := query(t, c, "select n from v").Rows[0][0]
			if got != v {
				t.Errorf("stored %s, got %s", v.Literal(), got.Literal())
			}
			if v.Len() > 50_000 {
				return // its literal is longer than a statement may be
			}
			if lit := query(t, c, "select "+v.Literal()).Rows[0][0]; lit != v {
				t.Errorf("the literal %s is read as %s", v.Literal(), lit.Literal())
			}
		})
	}
	query(t, c, "delete from v")
	query(t, c, "insert into v(b, d) values (2, 'not a date')")
	r := query(t, c, "select b, d, b as b from v")
	if d := cmp.Diff([]string{"b", "d", "b"}, r.Columns); d != "" {
		t.Error(d)
	}
	if r.Rows[0][0] != d1.Int(2) || r.Rows[0][1] != d1.Str("not a date") {
		t.Errorf("got %v", r.Rows[0])
	}
	if empty := query(t, c, "select b, d from v where 0"); len(empty.Columns) != 2 || len(empty.Rows) != 0 {
		t.Errorf("an empty result lost its columns: %v", empty.Columns)
	}
}

func TestABatchIsOneTransaction(t *testing.T) {
	c := open(t)
	query(t, c, "create table p(id integer primary key)")
	query(t, c, "create table k(pid integer references p(id) deferrable initially deferred)")
	_, err := c.Batch(t.Context(), []d1.Stmt{d1.Exec("insert into p values (1)"), d1.Exec("insert into p values (1)")})
	e, ok := errors.AsType[*d1.Error](err)
	if !ok || e.Class != d1.Constraint || e.Stmt != 1 {
		t.Fatalf("got %v", err)
	}
	_, err = c.Batch(t.Context(), []d1.Stmt{d1.Exec("insert into p values (2)"), d1.Exec("insert into k values (9)")})
	if e, ok := errors.AsType[*d1.Error](err); !ok || !strings.HasPrefix(e.Text, "Durable Object was reset") {
		t.Fatalf("a dangling key at the end of a batch: %v", err)
	}
	if n := query(t, c, "select count(*) from p").Rows[0][0].Int(); n != 0 {
		t.Errorf("%d rows of a failed batch are there", n)
	}
	if rs, err := c.Batch(t.Context(), []d1.Stmt{d1.Exec("insert into k values (5)"), d1.Exec("insert into p values (5)"),
		d1.Query("select count(*) from k")}); err != nil || rs[2].Rows[0][0].Int() != 1 {
		t.Errorf("a deferred key within a batch: %v", err)
	}
	// A read within a writing batch still can't write.
	_, err = c.Batch(t.Context(), []d1.Stmt{d1.Exec("insert into p values (6)"), d1.Query("delete from p")})
	if e, ok := errors.AsType[*d1.Error](err); !ok || e.Class != d1.ReadOnly {
		t.Errorf("a read that writes: %v", err)
	}
	if rs, err := c.Batch(t.Context(), nil); rs != nil || err != nil {
		t.Errorf("an empty batch: %v %v", rs, err)
	}
}

func TestSettingsDoNotReachTheNextCall(t *testing.T) {
	c := open(t)
	query(t, c, "create table t(a check (a > 0))")
	query(t, c, "pragma ignore_check_constraints=on")
	if _, err := c.Query(t.Context(), d1.Exec("insert into t values (-1)")); err == nil {
		t.Error("the check is off for the next caller")
	}
	query(t, c, "pragma foreign_keys=off")
	if v := query(t, c, "pragma foreign_keys").Rows[0][0].Int(); v != 1 {
		t.Error("foreign keys are off")
	}
}

func TestCancelRollsBackAndFreesTheConnection(t *testing.T) {
	c := open(t)
	query(t, c, "create table t(a)")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.Batch(ctx, []d1.Stmt{
		d1.Exec("insert into t values (1)"),
		d1.Exec("insert into t with recursive c(n) as (select 1 union all select n+1 from c) select n from c"),
	})
	if !fault.Is(err, fault.Limited) {
		t.Fatalf("got %v", err)
	}
	if n := query(t, c, "select count(*) from t").Rows[0][0].Int(); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := c.Query(gone, d1.Exec("insert into t values (1)")); !fault.Is(err, fault.Limited) {
		t.Errorf("a call with a dead context: %v", err)
	}
}

func TestStreamHandsOutRowsAsTheyCome(t *testing.T) {
	c := open(t)
	rows, err := c.Stream(t.Context(), d1.Query("with recursive c(n) as (select 1 union all select n+1 from c) select n, n as n from c"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if !rows.Next() || rows.Row()[1] != d1.Int(int64(i+1)) {
			t.Fatalf("row %d: %v %v", i, rows.Row(), rows.Err())
		}
	}
	if err := rows.Close(); err != nil || rows.Next() {
		t.Error("closed rows go on")
	}
	if _, err := c.Stream(t.Context(), d1.Exec("select 1")); !fault.Is(err, fault.Invalid) {
		t.Errorf("a write was streamed: %v", err)
	}
	if _, err := c.Stream(t.Context(), d1.Query("select nope")); err == nil {
		t.Error("a wrong statement was streamed")
	}
}

func TestManyReadAndWriteAtOnce(t *testing.T) {
	e := engine(t, local.Options{OpenDatabases: 2})
	conns := make([]d1.Conn, 5)
	for i := range conns {
		info, err := e.Create(t.Context(), d1.CreateInput{Name: fmt.Sprintf("db-%d", i)})
		if err != nil {
			t.Fatal(err)
		}
		conns[i], _ = e.Open(t.Context(), info.ID)
		query(t, conns[i], "create table t(a)")
	}
	var wg sync.WaitGroup
	for w := range 10 {
		wg.Go(func() {
			for i := range 20 {
				c := conns[(w+i)%len(conns)]
				if _, err := c.Query(t.Context(), d1.Exec("insert into t values (?)", d1.Int(int64(i)))); err != nil {
					t.Error(err)
				}
				if _, err := c.Query(t.Context(), d1.Query("select count(*) from t")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	total := int64(0)
	for _, c := range conns {
		total += query(t, c, "select count(*) from t").Rows[0][0].Int()
	}
	if total != 200 {
		t.Errorf("%d of 200 rows", total)
	}
}

func TestProviderKeepsDatabasesApart(t *testing.T) {
	dir := t.TempDir()
	e, err := local.Open(dir, local.Options{IdleTimeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	a, err := e.Create(t.Context(), d1.CreateInput{Name: "acme-org-001"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"acme-org-001", "ACME-org-001"} {
		if _, err := e.Create(t.Context(), d1.CreateInput{Name: name}); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second %s: %v", name, err)
		}
	}
	for _, name := range []string{"", "a.b", "../x", "-a", "a b", strings.Repeat("a", 60), "a/b", "ä"} {
		if _, err := e.Create(t.Context(), d1.CreateInput{Name: name}); !fault.Is(err, fault.Invalid) || fault.FieldOf(err) != "name" {
			t.Errorf("the name %q: %v", name, err)
		}
	}
	c, _ := e.Open(t.Context(), a.ID)
	query(t, c, "create table t(a)")
	time.Sleep(60 * time.Millisecond) // closed for idleness, opened again
	query(t, c, "insert into t values (1)")
	if err := os.WriteFile(filepath.Join(dir, "half.123.db.new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Query(t.Context(), d1.Query("select 1")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a closed engine answers: %v", err)
	}

	e, err = local.Open(dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	infos, _ := e.List(t.Context())
	if st, err := os.Stat(filepath.Join(dir, "acme-org-001."+a.ID+".db")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file's permissions: %v %v", st.Mode(), err)
	}
	if len(infos) != 1 || infos[0].Name != "acme-org-001" || infos[0].ID != a.ID || infos[0].Size == 0 {
		t.Fatalf("after a restart: %+v", infos)
	}
	if got, err := e.Find(t.Context(), "acme-org-001"); err != nil || got.ID != a.ID {
		t.Errorf("find: %v", err)
	}
	if _, err := e.Find(t.Context(), "acme"); !fault.Is(err, fault.NotFound) {
		t.Errorf("find by half a name: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "half.123.db.new")); err == nil {
		t.Error("an unfinished file is still there")
	}
	if err := e.Delete(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Get(t.Context(), a.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a deleted database: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("files left behind: %v", left)
	}
}

// A file with an R*Tree, as the newest D1 may have one, is taken whole, read and
// written; what its module keeps is no table of anybody's.
func TestAnRTreeIsImportedReadAndDropped(t *testing.T) {
	e := engine(t, local.Options{})
	file := filepath.Join(t.TempDir(), "from.db")
	from, err := sqlite.Open(file, sqlite.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := from.Begin(t.Context(), sqlite.Write); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"create virtual table places using rtree(id, x0, x1, +name)",
		"insert into places values (1, 0, 2, 'home'), (2, 5, 6, 'work')"} {
		if err := from.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(from.End(true), from.Checkpoint(), from.Close()); err != nil {
		t.Fatal(err)
	}
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "places"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Fill(t.Context(), info.ID, d1.FillInput{Path: file}); err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	read := func() string {
		r, err := c.Query(t.Context(), d1.Query("select group_concat(name) from (select name from places where x1 >= 1 order by id)"))
		if err != nil {
			t.Fatal(err)
		}
		return r.Rows[0][0].Text()
	}
	if got := read(); got != "home,work" {
		t.Errorf("got %q", got)
	}
	query(t, c, "delete from places where id = 2")
	if got := read(); got != "home" {
		t.Errorf("got %q", got)
	}
	for _, sql := range []string{"delete from places_node", "insert into places_rowid values (7, 7, 7)"} {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err == nil {
			t.Errorf("allowed: %s", sql)
		}
	}
	query(t, c, "drop table places")
	if r := query(t, c, "select count(*) from sqlite_master where name like 'places%'"); r.Rows[0][0].Int() != 0 {
		t.Errorf("%d of its tables are left", r.Rows[0][0].Int())
	}
}

func TestAMissingFileSaysSo(t *testing.T) {
	dir := t.TempDir()
	e, _ := local.Open(dir, local.Options{})
	defer func() { _ = e.Close() }()
	a, _ := e.Create(t.Context(), d1.CreateInput{Name: "gone"})
	if err := os.Remove(filepath.Join(dir, "gone."+a.ID+".db")); err != nil {
		t.Fatal(err)
	}
	c, _ := e.Open(t.Context(), a.ID)
	_, err := c.Query(t.Context(), d1.Exec("create table t(a)"))
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "its file is gone") {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Error("an empty database was made in place of the lost one")
	}
}

func TestAReaderSeesColumnsThatWereAddedElsewhere(t *testing.T) {
	c := open(t)
	read := func(sql string) []string {
		r, err := c.Query(t.Context(), d1.Query(sql))
		if err != nil {
			t.Fatal(err)
		}
		return r.Columns
	}
	query(t, c, "create table t(a)")
	read("select * from t")
	query(t, c, "alter table t add column z")
	if d := cmp.Diff([]string{"a", "z"}, read("select * from t")); d != "" {
		t.Error(d)
	}
	query(t, c, "alter table t add column role")
	if d := cmp.Diff([]string{"a", "role"}, read(`select a, "role" from t`)); d != "" {
		t.Error(d)
	}
	query(t, c, "alter table t add column more")
	rows, err := c.Stream(t.Context(), d1.Query("select * from t"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	if d := cmp.Diff([]string{"a", "z", "role", "more"}, rows.Columns); d != "" {
		t.Error(d)
	}
}

// TestAPanicInACallKeepsNobodyOut: the call's writes are rolled back, and the one
// writer a database has is given back.
func TestAPanicInACallKeepsNobodyOut(t *testing.T) {
	e := engine(t, local.Options{})
	_, c := made(t, e, "db")
	query(t, c, "create table t(x)")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it did not panic")
			}
		}()
		local.Panic(c)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := c.Query(ctx, d1.Exec("insert into t values (1)")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestADatabaseThatHangsIsNamed: the time that ran out is that of whoever asked.
func TestADatabaseThatHangsIsNamed(t *testing.T) {
	t.Parallel()
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	const endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
	limited, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = c.Query(limited, d1.Query(endless))
	if m := fault.Message(err); !fault.Is(err, fault.Limited) || !strings.HasPrefix(m, "The database acme did not answer within 1 s,") {
		t.Errorf("out of time: %s", m)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err = c.Query(stopped, d1.Query(endless)); !fault.Is(err, fault.Limited) ||
		!strings.Contains(fault.Message(err), "of the database acme was stopped") {
		t.Errorf("stopped: %v", err)
	}
}
