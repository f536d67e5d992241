package migrate_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// reach plans from a database as it is, all of whose tables the version before declares,
// to a file, and applies it.
func reach(t *testing.T, db d1.Conn, file string) *migrate.Plan {
	t.Helper()
	live, err := migrate.Inspect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := migrate.New(live, parse(t, file), &schema.Schema{Name: "s", Version: 1, Tables: live.Schema.Tables})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Empty() {
		return plan
	}
	if _, err := migrate.Apply(t.Context(), db, plan, migrate.Attempt{ID: plan.Hash(), Actor: "test", At: now}); err != nil {
		t.Fatalf("%v\n%s", err, statements(plan))
	}
	return plan
}

// TestTriggersFireInTheirOrderAfterARebuild: a guard that was made last goes first, and
// still does when its table, or one of its neighbours, is made anew.
func TestTriggersFireInTheirOrderAfterARebuild(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"rebuild": `{"name":"s","version":2,"tables":{"p":{"id":"integer primary key","n":"text",` +
			`"x":"text default (lower('A'))"},"l":{"n":"text"}}}`,
		"a changed trigger": `{"name":"s","version":2,"tables":{"p":{"id":"integer primary key","n":"text"},"l":{"n":"text"}},` +
			`"triggers":{"b_log":"create trigger b_log before insert on p begin insert into l values (new.n || '!'); end"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := database(t, "create table p(id integer primary key, n text)", "create table l(n text)",
				"create trigger b_log before insert on p begin insert into l values (new.n); end",
				"create trigger a_guard before insert on p when new.n = 'no' begin select raise(ignore); end")
			reach(t, db, file)
			exec(t, db, "insert into p(n) values ('no')", "insert into p(n) values ('yes')")
			if got := strings.TrimSuffix(one(t, db, "select group_concat(n) from l"), "!"); got != "yes" {
				t.Errorf("logged %q", got)
			}
		})
	}
}

// TestATriggerWithANameLikeOursIsSomebodys: it neither fires during a rebuild nor is it
// gone afterwards.
func TestATriggerWithANameLikeOursIsSomebodys(t *testing.T) {
	t.Parallel()
	db := database(t, "create table p(id integer primary key, n text)", "create table l(n text)",
		"insert into p values (1, 'old')", "create trigger kuratchi_log after insert on p begin insert into l values (new.n); end",
		"create index kuratchi_n on p(n)", "create view kuratchi_v as select n from p")
	reach(t, db, `{"name":"s","version":2,"tables":{"p":{"id":"integer primary key","n":"text",`+
		`"x":"text default (lower('A'))"},"l":{"n":"text"}},"indexes":{"p":{"i":{"columns":["n"]}}}}`)
	exec(t, db, "insert into p(n) values ('new')")
	if got := one(t, db, "select group_concat(n) from l") + one(t, db, "select count(*) from kuratchi_v"); got != "new2" {
		t.Errorf("%q", got)
	}
}

// TestAnUpsertStaysAnUpsertWhenItsTableIsRenamed: SQLite writes the new name where the
// trigger says excluded.
func TestAnUpsertStaysAnUpsertWhenItsTableIsRenamed(t *testing.T) {
	t.Parallel()
	db := database(t, "create table p(id integer primary key, n text)", "create table l(a integer primary key, b text)",
		`create trigger g after update on p begin insert into l(a, b) `+
			`values (new.id, new.n) on conflict (a) do update set b = excluded.b where "excluded".b <> ''; end`,
		"insert into l values (1, 'old')", "insert into p values (1, 'old')")
	reach(t, db, `{"name":"s","version":2,"tables":{"p":{"id":"integer primary key","n":"text"},`+
		`"k":{"@was":"l","a":"integer primary key","c":"text was b"}}}`)
	exec(t, db, "update p set n = 'new'")
	if got := one(t, db, "select c from k"); got != "new" {
		t.Errorf("the upsert kept %q", got)
	}
}

// TestTriggersOnAViewOutliveItsChange: declared ones and others.
func TestTriggersOnAViewOutliveItsChange(t *testing.T) {
	t.Parallel()
	db := database(t, "create table p(id integer primary key, n text)", "create view v as select id from p",
		"create trigger declared instead of insert on v begin insert into p(n) values ('d'); end",
		"create trigger own instead of delete on v begin delete from p; end")
	reach(t, db, `{"name":"s","version":2,"tables":{"p":{"id":"integer primary key","n":"text"}},
		"views":{"v":"create view v as select id, n from p"},
		"triggers":{"declared":"create trigger declared instead of insert on v begin insert into p(n) values ('d'); end"}}`)
	exec(t, db, "insert into v(id) values (1)")
	if got := one(t, db, "select n from v"); got != "d" {
		t.Errorf("%q", got)
	}
	exec(t, db, "delete from v")
	if got := one(t, db, "select count(*) from p"); got != "0" {
		t.Errorf("%s rows", got)
	}
}

// TestRenamesInARow: chains of tables and columns, and a change of case alone; a circle
// is refused in words.
func TestRenamesInARow(t *testing.T) {
	t.Parallel()
	db := database(t, "create table a(x integer, y integer)", "create table b(z integer)", "insert into a values (1, 2)",
		"insert into b values (3)")
	const file = `{"name":"s","version":2,"tables":{"b":{"@was":"a","y":"integer was x","w":"integer was y"},"c":{"@was":"b","z":"integer"}}}`
	reach(t, db, file)
	if got := one(t, db, "select y || w from b") + one(t, db, "select z from c"); got != "123" {
		t.Errorf("%q", got)
	}
	if plan := reach(t, db, file); len(plan.Steps) != 0 {
		t.Errorf("it is done again: %s", statements(plan))
	}
	const cased = `{"name":"s","version":3,"tables":{"B":{"@was":"b","Y":"integer was y","w":"integer"},"c":{"z":"integer"}}}`
	reach(t, db, cased)
	if got := one(t, db, "select name from sqlite_master where lower(name) = 'b'") +
		one(t, db, "select name from pragma_table_info('b') limit 1"); got != "BY" {
		t.Errorf("%q", got)
	}
	if plan := reach(t, db, cased); len(plan.Steps) != 0 {
		t.Errorf("it is done again: %s", statements(plan))
	}
	for _, tables := range []string{`"B":{"@was":"c","z":"integer"},"c":{"@was":"B","y":"integer"}`,
		`"B":{"y":"integer was w","w":"integer was y"}`} {
		live, _ := migrate.Inspect(t.Context(), db)
		plan, err := migrate.New(live, parse(t, `{"name":"s","version":4,"tables":{`+tables+`}}`), nil)
		if err != nil || len(plan.Refusals) != 1 || !strings.Contains(plan.Refusals[0].Reason, "third name") {
			t.Errorf("%v %+v", err, plan)
		}
	}
}

// TestAFullTextIndexIsReadAnewWhereARebuildChangesItsText: its triggers are away then.
func TestAFullTextIndexIsReadAnewWhereARebuildChangesItsText(t *testing.T) {
	t.Parallel()
	db := database(t, "create table p(id integer primary key, n text)",
		"create virtual table f using fts5(n, content='p', content_rowid='id')",
		"create trigger fi after insert on p begin insert into f(rowid, n) values (new.id, new.n); end", "insert into p values (1, null)")
	reach(t, db, `{"name":"s","version":2,"tables":{"p":{"id":"integer primary key","n":"text not null default nobody"}}}`)
	if got := one(t, db, "select count(*) from f where f match 'nobody'"); got != "1" {
		t.Errorf("found %s", got)
	}
}
