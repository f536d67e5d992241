package d1test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// What a connection refuses, and in which words.

func exerciseErrors(t *testing.T, c d1.Conn, _ Traits) {
	mustExec(t, c, "create table e(a integer primary key, b text not null unique, c integer check (c > 0))")
	mustExec(t, c, "insert into e values (1, 'x', 1)")
	for _, q := range []struct {
		s      d1.Stmt
		class  d1.Class
		kind   fault.Kind
		offset int
		words  string
	}{
		{d1.Query("selec 1"), d1.ReadOnly, fault.Denied, -2, ""},
		{d1.Exec("selec 1"), d1.Syntax, fault.Invalid, 0, `near "selec": syntax error`},
		{d1.Query("select nope from e"), d1.Syntax, fault.Invalid, 7, "no such column: nope"},
		{d1.Query("select ?, ?, nope from e", d1.Int(1), d1.Bytes([]byte("x"))), d1.Syntax, fault.Invalid, 13, "no such column: nope"},
		{d1.Stmt{SQL: "select a, ?, nope from e", Args: []d1.Value{d1.Int(1)}, Columns: []string{"a", "b", "c"}}, d1.Syntax,
			fault.Invalid, 13, "no such column: nope"},
		{d1.Query("select 1 from absent"), d1.Syntax, fault.Invalid, -2, "no such table: absent"},
		{d1.Exec("insert into e values (1, 'y', 1)"), d1.Constraint, fault.Conflict, -1, "UNIQUE constraint failed: e.a"},
		{d1.Exec("insert into e values (2, 'x', 1)"), d1.Constraint, fault.Conflict, -1, "UNIQUE constraint failed: e.b"},
		{d1.Exec("insert into e values (2, null, 1)"), d1.Constraint, fault.Conflict, -1, "NOT NULL constraint failed: e.b"},
		{d1.Exec("insert into e values (2, 'z', -1)"), d1.Constraint, fault.Conflict, -1, "CHECK constraint failed: c > 0"},
		{d1.Exec("attach 'x' as y"), d1.Auth, fault.Denied, -1, "not authorized"},
		{d1.Exec("begin"), d1.Auth, fault.Denied, -1, ""},
		{d1.Exec("pragma user_version = 3"), d1.Auth, fault.Denied, -1, "not authorized"},
		{d1.Exec(""), d1.Syntax, fault.Invalid, -1, "No SQL statements detected."},
		{d1.Exec("select 1; select 2"), d1.Syntax, fault.Invalid, -2, ""},
		{d1.Query("select json_extract('{}', 'conflict: users 7')"), d1.Syntax, fault.Invalid, -1, "bad JSON path: 'conflict: users 7'"},
	} {
		_, err := c.Query(t.Context(), q.s)
		e, ok := errors.AsType[*d1.Error](err)
		if !ok {
			t.Errorf("%s: %v", q.s.SQL, err)
			continue
		}
		if q.class == d1.ReadOnly { // in mode Read a transport may judge before the engine reads
			if e.Class != d1.ReadOnly && e.Class != d1.Syntax {
				t.Errorf("%s: class %d, %v", q.s.SQL, e.Class, err)
			}
			continue
		}
		if e.Class != q.class || fault.KindOf(err) != q.kind || q.offset != -2 && e.Offset != q.offset ||
			q.words != "" && codes.ReplaceAllString(e.Text, "") != q.words || fault.Message(err) != fault.Message(d1.Fail(d1.NewError(e.Text))) {
			t.Errorf("%s: class %d, kind %s, offset %d, %q", q.s.SQL, e.Class, fault.KindOf(err), e.Offset, fault.Message(err))
		}
	}
}

// codes is what of a text is for programs.
var codes = regexp.MustCompile(`( at offset \d+)?(: SQLITE_[A-Z_]+( \(extended: [A-Z_]+\))?)?$`)

