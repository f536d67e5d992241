package d1test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Traits are what a transport can't do alike.
type Traits struct {
	// Remote is a transport without the engine at hand: which statement of a batch
	// failed isn't told, a statement that was given up may go on, and values come
	// back exactly only where the columns are named.
	Remote bool
}

// Exercise holds a connection to what package d1 promises: values, batches,
// errors, limits, modes, cancelling, streams, big results, concurrency. newConn
// returns a connection on an empty database of its own.
func Exercise(t *testing.T, traits Traits, newConn func(t *testing.T) d1.Conn) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, d1.Conn, Traits)
	}{
		{"values", exerciseValues}, {"arguments", exerciseArguments}, {"order", exerciseOrder}, {"batches", exerciseBatches},
		{"errors", exerciseErrors}, {"assertions", exerciseAssertions}, {"limits", exerciseLimits}, {"modes", exerciseModes},
		{"cancel", exerciseCancel},
		{"streams", exerciseStreams}, {"big-results", exerciseBig}, {"concurrency", exerciseConcurrency},
	} {
		t.Run(part.name, func(t *testing.T) {
			c := newConn(t)
			defer func() {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}()
			part.run(t, c, traits)
		})
	}
}

func mustExec(t *testing.T, c d1.Conn, sql string, args ...d1.Value) *d1.Result {
	t.Helper()
	r, err := c.Query(t.Context(), d1.Exec(sql, args...))
	if err != nil {
		t.Fatalf("%.300s: %v", sql, err)
	}
	return r
}

// read asks with named columns and returns the rows.
func read(t *testing.T, c d1.Conn, sql string, columns []string, args ...d1.Value) [][]d1.Value {
	t.Helper()
	r, err := c.Query(t.Context(), d1.Stmt{SQL: sql, Args: args, Columns: columns})
	if err != nil {
		t.Fatalf("%.300s: %v", sql, err)
	}
	return r.Rows
}

func showRow(row []d1.Value) string {
	var out []string
	for _, v := range row {
		out = append(out, fmt.Sprintf("%.60s", v.Literal()))
	}
	return strings.Join(out, ", ")
}

func exerciseValues(t *testing.T, c d1.Conn, _ Traits) {
	mustExec(t, c, "create table v(n)")
	for _, v := range []d1.Value{
		{}, d1.Int(0), d1.Int(math.MaxInt64), d1.Int(math.MinInt64), d1.Int(9007199254740993),
		d1.Float(0.1), d1.Float(1), d1.Float(-1e300), d1.Float(math.Inf(1)), d1.Float(math.Inf(-1)),
		d1.Str(""), d1.Str("a\x00b"), d1.Str("\xff\xfe not utf-8"), d1.Str("héλ😀"), d1.Str("42"),
		d1.Bytes(nil), d1.Bytes([]byte{0, 1, 255}), d1.Bytes(make([]byte, 1_900_000)),
	} {
		mustExec(t, c, "delete from v")
		mustExec(t, c, "insert into v(n) values (?1)", v)
		rows := read(t, c, "select n, typeof(n) from v", []string{"n", "kind"})
		if rows[0][0] != v || rows[0][1].Text() != v.Kind().String() {
			t.Errorf("stored %.60s, got %s", v.Literal(), showRow(rows[0]))
		}
		if v.Len() > 40_000 {
			continue // its literal is longer than a statement may be
		}
		if rows := read(t, c, "select "+v.Literal(), []string{"n"}); rows[0][0] != v {
			t.Errorf("the literal %s is read as %s", v.Literal(), showRow(rows[0]))
		}
	}
	r := mustExec(t, c, "select 1 as b, 2 as d, 3 as b from v where 0")
	if !slices.Equal(r.Columns, []string{"b", "d", "b"}) || len(r.Rows) != 0 {
		t.Errorf("an empty result: %q, %d rows", r.Columns, len(r.Rows))
	}
	if r := mustExec(t, c, "select n, 1+? from v", d1.Int(2)); !slices.Equal(r.Columns, []string{"n", "1+?"}) {
		t.Errorf("the columns are called %q", r.Columns)
	}
}

