package schema_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// databases is how many random ones a check makes: 100 checks, which is what rapid does
// unasked, write 2,000 texts and more. -rapid.checks=4000 writes 100,000.
const databases = 10

// TestWhatIsReadAndWrittenBackMeansTheSame reads what SQLite keeps of a random table and
// what is on it, writes that as SQL and as a schema file, and makes both: SQLite says the
// same of them, and the same rows go in.
func TestWhatIsReadAndWrittenBackMeansTheSame(t *testing.T) {
	var all drawn
	random := rapid.Custom(drawDatabase)
	rapid.Check(t, func(rt *rapid.T) {
		for range databases {
			d := random.Draw(rt, "database")
			all.accepted, all.refused = all.accepted+d.accepted, all.refused+d.refused
			if d.accepted > 0 {
				d.check(rt)
			}
		}
	})
	t.Logf("SQLite took %d texts and refused %d", all.accepted, all.refused)
	if all.accepted < 20 {
		t.Error("the test says nothing")
	}
}

// check goes from the database to the value and back, both ways.
func (d drawn) check(rt rapid.TB) {
	rt.Helper()
	text := strings.Join(d.create, ";\n")
	made, err := makeAll(d.create)
	if err != nil {
		rt.Fatal(err)
	}
	defer made.close()
	rows := made.objects(rt)
	live, err := schema.FromObjects(rows)
	if err != nil {
		rt.Fatalf("%s\nSQLite takes it and it can't be read: %v", text, err)
	}
	d.heads(rt, live, rows)
	want := made.said(rt, d.table)
	src, err := live.Source("x", 1)
	if err != nil {
		rt.Fatalf("%s\n%v", text, err)
	}
	parsed, err := schema.Parse([]byte(src))
	if err != nil {
		rt.Fatalf("%s\n%v", src, err)
	}
	compare(rt, d, src, want, parsed.DDL())
	for _, o := range live.Objects {
		if back, ok := parsed.Object(o.Type, o.Name); !ok || !strings.EqualFold(back.Table, o.Table) {
			rt.Fatalf("%s\n%s\nhas %+v for %+v", text, src, back, o)
		}
	}
	if changes := schema.Diff(live, parsed); len(changes) > 0 {
		rt.Fatalf("%s\n%s\ndiffers by %v", text, src, wordsOf(changes))
	}
	if table, ok := live.Table(d.table); ok && len(table.Extra) == 0 { // else its own text alone says all
		compare(rt, d, "", want, live.DDL())
	}
}

// heads reads the texts as they were written, which SQLite shortens, and the heads of
// what is kept as a text.
func (d drawn) heads(rt rapid.TB, live *schema.Schema, rows []schema.MasterRow) {
	rt.Helper()
	if own, ok := live.Table(d.table); ok && !d.selected {
		written, err := schema.ParseTable(d.create[2])
		a, b := schema.Schema{Tables: []schema.Table{*own}}, schema.Schema{Tables: []schema.Table{written}}
		a.Tables[0].Indexes = nil
		if err != nil || a.Hash() != b.Hash() {
			rt.Fatalf("%s\nis read as another table than SQLite's text of it: %v", d.create[2], err)
		}
	}
	for _, row := range rows {
		if row.Type != "trigger" {
			continue
		}
		if head, ok := schema.ParseTrigger(row.SQL); !ok || head.Name != row.Name || !strings.EqualFold(head.Table, row.Table) {
			rt.Fatalf("%s\nis read as %+v", row.SQL, head)
		}
	}
}

func compare(rt rapid.TB, d drawn, src string, want, ddl []string) {
	rt.Helper()
	text := strings.Join(d.create, ";\n")
	again, err := makeAll(ddl)
	if err != nil {
		rt.Fatalf("%s\n%s\nis written as\n%s\n%v", text, src, strings.Join(ddl, ";\n"), err)
	}
	defer again.close()
	if diff := cmp.Diff(want, again.said(rt, d.table)); diff != "" {
		rt.Fatalf("%s\n%s\nis written as\n%s\n%s", text, src, strings.Join(ddl, ";\n"), diff)
	}
}

// made is a database in memory.
type made struct{ c *sqlite.Conn }

func makeAll(statements []string) (*made, error) {
	c, err := sqlite.Open("", sqlite.Options{Memory: true})
	if err != nil {
		return nil, err
	}
	m := &made{c}
	err = c.Begin(context.Background(), sqlite.Write)
	for _, sql := range statements {
		if err == nil {
			err = c.Exec(sql)
		}
	}
	if err == nil {
		err = c.End(true)
	}
	if err == nil {
		err = c.Begin(context.Background(), sqlite.Write)
	}
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *made) close() { _ = m.c.Close() }

func (m *made) rows(rt rapid.TB, sql string) []string {
	rt.Helper()
	st, err := m.c.Prepare(sql)
	if err != nil {
		rt.Fatalf("%s: %v", sql, err)
	}
	defer st.Close()
	var out []string
	for {
		row, err := st.Step()
		if err != nil {
			rt.Fatalf("%s: %v", sql, err)
		}
		if !row {
			return out
		}
		out = append(out, st.Bytes(0))
	}
}

func (m *made) objects(rt rapid.TB) []schema.MasterRow {
	var out []schema.MasterRow
	for _, row := range m.rows(rt, "select type || char(31) || name || char(31) || tbl_name || char(31) || sql "+
		"from sqlite_master where sql is not null and name not like 'sqlite_%' and "+
		"name not in (select name from pragma_table_list where type = 'shadow')") {
		f := strings.Split(row, "\x1f")
		out = append(out, schema.MasterRow{Type: f[0], Name: f[1], Table: f[2], SQL: f[3]})
	}
	return out
}
