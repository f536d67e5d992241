package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Note says what becomes of one difference in a schema that Expand made.
type Note struct {
	Object string
	// Line is the column in the schema file of the next version, "" for what stays as
	// it is.
	Line string
	// Words say what comes later or not at all, and what to do about it.
	Words string
}

// TooLarge names the tables of a plan's answers that are too large to be made anew.
func TooLarge(answers []Answer) []string {
	var names []string
	for _, a := range answers {
		if a.Severity == Size && a.Blocks() && !slices.Contains(names, a.Object) {
			names = append(names, a.Object)
		}
	}
	return names
}

// Expand returns a schema on the way to target that changes the large tables without
// making them anew: a column that ALTER TABLE can't add comes as one that may be NULL,
// filled from its default; a UNIQUE comes as a unique index; what else of these
// tables only a rebuild could change stays as it is live. The notes say all of it,
// the columns first. large are names of the target's tables. Nothing is touched.
// fault.Invalid is for a table that can't be changed without a rebuild at all.
func Expand(live *live.Database, target, previous *schema.Schema, large []string) (*schema.Schema, []Note, error) {
	was, _ := schema.Renamed(live.Schema, target)
	e := &expansion{out: target.Clone()}
	for _, name := range large {
		have, ok := was.Table(name)
		want, known := e.out.Table(name)
		if !ok || !known {
			return nil, nil, fault.New(fault.Invalid, "There is no table %s to change.", name)
		}
		if err := e.table(have, want); err != nil {
			return nil, nil, err
		}
	}
	p, err := New(live, e.out, previous)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range p.Checks {
		if c.Severity == Size && slices.ContainsFunc(large, func(name string) bool { return sqltext.Same(name, c.Object) }) {
			return nil, nil, fault.New(fault.Invalid, "%s can't be changed this way without being made anew.", c.Object)
		}
	}
	return e.out, append(e.lines, e.stay...), p.Ready()
}

// expansion makes the schema in between.
type expansion struct {
	out         *schema.Schema
	lines, stay []Note
}

// stays notes what is not changed.
func (e *expansion) stays(object, format string, args ...any) {
	e.stay = append(e.stay, Note{Object: object, Words: fmt.Sprintf(format, args...)})
}

// table puts in the place of what is wanted what can be had.
func (e *expansion) table(have, want *schema.Table) error {
	goal := *want
	if len(have.Extra) > 0 || goal.Verbatim {
		*want = *have
		want.Verbatim, want.Was = true, goal.Was
		e.stays(goal.Name, "The table is written as its CREATE text, of which no column can be filled. It stays as it is.")
		return nil
	}
	*want = *have
	want.Name, want.Was, want.Indexes = goal.Name, goal.Was, slices.Clone(goal.Indexes)
	want.SQL, want.Named = "", false
	want.Columns, want.Checks = slices.Clone(have.Columns), slices.Clone(have.Checks)
	want.Unique, want.UniqueTerms, want.ForeignKeys = slices.Clone(have.Unique), slices.Clone(have.UniqueTerms), slices.Clone(have.ForeignKeys)
	for i := range want.Columns {
		if c, ok := goal.Column(want.Columns[i].Name); ok {
			want.Columns[i].Was, want.Columns[i].Mode = c.Was, c.Mode
		} else {
			e.stays(goal.Name+"."+want.Columns[i].Name, "The column stays. Let it go in a later version, when no code reads it.")
		}
	}
	for _, c := range goal.Columns {
		if _, ok := have.Column(c.Name); !ok {
			if err := e.column(want, &goal, c); err != nil {
				return err
			}
		}
	}
	e.uniques(have, want, &goal)
	// What is left between the two is what only a rebuild could do.
	rest := schema.Diff(&schema.Schema{Tables: e.out.Tables}, &schema.Schema{Tables: withTable(e.out.Tables, goal)})
	for _, c := range rest {
		if c, ok := c.(schema.ChangeTable); ok && !e.said(c) {
			e.stays(c.Object(), "%s: not in this version, as only a rebuild can do it.", c.Words())
		}
	}
	return nil
}

func withTable(tables []schema.Table, t schema.Table) []schema.Table {
	out := slices.Clone(tables)
	for i := range out {
		if sqltext.Same(out[i].Name, t.Name) {
			out[i] = t
		}
	}
	return out
}

// said reports whether a column's own note has told of a change.
func (e *expansion) said(c schema.ChangeTable) bool {
	if c.AddsUnique {
		return true // there is an index in its place
	}
	return c.Column != "" && slices.ContainsFunc(e.lines, func(n Note) bool { return n.Object == c.Object() })
}

