package local_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
)

// refusals are statements with the words in which the older D1, the newest and this
// engine refuse them, "" where it is allowed. They run in this order.
var refusals = []struct{ sql, older, newest, here string }{
	{"create table t(id integer primary key, a text, b integer check (b > 0))", "", "", ""},
	{"insert into t values (1, 'x', 1)", "", "", ""},
	{"alter table t alter column a set not null", `near "alter": syntax error`, "not authorized to use function: sqlite_fail",
		"no such function: sqlite_fail"},
	{"alter table t alter column a drop not null", `near "alter": syntax error`, "sqlite_drop_constraint",
		"no such function: sqlite_drop_constraint"},
	{"alter table t add constraint ck check (b > 1)", `near "constraint": syntax error`, "sqlite_fail", "no such function: sqlite_fail"},
	{"alter table t drop constraint ck", `near "constraint": syntax error`, "sqlite_drop_constraint",
		"no such function: sqlite_drop_constraint"},
	{"pragma page_size", "not authorized", "", "not authorized"},
	{"select * from pragma_page_size", "not authorized", "", "not authorized"},
	{"pragma page_size = 8192", "not authorized", "not authorized", "not authorized"},
	{"select iif(1, 2)", "wrong number of arguments to function iif()", "", "wrong number of arguments to function iif()"},
	{"select iif(1, 2, 0, 3, 4)", "wrong number of arguments to function iif()", "", "wrong number of arguments to function iif()"},
	{"select iif(1, 2, 3)", "", "", ""},
	{"select if(1, 2)", "no such function: if", "not authorized to use function: if", "no such function: if"},
	{"select unistr('a')", "no such function: unistr", "not authorized to use function: unistr", "no such function: unistr"},
	{"select * from jsonb_each('[1]')", "no such table: jsonb_each", "", "no such table: jsonb_each"},
	{"select * from jsonb_tree('[1]')", "no such table: jsonb_tree", "", "no such table: jsonb_tree"},
	{"select * from _cf_METADATA", "access to _cf_METADATA.key is prohibited", "no such table: _cf_METADATA", "no such table: _cf_METADATA"},
	{"create table _cf_x(a)", "not authorized", "not authorized", "not authorized"},
	{"create table _CF_x(a)", "", "not authorized", "not authorized"},
	{"create virtual table r using rtree(id, x0, x1)", "not authorized", "", ""}, // the one exception
	{"create virtual table g using geopoly(a)", "not authorized", "not authorized", "not authorized"},
	{"create unique index lower_a on t(lower(a))", "", "", ""},
	{"insert into t values (2, 'X', 1)", "UNIQUE constraint failed: index 'lower_a'",
		"UNIQUE constraint failed: index 'lower_a'", "UNIQUE constraint failed: index 'lower_a'"},
	{"create table k(t integer references t(id) on delete restrict)", "", "", ""},
	{"insert into k values (1)", "", "", ""},
	{"delete from t where id = 1", "(extended: SQLITE_CONSTRAINT_TRIGGER)", "(extended: SQLITE_CONSTRAINT_TRIGGER)",
		"(extended: SQLITE_CONSTRAINT_TRIGGER)"},
	{"create table late(t integer references t(id) deferrable initially deferred)", "", "", ""},
	{"insert into late values (7)", "Durable Object was reset", "internal error; reference = ", "Durable Object was reset"},
}

// Whatever one of the two D1s refuses is refused here too, but for the R*Tree.
func TestWhatOneD1RefusesIsRefused(t *testing.T) {
	here := open(t)
	older, newest := d1test.Workerd(t, d1test.Older).Database(t), d1test.Workerd(t, d1test.Newest).Database(t)
	for _, c := range refusals {
		_, oerr := older.Query(t.Context(), c.sql)
		_, nerr := newest.Query(t.Context(), c.sql)
		_, herr := here.Query(t.Context(), d1.Exec(c.sql))
		for at, r := range map[string]struct {
			err  error
			want string
		}{"the older": {oerr, c.older}, "the newest": {nerr, c.newest}, "here": {herr, c.here}} {
			if (r.err == nil) != (r.want == "") || r.err != nil && !strings.Contains(r.err.Error(), r.want) {
				t.Errorf("%s, %s: got %v, want %q", c.sql, at, r.err, r.want)
			}
		}
	}
}

// A boolean is bound as a REAL by both, and the text of a REAL has 15 digits on the
// older D1 and 17 on the newest and here: nothing of ours may read a value from it.
func TestTextsOfReals(t *testing.T) {
	for rt, tenth := range map[d1test.Runtime]string{d1test.Older: "0.3 1.0e+15", d1test.Newest: "0.30000000000000004 1000000000000000.0"} {
		db := d1test.Workerd(t, rt).Database(t)
		answer, err := db.Query(t.Context(), "select typeof(?1) || ?1 as b, (0.1 + 0.2) || ' ' || 1e15 as r", true)
		if err != nil {
			t.Fatal(err)
		}
		var a struct {
			Results []struct {
				B, R string
			}
		}
		if err := json.Unmarshal(answer, &a); err != nil {
			t.Fatal(err)
		}
		if got := a.Results[0]; got.B != "real1.0" || got.R != tenth {
			t.Errorf("%s: %+v", rt, got)
		}
	}
	r := query(t, open(t), "select (0.1 + 0.2) || ' ' || 1e15")
	if got := r.Rows[0][0].Text(); got != "0.30000000000000004 1000000000000000.0" {
		t.Errorf("here: %s", got)
	}
}

// A column of numbers takes a text with a NUL as the number before it since SQLite
// 3.54, here too, and drops what follows. 3.47 keeps the text.
func TestANumberBeforeANUL(t *testing.T) {
	const make, put, ask = "create table t(n integer)", "insert into t values (cast(x'370078' as text))", "select typeof(n) as kind from t"
	for rt, want := range map[d1test.Runtime]string{d1test.Older: `"kind":"text"`, d1test.Newest: `"kind":"integer"`} {
		answer, err := d1test.Workerd(t, rt).Database(t).Batch(t.Context(), d1test.Stmt{SQL: make}, d1test.Stmt{SQL: put}, d1test.Stmt{SQL: ask})
		if err != nil || !strings.Contains(string(answer), want) {
			t.Errorf("%s: %s, %v", rt, answer, err)
		}
	}
	here := open(t)
	query(t, here, make)
	query(t, here, put)
	if got := query(t, here, ask).Rows[0][0].Text(); got != "integer" {
		t.Errorf("here: %s", got)
	}
}
