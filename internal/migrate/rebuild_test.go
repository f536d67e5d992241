package migrate_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// to plans the way to a schema that is the live one with a change.
func to(t *testing.T, db d1.Conn, change func(s *schema.Schema)) (*migrate.Plan, *schema.Schema) {
	t.Helper()
	live, err := migrate.Inspect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	other, err := migrate.Inspect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	target := other.Schema
	target.Name, target.Version = "x", 2
	change(target)
	p, err := migrate.New(live, target, live.Schema)
	if err != nil {
		t.Fatal(err)
	}
	return p, target
}

func table(s *schema.Schema, name string) *schema.Table {
	t, _ := s.Table(name)
	return t
}

func one(t *testing.T, db d1.Conn, sql string) string {
	t.Helper()
	r, err := db.Query(t.Context(), d1.Query(sql))
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var out []string
	for _, row := range r.Rows {
		out = append(out, row[0].Text())
	}
	return strings.Join(out, " ")
}

// TestChildrenThatWouldFollowAKeyAreSetAside rebuilds a parent whose children have
// ON UPDATE actions: the key shift would take them along and the drop delete them.
func TestChildrenThatWouldFollowAKeyAreSetAside(t *testing.T) {
	for engine, fresh := range engines(t) {
		for _, action := range []string{"on update cascade on delete cascade", "on update set null on delete set null",
			"on update restrict on delete restrict"} {
			db := fresh(t)
			exec(t, db, "create table p(id text primary key, v text check (v <> 'x'))",
				"create table c(id integer primary key autoincrement, pid text references p(id) "+action+", up integer references c(id))",
				"create table g(cid integer references c(id) on delete cascade, note text)",
				"create trigger gone after delete on c begin insert into g values (null, 'fired'); end",
				"insert into p values ('a','1'),('b','2')", "insert into c values (1,'a',null),(2,'b',1),(7,null,2)", "delete from c where id = 7",
				"delete from g", "insert into g(rowid, cid, note) values (5,1,'x'),(9,2,'y')")
			p, _ := to(t, db, func(s *schema.Schema) { table(s, "p").Checks = nil })
			if err := p.Ready(); err != nil {
				t.Fatalf("%s, %s: %+v", engine, action, p.Refusals)
			}
			if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
				t.Fatalf("%s, %s: %v\n%s", engine, action, err, statements(p))
			}
			got := one(t, db, "select id || v from p order by id") + "; " +
				one(t, db, "select id || pid || coalesce(up, '-') from c order by id") + "; " +
				one(t, db, "select rowid || '/' || cid || note from g order by rowid") + "; " + one(t, db, "select seq from sqlite_sequence")
			if got != "a1 b2; 1a- 2b1; 5/1x 9/2y; 7" {
				t.Errorf("%s, %s: %s", engine, action, got)
			}
		}
	}
}

// TestKeysOfEveryKindStepAside rebuilds parents whose keys are texts, BLOBs,
// numbers at the edge, mixed, composite, without rowid, strict.
func TestKeysOfEveryKindStepAside(t *testing.T) {
	for name, statements := range map[string][]string{
		"text": {"create table p(k text primary key, v text)",
			"insert into p values ('a','1'),('','2'),('kuratchi:text61','3')", "create table c(k text references p(k) on delete cascade)"},
		"blob": {"create table p(k blob primary key, v text)", "insert into p values (x'00','1'),(x'ff','2'),('ff','3')",
			"create table c(k blob references p(k) on delete cascade)"},
		"negative": {"create table p(k integer primary key, v text)", "insert into p values (-5,'1'),(0,'2'),(5,'3')",
			"create table c(k integer references p(k) on delete cascade)"},
		"largest": {"create table p(k integer primary key, v text)",
			"insert into p values (9223372036854775807,'1'),(0,'2')", "create table c(k integer references p(k) on delete cascade)"},
		"mixed": {"create table p(k unique, v text)",
			"insert into p values (1,'1'),('1','2'),(1.5,'3'),(x'31','4'),(null,'5'),(null,'6')",
			"create table c(k references p(k) on delete cascade)"},
		"real": {"create table p(k real primary key, v text)",
			"insert into p values (0.1,'1'),(0.30000000000000004,'2'),(1e300,'3')", "create table c(k real references p(k) on delete cascade)"},
		"nocase": {"create table p(k text primary key collate nocase, v text)",
			"insert into p values ('Ab','1'),('aC','2')", "create table c(k text collate nocase references p(k) on delete cascade)"},
		"composite": {"create table p(j integer, k text, v text, primary key (j, k))",
			"insert into p values (1,'a','1'),(1,'b','2')",
			"create table c(j integer, k text, foreign key (j, k) references p(j, k) on delete cascade)"},
		"without rowid": {"create table p(k text primary key, v text) without rowid", "insert into p values ('a','1')",
			"create table c(k text references p(k) on delete cascade)"},
		"strict": {"create table p(k int primary key, b blob unique, v text) strict",
			"insert into p values (1,x'01','1'),(2,x'02','2')",
			"create table c(k int references p(k) on delete cascade, b blob references p(b) on delete cascade) strict"},
		"unique index": {"create table p(id integer primary key, k text, v text)", "create unique index p_k on p(k)",
			"insert into p values (1,'a','1')", "create table c(k text references p(k) on delete cascade)"},
	} {
		t.Run(name, func(t *testing.T) {
			db := database(t, statements...)
			columns := "k"
			if name == "composite" {
				columns = "j, k"
			}
			if name == "strict" {
				columns = "k, b"
			}
			exec(t, db, "insert into c select "+columns+" from p")
			before := one(t, db, "select quote(k) || v from p order by v") + one(t, db, "select quote(k) from c order by 1")
			p, _ := to(t, db, func(s *schema.Schema) { column(table(s, "p"), "v").NotNull = true })
			if err := p.Ready(); err != nil {
				t.Fatalf("%+v", p.Refusals)
			}
			if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
				t.Fatal(err)
			}
			if after := one(t, db, "select quote(k) || v from p order by v") + one(t, db, "select quote(k) from c order by 1"); after != before {
				t.Errorf("%s\n%s", before, after)
			}
		})
	}
}

