package migrate_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

var (
	tableNames  = []string{"users", "we\"ird", "order", "Ünïcode", "a.b", "it's"}
	columnNames = []string{"a", "B", "sel ect", "quo\"te", "group", "ключ", "x-y"}
	columnTypes = []string{"TEXT", "INTEGER", "REAL", "BLOB", "VARCHAR(10)", "NUMERIC", ""}
	strictTypes = []string{"TEXT", "INTEGER", "REAL", "BLOB", "ANY"}
	defaults    = []string{"", "", "1", "'x''y'", "CURRENT_TIMESTAMP", "1 + 2", "json_array(1, 'a')", "NULL", "x'00ff'", "-1.5"}
	fkActions   = []string{"", "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT"}
)

// drawn makes random schemas.
type drawn struct{ rt *rapid.T }

func (d drawn) n(lo, hi int, what string) int { return rapid.IntRange(lo, hi).Draw(d.rt, what) }
func (d drawn) one(of int, what string) bool  { return d.n(1, of, what) == 1 }
func (d drawn) from(list []string, what string) string {
	return rapid.SampledFrom(list).Draw(d.rt, what)
}

func (d drawn) schema() *schema.Schema {
	s := &schema.Schema{Name: "random", Version: 1}
	for i := range d.n(1, 4, "tables") {
		s.Tables = append(s.Tables, d.table(tableNames[i]))
	}
	for i := range s.Tables {
		d.references(s, &s.Tables[i])
		d.indexes(&s.Tables[i])
	}
	d.objects(s)
	return s
}

func (d drawn) table(name string) schema.Table {
	t := schema.Table{Name: name, Strict: d.one(5, "strict")}
	kind := d.n(0, 5, "key")
	key := schema.Column{Name: "id", Type: "INTEGER"}
	switch kind {
	case 0, 1:
		t.PrimaryKey, t.Autoincrement = []string{"id"}, kind == 1
	case 2:
		key.Type, t.PrimaryKey = "TEXT", []string{"id"}
		key.NotNull = d.one(2, "not null key")
	case 3:
		key.Type, key.NotNull, t.PrimaryKey, t.WithoutRowID = "TEXT", true, []string{"id"}, true
	case 4:
		t.PrimaryKey = []string{"id", "part"}
	}
	t.Columns = append(t.Columns, key)
	if kind == 4 {
		t.Columns = append(t.Columns, schema.Column{Name: "part", Type: "INTEGER"})
	}
	for i := range d.n(1, 5, "columns") {
		t.Columns = append(t.Columns, d.column(&t, columnNames[i]))
	}
	return t
}

func (d drawn) column(t *schema.Table, name string) schema.Column {
	types := columnTypes
	if t.Strict {
		types = strictTypes
	}
	c := schema.Column{Name: name, Type: d.from(types, "type")}
	if d.one(8, "generated") {
		c.Generated, c.Stored = `"id" || 'g'`, d.one(2, "stored")
		if t.Strict {
			c.Type = "TEXT"
		}
		return c
	}
	c.Default = d.from(defaults, "default")
	if c.Default == "NULL" {
		c.Default = ""
	}
	if t.Strict {
		c.Default = map[string]string{"TEXT": "'s'", "INTEGER": "7", "REAL": "", "BLOB": "x'01'", "ANY": ""}[c.Type]
	}
	c.NotNull = c.Default != "" && d.one(3, "not null")
	if d.one(6, "collate") {
		c.Collate = "NOCASE"
	}
	if d.one(8, "check") {
		t.Checks = append(t.Checks, "length("+sqltext.Quote(name)+") < 1000")
	}
	if d.one(8, "unique") && !c.NotNull && c.Default == "" {
		t.Unique = append(t.Unique, []string{name})
	}
	return c
}

func (d drawn) references(s *schema.Schema, t *schema.Table) {
	if !d.one(2, "refers") {
		return
	}
	p := &s.Tables[d.n(0, len(s.Tables)-1, "parent")]
	if len(p.PrimaryKey) != 1 {
		return
	}
	id, _ := p.Column("id")
	name := "ref"
	if _, ok := t.Column(name); ok {
		return
	}
	t.Columns = append(t.Columns, schema.Column{Name: name, Type: id.Type})
	fk := schema.ForeignKey{Columns: []string{name}, Table: p.Name, RefColumns: []string{"id"},
		OnDelete: d.from(fkActions, "on delete"), Deferred: d.one(4, "deferred")}
	if d.one(6, "on update") {
		fk.OnUpdate = d.from(fkActions[1:3], "on update action")
	}
	t.ForeignKeys = append(t.ForeignKeys, fk)
}

