package migrate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// world is a database with triggers, views and full-text indexes that no version
// declares, and what is to become of its tables.
type world struct {
	drawn
	s       *schema.Schema
	objects []string // their CREATE statements
	names   []string
}

var (
	newNames = []string{"m", "n", "j", "a", "b", "c", "d", "draft", "k", "x"}
	literals = []string{"'aa'", "'bb'", "'zz'", "1", "2", "7", "'a long text'", "NULL"}
)

func (w *world) base() {
	text, number := "TEXT", "INTEGER"
	w.s = &schema.Schema{Name: "w", Version: 1, Tables: []schema.Table{
		{Name: "p", PrimaryKey: []string{"id"},
			Columns: []schema.Column{{Name: "id", Type: number}, {Name: "n", Type: text}, {Name: "j", Type: text}, {Name: "m", Type: number}}},
		{Name: "l", Columns: []schema.Column{{Name: "a", Type: number}, {Name: "b", Type: text}, {Name: "c", Type: text}}},
		{Name: "k", Columns: []schema.Column{{Name: "a", Type: number}, {Name: "b", Type: text}}},
	}}
	if w.one(2, "declared unique index") {
		w.s.Tables[1].Indexes = []schema.Index{{Name: "u", Unique: true, Columns: []schema.IndexColumn{{Expr: "a"}}}}
	}
}

var worldRows = []string{
	"insert into p values (1, 'aa', 'x', 1), (2, 'bb', 'y', 2), (3, 'cc', 'z', 3)",
	"insert into l values (1, 'aa', 'x'), (2, 'bb', 'aa'), (3, 'dd', 'w')",
	"insert into k values (1, 'aa'), (4, 'bb')",
}

func (w *world) anyTable() *schema.Table { return &w.s.Tables[w.n(0, 2, "table")] }

func (w *world) anyColumn(t *schema.Table) string {
	return t.Columns[w.n(0, len(t.Columns)-1, "column")].Name
}

// value is a literal, or a column of the row that fired.
func (w *world) value(on *schema.Table, event string) string {
	switch w.n(0, 2, "value") {
	case 0:
		return w.from(literals, "literal")
	}
	row := map[string]string{"insert": "new", "update": "new", "delete": "old"}[event]
	return row + "." + w.anyColumn(on)
}

func (w *world) add(name, sql string) {
	w.names, w.objects = append(w.names, name), append(w.objects, sql)
}

func (w *world) trigger(i int) {
	on, event := w.anyTable(), w.from([]string{"insert", "update", "delete"}, "event")
	head := w.from([]string{"before ", "after "}, "time") + event
	if event == "update" && w.one(2, "of") {
		head += " of " + w.anyColumn(on)
		if w.one(2, "of two") {
			head += ", " + w.anyColumn(on)
		}
	}
	head += " on " + on.Name
	if w.one(3, "when") {
		head += " when " + w.value(on, event) + " = " + w.from(literals, "literal")
	}
	var body []string
	for range w.n(1, 2, "statements") {
		body = append(body, w.statement(on, event)+";")
	}
	name := w.from([]string{"t", "kuratchi_t", "b"}, "name") + fmt.Sprint(i)
	w.add(name, "create trigger "+name+" "+head+" begin "+strings.Join(body, " ")+" end")
}

func (w *world) statement(on *schema.Table, event string) string {
	t, other := w.anyTable(), w.anyTable()
	v := func() string { return w.value(on, event) }
	switch w.n(0, 9, "body") {
	case 0:
		return "insert into " + t.Name + " (" + t.Columns[0].Name + ", " + t.Columns[1].Name + ") values (" + v() + ", " + v() + ")"
	case 1:
		values := make([]string, len(t.Columns))
		for i := range values {
			values[i] = v()
		}
		return "insert or " + w.from([]string{"abort", "ignore", "replace"}, "or") + " into " + t.Name + " values (" +
			strings.Join(values, ", ") + ")"
	case 2:
		return "insert into l select * from (select 9, * from k) limit 2" // few rows, or triggers that set each other off fill the memory
	case 3:
		return "update " + t.Name + " set " + w.anyColumn(t) + " = " + v() + " where " + w.anyColumn(t) + " = " + v()
	case 4:
		return "delete from " + t.Name + " where not exists (select 1 from " + other.Name + " where " + w.anyColumn(other) +
			" = " + w.anyColumn(t) + ")"
	case 5:
		return "insert into l(a, b) values (" + v() + ", " + v() + ") on conflict (a) do update set b = excluded.b"
	case 6:
		return "select raise(ignore) where " + v() + " = " + w.from(literals, "literal")
	case 7:
		return "select raise(abort, 'no') where " + v() + " = " + w.from(literals, "literal")
	case 8:
		return "update " + t.Name + ` set ` + w.anyColumn(t) + ` = "draft" where exists (select * from ` + other.Name +
			" where " + w.anyColumn(other) + " = " + w.anyColumn(t) + ")"
	}
	return "insert into k select " + w.anyColumn(other) + ", " + w.anyColumn(other) + " from " + other.Name + " limit 2"
}