// TestNothingIsDroppedWithoutItsName: a column or table that left the schema is a
// loss, and so is an empty one.
func TestNothingIsDroppedWithoutItsName(t *testing.T) {
	db := database(t, "create table p(id integer primary key, v text, w text)", "create table empty(a)",
		"create table c(p integer references p(id))", "insert into p values (1,'x','y')")
	p, target := to(t, db, func(s *schema.Schema) {
		table(s, "p").Columns = slices.DeleteFunc(table(s, "p").Columns, func(c schema.Column) bool { return c.Name == "w" })
		s.Tables = slices.DeleteFunc(s.Tables, func(x schema.Table) bool { return x.Name != "p" })
	})
	var names []string
	for _, l := range p.Losses {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	if strings.Join(names, " ") != "c empty p.w" {
		t.Fatalf("losses %v", names)
	}
	if err := p.Acknowledged([]string{"c", "empty"}); err == nil || !strings.Contains(fault.Message(err), "p.w") {
		t.Errorf("%v", err)
	}
	if err := p.Acknowledged(names); err != nil {
		t.Error(err)
	}
	before := fingerprint(t, db)
	if _, err := migrate.Synchronize(t.Context(), db, target, attempt("s")); err == nil || fingerprint(t, db) != before {
		t.Errorf("a synchronization nobody reads dropped a column: %v", err)
	}
	answers, err := p.Ask(t.Context(), db)
	if err != nil || len(answers) != 3 {
		t.Fatalf("%v %+v", err, answers)
	}
	if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
		t.Fatal(err)
	}
	if got := one(t, db, "select name from sqlite_master where type = 'table' and name not like 'kuratchi%' "+
		"and name not like '\\_cf%' escape '\\'"); got != "p" {
		t.Errorf("there are %s", got)
	}
}

