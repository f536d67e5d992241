package browse

import (
	"context"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
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
	// maxAtOnce is how many rows one statement looks at: D1 allows expressions a
	// depth of 100.
	maxAtOnce = 40
	// maxReferences is how many foreign keys are followed.
	maxReferences = 100
)

// Effects looks at what points at rows about to be deleted: what a cascade would
// take along, level by level, or what forbids it. Nothing is changed.
func (c *Catalog) Effects(ctx context.Context, conn d1.Conn, table string, keys []string) (Effects, error) {
	r, err := c.writable(ctx, conn, table)
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
		f.gone[rowID(r, values)] = true
	}
	f.runs(r.Name, "DELETE")
	f.levels = []level{{r, first}}
	for refs := 0; len(f.levels) > 0 && !f.out.More; f.levels = f.levels[1:] {
		for _, ref := range c.References(f.levels[0].r.Name) {
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
	r    *relation
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

func rowID(r *relation, key []d1.Value) string {
	return sqltext.Fold(r.Name) + "\x00" + string(encodeValues(key))
}

func (f *follower) runs(table, event string) {
	for _, name := range f.c.triggers(table, event) {
		if words := name + " of " + table; !f.triggers[words] {
			f.triggers[words] = true
			f.out.Triggers = append(f.out.Triggers, words)
		}
	}
}

// follow counts the rows that point at a level by one foreign key.
func (f *follower) follow(ctx context.Context, l level, ref live.Reference) error {
	child, err := f.c.relation(ctx, f.conn, ref.From)
	if err != nil {
		return err
	}
	conds := make([]string, len(ref.Columns))
	for i, from := range ref.Columns {
		if i >= len(ref.RefColumns) {
			return nil // a key to nothing points at no row
		}
		col, ok := l.r.column(ref.RefColumns[i])
		if !ok {
			return nil
		}
		conds[i] = l.r.ref("t", col) + " = c." + sqltext.Quote(from)
	}
	action := sqltext.Upper(ref.OnDelete)
	if action == "" {
		action = "NO ACTION"
	}
	rows, count, err := f.pointing(ctx, l, child, and(conds))
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
	f.add(child.Name, action, count+len(next))
	if count+len(next) == 0 {
		return nil
	}
	switch action {
	case "CASCADE":
		f.runs(child.Name, "DELETE")
		if count > 0 { // what has no key can't be followed
			f.out.More = f.out.More || len(f.c.References(child.Name)) > 0
		}
		f.levels = append(f.levels, level{child, next})
	case "SET NULL", "SET DEFAULT":
		f.runs(child.Name, "UPDATE")
	}
	return nil
}

func (f *follower) add(table, action string, n int) {
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

// pointing returns the keys of the rows of child that point at a level, or their
// count where they have no key.
func (f *follower) pointing(ctx context.Context, l level, child *relation, on string) (keys [][]d1.Value, count int, err error) {
	var refs []string
	for _, i := range child.keyColumns() {
		refs = append(refs, child.ref("c", i))
	}
	for rest := l.rows; len(rest) > 0 && !f.out.More; {
		a, wheres, n := &args{}, []string{}, 0
		for n < min(len(rest), maxAtOnce) && len(a.values)+len(rest[n]) <= d1.MaxParams {
			where, ok := l.r.match(rest[n], a)
			if ok {
				wheres = append(wheres, "("+where+")")
			}
			n++
		}
		rest = rest[max(n, 1):]
		if len(wheres) == 0 {
			continue
		}
		room := MaxDependents - f.found - len(keys) - count
		from := " FROM " + sqltext.Quote(l.r.Name) + " AS t CROSS JOIN " + sqltext.Quote(child.Name) + " AS c ON " + on + " WHERE " + strings.Join(wheres, " OR ")
		limit := " LIMIT " + strconv.Itoa(len(f.gone)+max(room, 0)+1)
		sql := "SELECT DISTINCT " + strings.Join(refs, ", ") + from + limit
		if len(refs) == 0 {
			sql = "SELECT count(*) FROM (SELECT 1" + from + limit + ")"
		}
		s, err := a.stmt(sql)
		if err != nil {
			return nil, 0, err
		}
		result, err := f.conn.Query(ctx, s)
		if err != nil {
			return nil, 0, err
		}
		if len(refs) == 0 {
			count += int(result.Rows[0][0].Int())
		}
		for _, row := range result.Rows {
			if len(refs) == 0 {
				break
			}
			place := func(col int) d1.Value {
				for n, i := range child.keyColumns() {
					if i == col {
						return row[n]
					}
				}
				return d1.Value{}
			}
			keys = append(keys, child.keyOf(place))
		}
		if len(keys)+count+f.found > MaxDependents+len(f.gone) {
			f.out.More = true
		}
	}
	return keys, count, nil
}
