package schema_test

import (
	"testing"

	"github.com/kuratchi/dashboard/internal/schema"
)

// TestFormsThatTheDiagramsLack: SQLite's grammar has more than its documentation shows, and
// programs write it. Each table is the plain one beside it.
func TestFormsThatTheDiagramsLack(t *testing.T) {
	t.Parallel()
	parent := "create table p(id integer primary key)"
	for _, c := range []struct{ written, plain string }{
		{`create table t("id" integer, n, primary key("id" AUTOINCREMENT))`, "create table t(id integer primary key autoincrement, n)"},
		{"create table t(a REFERENCES p(id) NOT NULL DEFERRABLE INITIALLY DEFERRED)",
			"create table t(a not null references p(id) deferrable initially deferred)"},
		{"create table t(a references p deferrable initially deferred not deferrable)", "create table t(a references p)"},
		{"create table t(a references p not deferrable deferrable initially deferred)",
			"create table t(a references p deferrable initially deferred)"},
		{"create table t(a references p on delete cascade on delete no action)", "create table t(a references p)"},
		{"create table t(a references p(id) on insert cascade on delete set null)", "create table t(a references p(id) on delete set null)"},
		{"create table t(a text constraint empty)", "create table t(a text)"},
		{"create table t(a text, constraint empty)", "create table t(a text)"},
		{"create table t(a text constraint one constraint two not null, constraint three constraint four unique (a))",
			"create table t(a text not null unique)"},
		{"create table t(a 'TEXT', b \"Integer\", c [varchar](9), d `my type`)", "create table t(a text, b integer, c varchar, d 'MY TYPE')"},
		{"create table t(a int generated, b generated always as (1), c int(5) generated always as (2) stored)",
			"create table t(a 'int generated', b as (1), c int(5) as (2) stored)"},
		{"create table t(a varchar /* int */ (10))", "create table t(a int)"},
		{"create table t(a '')", "create table t(a numeric)"},
		{"create table t(a default (+ true), b default - null)", "create table t(a default (+true), b default (-null))"},
		{"create table t(a default (current_date is not null))", "create table t(a default ((current_date IS NOT NULL)))"},
		{"create table t(a unique check (a > 0) unique)", "create table t(a unique, check (a > 0))"},
	} {
		if again := live(t, live(t, parent, c.written).DDL()...); len(schema.Diff(again, live(t, parent, c.written))) > 0 {
			t.Errorf("%s\nis written as another table: %v", c.written, again.DDL())
		}
		if a, b := live(t, parent, c.written), live(t, parent, c.plain); a.Hash() != b.Hash() {
			t.Errorf("%s\nis another table than\n%s\n%v", c.written, c.plain, wordsOf(schema.Diff(a, b)))
		}
	}
}

// TestAWordThatIsAColumnIsNoDirection: ASC and DESC are names where only a name can stand.
func TestAWordThatIsAColumnIsNoDirection(t *testing.T) {
	t.Parallel()
	const table = "create table t(a, asc, desc, like, with)"
	for term, want := range map[string]schema.IndexColumn{
		"- asc":        {Expr: "- asc", IsExpr: true},
		"- asc desc":   {Expr: "- asc", IsExpr: true, Desc: true},
		"a || desc":    {Expr: "a || desc", IsExpr: true},
		"a like desc":  {Expr: "a like desc", IsExpr: true},
		"a is asc":     {Expr: "a is asc", IsExpr: true},
		"- like desc":  {Expr: "- like", IsExpr: true, Desc: true},
		"like desc":    {Expr: "like", Desc: true},
		"with and a":   {Expr: `"with" and a`, IsExpr: true},
		"desc desc":    {Expr: "desc", Desc: true},
		"desc":         {Expr: "desc"},
		"(a) desc":     {Expr: "(a)", IsExpr: true, Desc: true},
		"a isnull asc": {Expr: "a isnull", IsExpr: true},
	} {
		s := live(t, table, "create index i on t("+term+")")
		if got := s.Tables[0].Indexes[0].Columns[0]; got != want {
			t.Errorf("%s: %+v", term, got)
		}
		if again := live(t, s.DDL()...); again.Hash() != s.Hash() {
			t.Errorf("%s is written as %v", term, s.DDL())
		}
	}
}