func (d drawn) indexes(t *schema.Table) {
	if !d.one(2, "indexed") {
		return
	}
	c := t.Columns[d.n(0, len(t.Columns)-1, "index column")]
	ix := schema.Index{Name: "ix " + t.Name, Columns: []schema.IndexColumn{{Expr: c.Name, Desc: d.one(2, "desc")}}}
	if d.one(3, "partial") {
		ix.Where = sqltext.Quote(c.Name) + " IS NOT NULL"
	}
	if d.one(3, "expression") {
		ix.Columns = append(ix.Columns, schema.IndexColumn{Expr: "lower(" + sqltext.Quote(c.Name) + ")", IsExpr: true})
	}
	t.Indexes = append(t.Indexes, ix)
}

func (d drawn) objects(s *schema.Schema) {
	t := s.Tables[0]
	if d.one(3, "view") {
		s.Objects = append(s.Objects, schema.Object{Type: "view", Name: "the view", Table: "the view",
			SQL: `CREATE VIEW "the view" AS SELECT "id" FROM ` + sqltext.Quote(t.Name)})
	}
	if d.one(3, "trigger") {
		s.Objects = append(s.Objects, schema.Object{Type: "trigger", Name: "the trigger", Table: t.Name,
			SQL: `CREATE TRIGGER "the trigger" AFTER UPDATE ON ` + sqltext.Quote(t.Name) + ` BEGIN DELETE FROM ` + sqltext.Quote(t.Name) + `; END`})
	}
}

// changed makes another schema of one: up to four changes.
func (d drawn) changed(from *schema.Schema) *schema.Schema {
	s := copied(from)
	s.Version = 2
	for range d.n(1, 4, "changes") {
		t := &s.Tables[d.n(0, len(s.Tables)-1, "table")]
		c := &t.Columns[d.n(0, len(t.Columns)-1, "column")]
		isKey := slices.Contains(t.PrimaryKey, c.Name) || c.Name == "id" || c.Name == "ref" || c.Generated != ""
		switch d.n(0, 13, "change") {
		case 0, 1:
			name := columnNames[len(columnNames)-1-d.n(0, 1, "new name")]
			if _, ok := t.Column(name); !ok {
				t.Columns = append(t.Columns, d.column(t, name))
			}
		case 2:
			if !isKey && len(t.Columns) > 2 && !t.DependsOn(c.Name) {
				t.Columns = slices.DeleteFunc(t.Columns, func(x schema.Column) bool { return x.Name == c.Name })
			}
		case 3:
			if !isKey && !t.Strict {
				c.Type = d.from(columnTypes, "new type")
			}
		case 4:
			if !isKey && !t.Strict {
				c.Default = d.from(defaults[3:7], "new default")
			}
		case 5:
			if !isKey && c.Default != "" {
				c.NotNull = !c.NotNull
			}
		case 6:
			if !isKey && !slices.ContainsFunc(t.Unique, func(u []string) bool { return u[0] == c.Name }) {
				t.Unique = append(t.Unique, []string{c.Name})
			}
		case 7:
			t.Checks = nil
		case 8:
			t.Checks = append(t.Checks, "length("+sqltext.Quote(c.Name)+") < 50")
		case 9:
			for i := range t.ForeignKeys {
				t.ForeignKeys[i].OnDelete = d.from(fkActions, "new action")
			}
		case 10:
			t.Indexes = nil
			d.indexes(t)
		case 11:
			if !isKey && c.Was == "" && !t.DependsOn(c.Name) {
				if old, ok := liveName(from, t, c.Name); ok {
					c.Was, c.Name = old, "renamed"
					if n := slices.IndexFunc(t.Columns, func(x schema.Column) bool { return x.Name == "renamed" && x.Was != old }); n >= 0 {
						c.Name, c.Was = old, ""
					}
				}
			}
		case 12:
			s.Objects = nil
		case 13:
			if len(s.Tables) > 1 && !slices.ContainsFunc(s.Tables, func(x schema.Table) bool {
				return x.Name != t.Name && slices.ContainsFunc(x.ForeignKeys, func(fk schema.ForeignKey) bool { return fk.Table == t.Name })
			}) && t.Name != s.Tables[0].Name {
				s.Tables = slices.DeleteFunc(s.Tables, func(x schema.Table) bool { return x.Name == t.Name })
			}
		}
	}
	return s
}

