package orm

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Values are columns with what to store in them.
type Values map[string]any

// Default stands for a column's default among Values: its expression, or NULL where it
// has none.
type Default struct{}

// assignment is a value for a column.
type assignment struct {
	place int
	value any
}

// sorted returns the values in the order of the table's columns, so that the
// same values always give the same statement.
func (c *compiler) sorted(v Values) ([]assignment, error) {
	if len(v) == 0 {
		return nil, fault.New(fault.Invalid, "There is nothing to write to %s.", c.table.Name)
	}
	as := make([]assignment, 0, len(v))
	for name, value := range v {
		place, err := c.table.place(name)
		if err != nil {
			return nil, err
		}
		as = append(as, assignment{place, value})
	}
	slices.SortFunc(as, func(a, b assignment) int { return a.place - b.place })
	return as, nil
}

// assigned adds an assignment's value and returns how it is written.
func (c *compiler) assigned(a assignment) (string, error) {
	if _, ok := a.value.(Default); ok {
		if expr := c.table.Columns[a.place].Default; expr != "" {
			return "(" + expr + ")", nil
		}
		return "NULL", nil
	}
	v, err := c.table.value(a.place, a.value)
	return c.add(v), err
}

// InsertStmt compiles an INSERT of one row. Columns that aren't given get their
// default.
func (q Query) InsertStmt(v Values) (d1.Stmt, error) {
	c, err := q.compiler()
	if err != nil {
		return d1.Stmt{}, err
	}
	as, err := c.sorted(v)
	if err != nil {
		return d1.Stmt{}, err
	}
	names, values := make([]string, len(as)), make([]string, len(as))
	for i, a := range as {
		names[i] = c.table.name(a.place)
		if values[i], err = c.assigned(a); err != nil {
			return d1.Stmt{}, err
		}
	}
	c.sql.WriteString("INSERT INTO " + c.table.quoted() + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")")
	return c.write(q)
}

// InsertDefaultStmt compiles an INSERT of one row in which every column has its default.
func (q Query) InsertDefaultStmt() (d1.Stmt, error) {
	c, err := q.compiler()
	if err != nil {
		return d1.Stmt{}, err
	}
	c.sql.WriteString("INSERT INTO " + c.table.quoted() + " DEFAULT VALUES")
	return c.write(q)
}

// UpdateStmt compiles an UPDATE of the matching rows; without a condition it is
// fault.Invalid.
func (q Query) UpdateStmt(v Values) (d1.Stmt, error) {
	c, err := q.writing("update")
	if err != nil {
		return d1.Stmt{}, err
	}
	as, err := c.sorted(v)
	if err != nil {
		return d1.Stmt{}, err
	}
	sets := make([]string, len(as))
	for i, a := range as {
		value, err := c.assigned(a)
		if err != nil {
			return d1.Stmt{}, err
		}
		sets[i] = c.table.name(a.place) + " = " + value
	}
	c.sql.WriteString("UPDATE " + c.table.quoted() + " AS " + self + " SET " + strings.Join(sets, ", "))
	if err := c.where(q.conds); err != nil {
		return d1.Stmt{}, err
	}
	return c.write(q)
}

// DeleteStmt compiles a DELETE of the matching rows; without a condition it is
// fault.Invalid.
func (q Query) DeleteStmt() (d1.Stmt, error) {
	c, err := q.writing("delete")
	if err != nil {
		return d1.Stmt{}, err
	}
	c.sql.WriteString("DELETE FROM " + c.table.quoted() + " AS " + self)
	if err := c.where(q.conds); err != nil {
		return d1.Stmt{}, err
	}
	return c.write(q)
}

// write finishes a writing statement with what it gives back. The columns are named, so
// that a key comes back exactly.
func (c *compiler) write(q Query) (d1.Stmt, error) {
	var names []string
	for _, i := range q.back {
		names = append(names, c.table.name(i))
	}
	if len(names) > 0 {
		c.sql.WriteString(" RETURNING " + strings.Join(names, ", "))
	}
	s, err := c.stmt(d1.Write)
	s.Columns = names
	return s, err
}

func (q Query) writing(verb string) (*compiler, error) {
	c, err := q.compiler()
	if err != nil {
		return nil, err
	}
	if len(q.conds) == 0 || q.limit > 0 || q.offset > 0 || len(q.order) > 0 {
		return nil, fault.New(fault.Invalid, "A condition is needed to %s rows of %s, and neither order nor limit can be given.",
			verb, q.table.Name)
	}
	return c, nil
}
