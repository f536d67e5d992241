package migrate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

const (
	pTable  = "create table p(id integer primary key, n text, j text)"
	lTable  = "create table l(a integer, b text)"
	logIt   = "create trigger log after insert on p begin insert into l (a, b) values (new.id, new.n); end"
	pFile   = `"p":{"id":"integer primary key","n":"text","j":"text"}`
	lFile   = `"l":{"a":"integer","b":"text"}`
	rebuilt = `"x":"text default (lower('A'))"` // a column that only a rebuild can add
)

// TestTriggersAndViewsKeepTheirMeaning: SQLite binds the names in a trigger or view when
// it is used. What an ALTER or a rebuild elsewhere would break is refused, and what it
// would make mean something else is named before anybody approves it.
func TestTriggersAndViewsKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		live    []string
		tables  string // of the target
		more    string // of the target's file, from a comma on
		refused string // a part of a refusal, "" for none
		found   string // CODE object, "" for none
	}{
		"a column goes that a trigger sets": {
			live:   []string{pTable, lTable, "create trigger g after insert on l begin update p set j = 1; end"},
			tables: `"p":{"id":"integer primary key","n":"text"},` + lFile, refused: "no such column: j",
		},
		"a column goes that a trigger inserts into, by a rebuild": {
			live:   []string{pTable, lTable, "create trigger g after insert on l begin insert into p(j) values (1); end"},
			tables: `"p":{"id":"integer primary key","n":"text",` + rebuilt + `},` + lFile, refused: "no column named j",
		},
		"a column goes that UPDATE OF names": {
			live:   []string{pTable, lTable, "create trigger g after update of n, j on p begin insert into l values (1, 2); end"},
			tables: `"p":{"id":"integer primary key","n":"text"},` + lFile, found: "CP106 g",
		},
		"the only column that UPDATE OF names goes": {
			live:   []string{pTable, lTable, "create trigger g after update of j on p begin insert into l values (1, 2); end"},
			tables: `"p":{"id":"integer primary key","n":"text"},` + lFile, found: "CP106 g",
		},
		"a column that a trigger writes becomes generated": {
			live:   []string{pTable, lTable, logIt},
			tables: pFile + `,"l":{"a":"integer","b":"text as (upper(a)) stored"}`, refused: "cannot INSERT into generated column",
		},
		"a column comes under an INSERT by position": {
			live:   []string{pTable, lTable, "create trigger log after insert on p begin insert into l values (new.id, new.n); end"},
			tables: pFile + `,"l":{"a":"integer","b":"text","c":"text"}`, refused: "has 3 columns but 2 values",
		},
		"a column comes under a view of two columns": {
			live:   []string{lTable, "create view v(x, y) as select * from l"},
			tables: `"l":{"a":"integer","b":"text","c":"text"}`, refused: "expected 2 columns for 'v' but got 3",
		},
		"a column comes under a star": {
			live:   []string{lTable, "create view v as select * from l"},
			tables: `"l":{"a":"integer","b":"text","c":"text"}`, found: "CP107 v",
		},
		"a join becomes ambiguous": {
			live:   []string{pTable, lTable, "create view v as select a, j from p join l"},
			tables: pFile + `,"l":{"a":"integer","b":"text","j":"text"}`, refused: "ambiguous column name: j",
		},
		"a new column captures a trigger's name": {
			live: []string{"create table p(id, m)", lTable,
				"create trigger g after insert on l begin delete from p where not exists (select 1 from l where a = m); end"},
			tables: `"p":{"id":"blob","m":"blob"},"l":{"a":"integer","b":"text","m":"text"}`, found: "CP106 g",
		},
		"a renamed column captures a trigger's name": {
			live: []string{"create table p(id, m)", lTable,
				"create trigger g after insert on l begin delete from p where not exists (select 1 from l where a = m); end"},
			tables: `"p":{"id":"blob","m":"blob"},"l":{"a":"integer","m":"text was b"}`, found: "CP106 g",
		},
		"a new column joins naturally": {
			live:   []string{"create table p(id, m)", "create table l(id, b)", "create view v as select b from p natural join l"},
			tables: `"p":{"id":"blob","m":"blob"},"l":{"id":"blob","b":"blob","m":"text"}`, found: "CP106 v",
		},
		"a new column captures a text in double quotes": {
			live:   []string{lTable, `create view v as select a, "draft" as st from l`},
			tables: `"l":{"a":"integer","b":"text","draft":"text"}`, found: "CP106 v",
		},
		"a new column captures an alias": {
			live:   []string{lTable, `create view v as select substr(b, 1, 1) as k, count(*) from l group by k`},
			tables: `"l":{"a":"integer","b":"text","k":"text"}`, found: "CP106 v",
		},
		"the unique index of an upsert goes": {
			live: []string{pTable, lTable, "create unique index u on l(a)",
				"create trigger g after insert on p begin insert into l(a, b) values (new.id, 1) on conflict (a) do update set b = excluded.b; end"},
			tables: pFile + "," + lFile, refused: "ON CONFLICT clause does not match",
		},
		"the unique index of an upsert becomes partial": {
			live: []string{pTable, lTable, "create unique index u on l(a)",
				"create trigger g after insert on p begin insert into l(a, b) values (new.id, 1) on conflict (a) do update set b = excluded.b; end"},
			tables: pFile + "," + lFile, more: `,"indexes":{"l":{"u":{"columns":["a"],"unique":true,"where":"b is not null"}}}`,
			refused: "ON CONFLICT clause does not match",
		},
		"a table comes under a full-text index's name for it": {
			live:   []string{lTable, "create virtual table f using fts5(b, content='l')"},
			tables: `"k":{"@was":"l","a":"integer","b":"text"}`, found: "CP110 f",
		},
		"a column of a full-text index goes": {
			live:   []string{lTable, "create virtual table f using fts5(b, content=l)"},
			tables: `"l":{"a":"integer"}`, found: "CP110 f",
		},
		"a column of a full-text index is renamed": {
			live:   []string{lTable, "create virtual table f using fts5(b, content=\"l\")"},
			tables: `"l":{"a":"integer","c":"text was b"}`, found: "CP110 f",
		},
		"a rebuild puts columns into another order under an INSERT by position": {
			live:   []string{pTable, "create table l(a, b)", "create trigger g after insert on p begin insert into l values ('a', 'b'); end"},
			tables: pFile + `,"l":{"b":"blob default (lower('A'))","a":"blob"}`, found: "CP106 g",
		},
		"a rebuild puts columns into another order under a union": {
			live:   []string{"create table k(a, b)", "create table l(a, b)", "create view v as select * from l union all select * from k"},
			tables: `"k":{"a":"blob","b":"blob"},"l":{"b":"blob default (lower('A'))","a":"blob"}`, found: "CP106 v",
		},
		"a new NOT NULL where a trigger writes": {
			live:   []string{pTable, lTable, logIt},
			tables: pFile + `,"l":{"a":"integer","b":"text not null"}`, found: "CP108 log",
		},
		"a new UNIQUE where a trigger writes": {
			live:   []string{pTable, lTable, logIt},
			tables: pFile + "," + lFile, more: `,"indexes":{"l":{"u":{"columns":["a"],"unique":true}}}`, found: "CP108 log",
		},
		"a new CHECK where a trigger writes": {
			live:   []string{pTable, lTable, logIt},
			tables: pFile + `,"l":{"a":"integer","b":"enum(x,y)"}`, found: "CP108 log",
		},
		"a declared trigger takes the name of another": {
			live:   []string{pTable, lTable, logIt},
			tables: pFile + "," + lFile, more: `,"triggers":{"log":"create trigger log after delete on p begin select 1; end"}`, found: "CP109 log",
		},
		"a view has the new name of a table": {
			live:   []string{pTable, "create view q as select 1"},
			tables: `"q":{"@was":"p","id":"integer primary key","n":"text","j":"text",` + rebuilt + `}`, refused: "already another table",
		},
		"an index has the new name of a table": {
			live:   []string{pTable, "create index q on p(n)"},
			tables: `"q":{"@was":"p","id":"integer primary key","n":"text","j":"text",` + rebuilt + `}`, refused: "already another table",
		},
		"USING joins by a new column": {
			live: []string{"create table a(id integer, q text)", "create table b(id integer, x text)", "create table c(x text)",
				"create view v as select c.x from a join b using (id) join c using (x)"},
			tables: `"a":{"id":"integer","q":"text","x":"text"},"b":{"id":"integer","x":"text"},"c":{"x":"text"}`, found: "CP106 v",
		},
		"NATURAL joins by what a view shows": {
			live: []string{"create table p(id, m)", "create table l(id, b)", "create view v2 as select * from l", "create table z(n)",
				"create trigger g after insert on z begin delete from p where id not in (select id from p natural join v2); end"},
			tables: `"p":{"id":"blob","m":"blob"},"l":{"id":"blob","b":"blob","m":"text"},"z":{"n":"blob"}`, found: "CP106 g",
		},
		"a trigger has the name of a view": {
			live: []string{pTable, lTable, "create trigger v after insert on p begin insert into l values (new.id, 1); end",
				"create view v as select id from p"},
			tables: pFile + `,"l":{"a":"integer","b":"text","c":"text"}`, refused: "3 columns but 2 values",
		},
		"a trigger has the name of a full-text index": {
			live: []string{pTable, "create virtual table f using fts5(n, content=p, content_rowid=id)",
				"create trigger f after delete on p begin select 1; end"},
			tables: `"p":{"id":"integer primary key","j":"text"}`, found: "CP110 f",
		},
		"REPLACE takes rows along a new reference": {
			live: []string{"create table p(id integer primary key, n text)", "create table c(p integer)", "create table z(n)",
				"create trigger g after insert on z begin insert or replace into p values (1, new.n); end"},
			tables: `"p":{"id":"integer primary key","n":"text"},"c":{"p":"integer -> p.id cascade"},"z":{"n":"blob"}`, found: "CP108 g",
		},
		"a view with names of its own shows other values": {
			live:   []string{"create table a(k integer, x integer)", "create view v(p, q) as select * from a"},
			tables: `"a":{"x":"integer default (abs(1))","k":"integer"}`, found: "CP106 v",
		},
		"an INSERT by position into a view": {
			live: []string{pTable, "create table l(a, b)", "create view v as select * from l",
				"create trigger i instead of insert on v begin insert into l(a, b) values (new.a, new.b); end",
				"create trigger g after insert on p begin insert into v values ('a', 'b'); end"},
			tables: pFile + `,"l":{"b":"blob default (lower('A'))","a":"blob"}`, found: "CP106 g",
		},
		"a * whose rows are compared": {
			live: []string{pTable, "create table l(a, b)", "create table k(a, b)",
				"create trigger g after insert on p begin delete from p where exists (select * from l except select * from k); end"},
			tables: pFile + `,"l":{"a":"blob","b":"blob","t":"text default one"},"k":{"a":"blob","b":"blob","t":"text"}`, found: "CP106 g",
		},
		"a written column compares otherwise": {
			live: []string{"create table l(a text unique, b)", "create table p(n)",
				"create trigger g after insert on p begin insert or replace into l(a, b) values (new.n, 'v'); end"},
			tables: `"l":{"a":"text unique collate nocase","b":"blob"},"p":{"n":"blob"}`, found: "CP106 g",
		},
		"a new column is called rowid": {
			live:   []string{lTable, "create trigger g after insert on l begin update l set b = 'touched' where rowid = new.rowid; end"},
			tables: `"l":{"a":"integer","b":"text","rowid":"integer",` + rebuilt + `}`, found: "CP106 g",
		},
		"a full-text index loses its rowids": {
			live:   []string{"create table p(k text primary key not null, n text)", "create virtual table f using fts5(n, content=p)"},
			tables: `"p":{"k":"text not null","n":"text","@primary key":"k","@without rowid":true}`, found: "CP110 f",
		},
		"a full-text index over a view": {
			live:   []string{pTable, "create view v as select id, n from p", "create virtual table f using fts5(n, content=v, content_rowid=id)"},
			tables: `"p":{"id":"integer primary key","m":"text was n","j":"text"}`, found: "CP110 f",
		},
		"a full-text index that a trigger keeps rows out of": {
			live: []string{"create table p(id integer primary key, n text, public integer)",
				"create virtual table f using fts5(n, content='p', content_rowid='id')",
				"create trigger fi after insert on p when new.public begin insert into f(rowid, n) values (new.id, new.n); end"},
			tables: `"p":{"id":"integer primary key","n":"text not null default q","public":"integer"}`, found: "CP110 f",
		},
		"a trigger goes with its table": {
			live:   []string{pTable, lTable, logIt},
			tables: lFile, found: "CP102 log",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := planned(t, c.live, `{"name":"s","version":2,"tables":{`+c.tables+`}`+c.more+`}`)
			if c.refused == "" && len(plan.Refusals) > 0 || c.refused != "" && !strings.Contains(fmt.Sprint(plan.Refusals), c.refused) {
				t.Errorf("refused %+v, not for %q", plan.Refusals, c.refused)
			}
			if c.found != "" && !slices.ContainsFunc(plan.Findings, func(f migrate.Finding) bool { return f.Code+" "+f.Object == c.found }) {
				t.Errorf("found %+v, not %s", plan.Findings, c.found)
			}
		})
	}
}

