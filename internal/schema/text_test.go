package schema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/schema"
)

// TestATextInDoubleQuotesKeepsItsCase is of what D1 takes for a text since it names no
// column. The case of a name means nothing, also in double quotes.
func TestATextInDoubleQuotesKeepsItsCase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		form, one, two string
		same           bool
	}{
		{`create table t(a text, check (a <> "~"))`, "zz", "ZZ", false},
		{`create table t(a text, b text as (a || "~"))`, "zz", "ZZ", false},
		{`create table t(a text, check ("~" <> 'x'))`, "a", "A", true},
		{`create table t(a text, check ("T"."~" <> 'x'))`, "a", "A", true},
		{`create table t(a text, check ("~"(a) <> 'x'))`, "lower", "LOWER", true},
		{`create table t(a text, check (a collate "~" <> 'x'))`, "nocase", "NOCASE", true},
		{`create table t(a text, check ("~" > 0))`, "rowid", "ROWID", true},
	} {
		one, two := live(t, replaced(c.form, c.one)), live(t, replaced(c.form, c.two))
		if same := one.Hash() == two.Hash(); same != c.same {
			t.Errorf("%s with %s and %s: one hash %t", c.form, c.one, c.two, same)
		}
		if one.LooseHash() != two.LooseHash() {
			t.Errorf("%s: a build before told %s from %s", c.form, c.one, c.two)
		}
	}
	for _, where := range []string{`lower(a) || "~"`, `a) where (a <> "~"`} {
		index := `create index i on t(` + where + `)`
		if live(t, "create table t(a)", replaced(index, "zz")).Hash() == live(t, "create table t(a)", replaced(index, "ZZ")).Hash() {
			t.Errorf("%s: the case of its text is dropped", index)
		}
	}
}

func replaced(form, name string) string { return strings.ReplaceAll(form, "~", name) }

// TestACommentAtAnExpressionsEndEndsNothingElse reads what a schema writes of expressions
// that end in a comment, which would swallow a parenthesis after it.
func TestACommentAtAnExpressionsEndEndsNothingElse(t *testing.T) {
	t.Parallel()
	for _, form := range []string{
		"create table t(a int default (1 + 1~), b int)",
		"create table t(a int check (a > 0~), b int)",
		"create table t(a int, b int as (a + 1~) stored)",
		"create table t(a int, b int, check (a > b~))",
	} {
		plain, commented := live(t, replaced(form, "")), live(t, replaced(form, " -- why\n"))
		if plain.Hash() != commented.Hash() {
			t.Errorf("%q: a comment changes the schema", form)
		}
		if again := live(t, commented.Tables[0].DDL()); again.Hash() != commented.Hash() {
			t.Errorf("%q is written as %q", form, commented.Tables[0].DDL())
		}
	}
}

// TestATextIsTheSameInEitherQuotes: ALTER TABLE writes one for the other, in what is
// declared and in what isn't.
func TestATextIsTheSameInEitherQuotes(t *testing.T) {
	t.Parallel()
	const p = "create table p(n text, k text, x text)"
	for _, c := range []struct {
		ddl  []string
		form string
		same bool
	}{
		{nil, `create table t(k text check (k in (~A~, ~B~)))`, true},
		{nil, `create table t(k text, g text as (k || ~zz~))`, true},
		{nil, `create table t(k text default ~dd~)`, true},
		{nil, `create table t(k text default ~k~)`, true}, // a default is no column
		{nil, `create table t(k text check (k <> ~k~))`, false},
		{nil, `create table t(k text, x text, check (x <> ~k~))`, false},
		{[]string{"create table t(k text, x text)"}, `create index i on t(k) where x = ~A~`, true},
		{[]string{"create table t(k text, x text)"}, `create index i on t(k || ~q~)`, true},
		{[]string{"create table t(k text, x text)"}, `create index i on t(k) where ~x~ = 'A'`, false},
		{[]string{p}, `create view v as select n, ~draft~ as st from p`, true},
		{[]string{p}, `create view v as select ~open~ as open, n from p`, true},
		{[]string{p}, `create view v as select n from p where k = ~open~ or x in (~a~, 1, ~b~) and coalesce(x, ~none~) <> ~c~`, true},
		{[]string{p}, `create view v as select ~n~ from p`, false},
		{[]string{p}, `create view v as select case when x then ~yes~ else ~no~ end from p`, true},
		{[]string{p, "create table q(status text)"}, `create view v as select ~status~ as st from p`, true},
		{[]string{p, "create table q(status text)"}, `create view v as select ~status~ as st from p, q`, false},
		{[]string{p, "create view w as select n as total from p"}, `create view v as select ~total~ from w`, false},
		{[]string{p}, `create trigger g after insert on p when new.k = ~go~` +
			` begin update p set k = ~x1~ where n = ~A~; insert into p(n, k) values (~a~, new.n); end`, true},
		{[]string{p}, `create trigger g after insert on p begin insert into p(n, k) select ~k~, 1; end`, false},
	} {
		eitherQuotes(t, c.ddl, c.form, c.same)
	}
}

// eitherQuotes says whether a form with double quotes is the same schema as with single ones.
func eitherQuotes(t *testing.T, ddl []string, form string, same bool) {
	t.Helper()
	double := live(t, append(slices.Clone(ddl), replaced(form, `"`))...)
	single := live(t, append(slices.Clone(ddl), replaced(form, `'`))...)
	if one := double.Hash() == single.Hash(); one != same {
		t.Errorf("%s: one hash %t", form, one)
	}
	for _, pair := range [][2]*schema.Schema{{double, single}, {single, double}} {
		if none := len(schema.Diff(pair[0], pair[1])) == 0; none != same {
			t.Errorf("%s: no difference %t", form, none)
		}
		if is := pair[0].Is(pair[1]); is != same {
			t.Errorf("%s: it is the other one %t", form, is)
		}
	}
}

// TestNamesInDoubleQuotesAreNoTexts: none of these schemas has another hash than it had.
func TestNamesInDoubleQuotesAreNoTexts(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{
		`create view "v"("A", "B") as select "n", "p"."k" from "p"`,
		`create view v as select n as "Total", k "Kind" from p as "x" where "Total" > 1 order by "Total"`,
		`create view v as with "c"("A") as (select n from p), "d" as (select "A" from "c") select "A" from "c", "d"`,
		`create view v as select "lower"(n) from p join p as "b" using ("n") group by "n" collate "nocase"`,
		`create view v as select cast(n as "TEXT"), sum(n) over "w" from p window "w" as (order by "k")`,
		`create view v as select "col" from (select n as "col" from p)`,
		`create view v as select "anything" from elsewhere`,
		`create view v as select n from p where n in "p"`,
		`create trigger "g" after update of "n", "k" on "p" begin insert into "p" ("n", "k") values ("new"."n", "old"."k"); end`,
		`create trigger g instead of insert on w begin update "p" set "n" = new."n" where "rowid" = 1; end`,
	} {
		s := live(t, "create table p(n text, k text)", "create view w as select n from p", sql)
		plain := live(t, "create table p(n text, k text)", "create view w as select n from p", strings.ReplaceAll(sql, `"`, ""))
		if s.Hash() != plain.Hash() {
			t.Errorf("%s: a name is taken for a text", sql)
		}
	}
}
