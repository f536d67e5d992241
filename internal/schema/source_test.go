package schema_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/schema"
)

// declared is what SQLite can declare and D1 accepts, a database each.
var declared = map[string][]string{
	"composite keys": {
		"create table p(a integer, b text, c real, primary key (a, b), unique (c, b))",
		"create table c(x integer, y text, foreign key (x, y) references p(a, b) on delete cascade on update set null " +
			"deferrable initially deferred)",
	},
	"autoincrement": {"create table t(id integer primary key autoincrement, a text not null default '')"},
	"generated":     {"create table t(a integer, b integer as (a + 1), c text not null generated always as (a || 'x') stored)"},
	"collations":    {"create table t(a text collate nocase unique, b text collate rtrim)", "create index i on t(a collate binary desc, b)"},
	"checks":        {"create table t(a integer check (a > 0) check (a < 9), b text, check (a <> b), check (length(b) < 4))"},
	"strict": {"create table t(id int primary key, a any, b text) strict",
		"create table w(a text primary key, b blob) strict, without rowid"},
	"types": {"create table t(a varchar(10), b double precision, c decimal(10, 2), d, e datetime, f unsigned big int)"},
	"defaults": {"create table t(a default 1, b default -1.5, c default 'it''s', d default (1 + 2), " +
		"e default current_timestamp, f default current_date, g default x'00ff', h default true, i default (json('{}')), " +
		"j text default \"bare\")"},
	"partial indexes": {"create table t(a, b)", "create unique index u on t(a) where b is not null",
		"create index e on t(lower(a), b desc)", "create index f on t((a + 1)) where a in ('x', 'y')"},
	"objects": {
		"create table t(a, b)", "create view v as select a, 'it''s \"so\"' s from t",
		"create trigger g after insert on t when new.a > 1 begin update t set b = ';' where rowid = new.rowid; delete " +
			"from t where a = 'end'; end",
		"create trigger i instead of delete on v begin select 1; end",
		"create virtual table f using fts5(body, content='')",
	},
	"odd names": {
		`create table "we""ird table"("sel ect" text primary key, "@at" int, "...dots" int, "a.b" int, "ünï" int, 'quo''te' int)`,
		`create table "order"("group" text references "we""ird table"("sel ect"), [br ackets] int, ` + "`back`" + ` int)`,
		`create index "ix ""1" on "order"("group", "br ackets" desc)`,
	},
	"self and cycle": {
		"create table a(id integer primary key, up integer references a(id) on delete set null, b integer references b(id))",
		"create table b(id integer primary key, a integer references a(id) on delete restrict)",
	},
	"no word for it": {
		"create table t(a integer constraint positive check (a > 0), b text unique on conflict ignore, " +
			"constraint pair unique (a, b), primary key (a) on conflict replace)",
		"create table d(id integer primary key desc)",
	},
	"reference without columns": {"create table p(id text primary key)", "create table c(p text references p)"},
	"quoted strings": {`create table t(a text check (a <> "zz") default "active")`,
		`create view v as select * from t where a = "active"`},
}

// TestALiveSchemaComesBackThroughItsFile goes from a database to the schema file,
// to DDL, to another database: all four are the same schema.
func TestALiveSchemaComesBackThroughItsFile(t *testing.T) {
	for name, statements := range declared {
		t.Run(name, func(t *testing.T) {
			first := live(t, statements...)
			src, err := first.Source("adopted", 1)
			if err != nil {
				t.Fatal(err)
			}
			file := mustParse(t, src)
			if file.Name != "adopted" || file.Version != 1 || file.Hash() != first.Hash() {
				t.Fatalf("the file is another schema:\n%s\n%v", src, wordsOf(schema.Diff(first, file)))
			}
			second := live(t, file.DDL()...)
			if d := schema.Diff(first, second); len(d) > 0 || second.Hash() != first.Hash() {
				t.Errorf("the database of the file differs: %v\n%s", wordsOf(d), src)
			}
			again, err := second.Source("adopted", 1)
			if err != nil || again != src {
				t.Errorf("%v: the file changes when written again:\n%s\n%s", err, src, again)
			}
			if name == "no word for it" && !strings.Contains(src, "on conflict ignore") {
				t.Errorf("the clause is gone:\n%s", src)
			}
		})
	}
}

