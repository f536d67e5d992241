package schema_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// TestWhatIsReadAndWrittenBackMeansTheSame reads what SQLite keeps of a random table,
// writes it as SQL and as a schema file, and makes both: SQLite says the same of them,
// and the same rows go in.
func TestWhatIsReadAndWrittenBackMeansTheSame(t *testing.T) {
	tables, indexes := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		g := &grammar{t: rt}
		create := []string{g.table()}
		made, err := makeAll(create)
		if err != nil {
			return // SQLite doesn't take it
		}
		made.close()
		tables++
		for n := range rapid.IntRange(0, 2).Draw(rt, "indexes") {
			index := g.index(n)
			if made, err := makeAll(append(slices.Clone(create), index)); err == nil {
				made.close()
				create = append(create, index)
			}
		}
		if made, err = makeAll(create); err != nil {
			rt.Fatal(err)
		}
		defer made.close()
		indexes += len(create) - 1
		live, err := schema.FromObjects(made.objects(rt))
		if err != nil {
			rt.Fatalf("%s\nSQLite takes it and it can't be read: %v", strings.Join(create, ";\n"), err)
		}
		want := made.said(rt)
		src, err := live.Source("x", 1)
		if err != nil {
			rt.Fatalf("%s\n%v", strings.Join(create, ";\n"), err)
		}
		parsed, err := schema.Parse([]byte(src))
		if err != nil {
			rt.Fatalf("%s\n%v", src, err)
		}
		compare(rt, src, want, parsed.DDL(), create)
		if changes := schema.Diff(live, parsed); len(changes) > 0 {
			rt.Fatalf("%s\n%s\ndiffers by %v", strings.Join(create, ";\n"), src, wordsOf(changes))
		}
		if len(live.Tables[0].Extra) == 0 { // else its own text alone says all
			compare(rt, "", want, live.DDL(), create)
		}
	})
	t.Logf("SQLite took %d tables and %d indexes", tables, indexes)
	if tables < 20 || indexes < 5 {
		t.Errorf("SQLite took %d tables and %d indexes: the test says nothing", tables, indexes)
	}
}

func compare(rt *rapid.T, src string, want []string, ddl, create []string) {
	rt.Helper()
	again, err := makeAll(ddl)
	if err != nil {
		rt.Fatalf("%s\n%s\nis written as\n%s\n%v", strings.Join(create, ";\n"), src, strings.Join(ddl, ";\n"), err)
	}
	defer again.close()
	if d := cmp.Diff(want, again.said(rt)); d != "" {
		rt.Fatalf("%s\n%s\nis written as\n%s\n%s", strings.Join(create, ";\n"), src, strings.Join(ddl, ";\n"), d)
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
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *made) close() { _ = m.c.Close() }

func (m *made) rows(rt *rapid.T, sql string) []string {
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

func (m *made) objects(rt *rapid.T) []schema.MasterRow {
	var out []schema.MasterRow
	for _, row := range m.rows(rt, "select type || char(31) || name || char(31) || tbl_name || char(31) || sql "+
		"from sqlite_master where sql is not null and name not like 'sqlite_%'") {
		f := strings.Split(row, "\x1f")
		out = append(out, schema.MasterRow{Type: f[0], Name: f[1], Table: f[2], SQL: f[3]})
	}
	return out
}

// said is what SQLite says of the table, and what becomes of some rows.
func (m *made) said(rt *rapid.T) []string {
	out := m.rows(rt, `select 'column ' || quote(name) || ' ' || upper(type) || ' notnull ' || "notnull" || ' pk ' || pk || `+
		`' hidden ' || hidden from pragma_table_xinfo('t')`)
	out = append(out, m.rows(rt, `select 'table ' || wr || ' ' || strict from pragma_table_list where name = 't' collate nocase`)...)
	out = append(out, m.rows(rt, `select 'autoincrement' from sqlite_master where name = 'sqlite_sequence'`)...)
	indexes := m.rows(rt, `select is_unique || ' ' || origin || ' ' || partial || coalesce((select
		group_concat(coalesce(quote(x.name), 'expression') || ' ' || x."desc" || ' ' || upper(x.coll) || ' ' || x.key, ', ')
		from (select * from pragma_index_xinfo(l.name) order by seqno) x), '')
	  from (select name, "unique" as is_unique, origin, partial from pragma_index_list('t')) l`)
	keys := m.rows(rt, `select 'key ' || lower(coalesce("to", (select name from pragma_table_xinfo('t') `+
		`where pk = seq + 1), '')) || ' from ' || quote("from") || ' ' || on_update || ' ' || on_delete || ' ' || "match" from `+
		`pragma_foreign_key_list('t') where "match" is not null`)
	slices.Sort(indexes)
	slices.Sort(keys)
	return slices.Concat(out, indexes, slices.Compact(keys), m.behaves(rt)) // a key said twice is one
}

// behaves writes rows that keys with other collations tell apart or don't, and says
// what came of each and what is there at the end.
func (m *made) behaves(rt *rapid.T) []string {
	columns := m.rows(rt, `select '"' || replace(name, '"', '""') || '"' from pragma_table_xinfo('t') where hidden = 0`)
	values := []string{"'a'", "'A'", "'a '", "1", "NULL", "'b'", "2"}
	var out []string
	note := func(sql string) {
		if err := m.c.Exec(sql); err != nil {
			kind, _, _ := strings.Cut(strings.ToLower(err.Error()), ":") // which of two broken constraints is named follows their order
			out = append(out, sql+": "+kind)
		}
	}
	for i := range 10 {
		row := make([]string, len(columns))
		for j := range columns {
			row[j] = values[(i*(j+1)+i/3)%len(values)]
		}
		if len(columns) > 0 {
			note(fmt.Sprintf("insert into t(%s) values (%s)", strings.Join(columns, ","), strings.Join(row, ",")))
		}
	}
	note("insert into t default values")
	if len(columns) > 0 {
		note(fmt.Sprintf("update t set %s = 'B' where %[1]s = 'b'", columns[0]))
	}
	all := m.rows(rt, `select 'quote("' || replace(name, '"', '""') || '")' from pragma_table_xinfo('t') where hidden <> 1`)
	rows := m.rows(rt, "select "+strings.Join(all, " || ' ' || ")+" from t")
	slices.Sort(rows)
	return append(out, rows...)
}
