package rest_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// D1's own exporter writes numbers as JavaScript has them and escapes line ends in
// a way that can't be undone (workers-sdk issue 15378, seen on Cloudflare's
// service). What a database was before it was retired has to come back, or the
// database has to stay.
func TestRetiringLosesNoValueToD1sExporter(t *testing.T) {
	for name, value := range map[string]string{
		"a plain one":             "'text'",
		"2^53+1":                  "9007199254740993",
		"the smallest integer":    "-9223372036854775808",
		"a whole real":            "1.0",
		"a large whole real":      "1e15",
		"negative zero":           "-0.0",
		"infinity":                "9e999",
		"both kinds of line ends": `'{"a": "x\ny",' || char(10) || '"b": 1}'`,
		"backslash r and a CR":    `'\r' || char(13)`,
		"only a backslash n":      `'\n'`,
		"only a line end":         "char(10)",
		"text with NUL":           "'a' || char(0) || 'b'",
		"text that isn't UTF-8":   "cast(x'ff41' as text)",
		"a BLOB":                  "x'00ff'",
	} {
		t.Run(name, func(t *testing.T) {
			f := front.New(t, front.Options{OwnDump: true})
			dir := t.TempDir()
			p := provider(t, f.URL, func(o *rest.Options) { o.Dir = dir })
			c := open(t, p, "old")
			info, _ := p.Find(t.Context(), "old")
			exec(t, c, "create table t(a)")
			exec(t, c, "insert into t values ("+value+")")
			before, err := c.Query(t.Context(), exact("select a from t", []string{"a"}))
			if err != nil {
				t.Fatal(err)
			}
			point, err := p.Retire(t.Context(), info.ID)
			if err != nil {
				if _, gone := p.Get(t.Context(), info.ID); gone != nil {
					t.Errorf("not retired (%v), and yet gone", err)
				}
				t.Logf("refused: %v", err)
				return
			}
			file, err := p.Copy(t.Context(), info.ID, point.ID)
			if err != nil {
				t.Fatal(err)
			}
			path := file.(interface{ Name() string }).Name()
			defer file.Close()
			db, err := sqlite.OpenCopy(path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Begin(t.Context(), sqlite.Read); err != nil {
				t.Fatal(err)
			}
			defer db.End(false)
			st, err := db.Prepare("select quote(a), typeof(a), hex(a) from t")
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			if more, err := st.Step(); !more || err != nil {
				t.Fatalf("no row: %v", err)
			}
			got := string(st.Bytes(0)) + " " + string(st.Bytes(1)) + " " + string(st.Bytes(2))
			want := literalOf(t, value)
			if got != want {
				t.Errorf("the database was deleted; of %s is left %q, was %q", before.Rows[0][0].Literal(), got, want)
			}
		})
	}
}

// literalOf is what a fresh database of ours stores for a value.
func literalOf(t *testing.T, value string) string {
	t.Helper()
	f := front.New(t, front.Options{})
	c := open(t, provider(t, f.URL), "want")
	exec(t, c, "create table t(a)")
	exec(t, c, "insert into t values ("+value+")")
	r, err := c.Query(t.Context(), d1.Stmt{SQL: "select quote(a), typeof(a), hex(a) from t", Columns: []string{"q", "t", "h"}})
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, v := range r.Rows[0] {
		parts = append(parts, v.Text())
	}
	return strings.Join(parts, " ")
}

// Every schema that D1 has can be exported, read, and put back.
func TestD1sOwnDumpsAreRead(t *testing.T) {
	for name, sqls := range map[string][]string{
		"a trigger on a view":        {"create table t(a)", "create view v as select a from t", "create trigger tv instead of insert on v begin insert into t values (new.a); end", "insert into t values (1)"},
		"an index on an expression":  {"create table t(a)", "create index i on t(a+1)"},
		"sqlite_stat1":               {"create table t(a primary key)", "insert into t values (1),(2)", "analyze"},
		"a quoted table":             {`create table "my t"(a)`, `insert into "my t" values (1)`},
		"autoincrement":              {"create table t(a integer primary key autoincrement)", "insert into t values (9)", "delete from t"},
		"a generated column":         {"create table t(a, g as (a+1) stored, b)", "insert into t(a,b) values (1,2)"},
		"a comment at the end":       {"create table t(a) -- of a", "create view v as select a from t -- end"},
		"semicolons and dashes":      {"create table t(a default '--;', b check (b <> ';'))", "insert into t values ('-- x; ''y', '/*')", "create trigger tr after insert on t begin update t set a = '; end;' where b = 'x'; end"},
		"a name with a quote":        {`create table "a""b;--"("c""d")`, `insert into "a""b;--" values (1)`},
		"a child before its parent":  {"create table c(p references p(id))", "create table p(id integer primary key)", "insert into p values (1)", "insert into c values (1)"},
		"a view on a later view":     {"create view a as select * from b", "create view b as select 1 as x"},
		"a bracket name":             {"create table [x'y](a)", "insert into [x'y] values ('z')"},
		"a column named like a type": {"create table t(\"select\" text, \"a b\" integer)", "insert into t values ('x', 1)"},
	} {
		t.Run(name, func(t *testing.T) {
			f := front.New(t, front.Options{OwnDump: true})
			p := provider(t, f.URL)
			c := open(t, p, "old")
			info, _ := p.Find(t.Context(), "old")
			for _, s := range sqls {
				exec(t, c, s)
			}
			file, err := p.Copy(t.Context(), info.ID, "")
			if err != nil {
				t.Fatalf("can't be exported, moved or deleted: %v", err)
			}
			_ = file.Close()
		})
	}
}
