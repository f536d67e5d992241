package console

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// scratch is an empty copy of a schema that follows the run's own changes of it.
// Nothing with rows ever runs on it.
//
// What can't be made on it (the schema of a module that isn't there, say) is
// missing from what it tells, never from what the trial counts.
type scratch struct{ c *sqlite.Conn }

// schemaSQL reads the schema, the ledgers of migrations too, in an order in which
// it can be made again.
const schemaSQL = `select sql from sqlite_master where sql is not null and name not like 'sqlite\_%' escape '\' and name not like '\_cf\_%' escape '\'
	and name not in (select name from pragma_table_list where type = 'shadow')
	order by case type when 'table' then 1 when 'index' then 2 when 'view' then 3 else 4 end, rowid`

func newScratch(ctx context.Context, conn d1.Conn) (*scratch, error) {
	r, err := conn.Query(ctx, d1.Query(schemaSQL))
	if err != nil {
		return nil, err
	}
	c, err := sqlite.Open("", sqlite.Options{Memory: true})
	if err != nil {
		return nil, err
	}
	s := &scratch{c: c}
	if err := c.Begin(ctx, sqlite.Write); err != nil {
		_ = c.Close()
		return nil, err
	}
	for _, row := range r.Rows {
		_ = s.run(row[0].Text())
	}
	return s, nil
}

func (s *scratch) close() {
	_ = s.c.End(false)
	_ = s.c.Close()
}

func (s *scratch) run(sql string) error { return s.c.Exec(sql) }

// look fills in what the compiler tells of a statement, and changes the copy as
// the statement changes the schema.
func (s *scratch) look(st *statement) {
	effects, readOnly, err := s.c.Effects(st.part.SQL)
	if err != nil {
		st.writes, st.unjudged = true, d1.Words(err.Error())
		return
	}
	if readOnly {
		return
	}
	st.writes, st.stmt.Mode = true, d1.Write
	for _, e := range effects {
		switch e.Kind {
		case "drop", "alter":
			st.fixed = fixedDanger(st.part.SQL, e)
			s.follow(st.part.SQL)
			return
		case "create":
			s.follow(st.part.SQL)
			return
		case "analyze", "reindex", "pragma", "explain":
			return
		}
	}
	if len(effects) == 0 {
		st.unjudged = "it is no statement that is known here"
		return
	}
	st.verb, st.table = effects[0].Kind, effects[0].Object
	own := "" // an upsert's update of its own table is the statement's
	if st.verb == "insert" {
		own = "update"
	}
	for _, e := range effects[1:] {
		if e.By == "" && e.Kind == own && e.Object == st.table {
			st.exact = true
			continue
		}
		st.sides = append(st.sides, e)
	}
	view := s.is(st.table, "view") // its rows are its triggers'
	st.exact = !view && st.verb != "delete" && (st.exact || st.verb == "insert" && len(st.sides) > 0 || names(st.part.SQL, "replace") || s.replaces(st.table))
	st.adds = st.verb == "insert" && !st.exact && len(st.sides) == 0 && st.table != sequences
	st.counted = !view && (st.exact || st.verb != "insert")
	st.virtual = s.is(st.table, "virtual")
	for _, e := range st.sides {
		virtual := s.is(e.Object, "virtual")
		st.virtual = st.virtual || virtual
		switch {
		case virtual, sqltext.Same(e.Object, st.table) && e.Kind != "delete":
		case e.Kind != "insert":
			st.others = appendNew(st.others, e.Object)
		case s.is(e.Object, "table"):
			st.grows = appendNew(st.grows, e.Object)
		}
	}
}

func appendNew(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// follow changes the copy's schema. CREATE TABLE … AS SELECT runs a query of any
// length, so of it only the columns are made.
func (s *scratch) follow(sql string) {
	name, query, ok := asSelect(sql)
	if ok {
		st, err := s.c.Prepare(query)
		if err != nil {
			return
		}
		var columns []string
		seen := map[string]int{}
		for _, c := range st.Columns() {
			key := sqltext.Fold(c)
			if seen[key]++; seen[key] > 1 {
				c = fmt.Sprintf("%s:%d", c, seen[key]-1) // as SQLite does
			}
			columns = append(columns, sqltext.Quote(c))
		}
		st.Close()
		sql = "CREATE TABLE IF NOT EXISTS " + name + " (" + strings.Join(columns, ", ") + ")"
	}
	_ = s.run(sql)
}

// asSelect returns the table and the query of a CREATE TABLE … AS SELECT.
func asSelect(sql string) (name, query string, ok bool) {
	n, start := 0, -1
	for t := range sqltext.Code(sql) {
		switch {
		case n == 0 && !t.Is("create"), n == 1 && !t.Is("table"):
			return "", "", false
		case n == 2 && start < 0 && (t.Is("if") || t.Is("not") || t.Is("exists")):
			continue
		case n == 2 && start < 0:
			start = t.Offset
			continue
		case n == 2 && t.Is("as"):
			return sql[start:t.Offset], sql[t.Offset+len(t.Text):], true
		case n == 2 && t.Is("("), n == 2 && t.Is("using"):
			return "", "", false
		case n == 2:
			continue // the rest of the name
		}
		n++
	}
	return "", "", false
}

// names reports whether a text has a word.
func names(sql, word string) bool {
	for t := range sqltext.Tokens(sql) {
		if sqltext.Same(t.Text, word) {
			return true
		}
	}
	return false
}

// calls reports whether a text calls a function.
func calls(sql string, function string) bool {
	was := false
	for t := range sqltext.Code(sql) {
		if was && t.Is("(") {
			return true
		}
		was = sqltext.Same(t.Ident(), function)
	}
	return false
}

// replaces reports whether a table's own constraints replace rows.
func (s *scratch) replaces(table string) bool {
	sql := s.text("SELECT group_concat(sql, ' ') FROM sqlite_master WHERE tbl_name = " + sqltext.QuoteText(table) + " COLLATE NOCASE")
	return names(sql, "replace")
}

// is reports whether an object of the copy is of a type: table, view or virtual.
func (s *scratch) is(object, kind string) bool {
	return s.text("SELECT type FROM pragma_table_list WHERE name = "+sqltext.QuoteText(object)+" COLLATE NOCASE") == kind
}

// text returns the first value of a query on the copy, "" for none.
func (s *scratch) text(sql string) string {
	st, err := s.c.Prepare(sql)
	if err != nil {
		return ""
	}
	defer st.Close()
	if row, err := st.Step(); err != nil || !row {
		return ""
	}
	return st.Bytes(0)
}
