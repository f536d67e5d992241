package migrate_test

import (
	"flag"
	"hash/fnv"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// actions are the ON DELETE actions, "" being NO ACTION.
var actions = []string{"CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", ""}

// shapes are how tables refer to p; the statements are run with the action in the
// place of ACTION.
var shapes = map[string][]string{
	"child": {"create table c(id integer primary key, pid integer default 1 references p(id) ACTION)"},
	"deferred": {"create table c(id integer primary key, pid integer default 1 references p(id) ACTION deferrable initially " +
		"deferred)", "create index c_pid on c(pid)"},
	"cycle": {
		"create table c(id integer primary key, pid integer default 1 references p(id) ACTION)",
		"alter table p add column cid integer references c(id) ACTION",
	},
	"self": {
		"create table c(id integer primary key, pid integer default 1 references p(id) ACTION)",
		"alter table p add column up integer references p(id) ACTION",
	},
	"grandchildren": {
		"create table c(id integer primary key, pid integer default 1 references p(id) ACTION)",
		"create table g(id integer primary key, cid integer default 1 references c(id) ACTION)",
	},
	"text key": {"create table c(id integer primary key, pid text default 'ten' references p(code) ACTION)"},
}

// definitions are what p is to become.
var definitions = map[string]func(s *schema.Schema, p *schema.Table){
	"expression default": func(_ *schema.Schema, p *schema.Table) {
		p.Columns = append(p.Columns, schema.Column{Name: "j", Type: "TEXT", Default: "json_object('a', 1)"})
	},
	"type change": func(_ *schema.Schema, p *schema.Table) { column(p, "v").Type = "INTEGER" },
	"not null":    func(_ *schema.Schema, p *schema.Table) { column(p, "v").NotNull = true },
	"dropped check": func(_ *schema.Schema, p *schema.Table) {
		p.Checks = slices.DeleteFunc(p.Checks, func(c string) bool { return strings.Contains(c, "100") })
	},
	"changed check": func(_ *schema.Schema, p *schema.Table) {
		for i, c := range p.Checks {
			p.Checks[i] = strings.ReplaceAll(c, "100", "50")
		}
	},
	"new unique": func(_ *schema.Schema, p *schema.Table) { p.Unique = append(p.Unique, []string{"v"}) },
	"new key": func(_ *schema.Schema, p *schema.Table) {
		p.ForeignKeys = append(p.ForeignKeys, schema.ForeignKey{Columns: []string{"n"}, Table: "q", RefColumns: []string{"id"}})
	},
	"changed action": func(s *schema.Schema, _ *schema.Table) {
		c, _ := s.Table("c")
		fk := &c.ForeignKeys[0]
		fk.OnDelete = map[bool]string{true: "SET NULL", false: "CASCADE"}[fk.OnDelete == "CASCADE"]
	},
}

func column(t *schema.Table, name string) *schema.Column {
	c, _ := t.Column(name)
	return c
}

const parent = `create table p(id integer primary key autoincrement, code text unique, v text, n integer check (n < 100), twice as (n * 2))`

// family makes tables of a shape with rows in all of them. log stays empty unless
// a trigger fires.
func family(t *testing.T, db d1.Conn, shape, action string) {
	t.Helper()
	exec(t, db, "create table q(id integer primary key)", "create table log(what text)", parent)
	on := ""
	if action != "" {
		on = "on delete " + action
	}
	for _, sql := range shapes[shape] {
		exec(t, db, strings.ReplaceAll(sql, "ACTION", on))
	}
	exec(t, db, "insert into q values (1),(2),(3)",
		"insert into p(id, code, v, n) values (1,'ten','10',1),(2,'twenty','20',2),(3,'thirty','30',3),(9,'last','90',1)",
		"delete from p where id = 9")
	keys := "(11,1),(12,2),(13,2),(14,null)"
	if shape == "text key" {
		keys = "(11,'ten'),(12,'twenty'),(13,'twenty'),(14,null)"
	}
	exec(t, db, "insert into c values "+keys)
	switch shape {
	case "cycle":
		exec(t, db, "update p set cid = 12 where id < 3")
	case "self":
		exec(t, db, "update p set up = id - 1 where id > 1")
	case "grandchildren":
		exec(t, db, "insert into g values (21,11),(22,12),(23,14)")
	}
	exec(t, db, "create index p_n on p(n desc) where n > 0", "create view young as select id, v, n from p where n < 3",
		"create trigger p_after after update on p begin insert into log values ('updated'); end",
		"create trigger c_gone after delete on c begin insert into log values ('deleted ' || old.id); end")
}

// content is every row of the family, values by their text.
func content(t *testing.T, db d1.Conn, shape string) string {
	t.Helper()
	queries := []string{
		"select id || ' ' || code || ' ' || cast(v as text) || ' ' || n || ' ' || twice from p order by id",
		"select id || ' ' || coalesce(pid, '-') from c order by id", "select what from log", "select id from q order by id",
		"select name || ' ' || seq from sqlite_sequence", "select id || ' ' || cast(v as text) from young order by id",
		"select type || ' ' || name from sqlite_master where name not like '\\_cf\\_%' escape '\\' " +
			"and name not like 'sqlite%' and name not like 'kuratchi%' order by 1",
	}
	switch shape {
	case "cycle":
		queries = append(queries, "select id || ' ' || coalesce(cid, '-') from p order by id")
	case "self":
		queries = append(queries, "select id || ' ' || coalesce(up, '-') from p order by id")
	case "grandchildren":
		queries = append(queries, "select id || ' ' || cid from g order by id")
	}
	var b strings.Builder
	for _, sql := range queries {
		r, err := db.Query(t.Context(), d1.Query(sql))
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		for _, row := range r.Rows {
			b.WriteString(row[0].Text() + "\n")
		}
		b.WriteString("--\n")
	}
	return b.String()
}

// long runs the whole matrix over REST and on the newest runtime too, which takes
// a minute or two more.
var long = flag.Bool("long", false, "run every case on every engine")

// oneInSix takes one case in six, always the same ones.
func oneInSix(label string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(label))
	return h.Sum32()%6 == 0
}

