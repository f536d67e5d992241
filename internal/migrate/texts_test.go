package migrate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Each holder has a text in double quotes, in what is managed or beside it. The name in
// double quotes beside it is a column's.
var textHolders = map[string]string{
	"a CHECK":            `create table h (id integer primary key, kind text check (kind in ("A","B")))`,
	"a generated column": `create table h (id integer primary key, kind text, g text as ("kind" || "zz"))`,
	"a default":          `create table h (id integer primary key, kind text default "kind")`,
	"an index":           `create index h on p ("n") where k <> "A"`,
	"an index's term":    `create index h on p (k || "q")`,
	"a view":             `create view h as select "n", "draft" as st from p where k = "open" or "k" in ("a", "b")`,
	"a trigger": `create trigger h after insert on q when new.id > 5 begin insert into log (what) values ("made"); ` +
		`update q set v = "x1" where "v" = "v1"; end`,
}

// textPlans change something else than the holder, each by other statements: p is a table
// with a column and an index to spare, log one that goes.
var textPlans = map[string]func(s *schema.Schema){
	"rename a table":  func(s *schema.Schema) { rename(s, "spare", "kept") },
	"rename a column": func(s *schema.Schema) { c := column(table(s, "p"), "x"); c.Name, c.Was = "y", "x" },
	"drop a column":   func(s *schema.Schema) { withoutColumn(table(s, "p"), "x") },
	"rebuild":         func(s *schema.Schema) { c := column(table(s, "p"), "x"); c.NotNull, c.Default = true, "''" },
	"drop a table":    func(s *schema.Schema) { without(s, "spare") },
	"drop an index":   func(s *schema.Schema) { t := table(s, "p"); t.Indexes = t.Indexes[1:] },
	"add a column": func(s *schema.Schema) {
		t := table(s, "q")
		t.Columns = append(t.Columns, schema.Column{Name: "more", Type: "TEXT"})
	},
}

// rewrites are the plans in which SQLite writes the texts anew: on D1 these alone are tried.
var rewrites = map[string]bool{"rename a column": true, "drop a column": true}

func rename(s *schema.Schema, from, to string) {
	t := table(s, from)
	t.Name, t.Was = to, from
}

func withoutColumn(t *schema.Table, name string) {
	for i, c := range t.Columns {
		if c.Name == name {
			t.Columns = append(t.Columns[:i:i], t.Columns[i+1:]...)
			return
		}
	}
}

func TestATextInDoubleQuotesStandsInNoPlansWay(t *testing.T) {
	t.Parallel()
	n := 0
	for engine, open := range engines(t) {
		for holder, sql := range textHolders {
			for change, do := range textPlans {
				for _, managed := range []bool{true, false} {
					index := strings.Contains(sql, "create index") // which belongs to its table
					if index && !managed || engine != "embedded" && (testing.Short() || !rewrites[change]) {
						continue
					}
					n++
					conn := open(t)
					exec(t, conn, "create table q (id integer primary key, v text)", "create table log (what text)",
						"create table p (n text, k text, x text)", "create table spare (a text)", "create index a_spare on p (n)",
						"insert into p values ('1', '2', '3')", "insert into q values (1, 'v')", sql)
					t.Run(fmt.Sprintf("%s/%s/%s/%t", engine, holder, change, managed), func(t *testing.T) {
						db, err := migrate.Inspect(t.Context(), conn)
						if err != nil {
							t.Fatal(err)
						}
						declared := db.Schema.Clone()
						if !managed {
							without(declared, "h")
							declared.Objects = slices.DeleteFunc(declared.Objects, func(o schema.Object) bool { return o.Name == "h" })
						}
						declared.Name, declared.Version = "s", 1
						target := declared.Clone()
						target.Version = 2
						do(target)
						p, err := migrate.New(db, target, declared)
						if err != nil {
							t.Fatal(err)
						}
						if err := p.Ready(); err != nil {
							t.Fatalf("%+v", p.Refusals)
						}
						if _, err := migrate.Apply(t.Context(), conn, p, attempt(fmt.Sprint("t", n))); err != nil {
							t.Fatal(err)
						}
						if db, err = migrate.Inspect(t.Context(), conn); err != nil {
							t.Fatal(err)
						}
						again, err := migrate.New(db, target, declared)
						if err != nil || !again.Empty() {
							t.Errorf("there is more to do: %+v %v", again, err)
						}
						if !target.Is(db.Schema) {
							t.Error("the database is drifted")
						}
					})
				}
			}
		}
	}
}
