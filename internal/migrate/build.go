package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// New plans the way from a live schema to a target, and proves the plan on a
// scratch engine. previous is the version the database was at before, nil where
// none is known: a table that it declares and the target doesn't is dropped, and
// any other is left alone. Differences without a safe step become refusals; the
// steps are then only what the rest would be.
func New(live *live.Database, target, previous *schema.Schema) (*Plan, error) {
	// Children may have to be rebuilt after their parents (a new key) or before
	// them (one that goes). The engine itself says which.
	var refused *Plan
	for _, childrenFirst := range []bool{false, true} {
		b := &builder{live: live, target: target, previous: previous, childrenFirst: childrenFirst}
		p, err := b.build()
		b.close()
		if err != nil {
			return nil, err
		}
		if len(p.Refusals) == 0 {
			return p, nil
		}
		if refused == nil {
			refused = p
		}
		if !b.reorderable() {
			break
		}
	}
	return refused, nil
}

// builder makes one plan. It walks through the changes in an order that works and
// keeps what the schema is at that point.
type builder struct {
	live             *live.Database
	target, previous *schema.Schema
	childrenFirst    bool

	plan    *Plan
	opening *Step              // what the next statement begins, nil for nothing
	now     *schema.Schema     // the schema once the renames are done, then table by table the target's
	rows    []schema.MasterRow // sqlite_master once the renames are done
	was     *schema.Schema     // the schema once the renames are done, unchanged
	trial   *shadow.Copy       // where ALTER statements are tried; opened when first needed
	tried   int                // how many steps ran on it
	renamed []schema.Change
	again   map[string]schema.MasterRow // triggers to make again at the end, by folded name
	stale   []string                    // full-text indexes that are to be read anew
	dropped map[string]bool             // names of objects that were dropped, folded
	counted map[string]bool             // tables whose rows are counted
	going   map[string]bool             // tables that are dropped at the end
	rebuilt []schema.Table              // what was rebuilt, as it was
	numbers int                         // of the helper tables and indexes
	changes map[string]*tableChange     // by folded table name
}

// tableChange is what is to happen to one table.
type tableChange struct {
	have, want  *schema.Table
	adds, gone  []schema.Change
	rest        []schema.Change
	dropIndexes []schema.DropIndex
}

func (b *builder) close() {
	if b.trial != nil {
		b.trial.Close()
	}
}

// reorderable reports whether another order of tables could do better.
func (b *builder) reorderable() bool { return len(b.rebuilt) > 1 }

func (b *builder) build() (*Plan, error) {
	live, target := b.live, b.target
	b.plan = &Plan{
		Schema: target.Name, Version: target.Version, Fingerprint: live.Fingerprint(),
		FromHash: live.Schema.Only(target).Hash(), ToHash: target.Hash(),
	}
	b.dropped, b.counted, b.changes = map[string]bool{}, map[string]bool{}, map[string]*tableChange{}
	b.again = map[string]schema.MasterRow{}
	if err := b.leave(); err != nil {
		return nil, err
	}
	if ok, err := b.renames(); !ok || err != nil {
		return b.plan, err
	}
	copied := *b.was
	copied.Tables = slices.Clone(b.was.Tables)
	b.now = &copied
	gone := b.spared(schema.Dropped(b.previous, b.was, target))
	b.going = map[string]bool{}
	for _, c := range gone {
		if c, ok := c.(schema.DropTable); ok {
			b.going[sqltext.Fold(c.Table.Name)] = true
		}
	}
	b.unmanaged(gone)
	changes := b.spared(schema.Diff(b.was, target))
	b.collect(changes)
	b.dropObjects(changes, gone)
	b.dropIndexes()
	later := b.createTables(changes)
	for _, name := range b.order(later) {
		if c, ok := later[name]; ok {
			b.createTable(c)
		} else if err := b.table(b.changes[name]); err != nil {
			return nil, err
		}
	}
	b.dropTables(gone)
	b.createIndexes(changes)
	b.createObjects(changes)
	b.assertions()
	b.findings(changes, gone)
	if err := b.fills(changes); err != nil {
		return nil, err
	}
	if len(b.plan.Refusals) > 0 || len(b.plan.Steps) == 0 { // no way to prove, or none to go
		return b.plan, nil
	}
	return b.plan, b.prove(changes)
}

// prove turns what the engine says against a step into a refusal, and looks at what
// views and triggers are bound to when all is done.
func (b *builder) prove(changes []schema.Change) error {
	after, err := prove(b.live, b.target, b.plan, b.untouched())
	if e, ok := errors.AsType[*stepError](err); ok {
		b.refuseStep(e)
		return nil
	}
	if err != nil {
		return err
	}
	return b.meaning(after, changes)
}

// untouched are the rows of sqlite_master that no step may change.
func (b *builder) untouched() (keep []schema.MasterRow) {
	for _, row := range b.rows {
		if b.alone(row) && leftAlone(b.plan.Left, row.Type, row.Name) == nil {
			keep = append(keep, row)
		}
	}
	return keep
}