// TestWhatTheRowsForbidIsSaidBefore asks every blocking check, with the rows.
func TestWhatTheRowsForbidIsSaidBefore(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *schema.Schema)
		words  string
		rows   int
	}{
		"nulls":   {func(s *schema.Schema) { column(table(s, "p"), "v").NotNull = true }, "rows of p without v: 2", 2},
		"repeats": {func(s *schema.Schema) { table(s, "p").Unique = [][]string{{"n"}} }, "values of p (n) that are there more than once: 1", 1},
		"unique index": {func(s *schema.Schema) {
			table(s, "p").Indexes = []schema.Index{{Name: "u", Unique: true, Columns: []schema.IndexColumn{{Expr: "n"}}}}
		}, "values of p (n) that are there more than once: 1", 1},
		"orphans": {func(s *schema.Schema) {
			table(s, "p").ForeignKeys = []schema.ForeignKey{{Columns: []string{"n"}, Table: "q", RefColumns: []string{"id"}}}
		}, "rows of p that refer to no row of q: 1", 1},
		"check": {func(s *schema.Schema) { table(s, "p").Checks = []string{"n < 9"} }, "rows of p that break the CHECK (n < 9): 1", 1},
		"no value": {func(s *schema.Schema) {
			table(s, "p").Columns = append(table(s, "p").Columns, schema.Column{Name: "x", Type: "TEXT", NotNull: true})
		}, "rows of p that would have no x: 4", 0},
		"strict": {func(s *schema.Schema) { strict(table(s, "p")) }, "values of p.t that are no INTEGER, in a STRICT table: 1", 1},
		"one default": {func(s *schema.Schema) {
			table(s, "p").Columns = append(table(s, "p").Columns, schema.Column{Name: "x", Type: "TEXT", Default: "'same'"})
			table(s, "p").Unique = [][]string{{"x"}}
		}, "rows of p that would have the same x as another, which is unique: 3", 0},
	} {
		t.Run(name, func(t *testing.T) {
			db := database(t, "create table q(id integer primary key)", "insert into q values (1),(2)",
				"create table p(id integer primary key, v text, n integer, t integer)",
				"insert into p values (1,'a',1,1),(2,null,2,'2'),(3,null,2,'three'),(4,'d',9,4.0)")
			before := fingerprint(t, db)
			p, _ := to(t, db, c.change)
			answers, err := p.Ask(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(answers, migrate.Answer.Blocks)
			if i < 0 || !strings.HasPrefix(answers[i].Words(), c.words) || len(answers[i].Sample) != c.rows || answers[i].Fix == "" {
				t.Fatalf("%+v", answers)
			}
			if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now}); !fault.Is(err, fault.Conflict) {
				t.Errorf("applied all the same: %v", err)
			}
			if fingerprint(t, db) != before || one(t, db, "select count(*) from p") != "4" {
				t.Error("something was changed")
			}
		})
	}
}

func strict(t *schema.Table) { t.Strict = true }

// TestAlteredValuesAreALoss counts what a type change would write otherwise.
func TestAlteredValuesAreALoss(t *testing.T) {
	db := database(t, "create table p(id integer primary key, v text, n integer)",
		"insert into p values (1,'007',9007199254740993),(2,'7',2),(3,'x',3),(4,null,null),(5,'1e3',5)")
	p, _ := to(t, db, func(s *schema.Schema) {
		column(table(s, "p"), "v").Type = "INTEGER"
		column(table(s, "p"), "n").Type = "REAL"
	})
	answers, err := p.Ask(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, a := range answers {
		if a.Severity == migrate.Lost {
			got[a.Object] = a.N
		}
	}
	if got["p.v"] != 2 || got["p.n"] != 1 || len(p.Losses) != 2 {
		t.Errorf("%v %+v", got, p.Losses)
	}
	if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
		t.Fatal(err)
	}
	if got := one(t, db, "select quote(v) from p order by id"); got != "7 7 'x' NULL 1000" {
		t.Errorf("%s", got)
	}
}

// TestARenameIsNotADrop keeps the values under the new names, in views too.
func TestARenameIsNotADrop(t *testing.T) {
	db := database(t, "create table old(id integer primary key, mail text)", "insert into old values (1,'a@x')",
		"create view v as select mail from old",
		"create table c(o integer references old(id) on delete cascade)", "insert into c values (1)")
	live, err := migrate.Inspect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	target := parse(t, `{"name":"x","version":2,"tables":{"users":{"@was":"old","id":"integer primary key",`+
		`"email":"text not null was mail"},"c":{"o":"integer -> users.id cascade"}}}`)
	p, err := migrate.New(live, target, nil)
	if err != nil || p.Ready() != nil || len(p.Losses) != 0 {
		t.Fatalf("%v %+v", err, p)
	}
	if answers, err := p.Ask(t.Context(), db); err != nil || slices.ContainsFunc(answers, migrate.Answer.Blocks) {
		t.Fatalf("%v %+v", answers, err)
	}
	if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
		t.Fatal(err)
	}
	if got := one(t, db, "select email from users") + one(t, db, "select * from v") + one(t, db, "select o from c"); got != "a@xa@x1" {
		t.Errorf("%s", got)
	}
}