func liveName(from *schema.Schema, t *schema.Table, name string) (string, bool) {
	old, ok := from.Table(t.Name)
	if !ok {
		return "", false
	}
	c, ok := old.Column(name)
	if !ok || c.Name != name {
		return "", false
	}
	return name, true
}

func copied(s *schema.Schema) *schema.Schema {
	out := *s
	out.Tables, out.Objects = slices.Clone(s.Tables), slices.Clone(s.Objects)
	for i := range out.Tables {
		t := &out.Tables[i]
		t.Columns, t.Unique, t.Checks = slices.Clone(t.Columns), slices.Clone(t.Unique), slices.Clone(t.Checks)
		t.ForeignKeys, t.Indexes = slices.Clone(t.ForeignKeys), slices.Clone(t.Indexes)
	}
	return &out
}

var cellValues = []string{"NULL", "1", "2", "-3", "'text'", "'007'", "'Z'", "1.5", "9007199254740993", "''", "x'ff'", "'it''s'"}

// fill inserts random rows; one that a constraint forbids is left out.
// tester is a *testing.T or a *rapid.T.
type tester interface {
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func (d drawn) fill(db d1.Conn, s *schema.Schema) {
	for range 2 {
		for i := range s.Tables {
			t := &s.Tables[i]
			for range d.n(0, 4, "rows") {
				var names, values []string
				for _, c := range t.Columns {
					if c.Generated != "" || c.Default != "" && d.one(2, "omit") {
						continue
					}
					names, values = append(names, sqltext.Quote(c.Name)), append(values, d.from(cellValues, "value"))
					if c.Name == "ref" {
						values[len(values)-1] = `(SELECT "id" FROM ` + sqltext.Quote(t.ForeignKeys[0].Table) + " ORDER BY random() LIMIT 1)"
					}
				}
				_, _ = db.Query(d.rt.Context(), d1.Exec("INSERT INTO "+sqltext.Quote(t.Name)+" ("+strings.Join(names, ", ")+
					") VALUES ("+strings.Join(values, ", ")+")"))
			}
		}
	}
}

// dump returns the rows of a table, in a few of its columns under the names they
// have now, sorted.
func dump(rt tester, db d1.Conn, table string, columns []string) []string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = "quote(" + sqltext.Quote(c) + ")"
	}
	r, err := db.Query(rt.Context(), d1.Query("SELECT "+strings.Join(parts, " || '|' || ")+" FROM "+sqltext.Quote(table)))
	if err != nil {
		rt.Fatalf("%s: %v", table, err)
	}
	var out []string
	for _, row := range r.Rows {
		out = append(out, row[0].Text())
	}
	slices.Sort(out)
	return out
}

func everything(rt tester, db d1.Conn) string {
	live, err := migrate.Inspect(rt.Context(), db)
	if err != nil {
		rt.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(live.Fingerprint())
	for _, t := range live.Schema.Tables {
		names := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			names[i] = c.Name
		}
		fmt.Fprintln(&b, t.Name, dump(rt, db, t.Name, names))
	}
	return b.String()
}

// TestAnyChangeKeepsWhatItDoesNotName goes from a random schema with random rows to
// another: the schema is then the target's, every column that stays keeps its
// values, doing it again does nothing; and whatever is refused, fails or is cut off
// at any statement changes nothing at all. Run it longer with -rapid.checks.
func TestAnyChangeKeepsWhatItDoesNotName(t *testing.T) {
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	n, outcomes := 0, map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		n++
		info, err := e.Create(rt.Context(), d1.CreateInput{Name: fmt.Sprintf("r%d", n)})
		if err != nil {
			rt.Fatal(err)
		}
		db, err := e.Open(rt.Context(), info.ID)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = db.Close(); _ = e.Delete(rt.Context(), info.ID) }()
		outcomes[oneChange(rt, db)]++
	})
	t.Logf("%d cases: %v", n, outcomes)
	if outcomes["applied"] < n/3 || outcomes["forbidden, not foretold"]+outcomes["blocked for nothing"] > 1+n/20 {
		t.Errorf("only %v of %d were applied", outcomes, n)
	}
}