// refuseStep says in the plan's terms what the engine refuses.
func (b *builder) refuseStep(e *stepError) {
	if strings.Contains(e.text, "foreign key mismatch") {
		e.text += ": the columns that are referred to are no key. Make them UNIQUE first, or let the reference go"
	}
	if strings.HasPrefix(e.text, "error in view ") || strings.HasPrefix(e.text, "error in trigger ") {
		e.text += ". The engine reads every view and trigger for it; mend that one, or drop it first and make it again afterwards"
	}
	r := Refusal{Object: b.target.Name, Cause: "Reach this version", Reason: e.text}
	switch {
	case e.fill != nil:
		r = Refusal{Object: e.fill.Object(), Cause: e.fill.Words(),
			Reason: "The engine refuses to fill it on an empty copy of this schema: " + e.text + "."}
	case e.step >= 0:
		s := b.plan.Steps[e.step]
		for i := e.step; s.More && i > 0; i-- {
			s = b.plan.Steps[i-1]
		}
		r = Refusal{Object: s.Object, Cause: s.Cause, Reason: "The engine refuses it on an empty copy of this schema: " + e.text + "."}
	}
	b.plan.Refusals = append(b.plan.Refusals, r)
}

// alone reports whether a row of sqlite_master is about something no step may
// touch: what the target doesn't speak of and no version before did.
func (b *builder) alone(row schema.MasterRow) bool {
	table := row.Table
	if row.Type == "view" {
		table = row.Name
	}
	if b.dropped[identity(row.Type, row.Name)] || b.dropped[identity("table", table)] {
		return false
	}
	if _, ok := b.target.Object(row.Type, row.Name); ok {
		return false
	}
	if row.Type == "trigger" || row.Type == "view" {
		return true
	}
	_, managed := b.target.Table(table)
	return !managed
}

func (b *builder) unmanaged(gone []schema.Change) {
	for _, t := range b.was.Tables {
		if leftAlone(b.plan.Left, "table", t.Name) != nil {
			continue
		}
		if _, ok := b.target.Table(t.Name); !ok && !slices.ContainsFunc(gone, func(c schema.Change) bool { return c.Object() == t.Name }) {
			b.plan.Unmanaged = append(b.plan.Unmanaged, t.Name)
		}
	}
}

// described is a change, or several that are made as one.
type described interface {
	Object() string
	Words() string
}

// step adds the first statement of a change.
func (b *builder) step(c described, sql string, risk Risk, reason string) {
	b.plan.Steps = append(b.plan.Steps, Step{Object: c.Object(), Cause: c.Words(), SQL: sql, Risk: risk, Reason: reason})
}

// begin says what the statements from here on are for; the first of them carries it.
func (b *builder) begin(c described, risk Risk, reason string) {
	b.opening = &Step{Object: c.Object(), Cause: c.Words(), Risk: risk, Reason: reason}
}

// more adds a further statement of the same change.
func (b *builder) more(sql string) {
	if b.opening != nil {
		b.opening.SQL = sql
		b.plan.Steps, b.opening = append(b.plan.Steps, *b.opening), nil
		return
	}
	last := b.plan.Steps[len(b.plan.Steps)-1]
	b.plan.Steps = append(b.plan.Steps, Step{SQL: sql, Risk: last.Risk, More: true})
}

func (b *builder) refuse(c described, format string, args ...any) {
	b.plan.Refusals = append(b.plan.Refusals, Refusal{Object: c.Object(), Cause: c.Words(), Reason: fmt.Sprintf(format, args...)})
}

// try brings the trial database to where the plan is and runs statements on it. It
// reports whether the engine took them all and they led to where they should; what they
// did is undone otherwise.
func (b *builder) try(reached func() (bool, error), statements ...string) (bool, error) {
	if _, err := b.failing(); err != nil { // prove will say what is wrong with a step
		return false, err
	}
	return b.trial.Attempt(func() (bool, error) {
		for _, sql := range statements {
			if b.trial.Exec(sql) != nil {
				return false, nil
			}
		}
		return reached()
	})
}

// failing brings the trial database to where the plan is, and returns the first step
// that it refuses, nil for none.
func (b *builder) failing() (failed *stepError, err error) {
	if b.trial == nil {
		if b.trial, err = shadow.Like(context.Background(), b.live.Rows); err != nil {
			return nil, err
		}
	}
	for ; b.tried < len(b.plan.Steps); b.tried++ {
		if err := b.trial.Exec(b.plan.Steps[b.tried].SQL); err != nil && failed == nil {
			failed = &stepError{step: b.tried, text: engineWords(err)}
		}
	}
	return failed, nil
}

