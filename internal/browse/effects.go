package browse

import (
	"cmp"
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/orm"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Dependents are rows that point at rows to be deleted, or at rows that go with
// them.
type Dependents struct {
	Table string
	// Action is what their foreign key says: CASCADE, SET NULL, and so on.
	Action string
	Rows   int
}

// Effects are what deleting rows does beside.
type Effects struct {
	// Dependents are counted through all levels of cascades, without the rows to
	// be deleted.
	Dependents []Dependents
	// More says that counting stopped at a limit: each count is "at least".
	More bool
	// Triggers will run, as "name of table". What they do isn't known.
	Triggers []string
}

const (
	// MaxDependents is where counting rows that point at others stops.
	MaxDependents = 1000
	// maxReferences is how many foreign keys are followed, maxLevels how many one after the
	// other, and maxStatements about how many statements that may take.
	maxReferences = 100
	maxLevels     = 8
	maxStatements = 600
)

// Effects looks at what points at rows about to be deleted: what a cascade would
// take along, level by level, or what forbids it. Nothing is changed. It is one round trip.
func (c *Catalog) Effects(ctx context.Context, conn d1.Conn, table string, keys []string) (Effects, error) {
	w, err := c.newDeletion(ctx, conn, table, keys)
	if err != nil {
		return Effects{}, err
	}
	f, err := w.follow(ctx, conn)
	if err != nil {
		return Effects{}, err
	}
	rs, err := conn.Batch(ctx, f.stmts)
	if err != nil {
		return Effects{}, err
	}
	return f.effects(rs), nil
}

// reference is a foreign key at the end of a path that cascades up to it.
type reference struct {
	path   orm.Referring
	action string
	// before is the reference before it in references, -1 for one that leads to the rows
	// themselves. level counts them.
	before, level int
	// stmts is how many statements are its.
	stmts int
	// ends says that what refers to its rows in turn isn't looked at.
	ends bool
}

// looped reports whether the path ends with that very foreign key of a table to itself.
func (r reference) looped(step orm.Reference) bool {
	if len(r.path.Path) == 0 {
		return false
	}
	last := r.path.Path[len(r.path.Path)-1]
	return last.Loop && last.Child.Name == step.Child.Name && slices.Equal(last.From, step.From)
}

func (r reference) child() table { return table{r.path.Path[len(r.path.Path)-1].Child} }

// follower walks along foreign keys, away from rows to be deleted.
type follower struct {
	c          *Catalog
	references []reference
	stmts      []d1.Stmt
	found      int
	// gone and touched are the rows that are deleted, and those that are kept
	// and counted.
	gone, touched, triggers map[string]bool
	out                     Effects
}

func rowID(t table, key []d1.Value) string {
	return sqltext.Fold(t.Name) + "\x00" + string(encodeValues(key))
}

func (f *follower) addTriggers(table, event string) {
	for _, name := range f.c.triggers(table, event) {
		if words := name + " of " + table; !f.triggers[words] {
			f.triggers[words] = true
			f.out.Triggers = append(f.out.Triggers, words)
		}
	}
}

// follow compiles what reads the rows that point at those of a deletion, the nearest first.
func (w *Write) follow(ctx context.Context, conn d1.Conn) (*follower, error) {
	f := &follower{c: w.cat, gone: map[string]bool{}, touched: map[string]bool{}, triggers: map[string]bool{}}
	var rows [][]d1.Value
	for _, e := range w.edits {
		key, err := DecodeKey(e.Key)
		if err != nil {
			return nil, err
		}
		rows = append(rows, key)
		f.gone[rowID(w.t, key)] = true
	}
	f.addTriggers(w.t.Name, "DELETE")
	all, err := f.compile(ctx, conn, rows, w.t, reference{path: orm.Referring{Parent: w.t.Table}, before: -1})
	f.out.More = !all
	for i := 0; i < len(f.references) && err == nil; i++ {
		if r := f.references[i]; r.action == "CASCADE" && len(r.child().Key.Places()) > 0 {
			all, err = f.compile(ctx, conn, rows, r.child(), reference{path: r.path, before: i, level: r.level + 1})
			f.references[i].ends = !all
		}
	}
	return f, err
}

// compile adds the references that lead to a table, and is false where there are too many.
func (f *follower) compile(ctx context.Context, conn d1.Conn, rows [][]d1.Value, to table, at reference) (all bool, err error) {
	for _, ref := range f.c.References(to.Name) {
		child, err := f.c.table(ctx, conn, ref.From)
		if err != nil {
			return false, err
		}
		step, ok := stepOf(to, child, ref)
		if !ok || at.looped(step) {
			continue // a key to nothing points at no row, and one that was followed to its end at no other
		}
		action := cmp.Or(sqltext.Upper(ref.OnDelete), "NO ACTION")
		step.Loop = action == "CASCADE" && sqltext.Same(child.Name, to.Name) && len(child.Key.Places()) > 0
		if len(f.references) == maxReferences || len(f.stmts) >= maxStatements || at.level == maxLevels {
			return false, nil
		}
		r := at
		r.path, r.action = at.path.Then(step), action
		stmts, err := r.path.Stmts(rows, len(rows)+MaxDependents+1)
		if err != nil {
			return false, err
		}
		r.stmts = len(stmts)
		f.references, f.stmts = append(f.references, r), append(f.stmts, stmts...)
	}
	return true, nil
}

// stepOf says by which columns a foreign key leads from a table to another one.
func stepOf(to, child table, ref live.Reference) (orm.Reference, bool) {
	step := orm.Reference{Child: child.Table}
	for i, name := range ref.Columns {
		if i >= len(ref.RefColumns) {
			return step, false
		}
		place, ok := to.Column(ref.RefColumns[i])
		from, is := child.Column(name)
		if !ok || !is {
			return step, false
		}
		step.From, step.To = append(step.From, from), append(step.To, place)
	}
	return step, true
}

// effects counts what the statements found.
func (f *follower) effects(rs []*d1.Result) Effects {
	reached := make([]bool, len(f.references))
	for i, r := range f.references {
		own := rs[:r.stmts]
		rs = rs[r.stmts:]
		if r.before >= 0 && !reached[r.before] {
			continue
		}
		if f.found > MaxDependents { // as far as it is counted
			f.out.More = true
			break
		}
		reached[i] = f.count(r, own)
	}
	f.out.More = f.out.More || f.found > MaxDependents
	return f.out
}

// count counts the rows that one reference found, and reports whether any weren't known.
func (f *follower) count(r reference, rs []*d1.Result) bool {
	child, known, fresh, count := r.child(), f.touched, 0, 0
	if r.action == "CASCADE" {
		known = f.gone
	}
	places := child.Key.Places()
	for _, result := range rs {
		for _, row := range result.Rows {
			if len(places) == 0 {
				count += int(row[0].Int())
				continue
			}
			key := child.Key.Of(func(place int) d1.Value { return row[slices.Index(places, place)] })
			if id := rowID(child, key); !f.gone[id] && !known[id] {
				known[id] = true
				fresh++
			}
		}
	}
	f.addDependents(child.Name, r.action, count+fresh)
	if count+fresh == 0 {
		return false
	}
	switch r.action {
	case "CASCADE":
		f.addTriggers(child.Name, "DELETE")
		// What has no key can't be followed, and neither is what is too far away.
		f.out.More = f.out.More || r.ends || count > 0 && len(f.c.References(child.Name)) > 0
	case "SET NULL", "SET DEFAULT":
		f.addTriggers(child.Name, "UPDATE")
	}
	return fresh > 0
}

func (f *follower) addDependents(table, action string, n int) {
	if n == 0 {
		return
	}
	f.found += n
	for i, d := range f.out.Dependents {
		if d.Table == table && d.Action == action {
			f.out.Dependents[i].Rows += n
			return
		}
	}
	f.out.Dependents = append(f.out.Dependents, Dependents{Table: table, Action: action, Rows: n})
}
