package orm

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
)

// Reference is a foreign key of a table, Child.
type Reference struct {
	Child *live.Table
	// From are the places of the foreign key's columns in Child, To those of the columns
	// they refer to in the table before it.
	From, To []int
	// Loop says of a table that refers to itself, and has a key, that the rows which refer so
	// to rows of the step are rows of the step too.
	Loop bool
}

// Referring are the rows at the end of a path of foreign keys: those that refer to rows that
// refer to … rows of a table.
type Referring struct {
	Parent *live.Table
	Path   []Reference
}

// Stmts compile the statements that read the keys of those rows, for the rows of Parent with
// these keys, at most limit of them at each step of the path: their columns are those of the
// last table's Key.Places. Of a table without a key they count the rows. Each takes as many of
// the keys as fit; keys of another table are passed over.
func (r Referring) Stmts(keys [][]d1.Value, limit int) ([]d1.Stmt, error) {
	var out []d1.Stmt
	for len(keys) > 0 {
		s, taken, err := r.stmt(keys, limit)
		if err != nil {
			return nil, err
		}
		out, keys = append(out, s), keys[taken:]
	}
	return out, nil
}

func (r Referring) stmt(keys [][]d1.Value, limit int) (s d1.Stmt, taken int, err error) {
	c := &compiler{table: &table{Table: r.Parent}}
	var rows []string
	for taken < min(len(keys), maxOrs) && len(c.args)+len(keys[taken]) <= d1.MaxParams {
		key := keys[taken]
		taken++
		if row, ok := c.row(key); ok {
			rows = append(rows, "("+row+")")
		}
	}
	if len(rows) == 0 {
		rows = []string{"0"}
	}
	before, where := c.table.quoted()+" AS "+self, " WHERE "+strings.Join(rows, " OR ")
	ref := func(place int) string { return c.table.ref(self, place) } // how a step names a column before it
	var steps []string
	for n, step := range r.Path {
		child, last := &table{Table: step.Child}, n == len(r.Path)-1
		from, most := " FROM "+before+step.join(child, ref)+where, " LIMIT "+strconv.Itoa(limit)
		name := "l" + strconv.Itoa(n)
		in := func(place int) string { return name + ".c" + strconv.Itoa(place+1) } // the rowid is c0
		if last && !step.Loop {
			name, in = "c", func(place int) string { return child.ref("c", place) }
		} else {
			wanted := child.Key.Places()
			if !last {
				wanted = r.Path[n+1].To
			}
			if step.Loop {
				wanted = slices.Concat(wanted, step.To)
			}
			wanted = slices.Compact(slices.Sorted(slices.Values(wanted)))
			names, columns := make([]string, len(wanted)), make([]string, len(wanted))
			for i, place := range wanted {
				_, names[i], _ = strings.Cut(in(place), ".")
				columns[i] = child.ref("c", place)
			}
			body := "SELECT " + strings.Join(columns, ", ") + from
			if step.Loop {
				body += " UNION SELECT " + strings.Join(columns, ", ") + " FROM " + name + step.join(child, in)
			}
			steps = append(steps, name+"("+strings.Join(names, ", ")+") AS ("+body+most+")")
			from, most = " FROM "+name, ""
		}
		before, where, ref = name, "", in
		if last {
			if len(steps) > 0 {
				c.sql.WriteString("WITH RECURSIVE " + strings.Join(steps, ", ") + " ")
			}
			s.Columns = c.keysOf(child, in, from+most)
		}
	}
	columns := s.Columns
	s, err = c.stmt(d1.Read)
	s.Columns = columns
	return s, max(taken, 1), err
}

// join joins the rows of a step, called c, to what is before them.
func (r Reference) join(child *table, before func(place int) string) string {
	on := make([]string, len(r.From))
	for i := range r.From {
		on[i] = before(r.To[i]) + " = " + child.ref("c", r.From[i])
	}
	return " CROSS JOIN " + child.quoted() + " AS c ON " + and(on)
}

// keysOf writes the SELECT of the keys of rows of a table, or of their count, and returns the
// names of its columns.
func (c *compiler) keysOf(t *table, in func(place int) string, from string) []string {
	var refs []string
	for _, i := range t.Key.Places() {
		ref := in(i)
		if t.collated(i) { // DISTINCT goes by the collation, and the key may have another one
			ref += " COLLATE BINARY"
		}
		refs = append(refs, ref)
	}
	if len(refs) == 0 {
		c.sql.WriteString("SELECT count(*) FROM (SELECT 1" + from + ")")
	} else {
		c.sql.WriteString("SELECT DISTINCT " + strings.Join(refs, ", ") + from)
	}
	return d1.Places(max(len(refs), 1))
}

// Then is the path with one more step.
func (r Referring) Then(step Reference) Referring {
	r.Path = append(slices.Clone(r.Path), step)
	return r
}
