package migrate_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

const lower = `lower('A')` // an expression, so that only a rebuild can give it

func withX(t *schema.Table) {
	t.Columns = append(t.Columns, schema.Column{Name: "x", Type: "TEXT", Default: lower})
}

func without(s *schema.Schema, names ...string) {
	s.Tables = slices.DeleteFunc(s.Tables, func(t schema.Table) bool { return slices.Contains(names, t.Name) })
}

// tree is a table whose rows refer to each other, the deepest 30 below the first: D1
// lets triggers go 10 deep.
func tree(columns, values string) []string {
	return []string{
		"create table p(" + columns + ")",
		"insert into p with recursive n(i) as (select 1 union all select i + 1 from n where i < 30) select " + values + " from n",
	}
}

// TestWhatFitsIsDone: plans that a person would call possible, on every engine.
func TestWhatFitsIsDone(t *testing.T) {
	wide := make([]string, 100)
	for i := range wide {
		wide[i] = fmt.Sprintf("c%d", i)
	}
	for name, c := range map[string]struct {
		live   []string
		change func(s *schema.Schema)
		ask    string
	}{
		"keys of both signs": {
			[]string{"create table p(id integer primary key)", "insert into p values (-1), (6917529027641081856)",
				"create table c(p integer references p(id) on delete cascade)", "insert into c select id from p"},
			func(s *schema.Schema) { withX(table(s, "p")) },
			"select group_concat(p.id || '/' || c.p, ' ' order by p.id) from p join c on c.p = p.id",
		},
		"keys at both ends": {
			[]string{"create table p(id integer primary key)", "insert into p values (-9223372036854775808), (-5), (0), (7), (9223372036854775807)",
				"create table c(p integer references p(id) on delete set null)", "insert into c select id from p"},
			func(s *schema.Schema) { withX(table(s, "p")) },
			"select group_concat(p.id || '/' || c.p, ' ' order by p.id) from p join c on c.p = p.id",
		},
		"negative keys": {
			[]string{"create table p(id integer primary key)", "insert into p values (-9223372036854775808), (-5), (-1)",
				"create table c(p integer references p(id) on delete cascade)", "insert into c select id from p"},
			func(s *schema.Schema) { withX(table(s, "p")) },
			"select group_concat(p.id || '/' || c.p, ' ' order by p.id) from p join c on c.p = p.id",
		},
		"keys of every kind and sign": {
			[]string{"create table p(id unique)", "insert into p values (-3), (2.5), ('a'), (x'00'), (5), (9223372036854775807)",
				"create table c(p references p(id) on delete cascade)", "insert into c select id from p"},
			func(s *schema.Schema) { withX(table(s, "p")) },
			"select group_concat(quote(p.id), ' ' order by p.id) || (select count(*) from c) from p",
		},
		"a tree that goes": {
			append(tree("id integer primary key, up integer references p(id) on delete cascade", "i, nullif(i - 1, 0)"), "create table q(a)"),
			func(s *schema.Schema) { without(s, "p") },
			"select count(*) from sqlite_master where name = 'p'",
		},
		"a tree with no NULL that goes": {
			append(tree("id integer primary key, up integer not null references p(id) on delete cascade", "i, max(i - 1, 1)"), "create table q(a)"),
			func(s *schema.Schema) { without(s, "p") },
			"select count(*) from sqlite_master where name = 'p'",
		},
		"a tree that RESTRICT keeps, and goes": {
			append(tree("id integer primary key, up integer references p(id) on delete restrict", "i, nullif(i - 1, 0)"), "create table q(a)"),
			func(s *schema.Schema) { without(s, "p") },
			"select count(*) from sqlite_master where name = 'p'",
		},
		"a tree is made anew": {
			tree("id integer primary key, up integer references p(id) on delete cascade", "i, nullif(i - 1, 0)"),
			func(s *schema.Schema) { withX(table(s, "p")) },
			"select count(*) || '/' || sum(up) from p",
		},
		"a tree whose key has a CHECK is made anew": {
			tree("id integer primary key check (id between 1 and 1000), up integer references p(id) on delete cascade", "i, nullif(i - 1, 0)"),
			func(s *schema.Schema) { withX(table(s, "p")) },
			"select count(*) || '/' || sum(up) from p",
		},
		"a tree below a parent with a CHECK": {
			append([]string{"create table r(id integer primary key check (id < 1000))", "insert into r values (1)"},
				tree("id integer primary key, r integer references r(id) on delete cascade, "+
					"up integer not null references p(id) on delete restrict", "i, 1, max(i - 1, 1)")...),
			func(s *schema.Schema) { withX(table(s, "r")) },
			"select count(*) || '/' || sum(up) || '/' || sum(r) from p",
		},
		"a circle that goes": {
			[]string{"create table a(id integer primary key, b integer references b(id) on delete restrict)",
				"create table b(id integer primary key, a integer references a(id) on delete cascade)",
				"create table q(a)", "insert into a values (1, null)", "insert into b values (1, 1)", "update a set b = 1"},
			func(s *schema.Schema) { without(s, "a", "b") },
			"select count(*) from sqlite_master where name in ('a', 'b')",
		},
		"a circle without NULL that goes": {
			[]string{"create table q(a)", "create table a(id integer primary key, b integer not null references b(id) on delete " +
				"restrict deferrable initially deferred)",
				"create table b(id integer primary key, a integer not null references a(id) on delete cascade deferrable initially deferred)"},
			func(s *schema.Schema) { without(s, "a", "b") },
			"select count(*) from sqlite_master where name in ('a', 'b')",
		},
		"a new table refers to what becomes unique": {
			[]string{"create table p(id integer primary key, e text)", "insert into p values (1, 'a')",
				"create table c(p integer references p(id) on delete cascade)", "insert into c values (1)"},
			func(s *schema.Schema) {
				table(s, "p").Unique = [][]string{{"e"}}
				s.Tables = append(s.Tables, schema.Table{Name: "n", Columns: []schema.Column{{Name: "e", Type: "TEXT"}},
					ForeignKeys: []schema.ForeignKey{{Columns: []string{"e"}, Table: "p", RefColumns: []string{"e"}}}})
			},
			"select count(*) || (select count(*) from c) from p",
		},
		"an index on an expression of the key": {
			[]string{"create table p(id text primary key)", "create unique index u on p(substr(id, 1, 2))",
				"insert into p values ('aa1'), ('bb1'), ('cc1')",
				"create table c(p text references p(id) on delete cascade)", "insert into c select id from p"},
			func(s *schema.Schema) { withX(table(s, "p")) },
			"select count(*) || (select group_concat(p order by p) from c) from p",
		},
		"a CHECK on what is generated from the key": {
			[]string{"create table p(id text primary key, n integer as (length(id)), check (n < 5))", "insert into p values ('aa1'), ('bb1')",
				"create table c(p text references p(id) on delete cascade)", "insert into c select id from p"},
			func(s *schema.Schema) { withX(table(s, "p")) },
			"select count(*) || (select group_concat(p order by p) from c) from p",
		},
		"NULL beside the number it would take": {
			[]string{"create table p(id integer, v text)", "insert into p values (null, 'a'), (1, 'b')"},
			func(s *schema.Schema) { table(s, "p").PrimaryKey = []string{"id"} },
			"select count(*) || '/' || (select v from p where id = 1) from p",
		},
		"what is set aside goes": {
			[]string{"create table p(id integer primary key check (id < 100))",
				"create table u(p integer references p(id) on delete cascade)", "create trigger ut after insert on u begin select 1; end",
				"insert into p values (1)", "insert into u values (1)"},
			func(s *schema.Schema) { withX(table(s, "p")); without(s, "u"); s.Objects = nil },
			"select count(*) from p",
		},
		"tables that only Unicode folds together": {
			[]string{`create table "É"(id integer primary key)`, `create table "é"(id integer primary key)`,
				`insert into "É" values (1)`, `insert into "é" values (2)`},
			func(s *schema.Schema) { withX(table(s, "É")); withX(table(s, "é")) },
			`select group_concat(id) from (select id from "É" union all select id from "é")`,
		},
		"rowids of a table of 100 columns": {
			[]string{"create table p(" + strings.Join(wide, ", ") + ")",
				"insert into p(rowid, c0, c99) values (-5, 'a', 'A'), (3, 'b', 'B'), (9000000000, 'c', 'C')"},
			func(s *schema.Schema) { column(table(s, "p"), "c7").Default = lower },
			"select group_concat(rowid || c0 || c99, ' ' order by rowid) from p",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for engine, fresh := range engines(t) {
				db := fresh(t)
				exec(t, db, c.live...)
				ask := func() string {
					if strings.Contains(name, "that goes") || strings.Contains(name, "and goes") {
						return "0"
					}
					return one(t, db, c.ask)
				}
				before := ask()
				plan, _ := to(t, db, c.change)
				if err := plan.Ready(); err != nil {
					t.Fatalf("%s: %+v", engine, plan.Refusals)
				}
				if blocked := blocking(t, plan, db); len(blocked) > 0 {
					t.Fatalf("%s: %+v", engine, blocked)
				}
				if _, err := migrate.Apply(t.Context(), db, plan, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
					t.Fatalf("%s: %v\n%s", engine, err, statements(plan))
				}
				if after := one(t, db, c.ask); after != before {
					t.Errorf("%s: was %q, is %q", engine, before, after)
				}
			}
		})
	}
}

