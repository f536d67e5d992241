package schema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/schema"
)

// TestHashesOfBefore are those of the build of 2026-11-30, to the byte: nothing of
// these schemas was dropped by it.
func TestHashesOfBefore(t *testing.T) {
	t.Parallel()
	for want, sql := range map[string][]string{
		"580326ce55f847bcc6e7db36480fe3513483f950944d9c3292eb402de6e5b700": {"create table t(id integer primary key desc, n text)"},
		"bedba7424bca9995a3521428ff432b0567323ad5168504b5812c5c8bca3ce747": {"create table t(id text primary key desc, n text)"},
		"e6e215d9c1c567f3e3b64dd9393d18b1b4a2d7b36a42185504a6fc81a39fcdac": {"create table t(a text collate nocase unique, " +
			"b int, unique (a, b), primary key (b, a)) without rowid"},
		"f29c43d098a803e06609f3265c95f45c48995527a8be0c604bf7ede971707ff9": {"create table t(a text, b text unique on conflict ignore)"},
		"aa43329220f6aaf5e23f7c169b4bcaac4937c273b2f176c392898cb2db6adf95": {`create table t(id integer primary key ` +
			`autoincrement, a text default (lower('A')), check (a <> "zz"))`},
		"4cb77a84fd704e1743e91d6b0b7d16632442faf8748fbaf7364ab69d865e69b7": {"create table t(a)",
			"create index i on t(lower(a) collate nocase desc, a collate nocase, (a || 'x'))"},
	} {
		s := live(t, sql...)
		texts := strings.Contains(strings.Join(sql, ""), `"zz"`) // of which the hash is another one by now
		if got := s.Hash(); (got == want) == texts || !s.Recorded(want) {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
	for version, want := range []string{"180f84575744a90a2c3cf8b6abec8706961c0ecd0e8e5bcc47a3700cae41d1ff",
		"a1e22ac649db92e4a0f790a37043c768258c67aaff7d1002840fea3c08d742df"} {
		if got := organization(t, version+1).Hash(); got != want {
			t.Errorf("organization v%d: %s, want %s", version+1, got, want)
		}
	}
}

// TestKeysHaveWords writes what a table's keys are as a schema file, none verbatim.
func TestKeysHaveWords(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"create table t(email text, unique (email COLLATE nocase))": `"email": "text" "@unique": ["\"email\" collate nocase"]`,
		`create table t(email text, unique (("email" collate [RTRIM]) desc), unique (email))`: `"email": "text ` +
			`unique" "@unique": ["\"email\" collate rtrim desc"]`,
		"create table t(a text, b text, unique (a, b desc))": `"a": "text" ` +
			`"b": "text" "@unique": ["\"a\", \"b\" desc"]`,
		"create table t(id integer primary key desc)": `"id": "integer ` +
			`primary key desc"`,
		"create table t(id text primary key desc) without rowid": `"id": "text ` +
			`primary key desc" "@without rowid": true`,
		"create table t(id text, primary key (id desc))": `"id": "text primary key desc"`,
		"create table t(id text, primary key (id collate nocase))": `"id": "text" ` +
			`"@primary key": "\"id\" collate nocase"`,
		"create table t(a text, b text, primary key (a collate nocase desc, b)) without rowid": `"a": "text" ` +
			`"b": "text" "@primary key": "\"a\" collate nocase desc, \"b\"" "@without rowid": true`,
		"create table t(a text collate nocase, b text, unique (a collate binary, b))": `"a": "text ` +
			`collate nocase" "b": "text" "@unique": ["\"a\" collate binary, \"b\""]`,
		"create table t(id integer, primary key (id desc autoincrement))": `"id": "integer ` +
			`primary key autoincrement"`,
		"create table t(id integer, primary key (id desc)) without rowid": `"id": "integer ` +
			`primary key desc" "@without rowid": true`,
		"create table t(a text collate nocase, unique (a collate NoCase), primary key (a collate \"nocase\"))": `"a": "text ` +
			`primary key unique collate nocase"`,
	} {
		s := live(t, sql)
		src, err := s.Source("x", 1)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(src, `"t": {`)
		body, _, _ = strings.Cut(body, "\n    }")
		if got := strings.Join(strings.Fields(strings.ReplaceAll(body, ",\n", "\n")), " "); got != want {
			t.Errorf("%s\n%s, want\n%s", sql, got, want)
		}
		if parsed := mustParse(t, src); parsed.Hash() != s.Hash() || live(t, parsed.DDL()...).Hash() != s.Hash() {
			t.Errorf("%s comes back otherwise:\n%s", sql, strings.Join(parsed.DDL(), "\n"))
		}
	}
}

// TestKeysThatAreTheSame are the same to SQLite's own indexes, and so have one hash;
// the others have others.
func TestKeysThatAreTheSame(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"create table t(a text collate nocase, unique (a))", "create table t(a text collate nocase unique)",
			"create table t(a text unique collate nocase)", "create table t(a text collate NOCASE, unique ((a) collate nocase asc))"},
		{"create table t(a integer primary key)", "create table t(a integer, primary key (a desc))",
			"create table t(a integer, primary key (a collate nocase desc))", "create table t(a integer primary key asc)"},
		{"create table t(a text primary key desc)", "create table t(a text, primary key (a desc))"},
		{"create table t(a integer primary key desc) without rowid",
			"create table t(a integer, primary key (a collate nocase desc)) without rowid"},
	} {
		for _, sql := range same[1:] {
			if live(t, sql).Hash() != live(t, same[0]).Hash() {
				t.Errorf("%s and %s have different hashes", same[0], sql)
			}
		}
	}
	seen := map[string]string{}
	for _, sql := range []string{
		"create table t(a text, unique (a))", "create table t(a text, unique (a desc))", "create table t(a text, unique (a collate nocase))",
		"create table t(a text, unique (a collate rtrim))",
		"create table t(a text, unique (a collate nocase desc))", "create table t(a text, unique (a), unique (a collate nocase))",
		"create table t(a text, primary key (a))",
		"create table t(a text, primary key (a desc))", "create table t(a text, primary key (a collate nocase))",
		"create table t(a integer primary key)", "create table t(a integer primary key desc)",
		"create table t(a text, unique (a) on conflict ignore, unique (a collate nocase))",
		"create table t(a text, unique (a), unique (a collate nocase) on conflict ignore)",
	} {
		hash := live(t, sql).Hash()
		if other, ok := seen[hash]; ok {
			t.Errorf("%s and %s have one hash", sql, other)
		}
		seen[hash] = sql
	}
	x, y := live(t, "create table t(a, b)", "create index i on t((a || b) collate nocase)"),
		live(t, "create table t(a, b)", "create index i on t(a || b collate nocase)")
	if x.Hash() == y.Hash() || x.LooseHash() != y.LooseHash() {
		t.Error("the collation of an expression and of its last operand are one, or were two before")
	}
}

func TestAChangeOfAKeyIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		want     []string
	}{
		{"create table t(email text, unique (email collate nocase))", "create table t(email text unique)",
			[]string{"Add the UNIQUE (email) to t", "Remove the UNIQUE (email collate nocase) from t"}},
		{"create table t(a text, b text, primary key (a, b)) without rowid",
			"create table t(a text, b text, primary key (a collate nocase, b desc)) without rowid",
			[]string{"Change the primary key of t from (a, b) to (a collate nocase, b desc)"}},
		{"create table t(id integer primary key)", "create table t(id integer primary key desc)",
			[]string{"Change the primary key of t from (id) to (id desc)"}},
		{"create table t(a text, unique (a desc))", "create table t(a text, unique (a desc), unique (a collate rtrim))",
			[]string{"Add the UNIQUE (a collate rtrim) to t"}},
	} {
		if got := wordsOf(schema.Diff(live(t, c.from), live(t, c.to))); !slices.Equal(got, c.want) {
			t.Errorf("%s to %s:\n%v, want\n%v", c.from, c.to, got, c.want)
		}
	}
	renamed := mustParse(t, `{"name":"x","version":1,"tables":{"t":{"b":"text was a","@unique":["b collate nocase desc"],`+
		`"@primary key":"b collate rtrim"}}}`)
	from := live(t, "create table t(a text, unique (a collate nocase desc), primary key (a collate rtrim))")
	if d := cmp.Diff([]string{"Rename column t.a to b"}, wordsOf(schema.Diff(from, renamed))); d != "" {
		t.Error(d)
	}
}