func (w *world) view(i int) {
	t, other := w.anyTable(), w.anyTable()
	name, c := fmt.Sprintf("v%d", i), w.anyColumn(t)
	sql := map[int]string{
		0: "create view " + name + " as select * from " + t.Name,
		1: "create view " + name + "(x, y) as select * from k",
		2: "create view " + name + " as select count(*), max(" + c + ") from " + t.Name + " natural join " + other.Name,
		3: "create view " + name + " as select a, b from k union all select * from (select a, b from l)",
		4: "create view " + name + " as select * from k union select a, c from l",
		5: "create view " + name + ` as select ` + c + `, "draft" as st from ` + t.Name,
		6: "create view " + name + " as select substr(" + c + ", 1, 1) as k, count(*) as x from " + t.Name + " group by k",
		7: "create view " + name + " as select " + c + ", (select max(" + w.anyColumn(other) + ") from " + other.Name +
			" where " + w.anyColumn(other) + " = " + w.anyColumn(t) + ") as q from " + t.Name,
		8: "create view " + name + " as with q as (select " + c + " as x from " + t.Name + ") select * from q",
		9: "create view " + name + " as select " + c + " as a from " + t.Name,
	}[w.n(0, 9, "view")]
	w.add(name, sql)
	if w.one(2, "instead") {
		w.add("i"+fmt.Sprint(i), "create trigger i"+fmt.Sprint(i)+" instead of delete on "+name+" begin delete from "+other.Name+
			" where "+w.anyColumn(other)+" = 1; insert into k values (8, 'i'); end")
	}
}

func (w *world) fullText() {
	w.add("f", "create virtual table f using fts5(b, content='l')")
	w.add("ff", "create trigger ff after insert on l begin insert into f(rowid, b) values (new.rowid, new.b); end")
}

// target makes the schema that is planned for: up to three changes.
func (w *world) target() *schema.Schema {
	s := w.s.Clone()
	s.Version = 2
	for range w.n(1, 3, "changes") {
		t := &s.Tables[w.n(0, len(s.Tables)-1, "changed table")]
		i := w.n(0, len(t.Columns)-1, "changed column")
		c := &t.Columns[i]
		name := w.from(newNames, "new name")
		_, taken := t.Column(name)
		key := slices.Contains(t.PrimaryKey, c.Name)
		switch w.n(0, 11, "change") {
		case 0, 1, 2:
			if !taken {
				t.Columns = append(t.Columns, schema.Column{Name: name, Type: "TEXT", Default: w.from([]string{"", "'d'", "lower('A')"}, "default")})
			}
		case 3:
			if !key && len(t.Columns) > 2 && !t.DependsOn(c.Name) {
				t.Columns = slices.Delete(t.Columns, i, i+1)
			}
		case 4:
			if old, ok := w.s.Table(t.Name); ok && !taken && c.Was == "" {
				if _, live := old.Column(c.Name); live && !t.DependsOn(c.Name) {
					c.Was, c.Name = c.Name, name
				}
			}
		case 5:
			if t.Was == "" && t.Name != "q" {
				if _, ok := s.Table("q"); !ok {
					t.Was, t.Name = t.Name, "q"
				}
			}
		case 6:
			t.Columns = append(t.Columns, schema.Column{Name: "z", Type: "TEXT", Default: "lower('A')"})
			if n := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == "z" }); n != len(t.Columns)-1 {
				t.Columns = t.Columns[:len(t.Columns)-1]
			}
			slices.Reverse(t.Columns)
		case 7:
			t.Indexes = append(t.Indexes, schema.Index{Name: "nu" + t.Name, Unique: true, Columns: []schema.IndexColumn{{Expr: c.Name}}})
			if n := len(t.Indexes); n > 1 && t.Indexes[n-2].Name == t.Indexes[n-1].Name {
				t.Indexes = t.Indexes[:n-1]
			}
		case 8:
			if len(t.Indexes) > 0 && w.one(2, "no index") {
				t.Indexes = nil
			} else if len(t.Indexes) > 0 {
				t.Indexes = slices.Clone(t.Indexes)
				t.Indexes[0].Where = sqltext.Quote(t.Indexes[0].Columns[0].Expr) + " IS NOT NULL"
			}
		case 9:
			c.NotNull = !key
		case 10:
			t.Checks = append(t.Checks, "length("+sqltext.Quote(c.Name)+") < 4")
		case 11:
			t.Strict = true
		}
	}
	return s
}

