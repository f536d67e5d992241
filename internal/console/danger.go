package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/lex"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// Judgement is what a run would do, as SQLite's compiler sees it on an empty copy
// of the schema. Nothing is judged by its words but whether there is a WHERE.
type Judgement struct {
	// Writes says that a statement of it may change something.
	Writes bool
	// Dangers are what has to be confirmed, in the order of the statements.
	Dangers []Danger
	// writing says it of each statement.
	writing []bool
}

// Danger is one statement that has to be confirmed.
type Danger struct {
	SQL string
	// What it does, for instance "Delete all rows of users", and Verb, what a
	// button that does it says, for instance "Delete 14 rows".
	What, Verb string
	// Notes say what else is touched.
	Notes []string
}

// CountLimit is where counting the rows that a statement touches stops.
const CountLimit = 1_000_000

// Judge compiles the statements of a text. A statement that can't be compiled, or
// does what no rule knows, counts as dangerous. The error is Run's for a text that
// is no run.
func Judge(ctx context.Context, conn d1.Conn, text string, l Limits) (Judgement, error) {
	parts, err := split(text, l)
	if err != nil {
		return Judgement{}, err
	}
	live, err := migrate.Inspect(ctx, conn)
	if err != nil {
		return Judgement{}, err
	}
	scratch, err := newScratch(ctx, live)
	if err != nil {
		return Judgement{}, err
	}
	defer scratch.close()
	var j Judgement
	for _, p := range parts {
		d, writes := scratch.judge(p.SQL)
		j.Writes = j.Writes || writes
		j.writing = append(j.writing, writes)
		if d == nil {
			continue
		}
		if err := d.count(ctx, conn, live); err != nil {
			return Judgement{}, err
		}
		j.Dangers = append(j.Dangers, d.Danger)
	}
	return j, nil
}