// TestRenamesAreRenames reads a file that says what was called otherwise.
func TestRenamesAreRenames(t *testing.T) {
	from := live(t, "create table old(id integer primary key, mail text not null, check (mail like '%@%'))",
		"create index by_mail on old(mail)",
		"create table c(o integer references old(id))", "create view v as select mail from old")
	to := mustParse(t, `{"name":"x","version":2,"tables":{
	  "users":{"@was":"old","id":"integer primary key","email":"text not null was mail","@check":["email like '%@%'"]},
	  "c":{"o":"integer -> users.id"}},
	  "indexes":{"users":{"by_mail":{"columns":["email"]}}},
	  "views":{"v":"create view v as select email from users"}}`)
	got := strings.Join(wordsOf(schema.Diff(from, to)), "; ")
	if got != "Rename table old to users; Rename column users.mail to email" &&
		!strings.HasPrefix(got, "Rename table old to users; Rename column users.mail to email; Drop view v to make it again") {
		t.Errorf("%s", got)
	}
	if again := schema.Diff(to, to); len(again) != 0 {
		t.Errorf("a rename that was done is done again: %v", wordsOf(again))
	}
}

// TestDroppedNamesOnlyWhatASchemaHeld: tables that no schema ever spoke of are
// left alone.
func TestDroppedNamesOnlyWhatASchemaHeld(t *testing.T) {
	had := mustParse(t, `{"name":"x","version":1,"tables":{"a":{"id":"text"},"b":{"id":"text"},"c":{"id":"text"}}}`)
	database := live(t, "create table a(id text)", "create table b(id text)", "create table wrangler(id text)", "create table c(id text)")
	next := mustParse(t, `{"name":"x","version":2,"tables":{"a":{"id":"text"},"d":{"@was":"c","id":"text"}}}`)
	if got := wordsOf(schema.Dropped(had, database, next)); len(got) != 1 || got[0] != "Drop table b" {
		t.Errorf("%v", got)
	}
	if got := schema.Dropped(nil, database, next); got != nil {
		t.Errorf("without a version before: %v", wordsOf(got))
	}
}

// TestOneTableWithoutWordsLeavesTheOthersTheirs: what the language can't say of a table is
// that table's alone.
func TestOneTableWithoutWordsLeavesTheOthersTheirs(t *testing.T) {
	for name, odd := range map[string]string{
		"a missing parent":               "create table odd(id integer primary key, p references nowhere(id))",
		"a parent that isn't":            "create table odd(id integer primary key, p references good(name))",
		"a clause":                       "create table odd(id integer primary key on conflict replace)",
		"a name":                         "create table odd(id integer constraint positive check (id > 0))",
		"columns by the wrong collation": "create table odd(a text, b references odd(a), unique (a collate nocase))",
		"a type":                         "create table odd(id integer, kind 'a(b' not null)",
		"nothing":                        `create table odd("" integer, " " text, c text references ""(""))`,
	} {
		t.Run(name, func(t *testing.T) {
			s := live(t, "create table good(id integer primary key, name text)", odd, `create table ""("" 'TEXT' primary key)`,
				`create index "  " on good(name)`, `create view " " as select 1 a`)
			src, err := s.Source("adopted", 1)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(src, "@sql") > 1 || !strings.Contains(src, `"name": "text"`) {
				t.Errorf("more than that table is verbatim:\n%s", src)
			}
			again := live(t, mustParse(t, src).DDL()...)
			if d := schema.Diff(s, again); len(d) > 0 {
				t.Errorf("%v\n%s", wordsOf(d), src)
			}
		})
	}
}