// TestOthersTriggersAndViewsGoOnOrAreNamed lets a random plan pass over a database with
// random triggers, views and full-text indexes that it doesn't declare. A fixed list of
// statements then does what it did before, to the same rows, or what does otherwise was
// named before approval. Run it longer with -rapid.checks.
func TestOthersTriggersAndViewsGoOnOrAreNamed(t *testing.T) {
	outcomes := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{drawn: drawn{rt}}
		outcomes[w.passes()]++
	})
	t.Log(outcomes)
	if outcomes["applied"] == 0 {
		t.Error("no plan was applied")
	}
}

func (w *world) passes() string {
	rt := w.rt
	w.base()
	for i := range w.n(1, 3, "triggers") {
		w.trigger(i)
	}
	for i := range w.n(0, 2, "views") {
		w.view(i)
	}
	if w.one(4, "full text") {
		w.fullText()
	}
	before, after := newMemory(rt), newMemory(rt)
	defer func() { _, _ = before.Close(), after.Close() }()
	made := append(w.s.DDL(), worldRows...)
	if len(w.s.Tables[1].Indexes) == 0 && w.one(2, "undeclared unique index") {
		made = append(made, "create unique index own on l(a)")
	}
	for _, m := range []memory{before, after} {
		var kept, names []string
		for i, sql := range append(slices.Clone(made), w.objects...) {
			_, err := m.Query(rt.Context(), d1.Exec(sql))
			if i < len(made) && err != nil {
				rt.Fatal(err)
			}
			if i >= len(made) && err == nil {
				kept, names = append(kept, sql), append(names, w.names[i-len(made)])
			}
		}
		w.objects, w.names = kept, names
	}
	target := w.target()
	live, err := migrate.Inspect(rt.Context(), after)
	if err != nil {
		rt.Fatal(err)
	}
	plan, err := migrate.New(live, target, w.s)
	if err != nil {
		rt.Fatal(err)
	}
	if len(plan.Refusals) > 0 {
		if strings.Contains(fmt.Sprint(plan.Refusals), "fault of the dashboard") {
			rt.Fatalf("%+v\n%s\n%s", plan.Refusals, strings.Join(w.objects, "\n"), statements(plan))
		}
		return "refused"
	}
	if _, err := migrate.Apply(rt.Context(), after, plan, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
		return "forbidden by the rows"
	}
	w.compare(before, after, plan, target)
	return "applied"
}

// pair is a table before and after, in the columns whose values no change touches.
type pair struct {
	was, is   string
	from, now []string
}

func (w *world) pairs(target *schema.Schema) (out []pair) {
	for _, t := range target.Tables {
		p := pair{was: t.Name, is: t.Name}
		if t.Was != "" {
			p.was = t.Was
		}
		old, _ := w.s.Table(p.was)
		for _, c := range t.Columns {
			was := c.Name
			if c.Was != "" {
				was = c.Was
			}
			moved := slices.ContainsFunc(t.Columns, func(o schema.Column) bool { return o.Was == was && o.Name != c.Name })
			if o, ok := old.Column(was); ok && o.Type == c.Type && !moved {
				p.from, p.now = append(p.from, was), append(p.now, c.Name)
			}
		}
		out = append(out, p)
	}
	return out
}