// exerciseArguments compares arguments with literals: an argument acts as a bound
// value of its class.
func exerciseArguments(t *testing.T, c d1.Conn, _ Traits) {
	mustExec(t, c, "create table a(id integer primary key, t text, i integer, r real, b blob, n, unique(t))")
	mustExec(t, c, "insert into a values (1,'42',42,42.0,'42','42'),(2,'x',7,7.5,x'0102',42),(3,null,null,null,null,42.0)")
	five, word := d1.Int(42), d1.Str("42")
	for _, q := range []struct {
		sql  string
		args []d1.Value
		want string
	}{
		{"select group_concat(id) from a where t=?", []d1.Value{five}, "'1'"},
		{"select group_concat(id) from a where i=?", []d1.Value{five}, "'1'"},
		{"select group_concat(id) from a where b=?", []d1.Value{five}, "NULL"},
		{"select group_concat(id) from a where n=?", []d1.Value{five}, "'2,3'"},
		{"select group_concat(id) from a where n=?", []d1.Value{word}, "'1'"},
		{"select group_concat(id) from a where n is ?", []d1.Value{{}}, "NULL"},
		{"select group_concat(id) from a where b=?", []d1.Value{d1.Bytes([]byte{1, 2})}, "'2'"},
		{"select group_concat(id) from a where id in (?, ?)", []d1.Value{d1.Int(1), d1.Int(3)}, "'1,3'"},
		{"select count(*) from (select 1 from a limit ? offset ?)", []d1.Value{d1.Int(2), d1.Int(2)}, "1"},
		{"select ?1 || ?2 || ?1", []d1.Value{d1.Str("a"), d1.Int(7)}, "'a7a'"},
		{"select :a || @b || :a || $c", []d1.Value{d1.Str("a"), d1.Int(7), d1.Float(1.5)}, "'a7a1.5'"},
		{"select ?2 + ?1", []d1.Value{d1.Int(1), d1.Int(math.MaxInt64 - 1)}, "9223372036854775807"},
		{"select json_array(?, ?, ?)", []d1.Value{d1.Int(9007199254740993), d1.Float(1.5), d1.Str("x")}, "'[9007199254740993,1.5,\"x\"]'"},
		{"select json_extract(?, ?)", []d1.Value{d1.Str(`{"a":7}`), d1.Str("$.a")}, "7"},
		{"select substr('hello', ?, ?)", []d1.Value{d1.Int(2), d1.Int(3)}, "'ell'"},
		{"select '?' || ? || \"t\" /* ? */ from a where id=1 -- ?", []d1.Value{d1.Str("!")}, "'?!42'"},
		{"select typeof(?) || typeof(?) || typeof(?) || typeof(?) || typeof(?)",
			[]d1.Value{d1.Int(1), d1.Float(1), d1.Str("1"), d1.Bytes([]byte("1")), {}}, "'integerrealtextblobnull'"},
		{"select ? between 1 and 3", []d1.Value{d1.Int(2)}, "1"},
		{"select -? , 1", []d1.Value{d1.Int(5)}, "-5"},
		{"select case i when ? then 'y' else 'n' end from a where id=1", []d1.Value{five}, "'y'"},
		{"select (?, 1) = (t, 1) from a where id=1", []d1.Value{five}, "1"},
		{"select ? collate nocase = 'ABC'", []d1.Value{d1.Str("abc")}, "1"},
		{"with x(y) as (values (?), (?)) select sum(y) from x", []d1.Value{d1.Int(3), d1.Int(4)}, "7"},
	} {
		columns := []string{"a", "b"}[:1+strings.Count(q.sql, " , ")]
		if rows := read(t, c, q.sql, columns, q.args...); rows[0][0].Literal() != q.want {
			t.Errorf("%s with %s: %s, want %s", q.sql, showRow(q.args), rows[0][0].Literal(), q.want)
		}
	}
	// Stored as bound values are, by the column's affinity.
	for _, v := range []struct {
		v    d1.Value
		want string // of t, i, r, b, n
	}{
		{d1.Int(5), "'5', 5, 5.0, 5, 5"},
		{d1.Int(9007199254740993), "'9007199254740993', 9007199254740993, 9.007199254740992e+15, 9007199254740993, 9007199254740993"},
		{d1.Float(5), "'5.0', 5, 5.0, 5.0, 5.0"},
		{d1.Str("5"), "'5', 5, 5.0, '5', '5'"},
		{d1.Bytes([]byte("5")), "x'35', x'35', x'35', x'35', x'35'"},
	} {
		mustExec(t, c, "insert or replace into a(id, t, i, r, b, n) values (9, ?1, ?1, ?1, ?1, ?1)", v.v)
		if got := showRow(read(t, c, "select t, i, r, b, n from a where id=9", []string{"t", "i", "r", "b", "n"})[0]); got != v.want {
			t.Errorf("%s is stored as %s, want %s", v.v.Literal(), got, v.want)
		}
	}
	mustExec(t, c, "create table s(i integer, a any, t text, r real, b blob) strict")
	mustExec(t, c, "insert into s values (?, ?, ?, ?, ?)", d1.Int(math.MinInt64), d1.Int(5), d1.Str("5"), d1.Int(5), d1.Bytes([]byte{5}))
	if got := showRow(read(t, c, "select i, a, t, r, b from s",
		[]string{"i", "a", "t", "r", "b"})[0]); got != "(-9223372036854775807-1), 5, '5', 5.0, x'05'" {
		t.Errorf("in a strict table: %s", got)
	}
	for _, q := range []d1.Stmt{d1.Query("select ?"), d1.Query("select 1", d1.Int(1)), d1.Query("select ?1, ?3", d1.Int(1))} {
		if _, err := c.Query(t.Context(), q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s with %d arguments: %v", q.SQL, len(q.Args), err)
		}
	}
}

