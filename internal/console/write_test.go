package console_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// shop has parents, children and a trigger.
func shop(t *testing.T) d1.Conn {
	t.Helper()
	c := database(t)
	for _, sql := range []string{
		"create table p (id integer primary key, name text)", "create table c (id integer primary key, p integer references p(id) on delete cascade)",
		"create table log (what text)", "create trigger tr after update on p begin delete from log; end", "create view v as select * from p", "create index ix on p(name)",
		"insert into p values (1, 'a'), (2, 'b'), (3, 'c')", "insert into c (p) values (1), (1)",
	} {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return c
}

func TestWhatHasToBeConfirmed(t *testing.T) {
	t.Parallel()
	c := shop(t)
	for sql, want := range map[string][]string{
		"select * from p":                                                          nil,
		"with x as (select 1) select * from x":                                     nil,
		"explain query plan delete from p":                                         nil,
		"insert into p values (9, 'x')":                                            nil,
		"insert or replace into p select * from p":                                 nil,
		"replace into p values (1, 'z')":                                           nil,
		"update p set name = 'x' where id = 1":                                     nil,
		"update p set name = 'x' where (id = 1)":                                   nil,
		"delete from p where name in (select what from log)":                       nil,
		"with gone as (select 1 i) delete from p where id in (select i from gone)": nil,
		"create table n (x)":                                                       nil,
		"create index ix2 on p(id)":                                                nil,
		"pragma optimize":                                                          nil,
		"update p set name = 'x'":                                                  {"Update every row of p: 3 rows", "Update 3 rows"},
		"delete from p":                                                            {"Delete every row of p: 3 rows", "Delete 3 rows", "2 rows of c point at it: ON DELETE CASCADE."},
		"/* where */ delete from p -- where id = 1":                                {"Delete every row of p: 3 rows", "Delete 3 rows", "2 rows of c point at it: ON DELETE CASCADE."},
		"delete from p where 1":                                                    {"Delete every row of p: 3 rows", "Delete 3 rows", "2 rows of c point at it: ON DELETE CASCADE."},
		"delete from p where 1 = 1 and not false":                                  {"Delete every row of p: 3 rows", "Delete 3 rows", "2 rows of c point at it: ON DELETE CASCADE."},
		"delete from p where random() is not null":                                 {"Delete every row of p: 3 rows", "Delete 3 rows", "2 rows of c point at it: ON DELETE CASCADE."},
		"delete from p returning id":                                               {"Delete every row of p: 3 rows", "Delete 3 rows", "2 rows of c point at it: ON DELETE CASCADE."},
		"with w as (select 1 where 1) update log set what = 1":                     {"Update every row of log: 0 rows", "Update 0 rows"},
		"drop table p":                                                             {"Drop the table p, with 3 rows", "Drop p and 3 rows", "2 rows of c point at it: ON DELETE CASCADE."},
		"drop index ix":                                                            {"Drop the index ix", "Drop ix"},
		"drop view v":                                                              {"Drop the view v", "Drop v"},
		"drop trigger tr":                                                          {"Drop the trigger tr", "Drop tr"},
		"alter table p add column x":                                               {"Alter the table p, which has 3 rows", "Alter p"},
		"alter table p rename to q":                                                {"Alter the table p, which has 3 rows", "Alter p"},
		"delete from nowhere":                                                      {"Run a statement that could not be judged: no such table: nowhere", "Run it"},
		"nonsense":                                                                 {`Run a statement that could not be judged: near "nonsense": syntax error`, "Run it"},
		"vacuum":                                                                   {"Run a statement that could not be judged: not authorized", "Run it"},
		"create table m (x); delete from m; drop table m":                          {"Delete every row of m", "", "Drop the table m", "Drop m"},
	} {
		j, err := console.Judge(t.Context(), c, sql, console.Limits{})
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		var got []string
		for _, d := range j.Dangers {
			got = append(append(got, d.What, d.Verb), d.Notes...)
		}
		if sql == "vacuum" && len(got) == 2 {
			got[0] = got[0][:len("Run a statement that could not be judged: ")] + "not authorized" // its words are long
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sql, diff)
		}
		reads := strings.HasPrefix(sql, "select") || strings.HasPrefix(sql, "with x") // EXPLAIN of a write counts as one
		if j.Writes == reads {
			t.Errorf("%s: writes is %v", sql, j.Writes)
		}
	}
	r, err := c.Query(t.Context(), d1.Query("select (select count(*) from p), (select count(*) from sqlite_master)"))
	if err != nil || r.Rows[0][0].Int() != 3 {
		t.Errorf("judging changed something: %v %v", r, err)
	}
}

