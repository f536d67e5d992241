package schema_test

import (
	"strings"
	"testing"
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