// TestKeysThatCannotBe are mistakes in a file; one that was saved before is read.
func TestKeysThatCannotBe(t *testing.T) {
	t.Parallel()
	for table, want := range map[string]string{
		`"a":"text","@unique":["a collate german"]`: "there is no collation german; " +
			"use nocase, rtrim or binary",
		`"a":"integer","@primary key":"a desc"`: `a is an integer, and the list of ` +
			`one integer is the rowid, which has neither collation nor direction. Leave them out, ` +
			`or write "integer primary key desc" at the column for a key that is not the rowid`,
		`"a":"text","b":"text","@unique":["a, b"],"@foreign key":["a, b desc -> t(a, b)"]`: `"a, b desc ": collate and desc ` +
			`belong to primary keys, unique lists and indexes`,
		`"a":"text","b":"text -> t.a","@unique":["a collate nocase"]`: "t.a is unique by another collation than its own, " +
			"so nothing can refer to it. Give the column that collation, or make it unique as it is",
		`"a":"text primary key desc unique"`: "the columns of the primary key are unique too, in another direction, " +
			"and SQLite keeps one index for both. Leave that unique out",
	} {
		src := `{"name":"x","version":1,"tables":{"t":{` + table + `}}}`
		if _, err := schema.Parse([]byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", table, err)
		}
		s, err := schema.Reread([]byte(src))
		if err != nil {
			t.Errorf("%s: a saved one can't be read: %v", table, err)
		} else if strings.Contains(table, "german") {
			continue // SQLite takes none of it
		} else if changes := schema.Diff(live(t, s.DDL()...), s); len(changes) > 0 {
			t.Errorf("%s differs from its own database: %v", table, wordsOf(changes))
		}
	}
	for _, table := range []string{`"a":"text","@unique":["a collate"]`, `"a":"text","@primary key":"a down"`,
		`"a":"integer primary key desc autoincrement"`, `"a":"integer","@primary key":"a autoincrement"`} {
		if _, err := schema.Reread([]byte(`{"name":"x","version":1,"tables":{"t":{` + table + `}}}`)); err == nil {
			t.Errorf("%s was taken", table)
		}
	}
	if _, err := schema.Parse([]byte(`{"name":"x","version":1,"tables":{"t":{"a":"text","b":"text -> t.a",` +
		`"@unique":["a desc"]}}}`)); err != nil {
		t.Errorf("a key that goes down can be referred to: %v", err)
	}
}

// TestALooseSchemaIsWhatItWasReadFrom is of a schema that was written down when keys
// were read without their collations.
func TestALooseSchemaIsWhatItWasReadFrom(t *testing.T) {
	t.Parallel()
	declared := mustParse(t, `{"name":"x","version":1,"tables":{"t":{"email":"text not null unique"}}}`)
	collated := live(t, "create table t(email text not null, unique (email collate nocase))", "create table more(a)")
	other := live(t, "create table t(email text, unique (email collate nocase))")
	for _, c := range []struct {
		loose bool
		live  *schema.Schema
		want  bool
	}{{false, collated, false}, {true, collated, true}, {true, other, false},
		{false, live(t, "create table t(email text not null unique)"), true}} {
		declared.Loose = c.loose
		if got := declared.Is(c.live); got != c.want {
			t.Errorf("loose %t: %t of\n%s", c.loose, got, c.live.Tables[0].SQL)
		}
	}
}