// exerciseAssertions: a batch that fails on purpose says by what, and changes nothing.
func exerciseAssertions(t *testing.T, c d1.Conn, _ Traits) {
	mustExec(t, c, "create table asserted(a integer primary key)")
	one := d1.Assertion{Name: "one row", Detail: `users 7: it's "so"`}
	insert := d1.Exec("insert into asserted values (1)")
	if _, err := c.Batch(t.Context(), []d1.Stmt{insert, one.Changed(), one.Holds("?1 = 'x'", d1.Str("x"))}); err != nil {
		t.Errorf("what holds: %v", err)
	}
	for name, q := range map[string]struct {
		s    d1.Stmt
		want d1.Assertion
	}{
		"false": {one.Holds("?1 = 2", d1.Int(1)), one},
		"NULL":  {one.Holds("NULL"), one},
		"a plan's": {d1.Assertion{Name: d1.NotSo, Detail: `every row of o's: "so"`}.Holds("0"),
			d1.Assertion{Name: d1.NotSo, Detail: `every row of o's: "so"`}},
		"no row":   {d1.Assertion{Name: "changed"}.Changed(), d1.Assertion{Name: "changed"}},
		"long":     {d1.Fails("tried", "printf('%.*c', 20000, 'x')"), d1.Assertion{Name: "tried", Detail: strings.Repeat("x", 20_000)}},
		"computed": {d1.Fails("tried", "(select json_object('n', count(*)) from asserted)"), d1.Assertion{Name: "tried", Detail: `{"n":2}`}},
	} {
		nothing := d1.Exec("delete from asserted where a = 9")
		_, err := c.Batch(t.Context(), []d1.Stmt{d1.Exec("insert into asserted values (2)"), nothing, q.s})
		if got, ok := d1.Failed(err); !ok || got != q.want || !d1.FailedAt(err, q.want.Name) || d1.FailedAt(err, "another") {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	r, err := c.Query(t.Context(), d1.Query("select count(*) from asserted"))
	if err != nil || r.Rows[0][0].Int() != 1 {
		t.Errorf("a batch that failed at an assertion left something: %v %v", r, err)
	}
	if _, err := c.Query(t.Context(), d1.Query("select json_extract('{}', 'other')")); d1.FailedAt(err, "other") ||
		func() bool { _, ok := d1.Failed(err); return ok }() {
		t.Error("any path counts as an assertion")
	}
}

func exerciseLimits(t *testing.T, c d1.Conn, _ Traits) {
	many := make([]d1.Value, d1.MaxParams+1)
	for i := range many {
		many[i] = d1.Int(int64(i))
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", d1.MaxParams), ",")
	r, err := c.Query(t.Context(), d1.Query("select sum(column1) from (values ("+strings.ReplaceAll(marks, ",", "),(")+"))", many[1:]...))
	if err != nil || r.Rows[0][0].Int() != 5050 {
		t.Errorf("100 arguments: %v", err)
	}
	for name, s := range map[string]d1.Stmt{
		"101 arguments":          d1.Query("select ("+marks+",?)", many...),
		"a long statement":       d1.Query("select '" + strings.Repeat("x", d1.MaxStatement) + "'"),
		"a deep expression":      d1.Query("select 1" + strings.Repeat("+1", 110)),
		"many columns":           d1.Query("select 1" + strings.Repeat(",1", 110)),
		"a long chain of unions": d1.Query("select 1" + strings.Repeat(" union all select 1", 8)),
		"a long pattern":         d1.Query("select 'a' like ?", d1.Str(strings.Repeat("x", 60))),
		"a value of 40 MB":       d1.Query("select length(zeroblob(40000000))"),
	} {
		_, err := c.Query(t.Context(), s)
		e, ok := errors.AsType[*d1.Error](err)
		if !ok || e.Class != d1.TooBig || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []d1.Stmt{
		{SQL: "select zeroblob(600000), zeroblob(600000)", MaxRow: 1_000_000},
		{SQL: "select 1 union all select zeroblob(1200000)", MaxRow: 1_000_000},
	} {
		if _, err := c.Query(t.Context(), s); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "1 MB") {
			t.Errorf("a row over MaxRow: %v", err)
		}
	}
	r, err = c.Query(t.Context(), d1.Stmt{SQL: "select zeroblob(1000) from (select 1 union all select 2 union all select 3)", MaxBytes: 2500})
	if err != nil || len(r.Rows) != 2 || !r.Cut {
		t.Errorf("bytes over MaxBytes: %v", err)
	}
}

func exerciseModes(t *testing.T, c d1.Conn, _ Traits) {
	mustExec(t, c, "create table m(a)")
	mustExec(t, c, "insert into m values (1)")
	for _, sql := range []string{
		"insert into m values (2)", "update m set a=2", "delete from m", "replace into m values (3)", "drop table m", "create table x(a)",
		"with q as (select 1) insert into m select * from q", "with q as (select 1) delete from m",
		"WITH q AS MATERIALIZED (select 1), z(a) as not materialized (select 2) update m set a=3",
		"with recursive q(n) as (select 1 union all select n+1 from q limit 3) insert into m select n from q",
		"insert into m values (9) returning a", "alter table m add column b", "reindex", "analyze", "pragma foreign_keys=off",
		"pragma foreign_keys(0)", "pragma optimize",
		"explain delete from m", "explain query plan insert into m values (1)", "select * from pragma_optimize",
		"select * from 'pragma_optimize'", "vacuum",
		"/* select */ delete from m", "-- select\ndelete from m", "explain pragma foreign_keys=off",
	} {
		for _, columns := range [][]string{nil, {"a"}} {
			_, err := c.Query(t.Context(), d1.Stmt{SQL: sql, Columns: columns})
			if err == nil {
				t.Errorf("mode Read let %s pass", sql)
			}
			if e, ok := errors.AsType[*d1.Error](err); !ok || e.Class != d1.ReadOnly && e.Class != d1.Auth && e.Class != d1.Syntax {
				t.Errorf("%s: %v", sql, err)
			}
		}
		if _, err := c.Stream(t.Context(), d1.Query(sql)); err == nil {
			t.Errorf("a stream let %s pass", sql)
		}
	}
	for _, sql := range []string{
		"select a from m", "values (1)", "with q as (select 1) select * from q", "explain select 1", "explain query plan select a from m",
		"pragma table_info(m)", "pragma main.table_info('m')", "pragma foreign_keys", "pragma table_list",
		"select * from pragma_table_info('m')", ";select 1;", "/* x */ select 1 -- y",
		"select replace('delete', 'd', 'x'), 'insert into m' as \"update\"",
	} {
		if _, err := c.Query(t.Context(), d1.Query(sql)); err != nil && sql != ";select 1;" {
			t.Errorf("mode Read refused %s: %v", sql, err)
		}
	}
	if r, err := c.Query(t.Context(), d1.Stmt{SQL: "insert into m values (1) returning a", Mode: d1.Write,
		Columns: []string{"a"}}); err != nil || r.Rows[0][0] != d1.Int(1) {
		t.Errorf("a write with named columns: %v", err)
	}
	mustExec(t, c, "delete from m where rowid > 1")
	// A read within a writing batch still can't write, and nothing of the batch stays.
	_, err := c.Batch(t.Context(), []d1.Stmt{d1.Exec("insert into m values (6)"), d1.Query("delete from m")})
	if e, ok := errors.AsType[*d1.Error](err); !ok || e.Class != d1.ReadOnly {
		t.Errorf("a read that writes: %v", err)
	}
	if got := showRow(read(t, c, "select count(*), max(a) from m", []string{"n", "a"})[0]); got != "1, 1" {
		t.Errorf("reads changed the table: %s", got)
	}
}
