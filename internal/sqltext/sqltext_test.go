package sqltext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// TestNamesFoldByASCII: what SQLite tells apart stays apart.
func TestNamesFoldByASCII(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"Users", "uSERS", true}, {"É", "é", false}, {"K", "\u212a", false}, {"s", "\u017f", false},
		{"a", "ab", false}, {"@", "`", false}, {"[", "{", false}, {"\xff", "\xff", true},
	} {
		if sqltext.Same(c.a, c.b) != c.same || (sqltext.Fold(c.a) == sqltext.Fold(c.b)) != c.same ||
			(sqltext.Upper(c.a) == sqltext.Upper(c.b)) != c.same {
			t.Errorf("%q and %q: %v %q %q", c.a, c.b, sqltext.Same(c.a, c.b), sqltext.Fold(c.a), sqltext.Fold(c.b))
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		a, b := rapid.String().Draw(rt, "a"), rapid.String().Draw(rt, "b")
		if sqltext.Same(a, b) != (sqltext.Fold(a) == sqltext.Fold(b)) || !sqltext.Same(a, sqltext.Upper(a)) {
			rt.Fatalf("%q %q", a, b)
		}
	})
}

func TestSelects(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]bool{
		"select 1": true, "\ufeff -- a\n VALUES (1)": true, "with a as (select 1) select * from a": true,
		"with recursive a(n) as not materialized (values (1)), b as (select 2) values (3);": true,
		"with a as (select 1) delete from t":                                                false, "with a as (select 1": false, "with": false,
		"":                 false,
		"explain select 1": false, "delete from t": false, "pragma foreign_keys": false,
	} {
		if got := sqltext.IsSelect(sql); got != want {
			t.Errorf("%q: %v", sql, got)
		}
	}
}

func TestWordsStandOutsideOfQuotesAndComments(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]bool{
		"insert or Replace into t values (1)": true, "update t set a = 1": false, "select 'replace', \"replace\" -- replace": false,
		"select [replace] /* replace */": false, "select replaced": false, "": false,
	} {
		if got := sqltext.HasWord(sql, "ignore", "replace"); got != want {
			t.Errorf("%q: %v", sql, got)
		}
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]int{
		"select ?, ?3, :a, ?, :a, $b": {1, 3, 4, 5, 4, 6},
		"select '?', \"?\" -- ?":      nil,
		"select ?99999999999999999":   {11},
	} {
		places, count := sqltext.Params(sql, 10)
		var got []int
		most := 0
		for _, p := range places {
			got, most = append(got, p.Number), max(most, p.Number)
		}
		if d := cmp.Diff(want, got); d != "" || count != most {
			t.Errorf("%q: %d %s", sql, count, d)
		}
	}
}

func TestRowIDHasAWordThatNoColumnHides(t *testing.T) {
	t.Parallel()
	for columns, want := range map[string]string{
		"id":                "rowid",
		"ROWID":             "_rowid_",
		"rowid,_RowID_":     "oid",
		"rowid,_rowid_,Oid": "",
		"row\u0131d":        "rowid",
	} {
		if got := sqltext.RowID(strings.Split(columns, ",")); got != want {
			t.Errorf("%s: %q", columns, got)
		}
	}
}

func TestUnquotedKeepsPlaces(t *testing.T) {
	t.Parallel()
	sql := `update "delete" set a = 'where' /* insert */ -- é`
	if got := sqltext.Unquoted(sql); got != "update          set a =                           " || len(got) != len(sql) {
		t.Errorf("%q, %d for %d bytes", got, len(got), len(sql))
	}
}