// Token stands for what was confirmed: this text with these dangers, whatever
// their numbers of rows have become.
func (j Judgement) Token(text, params string) string {
	h := sha256.New()
	for _, s := range append([]string{text, params}, j.names()...) {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (j Judgement) names() []string {
	var out []string
	for _, d := range j.Dangers {
		out = append(out, d.What)
	}
	return out
}

// scratch is an empty copy of a schema that follows the run's own changes of it.
type scratch struct {
	c *sqlite.Conn
	// whole says that all of the schema could be made again.
	whole bool
}

func newScratch(ctx context.Context, live *migrate.Live) (*scratch, error) {
	c, err := sqlite.Open("", sqlite.Options{Memory: true})
	if err != nil {
		return nil, err
	}
	s := &scratch{c: c, whole: true}
	if err := c.Begin(ctx, sqlite.Write); err != nil {
		_ = c.Close()
		return nil, err
	}
	for _, sql := range live.Statements() {
		s.whole = s.run(sql) == nil && s.whole
	}
	return s, nil
}

func (s *scratch) close() {
	_ = s.c.End(false)
	_ = s.c.Close()
}

func (s *scratch) run(sql string) error {
	st, err := s.c.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close()
	_, err = st.Step()
	return err
}

// verdict is a danger that isn't counted yet.
type verdict struct {
	Danger
	// table is whose rows are touched, "" for none.
	table string
	// verb is "Delete", "Update", …; drop says that the table itself goes.
	verb string
	drop bool
}

// judge compiles one statement. writes is false for one that only reads.
func (s *scratch) judge(sql string) (d *verdict, writes bool) {
	unknown := func(why string) (*verdict, bool) {
		return &verdict{Danger: Danger{SQL: sql, What: "Run a statement that could not be judged: " + why, Verb: "Run it"}}, true
	}
	effects, readOnly, err := s.c.Effects(sql)
	switch {
	case err != nil:
		return unknown(d1.Words(err.Error()))
	case readOnly:
		return nil, false
	case !s.whole && len(effects) == 0:
		return unknown("the schema could not be read as a whole")
	}
	for _, e := range effects {
		switch e.Kind {
		case "create", "drop", "alter":
			defer func() { _ = s.run(sql) }() // for the statements after it
		}
	}
	for _, e := range effects {
		switch e.Kind {
		case "drop":
			kind := objectWord(sql)
			v := &verdict{Danger: Danger{SQL: sql, What: "Drop the " + kind + " " + e.Object, Verb: "Drop " + e.Object}, verb: "Drop"}
			if kind == "table" {
				v.table, v.drop = e.Object, true
			}
			return v, true
		case "alter":
			return &verdict{Danger: Danger{SQL: sql, What: "Alter the table " + e.Object, Verb: "Alter " + e.Object}, table: e.Object, verb: "Alter"}, true
		}
	}
	verb, bounded := mainClause(sql)
	for _, e := range effects {
		switch {
		case bounded || e.Kind != verb:
		case verb == "delete":
			return &verdict{Danger: Danger{SQL: sql, What: "Delete every row of " + e.Object}, table: e.Object, verb: "Delete"}, true
		case verb == "update":
			return &verdict{Danger: Danger{SQL: sql, What: "Update every row of " + e.Object}, table: e.Object, verb: "Update"}, true
		}
	}
	if verb == "" && len(effects) == 0 {
		return unknown("it is no statement that is known here")
	}
	return nil, true
}

// objectWord is what a DROP names: table, index, view or trigger.
func objectWord(sql string) string {
	n := 0
	for t := range lex.Tokens(sql) {
		if t.Kind == lex.Comment {
			continue
		}
		if n++; n == 2 {
			return strings.ToLower(t.Text)
		}
	}
	return "object"
}

// known are the words that begin a statement whose effects are all told.
var known = []string{"insert", "replace", "create", "analyze", "reindex", "pragma", "explain", "drop", "alter"}

// mainClause returns update, delete or another known word a statement begins with,
// after a WITH too, and whether its rows are bounded by a WHERE that names a column.
func mainClause(sql string) (verb string, bounded bool) {
	depth, with, where, name := 0, false, false, false
	for t := range lex.Tokens(sql) {
		if t.Kind == lex.Comment {
			continue
		}
		if name && !t.Is("(") { // a name before a parenthesis is a function
			bounded = true
		}
		name = where && isName(t)
		switch {
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		case depth > 0:
		case verb == "" && (t.Is("update") || t.Is("delete")):
			verb = strings.ToLower(t.Text)
		case verb == "" && t.Is("with"):
			with = true
		case verb == "" && with && !t.Is("insert") && !t.Is("replace"):
		case verb == "":
			for _, w := range known {
				if t.Is(w) {
					return w, false
				}
			}
			return "", false
		case t.Is("where"):
			where = true
		case t.Is("returning"), t.Is("order"), t.Is("limit"):
			where, name = false, false
		}
	}
	return verb, bounded || name
}

// isName reports whether a token may be a column.
func isName(t lex.Token) bool {
	for _, w := range []string{"true", "false", "null", "not", "and", "or", "is", "in", "like", "between", "exists", "case", "when", "then", "else", "end"} {
		if t.Is(w) {
			return false
		}
	}
	return t.Kind == lex.Word || t.Kind == lex.Name
}

// count fills in how many rows a danger touches, and what points at them.
func (v *verdict) count(ctx context.Context, conn d1.Conn, live *migrate.Live) error {
	if v.table == "" {
		return nil
	}
	if _, ok := live.Schema.Table(v.table); !ok {
		return nil // the run itself makes it
	}
	n, err := countRows(ctx, conn, v.table, "")
	if err != nil {
		return err
	}
	rows := rowWords(n)
	switch {
	case v.drop:
		v.What += ", with " + rows
		v.Verb += " and " + rows
	case v.verb == "Alter":
		v.What += ", which has " + rows
	default:
		v.Verb = v.verb + " " + rows
		v.What = v.verb + " every row of " + v.table + ": " + rows
	}
	if v.verb != "Delete" && !v.drop {
		return nil
	}
	for _, t := range live.Schema.Tables {
		for _, fk := range t.ForeignKeys {
			if !strings.EqualFold(fk.Table, v.table) || len(fk.Columns) == 0 || strings.EqualFold(t.Name, v.table) {
				continue
			}
			n, err := countRows(ctx, conn, t.Name, schema.Quote(fk.Columns[0])+" IS NOT NULL")
			if err != nil {
				return err
			}
			if n > 0 {
				v.Notes = append(v.Notes, fmt.Sprintf("%s of %s point at it: ON DELETE %s.", rowWords(n), t.Name, strings.ToUpper(orNoAction(fk.OnDelete))))
			}
		}
	}
	return nil
}

func orNoAction(action string) string {
	if action == "" {
		return "no action"
	}
	return action
}

func countRows(ctx context.Context, conn d1.Conn, table, where string) (int64, error) {
	sql := "SELECT 1 FROM " + schema.Quote(table)
	if where != "" {
		sql += " WHERE " + where
	}
	r, err := conn.Query(ctx, d1.Query(fmt.Sprintf("SELECT count(*) FROM (%s LIMIT %d)", sql, CountLimit+1)))
	if err != nil {
		return 0, err
	}
	return r.Rows[0][0].Int(), nil
}

func rowWords(n int64) string {
	switch {
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
