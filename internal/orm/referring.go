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
	refs := make([]string, len(c.table.Columns)) // how a step names the columns before it
	for i := range refs {
		refs[i] = c.table.ref(self, i)
	}
	var steps []string
	for n, step := range r.Path {
		child := &table{Table: step.Child}
		on := make([]string, len(step.From))
		for i := range step.From {
			on[i] = refs[step.To[i]] + " = " + child.ref("c", step.From[i])
		}
		from := " FROM " + before + " CROSS JOIN " + child.quoted() + " AS c ON " + and(on) + where + " LIMIT " + strconv.Itoa(limit)
		if n == len(r.Path)-1 {
			if len(steps) > 0 {
				c.sql.WriteString("WITH " + strings.Join(steps, ", ") + " ")
			}
			s.Columns = c.keysOf(child, from)
			break
		}
		name := "l" + strconv.Itoa(n)
		refs = make([]string, len(child.Columns))
		var names, columns []string
		for _, place := range r.Path[n+1].To {
			if refs[place] == "" {
				column := "c" + strconv.Itoa(place)
				refs[place] = name + "." + column
				names, columns = append(names, column), append(columns, child.ref("c", place))
			}
		}
		steps = append(steps, name+"("+strings.Join(names, ", ")+") AS (SELECT "+strings.Join(columns, ", ")+from+")")
		before, where = name, ""
	}
	columns := s.Columns
	s, err = c.stmt(d1.Read)
	s.Columns = columns
	return s, max(taken, 1), err
}

// keysOf writes the SELECT of the keys of rows of a table called c, or of their count, and
// returns the names of its columns.
func (c *compiler) keysOf(t *table, from string) []string {
	var refs []string
	for _, i := range t.Key.Places() {
		ref := t.ref("c", i)
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