// TestOrdinaryTriggersAndViewsAreQuiet: an operator who is warned for nothing stops
// reading.
func TestOrdinaryTriggersAndViewsAreQuiet(t *testing.T) {
	t.Parallel()
	live := []string{
		"create table a(id integer primary key, n text, gone text, deleted_at integer, updated_at integer)",
		"create table log(id integer primary key, what text, row text)", "create table p(id integer primary key)",
		"create trigger touch after update on a begin update a set updated_at = unixepoch() where id = new.id; end",
		"create trigger softdel before delete on a begin update a set deleted_at = 1 where id = old.id; select raise(ignore); end",
		"create trigger audit after insert on a begin insert into log(what, row) values ('a', json_object('id', new.id, 'n', new.n)); end",
		"create view alive as select id, n from a where deleted_at is null",
		"create view known as select n from a where exists (select 1 from p where p.id = a.id)",
		"create virtual table f using fts5(n, content='a', content_rowid='id')",
		"create trigger fi after insert on a begin insert into f(rowid, n) values (new.id, new.n); end",
		"create trigger fd after delete on a begin insert into f(f, rowid, n) values ('delete', old.id, old.n); end",
	}
	const log, p = `"log":{"id":"integer primary key","what":"text","row":"text"}`, `"p":{"id":"integer primary key"}`
	const a = `"id":"integer primary key","n":"text","gone":"text","deleted_at":"integer","updated_at":"integer"`
	for name, tables := range map[string]string{
		"a nullable column":           `"a":{` + a + `,"q":"text"},` + log + "," + p,
		"an enum":                     `"a":{` + a + `,"q":"enum(x,y)"},` + log + "," + p,
		"a reference":                 `"a":{` + a + `,"q":"integer -> p.id"},` + log + "," + p,
		"a column named like a table": `"a":{` + a + `,"p":"text"},` + log + "," + p,
		"a rebuild":                   `"a":{` + a + `,"q":"text default (lower('A'))"},` + log + "," + p,
		"a rebuild of what is written": `"a":{` + a +
			`},"log":{"id":"integer primary key","what":"text","row":"text","q":"text default (lower('A'))"},` + p,
		"a column that nobody mentions": `"a":{"id":"integer primary ` +
			`key","n":"text","deleted_at":"integer","updated_at":"integer"},` + log + "," + p,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := planned(t, live, `{"name":"s","version":2,"tables":{`+tables+`}}`)
			for _, f := range plan.Findings {
				if strings.HasPrefix(f.Code, "CP") {
					t.Errorf("%s %s: %s", f.Code, f.Object, f.What)
				}
			}
			if len(plan.Refusals) > 0 {
				t.Errorf("%+v", plan.Refusals)
			}
		})
	}
}

