package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
	"github.com/kuratchi/dashboard/schemas"
)

func mustParse(t testing.TB, src string) *schema.Schema {
	t.Helper()
	s, err := schema.Parse([]byte(src))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return s
}

func organization(t testing.TB, version int) *schema.Schema {
	t.Helper()
	src, err := schemas.FS.ReadFile(fmt.Sprintf("organization.v%d.json", version))
	if err != nil {
		t.Fatal(err)
	}
	return mustParse(t, string(src))
}

// live executes statements on the engine and reads the database back.
func live(t testing.TB, statements ...string) *schema.Schema {
	t.Helper()
	c, err := sqlite.Open("", sqlite.Options{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Begin(t.Context(), sqlite.Write); err != nil {
		t.Fatal(err)
	}
	for _, sql := range statements {
		st, err := c.Prepare(sql)
		if err != nil {
			t.Fatalf("%s\n%v", sql, err)
		}
		if _, err := st.Step(); err != nil {
			t.Fatalf("%s\n%v", sql, err)
		}
		st.Close()
	}
	st, err := c.Prepare("select type, name, tbl_name, coalesce(sql,'') from sqlite_master " +
		"where name not in (select name from pragma_table_list where type = 'shadow')")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var rows []schema.MasterRow
	for {
		row, err := st.Step()
		if err != nil {
			t.Fatal(err)
		}
		if !row {
			break
		}
		rows = append(rows, schema.MasterRow{Type: st.Bytes(0), Name: st.Bytes(1), Table: st.Bytes(2), SQL: st.Bytes(3)})
	}
	s, err := schema.FromObjects(rows)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wordsOf(changes []schema.Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Words())
	}
	return out
}

func TestOrganizationSchemaMakesTheDatabaseItDescribes(t *testing.T) {
	for version := 1; version <= 2; version++ {
		s := organization(t, version)
		if len(s.Tables) < 20 || s.Version != version {
			t.Errorf("v%d: %d tables, version %d", version, len(s.Tables), s.Version)
		}
		got := live(t, s.DDL()...)
		if changes := schema.Diff(got, s); len(changes) != 0 {
			t.Errorf("v%d differs from its own database: %s", version, strings.Join(wordsOf(changes), "; "))
		}
		if got.Hash() != s.Hash() {
			t.Errorf("v%d: the database's hash is another", version)
		}
	}
	changes := schema.Diff(organization(t, 1), organization(t, 2))
	for _, c := range changes {
		if u, ok := c.(schema.ChangeTable); ok {
			t.Errorf("v1 to v2 needs more than ALTER: %s", u.What)
		}
	}
	if len(changes) < 15 {
		t.Errorf("only %d changes from v1 to v2", len(changes))
	}
}

func TestColumnStrings(t *testing.T) {
	for def, want := range map[string]string{
		"text":                                      `"c" TEXT`,
		"text primary key not null":                 `"c" TEXT NOT NULL PRIMARY KEY`,
		"INTEGER NOT NULL UNIQUE":                   `"c" INTEGER NOT NULL UNIQUE`,
		"json default (json_object())":              `"c" TEXT DEFAULT (json_object())`,
		"boolean default true":                      `"c" INTEGER DEFAULT 1`,
		"boolean not null default false":            `"c" INTEGER NOT NULL DEFAULT 0`,
		"text default true":                         `"c" TEXT DEFAULT 'true'`,
		"timestamp_ms":                              `"c" INTEGER`,
		"text default now":                          `"c" TEXT DEFAULT CURRENT_TIMESTAMP`,
		"text default null":                         `"c" TEXT`,
		`text default ""`:                           `"c" TEXT DEFAULT ''`,
		`text default 'it''s a b'`:                  `"c" TEXT DEFAULT 'it''s a b'`,
		`text default "say ""hi"""`:                 `"c" TEXT DEFAULT 'say "hi"'`,
		"real default -1.5e3":                       `"c" REAL DEFAULT -1.5e3`,
		"integer default (1 + 2)":                   `"c" INTEGER DEFAULT (1 + 2)`,
		"enum(a,b) not null default b":              `"c" TEXT NOT NULL DEFAULT 'b' CHECK ("c" IN ('a', 'b'))`,
		"text enum('a b', c)":                       `"c" TEXT CHECK ("c" IN ('a b', 'c'))`,
		"text -> p.id":                              `"c" TEXT REFERENCES "p" ("id")`,
		"text -> p.id set null":                     `"c" TEXT REFERENCES "p" ("id") ON DELETE SET NULL`,
		"text not null -> p.id cascade default 'x'": `"c" TEXT NOT NULL DEFAULT 'x' REFERENCES "p" ("id") ON DELETE CASCADE`,
		"text -> p.id no action unique":             `"c" TEXT UNIQUE REFERENCES "p" ("id")`,
	} {
		src := fmt.Sprintf(`{"name":"x","version":1,"tables":{"p":{"id":"text primary key"},"t":{"c":%q}}}`, def)
		s := mustParse(t, src)
		tab, _ := s.Table("t")
		if got := strings.TrimSpace(strings.Split(tab.DDL(), "\n")[1]); got != want {
			t.Errorf("%q gives %s, want %s", def, got, want)
		}
		if changes := schema.Diff(live(t, s.DDL()...), s); len(changes) != 0 {
			t.Errorf("%q differs from its own database: %v", def, wordsOf(changes))
		}
	}
}

func TestEveryMistakeIsReportedAtItsPlace(t *testing.T) {
	src := `{
  "name": "bad name", "version": 0, "extra": 1,
  "mixins": {"stamps": {"at": "text default now"}, "loop": {"...loop": true}},
  "tables": {
    "users": {
      "id": "text primary key",
      "a": "txet",
      "b": "text nonsense",
      "c": "integer default abc",
      "d": "text -> nowhere.id cascade",
      "e": "text -> users.a",
      "f": "text default 'open",
      "g": "enum(a,b) default c",
      "h": 7,
      "...stamp": true,
      "...loop": true,
      "i": "text -> users.id set null not null",
      "id": "text",
      "j": "text default",
      "k": "boolean enum(a)"
    },
    "_cf_x": {"a": "text"},
    "empty": {}
  },
  "indexes": {"users": {"i1": {"columns": ["nope"]}, "i1": {"columns": []}, "i2": {"uniq": true}}, "none": {}}
}`
	_, err := schema.Parse([]byte(src))
	want := []string{
		`line 2, column 11: "name" must be 1 to 64 letters, digits, - or _`,
		`line 2, column 34: "version" must be a whole number from 1: write "version": 1 in the first one, and one more in each after it`,
		`line 2, column 37: unknown key "extra"; a schema has name, version, mixins, tables, indexes, views, triggers and virtual`,
		`line 3, column 61: users....loop: the mixin "loop" contains itself`,
		`line 7, column 13: users.a: "txet" is no type; use text, integer, real, blob, json, boolean, timestamp_ms, enum(…) or sql(…)`,
		`line 8, column 18: users.b: unknown word "nonsense"; after the type come primary key, autoincrement, not null, unique, ` +
			`enum(…), default …, collate …, check (…), as (…), -> table.column, was … and fill (…)`,
		`line 9, column 29: users.c: "abc" is no default for a column of numbers; put text in quotes if it is meant`,
		`line 10, column 21: users.d: there is no table "nowhere" to refer to; add it to "tables", or leave the reference out`,
		`line 11, column 21: users.e: users.a is neither a primary key nor unique, so nothing can refer to it`,
		`line 12, column 26: users.f: this quote is never closed`,
		`line 13, column 31: users.g: the default is none of the enum's values`,
		`line 14, column 12: users.h: a column is one string, for instance "text not null"`,
		`line 15, column 7: users....stamp: there is no mixin "stamp"`,
		`line 17, column 21: users.i: set null can never happen on a column that is not null`,
		`line 17, column 21: users.i: users.id is neither a primary key nor unique, so nothing can refer to it`,
		`line 18, column 7: users: "id" is there twice (names differ by more than case)`,
		`line 19, column 18: users.j: after default comes a value`,
		`line 20, column 21: users.k: an enum is text, and this column is not`,
		`line 22, column 5: _cf_x: the name "_cf_x" is reserved for SQLite, D1 or the migration ledgers`,
		`line 23, column 5: empty: a table needs at least one column`,
		`line 25, column 44: users.i1: the table has no column "nope"`,
		`line 25, column 54: users: "i1" is there twice (names differ by more than case)`,
		`line 25, column 54: users.i1: another index is called "i1" too; names of indexes are unique in a database`,
		`line 25, column 54: users.i1: an index needs at least one column`,
		`line 25, column 84: users.i2: unknown key "uniq"; an index has columns, unique and where`,
		`line 25, column 100: none: there is no table "none" to index`,
	}
	if err == nil {
		t.Fatal("accepted")
	}
	if d := cmp.Diff(want, strings.Split(err.Error(), "\n")); d != "" {
		t.Error(d)
	}
	for _, src := range []string{"", "[", "{", `{"name":`, "null", "[]", `{"name":"x","version":1,"tables":{}} x`, "\xff",
		`{"name":"x","version":1e99,"tables":[]}`} {
		if _, err := schema.Parse([]byte(src)); err == nil {
			t.Errorf("accepted %q", src)
		}
	}
}

func TestDiffSaysEveryDifference(t *testing.T) {
	from := live(t,
		"create table p(id integer primary key)",
		"create table t(id integer primary key, a text, b integer default 1, c text not null, gone text, "+
			"pid integer references p(id) on delete cascade, check (b < 9))",
		"create index i on t(a)", "create index same on t(b)", "create table extra(x)")
	to := mustParse(t, `{"name":"x","version":2,"tables":{"p":{"id":"integer primary key"},
	  "t":{"id":"text primary key","a":"integer","b":"integer default 2",
		"c":"text","pid":"integer -> p.id set null","u":"text unique","e":"enum(x,y)"}},
	  "indexes":{"t":{"I":{"columns":["a","b"]},"same":{"columns":["b"]},"n":{"columns":["c"],"unique":true}}}}`)
	want := []string{
		"Drop index i to make it again",
		"Add column t.u", "Add column t.e",
		"Drop column t.gone",
		"Change the type of t.id from INTEGER to TEXT",
		"Change the type of t.a from TEXT to INTEGER",
		"Change the default of t.b from 1 to 2",
		"Let t.c be NULL",
		"Add the foreign key (pid -> p id on delete set null) to t",
		"Remove the foreign key (pid -> p id on delete cascade) from t",
		"Remove the CHECK (b < 9) from t",
		"Create index I on t (a, b)", "Create unique index n on t (c)",
	}
	if d := cmp.Diff(want, wordsOf(schema.Diff(from, to))); d != "" {
		t.Error(d)
	}
}

func TestReadsWhateverSQLiteDeclares(t *testing.T) {
	for _, sql := range []string{
		"create table t(a, b)", "create table if not exists [t t]('x' varchar(10), `y` double precision, z decimal(10, 2))",
		"create table t(a integer primary key autoincrement, b text collate nocase unique)",
		"create table t(a text, b text, c as (a || b) stored, d generated always as (length(a)), primary key (a, b)) without rowid, strict" +
			"",
		"create table t(a integer constraint x not null constraint y check (a > 0) default (1 + (2)), " +
			"/* ) */ b text default 'a)b' -- x,\n, constraint u unique (a, b), foreign key (a, b) references t(b, " +
			"a) on update cascade on delete set default deferrable initially deferred, check (a <> b))",
		"create table t(a integer default -1, b real default +1.5, c default current_date, d default x'00', e default foo, " +
			"f default \"bar\", g default null)",
		"create table t(a int references t, b int references t(a) match full not deferrable)",
		"create table \"we\"\"ird\"(\"sel ect\" text, \"check\" int)",
	} {
		if strings.Contains(sql, "strict") {
			sql = strings.NewReplacer("(a text, b text, c as", "(a text, b text, c text as", "d generated", "d int generated").Replace(sql)
		}
		a := live(t, sql)
		if len(a.Tables) != 1 {
			t.Fatalf("%s: %d tables", sql, len(a.Tables))
		}
		again := live(t, a.Tables[0].DDL())
		if d := wordsOf(schema.Diff(a, again)); d != nil {
			t.Errorf("%s\n%s\n%v", sql, a.Tables[0].DDL(), d)
		}
		if a.Hash() != again.Hash() {
			t.Errorf("%s: hashes differ", sql)
		}
	}
	with, without := live(t, "create table t(a int unique on conflict replace)"), live(t, "create table t(a int unique)")
	if with.Hash() == without.Hash() || len(schema.Diff(without, with)) == 0 {
		t.Error("an ON CONFLICT clause was dropped in silence")
	}
}

// TestHashIsOfTheMeaning writes the same schema with other blanks, quotes,
// comments and orders: the hash stays; any single change moves it.
func TestHashIsOfTheMeaning(t *testing.T) {
	base := organization(t, 1)
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, len(base.Tables)-1).Draw(rt, "table")
		ddl := base.Tables[i].DDL()
		var b strings.Builder
		blanks := rapid.SampledFrom([]string{" ", "\n", "\t ", " /* c */ ", " -- x\n"})
		for tok := range sqltext.Tokens(ddl) {
			text := tok.Text
			if tok.Kind == sqltext.Name && rapid.Bool().Draw(rt, "quote") {
				text = "[" + tok.Ident() + "]"
			}
			if tok.Kind == sqltext.Word && rapid.Bool().Draw(rt, "case") {
				text = strings.ToLower(text)
			}
			b.WriteString(text)
			b.WriteString(blanks.Draw(rt, "blank"))
		}
		tab, err := schema.ParseTable(b.String())
		if err != nil {
			rt.Fatal(err)
		}
		other := &schema.Schema{Tables: append([]schema.Table{tab}, base.Tables[:i]...), Name: "other", Version: 9}
		other.Tables[0].Indexes = base.Tables[i].Indexes
		other.Tables = append(other.Tables, base.Tables[i+1:]...)
		if other.Hash() != base.Hash() {
			rt.Fatalf("another hash for\n%s", b.String())
		}
		j := rapid.IntRange(0, len(tab.Columns)-1).Draw(rt, "column")
		cols := append([]schema.Column(nil), tab.Columns...)
		switch rapid.IntRange(0, 2).Draw(rt, "change") {
		case 0:
			cols[j].NotNull = !cols[j].NotNull
		case 1:
			cols[j].Name += "x"
		default:
			cols[j].Default = "'changed'"
		}
		other.Tables[0].Columns = cols
		if other.Hash() == base.Hash() {
			rt.Fatal("a change kept the hash")
		}
	})
}

