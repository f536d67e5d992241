package console_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// shop has parents, children and a trigger.
func shop(t *testing.T) d1.Conn {
	t.Helper()
	c := database(t)
	for _, sql := range []string{
		"create table p (id integer primary key, name text)",
		"create table c (id integer primary key, p integer references p(id) on delete cascade)",
		"create table log (what text)", "create trigger tr after update on p begin delete from log; end", "create view v as select * from p",
		"create index ix on p(name)",
		"insert into p values (1, 'a'), (2, 'b'), (3, 'c')", "insert into c (p) values (1), (1)",
	} {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return c
}

func TestATokenStandsForOneTextOfOneDatabase(t *testing.T) {
	t.Parallel()
	c := shop(t)
	judge := func(s console.Script) console.Judgement {
		t.Helper()
		j, err := console.Judge(t.Context(), c, s, console.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	seen := map[string]console.Script{}
	for _, text := range []string{"delete from p", "delete from c", "delete from p ", "drop table p"} {
		for _, params := range []string{"", "1"} {
			for _, db := range []string{"a", "b"} {
				s := console.Script{Database: db, SQL: text, Params: params}
				token := judge(s).Token
				if other, ok := seen[token]; ok || len(token) != 64 {
					t.Errorf("%v and %v have one token", s, other)
				}
				seen[token] = s
			}
		}
	}
	// Rows come and go, and what was agreed to holds; another schema is another question.
	s := console.Script{Database: "a", SQL: "delete from p"}
	s.Confirm = judge(s).Token
	exec(t, c, "insert into p values (70, 'busy')")
	if j := judge(s); len(j.Dangers) != 0 || !j.Writes {
		t.Errorf("a busy table can't be confirmed: %+v", j)
	}
	exec(t, c, "create table d (p integer references p(id) on delete cascade)")
	if j := judge(s); len(j.Dangers) != 1 {
		t.Errorf("another schema: %+v", j)
	}
}

func exec(t *testing.T, c d1.Conn, sql string) {
	t.Helper()
	if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// write judges and runs.
func write(t *testing.T, c d1.Conn, text, params string, l console.Limits) ([]console.Result, error) {
	t.Helper()
	s := console.Script{SQL: text, Params: params}
	j, err := console.Judge(t.Context(), c, s, l)
	if err != nil {
		return nil, err
	}
	return console.Write(t.Context(), c, s, l, j)
}

func TestAWritingRunIsOneTransaction(t *testing.T) {
	t.Parallel()
	c := shop(t)
	rs, err := write(t, c, "insert into p values (?1, ?2) returning id; select count(*) from p; delete from p where id = 1",
		"10\n'ten'", console.Limits{})
	if err != nil || len(rs) != 3 {
		t.Fatalf("%v %v", rs, err)
	}
	if rs[0].Rows[0][0] != d1.Int(10) || rs[0].Changes != 1 || rs[1].Rows[0][0] != d1.Int(4) || rs[1].Wrote || rs[2].Changes != 3 {
		t.Errorf("%+v", rs)
	}
	rs, err = write(t, c, "delete from c; insert into p values (2, 'dup')", "", console.Limits{})
	if err != nil || len(rs) != 1 || !fault.Is(rs[0].Err, fault.Conflict) ||
		!strings.Contains(fault.Message(rs[0].Err), "UNIQUE constraint failed: p.id. Everything was rolled back") {
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

func TestAWriteThatIsCancelledIsRolledBack(t *testing.T) {
	t.Parallel()
	const long = "create table canc (x); insert into canc with recursive r(i) as (select 1 union all select i + 1 from r) select 'c' from r"
	for want, run := range map[string]func(context.CancelCauseFunc) console.Limits{
		"Cancelled after 0.": func(cancel context.CancelCauseFunc) console.Limits {
			cancel(console.ErrCancelled)
			return console.Limits{}
		},
		"The connection to the browser ended": func(cancel context.CancelCauseFunc) console.Limits { cancel(nil); return console.Limits{} },
		"It took too long and was stopped after 0.": func(context.CancelCauseFunc) console.Limits {
			return console.Limits{Timeout: 300 * time.Millisecond}
		},
	} {
		c := shop(t)
		s := console.Script{SQL: long}
		j, err := console.Judge(t.Context(), c, s, console.Limits{Trial: 100 * time.Millisecond})
		if err != nil {
			t.Fatalf("%+v %v", j, err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		var l console.Limits
		if strings.HasPrefix(want, "It took") {
			l = run(cancel)
		} else {
			time.AfterFunc(200*time.Millisecond, func() { run(cancel) })
		}
		rs, err := console.Write(ctx, c, s, l, j)
		cancel(nil)
		if err != nil || len(rs) != 1 || !strings.HasPrefix(fault.Message(rs[0].Err), want) ||
			!strings.HasSuffix(fault.Message(rs[0].Err), "Everything was rolled back; nothing was changed.") {
			t.Errorf("%s: %+v %v", want, rs, err)
		}
		r, err := c.Query(t.Context(), d1.Query("select count(*) from sqlite_master where name = 'canc'"))
		if err != nil || r.Rows[0][0].Int() != 0 {
			t.Errorf("%s: it went on: %v %v", want, r, err)
		}
	}
}