// exerciseOrder: naming columns changes neither order nor number of rows.
func exerciseOrder(t *testing.T, c d1.Conn, _ Traits) {
	mustExec(t, c, "create table o(id integer primary key, v)")
	mustExec(t, c, "insert into o(v) with recursive c(n) as (select 1 union all select n+1 from c where n<200) select (n*37)%101 from c")
	for _, q := range []string{
		"select v from o order by v desc, id limit 20", "select v from o order by -v limit 7 offset 3",
		"select v from o where v < 50 order by id desc",
		"select v from o union select 1000 order by 1 desc limit 5",
		"select v from o where id<4 union all select id from o where id>197 order by 1",
		"values (3),(1),(2)", "with x as (select v from o order by v limit 9) select v from x order by v desc",
		"select count(*) from o", "select distinct v from o order by 1 limit 10", "select max(v) from o group by v%3 order by 1;",
		"select sum(v) over (order by id) from o order by id -- end",
	} {
		plain, err := c.Query(t.Context(), d1.Query(q))
		if err != nil {
			t.Fatal(q, err)
		}
		named := read(t, c, q, []string{"x"})
		if len(named) != len(plain.Rows) {
			t.Errorf("%s: %d rows with names, %d without", q, len(named), len(plain.Rows))
			continue
		}
		for i := range named {
			if named[i][0].Text() != plain.Rows[i][0].Text() {
				t.Errorf("%s: row %d is %s with names, %s without", q, i, showRow(named[i]), showRow(plain.Rows[i]))
				break
			}
		}
	}
}

