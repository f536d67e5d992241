package browse

import (
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
	// maxReferences is how many foreign keys are followed.
	maxReferences = 100
)

// Effects looks at what points at rows about to be deleted: what a cascade would
// take along, level by level, or what forbids it. Nothing is changed.
func (c *Catalog) Effects(ctx context.Context, conn d1.Conn, table string, keys []string) (Effects, error) {
	t, err := c.writableTable(ctx, conn, table)
	if err != nil {
		return Effects{}, err
	}
	f := follower{c: c, conn: conn, gone: map[string]bool{}, touched: map[string]bool{}, triggers: map[string]bool{}}
	var first [][]d1.Value
	for _, key := range keys {
		values, err := DecodeKey(key)
		if err != nil {
			return Effects{}, err
		}
		first = append(first, values)
		f.gone[rowID(t, values)] = true
	}
	f.addTriggers(t.Name, "DELETE")
	f.levels = []level{{t, first}}
	for refs := 0; len(f.levels) > 0 && !f.out.More; f.levels = f.levels[1:] {
		for _, ref := range c.References(f.levels[0].t.Name) {
			if refs++; refs > maxReferences {
				f.out.More = true
				break
			}
			if err := f.follow(ctx, f.levels[0], ref); err != nil {
				return Effects{}, err
			}
		}
	}
	return f.out, nil
}

// level is some rows of one table that are deleted.
type level struct {
	t    table
	rows [][]d1.Value
}

// follower walks along foreign keys, away from rows to be deleted.
type follower struct {
	c      *Catalog
	conn   d1.Conn
	levels []level
	found  int
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

// follow counts the rows that point at a level by one foreign key.
func (f *follower) follow(ctx context.Context, l level, ref live.Reference) error {
	child, err := f.c.table(ctx, f.conn, ref.From)
	if err != nil {
		return err
	}
	by := orm.Referring{Parent: l.t.Table, Child: child.Table}
	for i, name := range ref.Columns {
		if i >= len(ref.RefColumns) {
			return nil // a key to nothing points at no row
		}
		to, ok := l.t.Column(ref.RefColumns[i])
		from, is := child.Column(name)
		if !ok || !is {
			return nil
		}
		by.From, by.To = append(by.From, from), append(by.To, to)
	}
	action := sqltext.Upper(ref.OnDelete)
	if action == "" {
		action = "NO ACTION"
	}
	rows, count, err := f.referringRows(ctx, l, by)
	if err != nil {
		return err
	}
	known, next := f.touched, [][]d1.Value(nil)
	if action == "CASCADE" {
		known = f.gone
	}
	for _, key := range rows {
		if id := rowID(child, key); !f.gone[id] && !known[id] {
			known[id] = true
			next = append(next, key)
		}
	}
	f.addDependents(child.Name, action, count+len(next))
	if count+len(next) == 0 {
		return nil
	}
	switch action {
	case "CASCADE":
		f.addTriggers(child.Name, "DELETE")
		if count > 0 { // what has no key can't be followed
			f.out.More = f.out.More || len(f.c.References(child.Name)) > 0
		}
		f.levels = append(f.levels, level{child, next})
	case "SET NULL", "SET DEFAULT":
		f.addTriggers(child.Name, "UPDATE")
	}
	return nil
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

// referringRows returns the keys of the rows that point at a level, or their count where they
// have no key.
func (f *follower) referringRows(ctx context.Context, l level, by orm.Referring) (keys [][]d1.Value, count int, err error) {
	places := by.Child.Key.Places()
	for rest := l.rows; len(rest) > 0 && !f.out.More; {
		room := max(MaxDependents-f.found-len(keys)-count, 0)
		s, taken, err := by.Stmt(rest, len(f.gone)+room+1)
		if err != nil {
			return nil, 0, err
		}
		rest = rest[taken:]
		result, err := f.conn.Query(ctx, s)
		if err != nil {
			return nil, 0, err
		}
		for _, row := range result.Rows {
			if len(places) == 0 {
				count += int(row[0].Int())
				continue
			}
			keys = append(keys, by.Child.Key.Of(func(place int) d1.Value { return row[slices.Index(places, place)] }))
		}
		f.out.More = len(keys)+count+f.found > MaxDependents+len(f.gone)
	}
	return keys, count, nil
}