func FuzzParse(f *testing.F) {
	src, _ := schemas.FS.ReadFile("organization.v1.json")
	f.Add(string(src))
	f.Add(`{"name":"x","version":1,"tables":{"t":{"a":"text -> t.a set null","b":"enum(a,'b c')"}}}`)
	f.Add(`{"name":"x","version":1,"tables":{"t":{"@@a":"sql(VARCHAR(9)) check (x > 'a(') collate nocase was \"o p\"",` +
		`"g":"text as (lower(\"@a\")) stored","@check":["g <> ` +
		`1"],"@strict":false,"@was":"u"}},"indexes":{"t":{"i":{"columns":["(lower(g))","g ` +
		`desc"],"where":"g"}}},"views":{"v":"create view v as select 1"}}`)
	f.Add(`{"name":"x","version":1,"tables":{"t":{"a":"text","b":"text fill (lower(a) || '(' -- x)"}}}`)
	f.Fuzz(func(t *testing.T, src string) {
		s, err := schema.Parse([]byte(src))
		if err != nil {
			return
		}
		for _, tab := range s.Tables {
			if _, err := schema.ParseTable(tab.DDL()); err != nil && !strings.Contains(tab.DDL(), "\x00") {
				t.Errorf("own DDL can't be read: %v\n%s", err, tab.DDL())
			}
		}
		written, err := s.Source(s.Name, s.Version)
		if err != nil {
			return // what SQLite could not have either
		}
		again, err := schema.Parse([]byte(written))
		if err != nil || again.Hash() != s.Hash() {
			t.Fatalf("it comes back otherwise: %v\n%s", err, written)
		}
		if d := cmp.Diff(fillsOf(s), fillsOf(again)); d != "" {
			t.Errorf("its fills come back otherwise: %s\n%s", d, written)
		}
	})
}
