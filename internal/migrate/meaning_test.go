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
			live:   []string{"create table p(id, m)", lTable, "create trigger g after insert on l begin delete from p where not exists (select 1 from l where a = m); end"},
			tables: `"p":{"id":"blob","m":"blob"},"l":{"a":"integer","b":"text","m":"text"}`, found: "CP106 g",
		},
		"a renamed column captures a trigger's name": {
			live:   []string{"create table p(id, m)", lTable, "create trigger g after insert on l begin delete from p where not exists (select 1 from l where a = m); end"},
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
			tables: pFile + "," + lFile, more: `,"indexes":{"l":{"u":{"columns":["a"],"unique":true,"where":"b is not null"}}}`, refused: "ON CONFLICT clause does not match",
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
		"captured": {`create view v as select a, "draft" as st from l`, `"l":{"a":"integer","b":"text","draft":"text"}}`, "view v means something else"},
		"null":     {`insert into l values (1, null)`, `"l":{"a":"integer","b":"text not null default q"}}`, "l.b"},
		"computed": {`insert into l values (1, 'typed')`, `"l":{"a":"integer","b":"text as (upper(a)) stored"}}`, "l.b"},
		"replaced": {`create view v as select a from l`, `"l":{"a":"integer","b":"text"}},"views":{"v":"create view v as select b from l"}`, "The view v, which no version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := database(t, lTable, c.live)
			before := fingerprint(t, db)
			_, err := migrate.Synchronize(t.Context(), db, parse(t, `{"name":"s","version":1,"tables":{`+c.file+`}`), "a", "test", now)
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
	db := database(t, "create table t(id integer, f text, up text, n text)", "insert into t values (1, 'a', 'typed by hand', null), (2, 'b', 'B', 'x'), (null, 'c', null, null)")
	live, _ := migrate.Inspect(t.Context(), db)
	plan, err := migrate.New(live, parse(t, `{"name":"s","version":2,"tables":{"t":{"id":"integer primary key","f":"text","up":"text as (upper(f)) stored","n":"text not null default q"}}}`), nil)
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
			`"t":{"id":"integer primary key","a":"text","k":"text default one"}},"indexes":{"t":{"u":{"columns":["a","k"],"unique":true}}}`, "values of t (a, k)",
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
			[]string{"create table t(a text primary key collate nocase)", "create table c(t text references t(a))", "insert into t values ('x')", "insert into c values ('X')"},
			`"t":{"a":"text primary key"},"c":{"t":"text -> t.a"}}`, "rows of c that refer to no row of t",
		},
		"a CHECK over an old and a new column": {
			[]string{"create table t(id integer primary key, a integer)", "insert into t values (1, 5)"},
			`"t":{"id":"integer primary key","a":"integer","k":"integer default 7","@check":["a > k"]}}`, "break the CHECK",
		},
		"a CHECK over a generated column": {
			[]string{"create table t(id integer primary key, a integer)", "insert into t values (1, 5)"},
			`"t":{"id":"integer primary key","a":"integer","g":"integer as (a * 2)","h":"integer as (g + 1) stored","@check":["h > 20"]}}`, "break the CHECK",
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