// collect sorts the changes by the table they are of.
func (b *builder) collect(changes []schema.Change) {
	of := func(name string) *tableChange {
		key := sqltext.Fold(name)
		if b.changes[key] == nil {
			have, _ := b.was.Table(name)
			want, _ := b.target.Table(name)
			b.changes[key] = &tableChange{have: have, want: want}
		}
		return b.changes[key]
	}
	for _, c := range changes {
		switch c := c.(type) {
		case schema.AddColumn:
			t := of(c.Table.Name)
			t.adds = append(t.adds, c)
		case schema.DropColumn:
			t := of(c.Table.Name)
			t.gone = append(t.gone, c)
			what := " with its values."
			if c.Column.Generated != "" {
				what = ", which is computed."
			}
			b.lose(c.Object(), "The column "+c.Object()+what)
		case schema.ChangeTable:
			t := of(c.Table.Name)
			t.rest = append(t.rest, c)
		case schema.DropIndex:
			t := of(c.Table)
			t.dropIndexes = append(t.dropIndexes, c)
		}
	}
}

// lose adds a loss. What else goes under the same name is said with it.
func (b *builder) lose(name, words string) {
	i := slices.IndexFunc(b.plan.Losses, func(l Loss) bool { return l.Name == name })
	switch {
	case i < 0:
		b.plan.Losses = append(b.plan.Losses, Loss{Name: name, Words: words})
	case !strings.Contains(b.plan.Losses[i].Words, words):
		b.plan.Losses[i].Words += " " + words
	}
}

// createTables makes the new tables, and returns those that have to wait: a table that
// refers to one that is about to change may refer to what is no key of it yet.
func (b *builder) createTables(changes []schema.Change) map[string]schema.CreateTable {
	later := map[string]schema.CreateTable{}
	for _, c := range changes {
		c, ok := c.(schema.CreateTable)
		switch {
		case !ok:
		case b.refersToChange(&c.Table, nil):
			later[sqltext.Fold(c.Table.Name)] = c
		default:
			b.createTable(c)
		}
	}
	return later
}

func (b *builder) createTable(c schema.CreateTable) {
	b.step(c, c.Table.DDL(), Safe, "A new table; nothing that exists is touched.")
	b.now.Tables = append(b.now.Tables, c.Table)
}

// refersToChange reports whether a new table refers, by others that are new or by
// itself, to one that changes and doesn't refer to it.
func (b *builder) refersToChange(t *schema.Table, seen []string) bool {
	return slices.ContainsFunc(t.ForeignKeys, func(fk schema.ForeignKey) bool {
		if contains(seen, fk.Table) {
			return false
		}
		if tc := b.changes[sqltext.Fold(fk.Table)]; tc != nil && len(tc.adds)+len(tc.rest) > 0 {
			return !slices.ContainsFunc(tc.want.ForeignKeys, func(back schema.ForeignKey) bool { return sqltext.Same(back.Table, t.Name) })
		}
		_, existed := b.was.Table(fk.Table)
		next, ok := b.target.Table(fk.Table)
		return ok && !existed && b.refersToChange(next, append(seen, t.Name))
	})
}

// order lists the changed tables, and those that are created among them, parents before
// children or the other way round.
func (b *builder) order(created map[string]schema.CreateTable) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		name = sqltext.Fold(name)
		if seen[name] {
			return
		}
		seen[name] = true
		for _, s := range []*schema.Schema{b.was, b.target} {
			if t, ok := s.Table(name); ok {
				for _, fk := range t.ForeignKeys {
					visit(fk.Table)
				}
			}
		}
		if _, ok := created[name]; ok || b.changes[name] != nil {
			out = append(out, name)
		}
	}
	for _, t := range b.target.Tables {
		visit(t.Name)
	}
	if b.childrenFirst {
		slices.Reverse(out)
	}
	return out
}

func (b *builder) dropIndexes() {
	for _, t := range b.target.Tables {
		tc := b.changes[sqltext.Fold(t.Name)]
		if tc == nil {
			continue
		}
		for _, c := range tc.dropIndexes {
			reason := "No row changes, but queries that used it may read whole tables."
			switch {
			case c.Changed:
				reason = "It is made again further down, in the same transaction."
			case c.Index.Unique:
				reason = "No row changes, but values may repeat from now on."
			}
			b.step(c, "DROP INDEX "+sqltext.Quote(c.Index.Name), Caution, reason)
		}
	}
}

func (b *builder) createIndexes(changes []schema.Change) {
	for _, c := range changes {
		ci, ok := c.(schema.CreateIndex)
		if !ok || b.wasRebuilt(ci.Table) {
			continue // a rebuilt table has all its indexes
		}
		have, existed := b.was.Table(ci.Table)
		risk, reason := Safe, "Reads the whole table once; no row changes."
		switch {
		case !existed:
			reason = "On a new table, so there is nothing to read."
		case ci.Index.Unique:
			risk, reason = Check, "Reads the whole table once. Where values repeat it fails, and then the whole plan is rolled back."
			want, _ := b.target.Table(ci.Table)
			b.checkUnique(have, want, ci.Index)
		}
		b.step(ci, ci.Index.DDL(ci.Table), risk, reason)
	}
}

func (b *builder) wasRebuilt(table string) bool {
	return slices.ContainsFunc(b.rebuilt, func(t schema.Table) bool { return sqltext.Same(t.Name, table) })
}