func TestATokenStandsForOneText(t *testing.T) {
	t.Parallel()
	c := shop(t)
	seen := map[string]string{}
	for _, text := range []string{"delete from p", "delete from c", "delete from p ", "drop table p"} {
		for _, params := range []string{"", "1"} {
			j, err := console.Judge(t.Context(), c, text, console.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			token := j.Token(text, params)
			if other, ok := seen[token]; ok || len(token) != 64 {
				t.Errorf("%q and %q have one token", text, other)
			}
			seen[token] = text
		}
	}
}

// write judges and runs.
func write(t *testing.T, c d1.Conn, text, params string, l console.Limits) ([]console.Result, error) {
	t.Helper()
	j, err := console.Judge(t.Context(), c, text, l)
	if err != nil {
		return nil, err
	}
	return console.Write(t.Context(), c, text, params, l, j)
}

func TestAWritingRunIsOneTransaction(t *testing.T) {
	t.Parallel()
	c := shop(t)
	rs, err := write(t, c, "insert into p values (?1, ?2) returning id; select count(*) from p; delete from p where id = 1", "10\n'ten'", console.Limits{})
	if err != nil || len(rs) != 3 {
		t.Fatalf("%v %v", rs, err)
	}
	if rs[0].Rows[0][0] != d1.Int(10) || rs[0].Changes != 1 || rs[1].Rows[0][0] != d1.Int(4) || rs[1].Wrote || rs[2].Changes != 3 {
		t.Errorf("%+v", rs)
	}
	rs, err = write(t, c, "delete from c; insert into p values (2, 'dup')", "", console.Limits{})
	if err != nil || len(rs) != 1 || !fault.Is(rs[0].Err, fault.Conflict) || !strings.Contains(fault.Message(rs[0].Err), "UNIQUE constraint failed: p.id. Everything was rolled back") {
		t.Errorf("%+v %v", rs, err)
	}
	rs, _ = write(t, c, "select 1;\nselect nope from p where id = 1; insert into p values (50, 'x')", "", console.Limits{})
	if len(rs) != 1 || rs[0].Err == nil || rs[0].ErrOffset != len("select 1;\nselect ") {
		t.Errorf("the place of the error: %+v", rs)
	}
	rs, err = write(t, c, "insert into c (p) values (777)", "", console.Limits{})
	if err != nil || !fault.Is(rs[0].Err, fault.Conflict) {
		t.Errorf("a foreign key: %+v %v", rs, err)
	}
	rs, err = write(t, c, "insert into log select value from json_each('[1,2,3,4,5]') returning what", "", console.Limits{Rows: 2})
	if err != nil || len(rs[0].Rows) != 2 || rs[0].Cut == "" || rs[0].Changes != 5 {
		t.Errorf("a long result: %+v %v", rs, err)
	}
	if rs, err = write(t, c, "insert into log values (?1)", "", console.Limits{}); err != nil || rs[0].Err == nil {
		t.Errorf("a missing value: %+v %v", rs, err)
	}
	if _, err = write(t, c, " ; ", "", console.Limits{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("no statement: %v", err)
	}
}