// planned plans from a database of these statements, all of whose tables the version
// before declares, to a file.
func planned(t *testing.T, statements []string, file string) *migrate.Plan {
	t.Helper()
	live, err := migrate.Inspect(t.Context(), database(t, statements...))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := migrate.New(live, parse(t, file), &schema.Schema{Name: "s", Version: 1, Tables: live.Schema.Tables})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestASynchronizationChangesNoMeaning: nobody reads it, so what a person would have to
// look at is not done.
func TestASynchronizationChangesNoMeaning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ live, file, want string }{
		"captured": {`create view v as select a, "draft" as st from l`, `"l":{"a":"integer","b":"text","draft":"text"}}`,
			"view v means something else"},
		"null":     {`insert into l values (1, null)`, `"l":{"a":"integer","b":"text not null default q"}}`, "l.b"},
		"computed": {`insert into l values (1, 'typed')`, `"l":{"a":"integer","b":"text as (upper(a)) stored"}}`, "l.b"},
		"replaced": {`create view v as select a from l`,
			`"l":{"a":"integer","b":"text"}},"views":{"v":"create view v as select b from l"}`, "The view v, which no version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := database(t, lTable, c.live)
			before := fingerprint(t, db)
			_, err := migrate.Synchronize(t.Context(), db, parse(t, `{"name":"s","version":1,"tables":{`+c.file+`}`), attempt("a"))
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), c.want) || fingerprint(t, db) != before {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestReplacedValuesAreLossesWithACount: a column that is computed from now on, and NULL
// that becomes something.
func TestReplacedValuesAreLossesWithACount(t *testing.T) {
	t.Parallel()
	db := database(t, "create table t(id integer, f text, up text, n text)",
		"insert into t values (1, 'a', 'typed by hand', null), (2, 'b', 'B', 'x'), (null, 'c', null, null)")
	live, _ := migrate.Inspect(t.Context(), db)
	plan, err := migrate.New(live, parse(t,
		`{"name":"s","version":2,"tables":{"t":{"id":"integer primary key","f":"text","up":"text as (upper(f)) stored",`+
			`"n":"text not null default q"}}}`), nil)
	if err != nil || plan.Ready() != nil {
		t.Fatalf("%v %v", err, plan.Ready())
	}
	answers, err := plan.Ask(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	for _, a := range answers {
		if a.Severity == migrate.Lost {
			found[a.Object] = a.N
		}
	}
	if len(plan.Losses) != 3 || found["t.up"] != 2 || found["t.n"] != 2 || found["t.id"] != 1 {
		t.Errorf("%+v %v", plan.Losses, found)
	}
	if !strings.Contains(fmt.Sprint(plan.Losses), "t.n: NULL becomes 'q'") {
		t.Errorf("%+v", plan.Losses)
	}
}

// TestTheRowsAreAskedAsTheyWillBe: what only the batch would have found blocks before.
func TestTheRowsAreAskedAsTheyWillBe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		live []string
		file string
		want string
	}{
		"a unique index over a column with a constant default": {
			[]string{"create table t(id integer primary key)", "insert into t values (1), (2)"},
			`"t":{"id":"integer primary key","k":"text default one"}},"indexes":{"t":{"u":{"columns":["k"],"unique":true}}}`, "values of t (k)",
		},
		"and of an old one beside it": {
			[]string{"create table t(id integer primary key, a text)", "insert into t values (1, 'x'), (2, 'x')"},
			`"t":{"id":"integer primary key","a":"text","k":"text default one"}},"indexes":{"t":{"u":{"columns":["a","k"],"unique":true}}}`,
			"values of t (a, k)",
		},
		"a unique column gains a collation": {
			[]string{"create table t(id integer primary key, a text unique)", "insert into t values (1, 'x'), (2, 'X')"},
			`"t":{"id":"integer primary key","a":"text unique collate nocase"}}`, "values of t (a)",
		},
		"a unique index gains a collation": {
			[]string{"create table t(id integer primary key, a text)", "create unique index u on t(a)", "insert into t values (1, 'x'), (2, 'X')"},
			`"t":{"id":"integer primary key","a":"text"}},"indexes":{"t":{"u":{"columns":["a collate nocase"],"unique":true}}}`, "values of t (a)",
		},
		"a parent's key loses a collation": {
			[]string{"create table t(a text primary key collate nocase)", "create table c(t text references t(a))",
				"insert into t values ('x')", "insert into c values ('X')"},
			`"t":{"a":"text primary key"},"c":{"t":"text -> t.a"}}`, "rows of c that refer to no row of t",
		},
		"a CHECK over an old and a new column": {
			[]string{"create table t(id integer primary key, a integer)", "insert into t values (1, 5)"},
			`"t":{"id":"integer primary key","a":"integer","k":"integer default 7","@check":["a > k"]}}`, "break the CHECK",
		},
		"a CHECK over a generated column": {
			[]string{"create table t(id integer primary key, a integer)", "insert into t values (1, 5)"},
			`"t":{"id":"integer primary key","a":"integer","g":"integer as (a * 2)","h":"integer as (g + 1) stored","@check":["h > 20"]}}`,
			"break the CHECK",
		},
		"values that can't number the rows": {
			[]string{"create table t(id text, a text)", "insert into t values ('1', 'x'), ('abc', 'y')"},
			`"t":{"id":"integer primary key","a":"text"}}`, "no whole numbers",
		},
		"NULL in a key without rowid": {
			[]string{"create table t(id text primary key, a text)", "insert into t values (null, 'x')"},
			`"t":{"id":"text not null","a":"text","@primary key":"id","@without rowid":true}}`, "without id",
		},
		"a unique column that is generated": {
			[]string{"create table t(id integer primary key, f text)", "insert into t values (1, 'a'), (2, 'A')"},
			`"t":{"id":"integer primary key","f":"text","up":"text unique as (upper(f)) stored"}}`, "values of t (up)",
		},
		"a generated column that comes out as NULL": {
			[]string{"create table t(id integer primary key, f text)", "insert into t values (1, null)"},
			`"t":{"id":"integer primary key","f":"text","up":"text not null as (upper(f))"}}`, "comes out as NULL",
		},
		"a unique index on what is generated from a changed column": {
			[]string{"create table t(a integer, g integer as (a + 1))", "create unique index u on t(g)", "insert into t(a) values (null), (5)"},
			`"t":{"a":"integer not null default 5","g":"integer as (a + 1)"}},"indexes":{"t":{"u":{"columns":["g"],"unique":true}}}`,
			"values of t (g)",
		},
		"a reference that is generated": {
			[]string{"create table p(id text primary key)", "create table t(id integer primary key, f text)", "insert into t values (1, 'zz')"},
			`"p":{"id":"text primary key"},"t":{"id":"integer primary key","f":"text","up":"text -> p.id as (upper(f))"}}`,
			"rows of t that refer to no row of p",
		},
		"a default that breaks its CHECK, with the table's name": {
			[]string{"create table t(id integer primary key)", "insert into t values (1)"},
			`"t":{"id":"integer primary key","k":"integer default 1 check (t.k > 1)"}}`, "break the CHECK",
		},
		"a CHECK on the rowid beside a rename": {
			[]string{"create table t(id integer, a text)", "insert into t values (1, 'x')"},
			`"t":{"id":"integer","b":"text was a","@check":["rowid > 5"]}}`, "break the CHECK",
		},
		"values that a type makes the same": {
			[]string{"create table t(id integer primary key, a text unique)", "insert into t values (1, '1'), (2, '01')"},
			`"t":{"id":"integer primary key","a":"integer unique"}}`, "values of t (a)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := database(t, c.live...)
			live, _ := migrate.Inspect(t.Context(), db)
			plan, err := migrate.New(live, parse(t, `{"name":"s","version":2,"tables":{`+c.file+`}`), nil)
			if err != nil || plan.Ready() != nil {
				t.Fatalf("%v %v", err, plan.Ready())
			}
			answers, err := plan.Ask(t.Context(), db)
			if err != nil || !slices.ContainsFunc(answers, func(a migrate.Answer) bool { return a.Blocks() && strings.Contains(a.What, c.want) }) {
				t.Errorf("%v %+v", err, answers)
			}
			if _, err := migrate.Apply(t.Context(), db, plan, migrate.Attempt{ID: "a", At: now}); err == nil {
				t.Error("the batch took it")
			}
		})
	}
}
