package orm

import (
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

// SelectStmt compiles the statement of Many.
func (q Query) SelectStmt() (d1.Stmt, error) {
	c, err := q.compiler()
	if err != nil {
		return d1.Stmt{}, err
	}
	names, err := c.head(q)
	if err != nil {
		return d1.Stmt{}, err
	}
	if err := c.from(q.conds); err != nil {
		return d1.Stmt{}, err
	}
	if err := c.orderBy(q.order); err != nil {
		return d1.Stmt{}, err
	}
	switch {
	case q.limit < 0 || q.offset < 0:
		return d1.Stmt{}, fault.New(fault.Invalid, "A limit or offset can't be negative.")
	case q.limit > 0:
		c.sql.WriteString(" LIMIT " + strconv.Itoa(q.limit))
	case q.offset > 0:
		c.sql.WriteString(" LIMIT -1") // SQLite knows OFFSET only after LIMIT
	}
	if q.offset > 0 {
		c.sql.WriteString(" OFFSET " + strconv.Itoa(q.offset))
	}
	s, err := c.stmt(d1.Read)
	s.Columns = names
	return s, err
}

// head writes SELECT and its columns, and returns their names.
func (c *compiler) head(q Query) (names []string, err error) {
	if q.cut != nil {
		c.sql.WriteString("SELECT " + strings.Join(c.table.cuts(*q.cut), ", "))
		return d1.Places(len(q.cut.Places)), nil
	}
	places := make([]int, 0, len(c.table.Columns))
	for i := range c.table.Columns {
		places = append(places, i)
	}
	if len(q.columns) > 0 {
		places = places[:0]
		for _, name := range q.columns {
			i, err := c.table.place(name)
			if err != nil {
				return nil, err
			}
			places = append(places, i)
		}
	}
	for n, i := range places {
		c.sql.WriteString(map[bool]string{true: "SELECT ", false: ", "}[n == 0] + c.table.ref(self, i))
		names = append(names, c.table.Columns[i].Name)
	}
	return names, nil
}

func (c *compiler) orderBy(order []string) error {
	for i, o := range order {
		name, desc := strings.CutPrefix(o, "-")
		place, err := c.table.place(name)
		if err != nil && name != "" && name == c.table.Key.RowID {
			place, err = live.RowID, nil
		}
		if err != nil {
			return err
		}
		c.sql.WriteString(map[bool]string{true: " ORDER BY ", false: ", "}[i == 0] + c.table.ref(self, place))
		if desc {
			c.sql.WriteString(" DESC")
		}
	}
	return nil
}

func (q Query) countStmt() (d1.Stmt, error) {
	c, err := q.compiler()
	if err != nil {
		return d1.Stmt{}, err
	}
	c.sql.WriteString("SELECT count(*)")
	if err := c.from(q.conds); err != nil {
		return d1.Stmt{}, err
	}
	return c.stmt(d1.Read)
}

func (q Query) countByStmt(column string) (d1.Stmt, error) {
	c, err := q.compiler()
	if err != nil {
		return d1.Stmt{}, err
	}
	place, err := c.table.place(column)
	if err != nil {
		return d1.Stmt{}, err
	}
	c.sql.WriteString("SELECT " + c.table.ref(self, place) + ", count(*)")
	if err := c.from(q.conds); err != nil {
		return d1.Stmt{}, err
	}
	c.sql.WriteString(" GROUP BY " + c.table.ref(self, place))
	s, err := c.stmt(d1.Read)
	s.Columns = []string{c.table.Columns[place].Name, "n"}
	return s, err
}

// There compiles the statement that fails a batch unless a row matches.
func (q Query) There(a d1.Assertion) (d1.Stmt, error) { return q.assert(a, "EXISTS ") }

// Gone compiles the statement that fails a batch if a row matches.
func (q Query) Gone(a d1.Assertion) (d1.Stmt, error) { return q.assert(a, "NOT EXISTS ") }

func (q Query) assert(a d1.Assertion, exists string) (d1.Stmt, error) {
	c, err := q.compiler()
	if err != nil {
		return d1.Stmt{}, err
	}
	c.sql.WriteString("SELECT 1")
	if err := c.from(q.conds); err != nil {
		return d1.Stmt{}, err
	}
	s, err := c.stmt(d1.Read)
	s.SQL = a.SQL(exists + "(" + s.SQL + ")")
	return s, err
}

// Places returns the places of all columns of a table.
func Places(t *live.Table) []int {
	out := make([]int, len(t.Columns))
	for i := range out {
		out[i] = i
	}
	return out
}