// dangling is a database on the embedded engine that these statements made while foreign
// keys were off, as a file from elsewhere may come.
func dangling(t *testing.T, made ...string) d1.Conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.db")
	c, err := sqlite.Open(path, sqlite.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	c.Restrict(sqlite.Write)
	for _, sql := range append([]string{"PRAGMA foreign_keys = off"}, made...) {
		if err := c.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "made"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Fill(t.Context(), info.ID, d1.FillInput{Path: path}); err != nil {
		t.Fatal(err)
	}
	db, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestRowsThatDangleAreSeenBeforeApproval: they were written with keys off. Their table
// can't be made anew until they are right; their parent can.
func TestRowsThatDangleAreSeenBeforeApproval(t *testing.T) {
	t.Parallel()
	db := dangling(t, "create table p(id integer primary key, v text)",
		"create table c(id integer primary key, p integer references p(id) on delete cascade)",
		"insert into p values (1, 'a')", "insert into c values (1, 1), (2, 99)")
	plan, _ := to(t, db, func(s *schema.Schema) { withX(table(s, "c")) })
	if b := blocking(t, plan, db); len(b) != 1 || b[0].What != "rows of c that refer to no row of p" || b[0].N != 1 ||
		len(b[0].Sample) != 1 || b[0].Sample[0][0].Int() != 2 {
		t.Errorf("%+v", b)
	}
	_, err := migrate.Apply(t.Context(), db, plan, migrate.Attempt{ID: "a", At: now})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "point at nothing") ||
		strings.Contains(fault.Message(err), "Durable Object") {
		t.Errorf("%v", err)
	}
	plan, _ = to(t, db, func(s *schema.Schema) { withX(table(s, "p")) })
	if b := blocking(t, plan, db); len(b) != 0 {
		t.Errorf("%+v", b)
	}
	if _, err := migrate.Apply(t.Context(), db, plan, migrate.Attempt{ID: "b", At: now}); err != nil {
		t.Fatal(err)
	}
	if got := one(t, db, "select group_concat(p order by id) from c"); got != "1,99" {
		t.Errorf("%q", got)
	}
}

// TestAReferenceToNoKeyIsNamed: SQLite refuses every write to either table, in words that
// name no column.
func TestAReferenceToNoKeyIsNamed(t *testing.T) {
	t.Parallel()
	for engine, fresh := range engines(t) {
		db := fresh(t)
		exec(t, db, "create table p(id integer primary key, v text)", "create table c(v text references p(v))",
			"create table d(p integer references p(id))", "insert into p values (1, 'a')")
		plan, _ := to(t, db, func(s *schema.Schema) { withX(table(s, "p")) })
		if len(plan.Refusals) != 1 || !strings.Contains(plan.Refusals[0].Reason, "The reference of c to p (v) is to no key") {
			t.Errorf("%s: %+v", engine, plan.Refusals)
		}
		plan, _ = to(t, db, func(s *schema.Schema) { withX(table(s, "c")) })
		if len(plan.Refusals) != 1 || !strings.Contains(plan.Refusals[0].Reason, "no key") {
			t.Errorf("%s: %+v", engine, plan.Refusals)
		}
		// Being rid of the reference, or giving it a key, is possible.
		plan, _ = to(t, db, func(s *schema.Schema) { table(s, "c").ForeignKeys = nil })
		if _, err := migrate.Apply(t.Context(), db, plan, migrate.Attempt{ID: "a", At: now}); err != nil {
			t.Errorf("%s: %v\n%s", engine, err, statements(plan))
		}
	}
}

// blocking are the answers that forbid a plan.
func blocking(t *testing.T, p *migrate.Plan, db d1.Conn) []migrate.Answer {
	t.Helper()
	answers, err := p.Ask(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(answers, func(a migrate.Answer) bool { return !a.Blocks() })
}