// TestWhatWouldBreakIsRefused: a view nobody manages that mentions a column that
// goes, and a table nobody manages that refers to one that goes.
func TestWhatWouldBreakIsRefused(t *testing.T) {
	db := database(t, "create table p(id integer primary key, v text)", "create view v as select v from p")
	live, _ := migrate.Inspect(t.Context(), db)
	p, err := migrate.New(live, parse(t, `{"name":"x","version":1,"tables":{"p":{"id":"integer primary key"}}}`), nil)
	if err != nil || len(p.Refusals) != 1 || p.Refusals[0].Object != "v" || !strings.Contains(p.Refusals[0].Reason, "no such column: v") {
		t.Errorf("%v %+v", err, p)
	}
	db = database(t, "create table p(id integer primary key)", "create table q(id integer primary key)",
		"create table foreign_one(p integer references p(id) on delete cascade)")
	live, _ = migrate.Inspect(t.Context(), db)
	had := parse(t, `{"name":"x","version":1,"tables":{"p":{"id":"integer primary key"},"q":{"id":"integer primary key"}}}`)
	p, err = migrate.New(live, parse(t, `{"name":"x","version":2,"tables":{"q":{"id":"integer primary key"}}}`), had)
	if err != nil || len(p.Refusals) != 1 || !strings.Contains(p.Refusals[0].Reason, "foreign_one still refers to it") {
		t.Errorf("%v %+v", err, p)
	}
}

// TestAFalseAssertionRollsEverythingBack tampers with a plan: a row is lost on the
// way, and the batch itself says so.
func TestAFalseAssertionRollsEverythingBack(t *testing.T) {
	for engine, fresh := range engines(t) {
		db := fresh(t)
		exec(t, db, "create table p(id integer primary key, v text)", "insert into p values (1,'a'),(2,'b')")
		p, _ := to(t, db, func(s *schema.Schema) { column(table(s, "p"), "v").NotNull = true })
		p.Steps = append(p.Steps, migrate.Step{SQL: "DELETE FROM p WHERE id = 2", More: true})
		before := fingerprint(t, db)
		_, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now})
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "Afterwards it was not so that every row of p is kept.") {
			t.Errorf("%s: %v", engine, err)
		}
		if fingerprint(t, db) != before || one(t, db, "select count(*) from p") != "2" {
			t.Errorf("%s: something was changed", engine)
		}
	}
}

func TestRehearsalIsOnACopy(t *testing.T) {
	db := database(t, "create table p(id integer primary key, v text)", "insert into p values (1,'a'),(2,null)",
		"create table c(p integer references p(id) on delete cascade)", "insert into c values (1)")
	file := func() io.ReadCloser {
		path := filepath.Join(t.TempDir(), "copy.db")
		copyTo(t, path, "create table p(id integer primary key, v text)", "insert into p values (1,'a'),(2,null)",
			"create table c(p integer references p(id) on delete cascade)", "insert into c values (1)")
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	p, target := to(t, db, func(s *schema.Schema) {
		table(s, "p").Columns = append(table(s, "p").Columns, schema.Column{Name: "j", Type: "TEXT", Default: "json_object()"})
	})
	src := file()
	r, err := migrate.Rehearse(t.Context(), src, p, target)
	_ = src.Close()
	if err != nil || r.Failed != "" || r.Took <= 0 || len(r.Held) < 3 ||
		!slices.Contains(r.Tables, migrate.TableRows{Name: "c", Before: 1, After: 1}) {
		t.Errorf("%v %+v", err, r)
	}
	p, target = to(t, db, func(s *schema.Schema) { column(table(s, "p"), "v").NotNull = true })
	src = file()
	r, err = migrate.Rehearse(t.Context(), src, p, target)
	_ = src.Close()
	if err != nil || !strings.Contains(r.Failed, "NOT NULL constraint failed: p.v") {
		t.Errorf("%v %+v", err, r)
	}
	for expression, want := range map[string]string{
		"upper(v)": "",
		"case id when 1 then 'x' else json('no') end": "the fill of p.w stops: SQLite says: malformed JSON",
	} {
		p, target = to(t, db, func(s *schema.Schema) {
			table(s, "p").Columns = append(table(s, "p").Columns, schema.Column{Name: "w", Type: "TEXT", Fill: expression})
		})
		src = file()
		r, err = migrate.Rehearse(t.Context(), src, p, target)
		_ = src.Close()
		if err != nil || (r.Failed == "") != (want == "") || !strings.Contains(r.Failed, want) {
			t.Errorf("%s: %v %+v", expression, err, r)
		}
		if want == "" && !slices.Contains(r.Held, "Fill p.w with upper(v): rows written, with what triggers wrote: 2") {
			t.Errorf("%q", r.Held)
		}
	}
	if one(t, db, "select count(*) from p") != "2" {
		t.Error("the database was touched")
	}
}
