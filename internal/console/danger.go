package console

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

const (
	// CountLimit is where counting the rows that a statement touches stops.
	CountLimit = 1_000_000
	// askAbove is how many rows that are there a statement may change without
	// being asked about.
	askAbove = 100
	// sequences is where SQLite keeps the last numbers of AUTOINCREMENT.
	sequences = "sqlite_sequence"
)

// fixedDanger is a DROP or an ALTER.
func fixedDanger(sql string, e sqlite.Effect) *fixed {
	if e.Kind == "alter" {
		return &fixed{Danger: Danger{SQL: sql, What: "Alter the table " + e.Object, Verb: "Alter " + e.Object}, table: e.Object}
	}
	kind := objectWord(sql)
	f := &fixed{Danger: Danger{SQL: sql, What: "Drop the " + kind + " " + e.Object, Verb: "Drop " + e.Object}}
	if kind == "table" {
		f.table, f.drop = e.Object, true
	}
	return f
}

// objectWord is what a DROP names: table, index, view or trigger.
func objectWord(sql string) string {
	n := 0
	for t := range sqltext.Code(sql) {
		if n++; n == 2 {
			return sqltext.Fold(t.Text)
		}
	}
	return "object"
}

// danger says what of a statement has to be confirmed, nil for nothing. untold is
// why the trial gave no numbers.
func (st *statement) danger(ctx context.Context, n numbers, untold string, c *counter) *Danger {
	switch {
	case !st.writes:
		return nil
	case st.fixed != nil:
		return c.describe(ctx, *st.fixed)
	case st.unjudged != "":
		return &Danger{SQL: st.part.SQL, What: "Run a statement that could not be judged: " + st.unjudged, Verb: "Run it"}
	case st.verb == "" || st.adds:
		return nil
	case untold != "":
		return &Danger{SQL: st.part.SQL, What: st.aim() + ". What it changes isn't known: " + untold, Verb: "Run it"}
	}
	rows, others := st.touched(n)
	every := st.verb != "insert" && !hasWhere(st.part.SQL)
	if !every && rows > 1 {
		every = rows >= n.before[0] && st.counted
		if rows > askAbove && !st.exact { // counted only as far as askAbove
			whole := c.rows(ctx, st.table, "")
			every = whole >= 0 && whole <= CountLimit && rows >= whole
		}
	}
	if !every && rows <= askAbove && others == 0 && st.table != sequences {
		return nil
	}
	d := &Danger{SQL: st.part.SQL, Verb: st.verbWord() + " " + rowWords(rows)}
	switch {
	case every:
		d.What = st.verbWord() + " every row of " + st.table + ": " + rowWords(rows)
	case rows == 0 && st.verb == "insert":
		d.What, d.Verb = "Insert "+rowWords(n.direct)+" into "+st.table, "Insert "+rowWords(n.direct)
	default:
		d.What = st.verbWord() + " " + rowWords(rows) + " of " + st.table
	}
	if st.table == sequences {
		d.Notes = append(d.Notes, "SQLite keeps the last numbers of AUTOINCREMENT there.")
	}
	if every && st.verb == "delete" {
		d.Notes = append(d.Notes, c.pointing(ctx, st.table)...)
	}
	if others > 0 {
		note := "By foreign keys and triggers " + rowWords(others) + " more change"
		switch {
		case st.virtual:
			note = "By foreign keys and triggers more rows may change"
		case others == 1:
			note = "By foreign keys and triggers 1 row more changes"
		}
		switch {
		case len(st.others) == 1:
			note += ": " + st.others[0]
		case len(st.others) > 1:
			note += ", among: " + strings.Join(st.others, ", ")
		}
		d.Notes = append(d.Notes, note+".")
	}
	return d
}

// touched returns how many rows that were there the statement changes in its own
// table, and how many its foreign keys and triggers change in others.
func (st *statement) touched(n numbers) (rows, others int64) {
	rows = n.direct
	switch grown := n.after[0] - n.before[0]; {
	case st.verb == "insert" && st.exact:
		rows = max(0, n.direct-grown)
	case st.verb == "insert":
		rows = 0
	case st.exact:
		rows = min(rows+max(0, -grown), n.before[0]) // UPDATE OR REPLACE
	}
	others = n.total - n.direct
	for i := range n.before[1:] {
		others -= max(0, n.after[i+1]-n.before[i+1])
	}
	switch {
	case st.virtual:
		return rows, int64(len(st.others))
	case len(st.sides) > 0 && len(st.others) == 0 && !slices.ContainsFunc(st.sides, func(e sqlite.Effect) bool { return e.Kind == "insert" }):
		// Its triggers only update its own table, as for a time of change: one for
		// a row is expected.
		return rows + max(0, others-n.direct), 0
	}
	return rows, max(0, others)
}

