package schema_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// said is what SQLite says of a table and what is on it, and what becomes of some rows.
func (m *made) said(rt rapid.TB, table string) []string {
	of := sqltext.QuoteText(table)
	var out []string
	for _, row := range m.rows(rt, `select 'column ' || quote(name) || ' notnull ' || "notnull" || ' pk ' || pk || `+
		`' hidden ' || hidden || char(31) || type from pragma_table_xinfo(`+of+`)`) {
		column, kind, _ := strings.Cut(row, "\x1f")
		out = append(out, column+" type "+plainType(kind))
	}
	out = append(out, m.rows(rt, `select 'table ' || wr || ' ' || strict from pragma_table_list where name = `+of+` collate nocase`)...)
	out = append(out, m.rows(rt, `select 'autoincrement' from sqlite_master where name = 'sqlite_sequence'`)...)
	indexes := m.rows(rt, `select is_unique || ' ' || origin || ' ' || partial || coalesce((select
		group_concat(coalesce(quote(x.name), 'expression') || ' ' || x."desc" || ' ' || upper(x.coll) || ' ' || x.key, ', ')
		from (select * from pragma_index_xinfo(l.name) order by seqno) x), '')
	  from (select name, "unique" as is_unique, origin, partial from pragma_index_list(`+of+`)) l`)
	keys := m.rows(rt, `select 'key ' || lower(f."table" || ' ' || coalesce(f."to", (select name from pragma_table_xinfo(f."table") `+
		`where pk = seq + 1), '')) || ' from ' || quote(f."from") || ' ' || f.on_update || ' ' || f.on_delete from `+
		`pragma_foreign_key_list(`+of+`) f`)
	others := m.rows(rt, `select type || ' ' || name from sqlite_master where type <> 'index' and sql is not null `+
		`and name not like '%cf_KV' order by 1`)
	for i, other := range others {
		_, name, _ := strings.Cut(other, " ")
		others[i] += strings.Join(m.rows(rt, "select quote(name) from pragma_table_xinfo("+sqltext.QuoteText(name)+")"), " ")
	}
	slices.Sort(indexes)
	slices.Sort(keys)
	return slices.Concat(out, indexes, slices.Compact(keys), others, m.behaves(rt, table)) // a key said twice is one
}

// plainType is a declared type without its case, blanks and comments.
func plainType(declared string) string {
	var words []string
	for tok := range sqltext.Code(declared) {
		words = append(words, sqltext.Upper(tok.Text))
	}
	return strings.Join(words, " ")
}

// clock is what CURRENT_TIMESTAMP and its like leave in a row.
var clock = regexp.MustCompile(`\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?|\d\d:\d\d:\d\d`)

// raised are the errors of an expression itself. Which of two broken checks, or other
// constraints, is named follows their order, which means nothing.
var raised = []string{"malformed json", "integer overflow", "escape expression must be a single character",
	"like or glob pattern too complex", "bad json path"}

// behaves writes rows that keys with other collations tell apart or don't, ones that break
// something and ones in conflict, and says what came of each and what is there at the end.
func (m *made) behaves(rt rapid.TB, table string) []string {
	of, name := sqltext.QuoteText(table), sqltext.Quote(table)
	columns := m.rows(rt, `select '"' || replace(name, '"', '""') || '"' from pragma_table_xinfo(`+of+`) where hidden = 0`)
	values := []string{"'a'", "'A'", "'a '", "1", "NULL", "'b'", "2"}
	var out []string
	note := func(sql string) {
		if err := m.c.Exec(sql); err != nil {
			words := strings.ReplaceAll(strings.ToLower(err.Error()), " - ", ": ")
			kind, _, _ := strings.Cut(words, ":")
			if slices.Contains(raised, kind) {
				kind = "check constraint failed"
			}
			out = append(out, sql+": "+kind)
			if !m.c.InTransaction() { // ON CONFLICT ROLLBACK
				_ = m.c.End(false)
				_ = m.c.Begin(context.Background(), sqlite.Write)
			}
		}
	}
	for i := range 10 {
		row := make([]string, len(columns))
		for j := range columns {
			row[j] = values[(i*(j+1)+i/3)%len(values)]
		}
		if len(columns) > 0 {
			note(fmt.Sprintf("insert into %s(%s) values (%s)", name, strings.Join(columns, ","), strings.Join(row, ",")))
		}
	}
	note("insert into " + name + " default values")
	if len(columns) > 0 {
		note(fmt.Sprintf("update %s set %s = 'B' where %[2]s = 'b'", name, columns[0]))
	}
	all := m.rows(rt, `select 'quote("' || replace(name, '"', '""') || '")' from pragma_table_xinfo(`+of+`) where hidden <> 1`)
	rows := m.rows(rt, "select "+strings.Join(append(all, "''"), " || ' ' || ")+" from "+name)
	for i, row := range rows {
		rows[i] = clock.ReplaceAllString(row, "now")
	}
	slices.Sort(rows)
	return append(out, rows...)
}