// compare runs the list on both, each statement on the same rows. What the new schema
// itself makes of it is found without anybody's objects, and doesn't count.
func (w *world) compare(before, after memory, plan *migrate.Plan, target *schema.Schema) {
	pairs := w.pairs(target)
	named := map[string]bool{}
	for _, f := range plan.Findings {
		named[f.Object] = true
	}
	run := func(m memory, alone bool, now bool, sql string) string { return w.run(m, alone, now, sql, pairs) }
	for _, p := range pairs {
		for i, was := range statementsOf(p.was, p.from) {
			is := statementsOf(p.is, p.now)[i]
			a, b := run(before, false, false, was), run(after, false, true, is)
			if a == b || w.anyNamed(p.was, named) {
				continue
			}
			if run(before, true, false, was) != run(after, true, true, is) {
				continue // the schema itself
			}
			w.rt.Fatalf("%s\nwas %s\nis  %s\nobjects:\n%s\nplan:\n%s\nfindings: %+v", is, a, b, strings.Join(w.objects, "\n"),
				statements(plan), plan.Findings)
		}
	}
	for i, name := range w.names {
		if !strings.HasPrefix(name, "v") && name != "f" {
			continue
		}
		sql := "select * from " + name
		if name == "f" {
			sql = "select rowid, b from f where f match 'aa'"
		}
		for _, sql := range []string{sql, "delete from " + name} {
			a, b := run(before, false, false, sql), run(after, false, true, sql)
			if a != b && !named[name] && !(strings.HasPrefix(sql, "delete") && w.anyNamed(name, named)) {
				w.rt.Fatalf("%s\nwas %s\nis  %s\nobject: %s\nplan:\n%s\nfindings: %+v", sql, a, b, w.objects[i], statements(plan), plan.Findings)
			}
		}
	}
}

// anyNamed reports whether something that a statement on a table or view can set off was
// named.
func (w *world) anyNamed(on string, named map[string]bool) bool {
	reached := []string{on}
	for i := 0; i < len(reached); i++ {
		for j, sql := range w.objects {
			head, ok := schema.ParseTrigger(sql)
			if !ok || !sqltext.Same(head.Table, reached[i]) {
				continue
			}
			if named[w.names[j]] {
				return true
			}
			for _, t := range []string{"p", "l", "k"} {
				if schema.Mentions(sql, t) && !slices.Contains(reached, t) {
					reached = append(reached, t)
				}
			}
		}
	}
	return false
}

// run does a statement, reads every table and undoes it all.
func (w *world) run(m memory, alone, now bool, sql string, pairs []pair) string {
	if err := m.c.Begin(w.rt.Context(), sqlite.Write); err != nil {
		w.rt.Fatal(err)
	}
	defer func() { _ = m.c.End(false) }()
	if alone {
		for i, name := range w.names {
			kind := strings.Fields(w.objects[i])[1]
			if kind == "trigger" {
				_ = m.c.Exec("drop trigger if exists " + name)
			}
		}
	}
	var b strings.Builder
	r, err := m.one(d1.Stmt{SQL: sql})
	if err != nil {
		b.WriteString("refused ")
		if !m.c.InTransaction() {
			return b.String()
		}
	} else if strings.HasPrefix(sql, "select") {
		return strings.Join(r.Columns, ",") + sorted(r)
	}
	for _, p := range pairs {
		name, columns := p.was, p.from
		if now {
			name, columns = p.is, p.now
		}
		quoted := make([]string, len(columns))
		for i, c := range columns {
			quoted[i] = "quote(" + sqltext.Quote(c) + ")"
		}
		r, err := m.one(d1.Stmt{SQL: "select " + strings.Join(quoted, ", ") + " from " + sqltext.Quote(name)})
		if err != nil {
			w.rt.Fatal(err)
		}
		b.WriteString("; " + p.is + sorted(r))
	}
	return b.String()
}

func sorted(r *d1.Result) string {
	var rows []string
	for _, row := range r.Rows {
		var values []string
		for _, v := range row {
			values = append(values, v.Text())
		}
		rows = append(rows, strings.Join(values, "|"))
	}
	slices.Sort(rows)
	return fmt.Sprintf("%q", rows)
}

// statementsOf is the list for one table, in the columns that stay.
func statementsOf(table string, columns []string) (out []string) {
	if len(columns) < 2 {
		return nil
	}
	t, a, b := sqltext.Quote(table), sqltext.Quote(columns[0]), sqltext.Quote(columns[1])
	for _, values := range []string{"7, 'aa'", "8, 'zz'", "9, 'a long text'", "1, NULL", "2, 7"} {
		out = append(out, "insert into "+t+" ("+a+", "+b+") values ("+values+")")
	}
	for _, c := range columns {
		for _, v := range []string{"'aa'", "'a long text'", "2"} {
			out = append(out, "update "+t+" set "+sqltext.Quote(c)+" = "+v+" where "+a+" = 1")
		}
	}
	return append(out, "update "+t+" set "+a+" = 5, "+b+" = 'bb' where "+a+" = 2", "delete from "+t+" where "+a+" = 1", "delete from "+t)
}