// TestRebuildMatrixKeepsEveryRow makes a parent, or a child, anew under every action and every
// shape of family, on the embedded engine, on both real D1s and over REST: every row, counter,
// trigger, view and index is there afterwards, and foreign keys still hold.
func TestRebuildMatrixKeepsEveryRow(t *testing.T) {
	for engine, fresh := range engines(t) {
		cases := 0
		for shape := range shapes {
			for _, action := range actions {
				for name, change := range definitions {
					label := engine + ", " + shape + ", " + action + ", " + name
					if (engine == "rest" || engine == "newest") && !*long && !oneInSix(label) {
						continue
					}
					db := fresh(t)
					family(t, db, shape, action)
					before := content(t, db, shape)
					live, err := migrate.Inspect(t.Context(), db)
					if err != nil {
						t.Fatal(err)
					}
					want, err := migrate.Inspect(t.Context(), db)
					if err != nil {
						t.Fatal(err)
					}
					target := want.Schema
					p, _ := target.Table("p")
					change(target, p)
					target.Name, target.Version = "family", 2
					plan, err := migrate.New(live, target, nil)
					if err != nil {
						t.Fatalf("%s: %v", label, err)
					}
					if err := plan.Ready(); err != nil {
						t.Fatalf("%s: %v: %+v", label, err, plan.Refusals)
					}
					answers, err := plan.Ask(t.Context(), db)
					if err != nil {
						t.Fatalf("%s: %v", label, err)
					}
					for _, a := range answers {
						if a.Blocks() {
							t.Errorf("%s: %s", label, a.Words())
						}
					}
					if _, err := migrate.Apply(t.Context(), db, plan, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
						t.Fatalf("%s: %v\n%s", label, err, statements(plan))
					}
					if after := content(t, db, shape); after != before {
						t.Fatalf("%s:\n%s\nbefore:\n%s\nafter:\n%s", label, statements(plan), before, after)
					}
					again, err := migrate.Inspect(t.Context(), db)
					if err != nil {
						t.Fatal(err)
					}
					if again.Schema.Hash() != target.Hash() {
						t.Errorf("%s: the schema is not the target", label)
					}
					if _, err := db.Query(t.Context(), d1.Exec("insert into c values (99, 12345)")); err == nil {
						t.Errorf("%s: a row that refers to nothing was taken", label)
					}
					exec(t, db, "update p set n = 1 where id = 3")
					if r, err := db.Query(t.Context(), d1.Query("select count(*) from log")); err != nil || r.Rows[0][0].Int() != 1 {
						t.Errorf("%s: the trigger doesn't fire any more", label)
					}
					cases++
				}
			}
		}
		t.Logf("%s: %d cases, no row lost", engine, cases)
	}
}

// TestTheNaiveRecipeLosesRows is what the matrix guards against: the same data, the
// usual recipe.
func TestTheNaiveRecipeLosesRows(t *testing.T) {
	for engine, fresh := range engines(t) {
		db := fresh(t)
		family(t, db, "child", "CASCADE")
		exec(t, db, "drop view young")
		before := children(t, db)
		var batch []d1.Stmt
		for _, sql := range []string{"pragma foreign_keys = off", "pragma defer_foreign_keys = on",
			strings.Replace(parent, "table p", "table p_new", 1),
			"insert into p_new(id, code, v, n) select id, code, v, n from p", "drop table p", "alter table p_new rename to p"} {
			batch = append(batch, d1.Exec(sql))
		}
		if _, err := db.Batch(t.Context(), batch); err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		if after := children(t, db); after >= before {
			t.Errorf("%s: the naive recipe keeps the %d children, so the matrix proves nothing", engine, before)
		}
	}
}

func children(t *testing.T, db d1.Conn) int64 {
	r, err := db.Query(t.Context(), d1.Query("select count(*) from c"))
	if err != nil {
		t.Fatal(err)
	}
	return r.Rows[0][0].Int()
}

func statements(p *migrate.Plan) string {
	out := strings.Join(p.Before, ";\n") + ";\n"
	for _, s := range p.Steps {
		out += s.SQL + ";\n"
	}
	for _, a := range p.After {
		out += "-- " + a.What + ": " + a.Condition + "\n"
	}
	return out
}