// changed is how many rows that are there all statements together change.
func changed(ss []*statement, seen map[int]numbers) (all int64) {
	for i, st := range ss {
		if n, ok := seen[i]; ok && !st.adds {
			rows, others := st.touched(n)
			all += rows + others
		}
	}
	return all
}

func (st *statement) verbWord() string {
	switch st.verb {
	case "delete":
		return "Delete"
	case "update":
		return "Update"
	}
	return "Replace or change"
}

// aim is what a statement says it does.
func (st *statement) aim() string {
	switch st.verb {
	case "delete":
		return "Delete from " + st.table
	case "update":
		return "Update " + st.table
	}
	return "Insert into " + st.table
}

// hasWhere reports whether a statement has a WHERE outside of parentheses.
func hasWhere(sql string) bool {
	depth := 0
	for t := range sqltext.Tokens(sql) {
		switch {
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		case depth == 0 && t.Is("where"):
			return true
		}
	}
	return false
}

// counter counts rows in the database, each time within a limit.
type counter struct {
	conn  d1.Conn
	live  *live.Database
	limit time.Duration
}

// describe tells how many rows a DROP or ALTER touches, and what points at them.
func (c *counter) describe(ctx context.Context, f fixed) *Danger {
	d := f.Danger
	if e, err := c.live.Table(f.table); f.table == "" || err != nil || e.Kind == live.KindVirtual {
		return &d // the run itself makes it, or its rows are a module's
	}
	rows := rowWords(c.rows(ctx, f.table, ""))
	if !f.drop {
		d.What += ", which has " + rows
		return &d
	}
	d.What += ", with " + rows
	d.Verb += " and " + rows
	d.Notes = c.pointing(ctx, f.table)
	return &d
}

// pointing says which rows of other tables point at a table's.
func (c *counter) pointing(ctx context.Context, table string) (notes []string) {
	point := func(from, column, onDelete string) {
		if n := c.rows(ctx, from, sqltext.Quote(column)+" IS NOT NULL"); n != 0 {
			notes = append(notes, fmt.Sprintf("%s of %s point at it: ON DELETE %s.", rowWords(n), from, sqltext.Upper(orNoAction(onDelete))))
		}
	}
	for _, t := range c.live.Schema.Tables {
		for _, fk := range t.ForeignKeys {
			if sqltext.Same(fk.Table, table) && len(fk.Columns) > 0 && !sqltext.Same(t.Name, table) {
				point(t.Name, fk.Columns[0], fk.OnDelete)
			}
		}
	}
	for _, e := range c.live.Tables {
		if e.Unread == "" || sqltext.Same(e.Name, table) {
			continue
		}
		keys, known := c.unreadKeys(ctx, e.Name)
		if !known {
			notes = append(notes, "Whether rows of "+e.Name+" point at it isn't known: its text can't be read here.")
		}
		for _, k := range keys {
			if sqltext.Same(k[1].Text(), table) {
				point(e.Name, k[0].Text(), k[2].Text())
			}
		}
	}
	return notes
}

// unreadKeys asks the database for the foreign keys of a table whose text can't be read:
// of each the first column, the table it points at and what a delete does.
func (c *counter) unreadKeys(ctx context.Context, table string) (keys [][]d1.Value, known bool) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	r, err := c.conn.Query(ctx, d1.Query(`SELECT "from", "table", on_delete FROM pragma_foreign_key_list(?) WHERE seq = 0`, d1.Str(table)))
	if err != nil {
		return nil, false
	}
	return r.Rows, true
}

func orNoAction(action string) string {
	if action == "" {
		return "no action"
	}
	return action
}

// rows counts to a little more than CountLimit, -1 when that can't be done in time.
func (c *counter) rows(ctx context.Context, table, where string) int64 {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	sql := "SELECT 1 FROM " + sqltext.Quote(table)
	if where != "" {
		sql += " WHERE " + where
	}
	r, err := c.conn.Query(ctx, d1.Query(fmt.Sprintf("SELECT count(*) FROM (%s LIMIT %d)", sql, CountLimit+1)))
	if err != nil {
		return -1
	}
	return r.Rows[0][0].Int()
}

func rowWords(n int64) string {
	switch {
	case n < 0:
		return "an unknown number of rows"
	case n > CountLimit:
		return "more than 1,000,000 rows"
	case n == 1:
		return "1 row"
	}
	return thousands(n) + " rows"
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
