package console_test

import (
	"context"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// unguarded is an engine that doesn't know mode Read, like D1 with a token that may
// write. It notes what was sent.
type unguarded struct {
	d1.Conn
	sent []d1.Stmt
}

func (u *unguarded) Stream(ctx context.Context, s d1.Stmt) (*d1.Rows, error) {
	u.sent = append(u.sent, s)
	s.Mode = d1.Write
	r, err := u.Query(ctx, s)
	if err != nil {
		return nil, err
	}
	i := 0
	return d1.NewRows(r.Columns, func() ([]d1.Value, error) {
		if i++; i > len(r.Rows) {
			return nil, nil
		}
		return r.Rows[i-1], nil
	}, func() d1.Meta { return r.Meta }), nil
}

func TestWithoutAnEngineThatGuardsNothingThatWritesIsSent(t *testing.T) {
	c := database(t)
	u := &unguarded{Conn: c}
	content := func() string {
		r, err := c.Query(t.Context(), d1.Query("select group_concat(quote(a) || quote(b)) || (select count(*) from sqlite_master) from t"))
		if err != nil {
			t.Fatal(err)
		}
		return r.Rows[0][0].Text()
	}
	for _, sql := range []string{"create view tidy as select * from pragma_optimize", "create view through as select * from tidy"} {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatal(err)
		}
	}
	before := content()
	for _, sql := range []string{
		"select * from tidy", "select 1 from through",
		"delete from t", "insert into t(a) values (9)", "update t set b = 1", "replace into t values (1, 'y')", "drop table t",
		"create table u(a)", "create view v as select 1", "create trigger tr after insert on t begin delete from t; end",
		"alter table t add column c", "create index i on t(b)", "reindex", "analyze", "vacuum", "pragma optimize",
		"select * from pragma_optimize",
		"with x as (select 1) delete from t", "WITH RECURSIVE r(x) AS (SELECT 1) INSERT INTO t(a) SELECT 77 FROM r",
		"delete from t returning *", "insert into t(a) values (5) returning a", "/* select */ delete from t", "-- select\ndelete from t",
		"\ufeffdelete from t", "explain delete from t", "pragma foreign_keys = off", "pragma case_sensitive_like = 1", "begin", "commit",
		"savepoint x", "attach ':memory:' as m", "select load_extension('x')", "select * from nothing_there", "selec 1",
		"create table if not exists t2 as select * from t", "select 1 from t; delete from t",
	} {
		for _, by := range []console.Guard{console.ByToken, console.ByCompiler} {
			u.sent = nil
			rs, err := console.Run(t.Context(), u, sql, "", console.Limits{Rows: 10, Guard: by})
			if err != nil || rs[len(rs)-1].Err == nil {
				t.Errorf("%q ran: %v", sql, err)
			}
			for _, s := range u.sent {
				if strings.Contains(sql, "through") || strings.Contains(sql, "tidy") {
					t.Errorf("%q was sent", s.SQL)
				}
				if by == console.ByCompiler && !strings.HasPrefix(s.SQL, "select 1") {
					t.Errorf("%q was sent", s.SQL)
				}
			}
			if by == console.ByCompiler && content() != before {
				t.Fatalf("%q changed something", sql)
			}
		}
	}
	for sql, columns := range map[string]string{
		"select a, b, a from t": "a,b,a", "with x(n) as (select 1) select n from x": "n", "values (1, 2)": "column1,column2",
		"-- why\nselect count(*) from t": "count(*)", "pragma table_info(t)": "", "explain query plan select * from t": "",
	} {
		u.sent = nil
		rs, err := console.Run(t.Context(), u, sql, "", console.Limits{Rows: 10, Guard: console.ByCompiler})
		if err != nil || rs[0].Err != nil || len(u.sent) != 1 || strings.Join(u.sent[0].Columns, ",") != columns {
			t.Errorf("%q: %v %v %+v", sql, err, rs[0].Err, u.sent)
		}
	}
	rs, _ := console.Run(t.Context(), u, "delete from t", "", console.Limits{Rows: 10, Guard: console.ByToken})
	if !fault.Is(rs[0].Err, fault.Denied) || !strings.Contains(fault.Message(rs[0].Err), "the console reads only") {
		t.Errorf("%v", rs[0].Err)
	}
}
