package migrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
)

func TestLintSaysOfHandWrittenSQLWhatThePlannerSays(t *testing.T) {
	db := database(t,
		"create table p(id integer primary key, name text)",
		"create table c(id integer primary key, p_id integer references p(id) on delete cascade)",
		"create table d(a references P)", "create table lone(a)",
		"create view v as select * from lone", "create trigger tr after delete on lone begin select 1; end")
	live, err := migrate.Inspect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{
		"drop table p": "DL101 error p: c, d. DROP TABLE",
		"DROP  table if exists main.\"P\" -- now":        "DL101 error p: c, d",
		"\ufeffdrop table p":                             "DL101 error p: c, d",
		"drop table lone":                                "DL101 warning lone: ",
		"drop table c":                                   "DL101 warning c: ",
		"drop table nothing":                             "",
		"alter table p drop column name":                 "DL102 warning p.name: ",
		"alter table p drop nothing":                     "",
		"drop view v":                                    "CP102 warning v: ",
		"drop trigger tr":                                "CP102 warning tr: ",
		"drop index nothing":                             "",
		"alter table p rename to q":                      "CP101 error q: Rename table p to q",
		"alter table p rename name to title":             "CP101 error p.title: Rename column p.name to title",
		"alter table p_new rename to p":                  "",
		"create table n(a)":                              "HY102 note n: ",
		"create table n(a integer primary key)":          "",
		"create table n as select 1":                     "",
		"pragma foreign_keys = off":                      "LM101 warning foreign_keys: ",
		"PRAGMA main.foreign_keys(0)":                    "LM101 warning foreign_keys: ",
		"pragma foreign_keys":                            "",
		"pragma foreign_keys;":                           "",
		"select 'drop table p'":                          "",
		"delete from p":                                  "",
		"insert into p values (1, 'alter table p drop')": "",
	} {
		var got []string
		for _, f := range migrate.Lint(live, []string{sql})[0] {
			got = append(got, f.Code+" "+string(f.Level)+" "+f.Object+": "+f.What)
			if f.Fix == "" {
				t.Errorf("%s: no word of what to do", sql)
			}
		}
		head, tail, _ := strings.Cut(want, ": ")
		if (want == "") != (len(got) == 0) || want != "" && (!strings.HasPrefix(got[0], head+": ") || !strings.Contains(got[0], tail)) {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}

func TestACommentOverridesAFinding(t *testing.T) {
	for sql, want := range map[string][]migrate.Override{
		"drop table p -- lint:allow dl101 rows are copies of another's": {{Code: "DL101", Reason: "rows are copies of another's"}},
		"/* lint:allow CP101 nobody reads it\nlint:allow DL102 nor this */ select 1": {{Code: "CP101", Reason: "nobody reads it"},
			{Code: "DL102", Reason: "nor this"}},
		"drop table p -- lint:allow DL101":        nil,
		"select '-- lint:allow DL101 in a text'":  nil,
		"drop table p -- lint: allow DL101 wrong": nil,
	} {
		if d := cmp.Diff(want, migrate.Allowed(sql)); d != "" {
			t.Errorf("%s: %s", sql, d)
		}
	}
}

func TestAFindingThatFailsWantsAReason(t *testing.T) {
	db := database(t, "create table p(id integer primary key, v text)")
	p := plan(t, db, parse(t, `{"name":"x","version":1,"tables":{"p":{"id":"integer primary key","w":"text was v"}}}`))
	good := migrate.Override{Code: "CP101", Object: "p.w", Reason: "nothing reads it"}
	for name, overrides := range map[string][]migrate.Override{
		"none": nil, "blank": {{Code: "CP101", Object: "p.w", Reason: "  "}}, "another": {{Code: "CP101", Object: "p.v", Reason: "x"}},
	} {
		if err := p.Overridden(overrides); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "CP101 p.w") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Overridden([]migrate.Override{good}); err != nil {
		t.Error(err)
	}
}

// TestLintSaysWhatBecomesOfViewsAndTriggers: by hand as in a plan, each statement on what
// those before it made.
func TestLintSaysWhatBecomesOfViewsAndTriggers(t *testing.T) {
	t.Parallel()
	db := database(t, "create table p(id integer primary key, m text)", "create table l(a integer primary key, b text)",
		"create trigger g after insert on l begin delete from p where not exists (select 1 from l where a = m); end",
		"create trigger u after insert on p begin insert into l(a, b) values (new.id, 1) on conflict (a) do update set b = excluded.b; end",
		"create view v(x, y) as select * from l", "create virtual table f using fts5(b, content='l')")
	live, err := migrate.Inspect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ first, sql, want string }{
		{"select 1", "alter table l add column m text", "CP106 error g"},
		{"select 1", "alter table l add column m text", "CP106 error v"},
		{"alter table l add column z text", "alter table l rename column z to m", "CP106 error g"},
		{"select 1", "alter table l rename to k", "CP106 error u"},
		{"select 1", "alter table l rename to k", "CP110 error f"},
		{"alter table p add column m2 text", "select 1", ""},
		{"alter table nothing add column m text", "alter table p add column other text", ""},
	} {
		var got []string
		for _, f := range migrate.Lint(live, []string{c.first, c.sql})[1] {
			got = append(got, f.Code+" "+string(f.Level)+" "+f.Object)
		}
		if c.want == "" && len(got) > 0 || c.want != "" && !slices.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.sql, got, c.want)
		}
	}
}