// column adds a column that isn't there yet, as ALTER TABLE can.
func (e *expansion) column(want, goal *schema.Table, c schema.Column) error {
	object := goal.Name + "." + c.Name
	var words []string
	say := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	full, whole := c, notByAlter(schema.AddColumn{Table: *goal, Column: c}) == ""
	switch {
	case whole: // it comes as it is
	case c.Generated != "":
		c.Stored = false
		say("It comes as virtual: only a rebuild can store it.")
	default:
		unique := slices.ContainsFunc(goal.UniqueKeys(), func(k schema.Key) bool { return len(k) == 1 && sqltext.Same(k[0].Expr, c.Name) })
		if c.Fill == "" && !(unique && schema.IsConstant(c.Default)) { // the same in every row is not unique
			c.Fill = c.Default
		}
		c.NotNull, c.Default = false, ""
		later(goal, full, c, say)
	}
	for _, check := range goal.Checks {
		if !sqltext.Same(goal.CheckedColumn(check), c.Name) {
			continue
		}
		passes, err := nullPasses(&c, check)
		if err != nil {
			return err
		}
		if passes || c.Default != "" || c.Generated != "" {
			want.Checks = append(want.Checks, check)
			if !whole && passes {
				say("Its CHECK (%s) comes now, as NULL passes it.", check)
			}
		}
	}
	for _, fk := range goal.ForeignKeys {
		if len(fk.Columns) == 1 && sqltext.Same(fk.Columns[0], c.Name) {
			want.ForeignKeys = append(want.ForeignKeys, fk)
			if !whole {
				say("Its reference to %s comes now.", fk.Table)
			}
		}
	}
	want.Columns = append(want.Columns, c)
	if len(words) > 0 || c.Fill != "" {
		e.lines = append(e.lines, Note{Object: object, Line: want.Line(&c), Words: strings.Join(words, " ")})
	}
	return nil
}

// later says what of a column can't come, and who does it meanwhile.
func later(goal *schema.Table, full, c schema.Column, say func(string, ...any)) {
	switch {
	case c.Fill == "" && full.NotNull:
		say("Say what the rows that are there get: fill (an SQL expression of the row), after the type.")
	case c.Fill == "":
		say("It begins as NULL.")
	}
	switch {
	case full.NotNull && full.Default != "":
		say("NOT NULL and the default can't come on D1 without a rebuild: let the code write (%s) in every new row.", full.Default)
	case full.NotNull:
		say("NOT NULL can't come on D1 without a rebuild: let the code write a value in every new row.")
	case full.Default != "":
		say("The default can't come on D1 without a rebuild: let the code write (%s) in every new row.", full.Default)
	}
	if slices.ContainsFunc(goal.PrimaryKey, func(k string) bool { return sqltext.Same(k, c.Name) }) {
		say("It is no part of the primary key until a rebuild.")
	}
}

// nullPasses reports whether a CHECK of one column lets NULL be.
func nullPasses(c *schema.Column, check string) (bool, error) {
	s, err := shadow.Make(context.Background(), nil)
	if err != nil {
		return false, err
	}
	defer s.Close()
	st, err := s.Prepare("SELECT 1 FROM (SELECT NULL AS " + sqltext.Quote(c.Name) + ") WHERE NOT (" + check + "\n)")
	if err != nil {
		return false, nil //nolint:nilerr // one that speaks of more than the column is left to a rebuild
	}
	defer st.Close()
	row, err := st.Step()
	return !row && err == nil, nil
}

// uniques puts unique indexes in the place of UNIQUE constraints that are new.
func (e *expansion) uniques(have, want, goal *schema.Table) {
	for _, key := range goal.UniqueKeys() {
		if slices.ContainsFunc(have.UniqueKeys(), func(k schema.Key) bool { return sameKey(k, key) }) {
			continue
		}
		u := key.Columns()
		ix := schema.Index{Name: e.indexName(goal.Name, u), Unique: true, Columns: slices.Clone(key)}
		want.Indexes = append(want.Indexes, ix)
		words := "The unique index " + ix.Name + " stands in for UNIQUE (" + key.String() + "): it refuses the same values, and needs no rebuild."
		for i, n := range e.lines {
			if len(u) == 1 && n.Object == goal.Name+"."+u[0] {
				e.lines[i].Words = strings.TrimSpace(n.Words + " " + words)
				words = ""
			}
		}
		if words != "" {
			e.stays(goal.Name, "%s", words)
		}
	}
}

// indexName is a name that no index of the schema has.
func (e *expansion) indexName(table string, columns []string) string {
	base := "idx_" + table + "_" + strings.Join(columns, "_")
	for n, name := 2, base; ; n, name = n+1, fmt.Sprintf("%s_%d", base, n) {
		if !slices.ContainsFunc(e.out.Tables, func(t schema.Table) bool { _, taken := t.Index(name); return taken }) {
			return name
		}
	}
}