func exerciseBatches(t *testing.T, c d1.Conn, traits Traits) {
	mustExec(t, c, "create table p(id integer primary key)")
	mustExec(t, c, "create table k(pid integer references p(id) deferrable initially deferred)")
	_, err := c.Batch(t.Context(), []d1.Stmt{d1.Exec("insert into p values (1)"), d1.Exec("insert into p values (1)")})
	e, ok := errors.AsType[*d1.Error](err)
	if !ok || e.Class != d1.Constraint || !traits.Remote && e.Stmt != 1 || !fault.Is(err, fault.Conflict) {
		t.Errorf("a batch whose second statement fails: %v", err)
	}
	if _, err = c.Batch(t.Context(), []d1.Stmt{d1.Exec("insert into p values (2)"), d1.Exec("insert into k values (9)")}); err == nil {
		t.Error("a dangling key at the end of a batch was kept")
	}
	if n := read(t, c, "select count(*) from p", []string{"n"})[0][0].Int(); n != 0 {
		t.Errorf("%d rows of failed batches are there", n)
	}
	rs, err := c.Batch(t.Context(), []d1.Stmt{
		d1.Exec("insert into k values (5)"), d1.Exec("insert into p values (?), (?)", d1.Int(5), d1.Int(6)),
		{SQL: "select id, typeof(id) from p order by id", Columns: []string{"id", "kind"}}, d1.Query("select count(*) from k"),
		d1.Exec("create table made(a)"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(rs) != 5 || rs[1].Meta.Changes != 2 || showRow(rs[2].Rows[1]) != "6, 'integer'" || rs[3].Rows[0][0].Int() != 1 ||
		rs[4].Columns != nil {
		t.Errorf("results of a batch: %+v", rs)
	}
	if rs, err := c.Batch(t.Context(), nil); rs != nil || err != nil {
		t.Errorf("an empty batch: %v %v", rs, err)
	}
	rs, err = c.Batch(t.Context(), []d1.Stmt{{SQL: "select id from p union all select 7 union all select 8", MaxRows: 2},
		{SQL: "insert into p values (20),(21) returning id", Mode: d1.Write, MaxRows: 1}})
	if err != nil || len(rs[0].Rows) != 2 || !rs[0].Cut || len(rs[1].Rows) != 1 || !rs[1].Cut {
		t.Errorf("rows beyond MaxRows: %v", err)
	}
	if n := read(t, c, "select count(*) from p", []string{"n"})[0][0].Int(); n != 4 {
		t.Errorf("%d rows, though a cut result changes nothing", n)
	}
}

func exerciseCancel(t *testing.T, c d1.Conn, traits Traits) {
	mustExec(t, c, "create table t(a)")
	// Where it can be stopped it ends in no other way; elsewhere it goes on, to its end.
	slow, stopped := "with recursive c(n) as (select 1 union all select n+1 from c) select count(*) from c", fault.Limited
	if traits.Remote {
		slow, stopped = strings.Replace(slow, "from c)", "from c where n<3000000)", 1), fault.Unknown
	}
	if _, err := c.Query(underWay(t, traits), d1.Query(slow)); !fault.Is(err, fault.Limited) {
		t.Errorf("a read that was stopped: %v", err)
	}
	if _, err := c.Query(underWay(t, traits), d1.Exec("insert into t "+slow)); !fault.Is(err, stopped) {
		t.Errorf("a write that was stopped: %v", err)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := c.Query(gone, d1.Exec("insert into t values (1)")); !fault.Is(err, fault.Limited) {
		t.Errorf("a call with a dead context: %v", err)
	}
	if n := read(t, c, "select count(*) from t where a=1", []string{"n"})[0][0].Int(); n != 0 {
		t.Errorf("%d rows of a call that wasn't made", n)
	}
}

// underWay returns a context that ends while a call is under way: a remote one when
// its request is written, however long that takes, another one after a moment.
func underWay(t *testing.T, traits Traits) context.Context {
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	if !traits.Remote {
		time.AfterFunc(50*time.Millisecond, stop)
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { stop() }})
}

func exerciseStreams(t *testing.T, c d1.Conn, _ Traits) {
	const count = "with recursive c(n) as (select 1 union all select n+1 from c where n<5000) select n, n*2 as n from c"
	for _, columns := range [][]string{nil, {"n", "n"}} {
		rows, err := c.Stream(t.Context(), d1.Stmt{SQL: count, Columns: columns})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(rows.Columns, []string{"n", "n"}) {
			t.Errorf("the columns are called %q", rows.Columns)
		}
		n := 0
		for rows.Next() {
			n++
			if rows.Row()[1] != d1.Int(int64(2*n)) {
				t.Fatalf("row %d: %s", n, showRow(rows.Row()))
			}
		}
		if n != 5000 || rows.Err() != nil {
			t.Errorf("%d rows, %v", n, rows.Err())
		}
		if err := rows.Close(); err != nil || rows.Next() {
			t.Error("closed rows go on")
		}
	}
	rows, err := c.Stream(t.Context(), d1.Query(count))
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		rows.Next()
	}
	if err := rows.Close(); err != nil { // early
		t.Error(err)
	}
	if rows, err = c.Stream(t.Context(), d1.Stmt{SQL: "select 1 union all select zeroblob(1200000)", MaxRow: 1_000_000}); err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
	}
	if !fault.Is(rows.Err(), fault.Invalid) {
		t.Errorf("a row over MaxRow: %v", rows.Err())
	}
	_ = rows.Close()
	if _, err := c.Stream(t.Context(), d1.Exec("select 1")); !fault.Is(err, fault.Invalid) {
		t.Errorf("a write was streamed: %v", err)
	}
	if _, err := c.Stream(t.Context(), d1.Query("select nope")); !fault.Is(err, fault.Invalid) {
		t.Errorf("a wrong statement was streamed: %v", err)
	}
	if rows, err = c.Stream(t.Context(), d1.Query("select 1 as a where 0")); err != nil || !slices.Equal(rows.Columns, []string{"a"}) ||
		rows.Next() || rows.Err() != nil {
		t.Errorf("a stream without rows: %v", err)
	}
	_ = rows.Close()
}

func exerciseBig(t *testing.T, c d1.Conn, _ Traits) {
	const sql = "with recursive c(n) as (select 1 union all select n+1 from c where n<20000) select n, printf('%0100d', n) from c"
	r, err := c.Query(t.Context(), d1.Stmt{SQL: sql, Columns: []string{"n", "s"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 20000 || r.Rows[19999][0] != d1.Int(20000) || r.Rows[19999][1].Len() != 100 {
		t.Errorf("%d rows", len(r.Rows))
	}
}

func exerciseConcurrency(t *testing.T, c d1.Conn, _ Traits) {
	mustExec(t, c, "create table t(a)")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 10 {
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
	if n := read(t, c, "select count(*) from t", []string{"n"})[0][0].Int(); n != 80 {
		t.Errorf("%d of 80 rows", n)
	}
}