func oneChange(rt *rapid.T, db d1.Conn) string {
	ctx := rt.Context()
	d := drawn{rt}
	a := d.schema()
	if _, err := migrate.Synchronize(ctx, db, a, attempt("first")); err != nil {
		rt.Fatalf("%v\n%s", err, strings.Join(a.DDL(), ";\n"))
	}
	d.fill(db, a)
	b := d.changed(a)
	live, err := migrate.Inspect(ctx, db)
	if err != nil {
		rt.Fatal(err)
	}
	before := everything(rt, db)
	plan, err := migrate.New(live, b, a)
	if err != nil {
		rt.Fatalf("%v\nfrom:\n%s\nto:\n%s", err, strings.Join(a.DDL(), ";\n"), strings.Join(b.DDL(), ";\n"))
	}
	if plan.Empty() {
		return "nothing to do"
	}
	if plan.Ready() != nil {
		return "refused"
	}
	answers, err := plan.Ask(ctx, db)
	if err != nil {
		rt.Fatalf("%v\n%s\n%+v", err, statements(plan), plan.Checks)
	}
	blocked := slices.ContainsFunc(answers, migrate.Answer.Blocks)
	kept := keptRows(rt, db, a, b)
	// Cut off at a random statement, nothing is there.
	ss := plan.Statements(migrate.Attempt{ID: "cut", At: now})
	at := d.n(1, len(ss), "cut")
	if _, err := db.Batch(ctx, append(slices.Clone(ss[:at]), d1.Exec("SELECT json_extract('{}', 'cut')"))); err == nil {
		rt.Fatal("the cut batch went through")
	}
	if everything(rt, db) != before {
		rt.Fatalf("cut off after %d statements, something stayed\n%s", at, statements(plan))
	}
	if _, err := migrate.Apply(ctx, db, plan, migrate.Attempt{ID: "second", Actor: "test", At: now}); err != nil {
		if everything(rt, db) != before {
			rt.Fatalf("it failed (%v) and something changed\n%s", err, statements(plan))
		}
		if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
			rt.Fatalf("%v\n%s", err, statements(plan))
		}
		if !blocked {
			rt.Logf("no check told that it fails: %v\nrows: %s\n%s", err, before, statements(plan))
			return "forbidden, not foretold"
		}
		return "forbidden by the rows"
	}
	if blocked {
		return "blocked for nothing"
	}
	for name, rows := range kept {
		if got := dump(rt, db, name, rows.to); !slices.Equal(got, rows.rows) {
			rt.Fatalf("the rows of %s\nwere %q\nare  %q\n%s", name, rows.rows, got, statements(plan))
		}
	}
	after, err := migrate.Inspect(ctx, db)
	if err != nil {
		rt.Fatal(err)
	}
	if after.Schema.Only(b).Hash() != b.Hash() {
		rt.Fatalf("the schema is not the target: %v", schema.Diff(after.Schema, b))
	}
	if again, err := migrate.New(after, b, b); err != nil || !again.Empty() {
		rt.Fatalf("it is not done: %v\n%s", err, statements(again))
	}
	return "applied"
}

type columnsKept struct {
	to   []string
	rows []string
}

// keptRows are the rows of every table that stays, in the columns whose values no
// change may touch.
func keptRows(rt tester, db d1.Conn, a, b *schema.Schema) map[string]columnsKept {
	out := map[string]columnsKept{}
	for _, want := range b.Tables {
		have, ok := a.Table(want.Name)
		if !ok {
			continue
		}
		var from, to []string
		for _, c := range want.Columns {
			old := c.Name
			if c.Was != "" {
				old = c.Was
			}
			was, ok := have.Column(old)
			if !ok || schema.Affinity(was.Type) != schema.Affinity(c.Type) || c.NotNull && !was.NotNull || c.Generated != was.Generated {
				continue
			}
			from, to = append(from, old), append(to, c.Name)
		}
		out[want.Name] = columnsKept{to: to, rows: dump(rt, db, want.Name, from)}
	}
	return out
}
