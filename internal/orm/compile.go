package orm

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Values are columns with what to store in them.
type Values map[string]any

func (q Query) compiler() (*compiler, error) {
	if q.err != nil {
		return nil, q.err
	}
	return &compiler{schema: q.db.schema, table: q.table}, nil
}

// stmt finishes a statement, within D1's limits.
func (c *compiler) stmt(m d1.Mode) (d1.Stmt, error) {
	if len(c.args) > d1.MaxParams {
		return d1.Stmt{}, fault.New(fault.Invalid, "The statement on %s has %d values; D1 allows %d.", c.table.Name, len(c.args), d1.MaxParams)
	}
	return d1.Stmt{SQL: c.sql.String(), Args: c.args, Mode: m}, nil
}

func (c *compiler) where(conds []Cond) error {
	if len(conds) == 0 {
		return nil
	}
	c.sql.WriteString(" WHERE ")
	for i, cond := range conds {
		if i > 0 {
			c.sql.WriteString(" AND ")
		}
		if err := c.cond(cond); err != nil {
			return err
		}
	}
	return nil
}

func (q Query) selectStmt() (d1.Stmt, error) {
	c, err := q.compiler()
	if err != nil {
		return d1.Stmt{}, err
	}
	c.sql.WriteString("SELECT ")
	var names []string
	if len(q.columns) == 0 {
		for i := range q.table.Columns {
			c.name(i, &q.table.Columns[i])
			names = append(names, q.table.Columns[i].Name)
		}
	}
	for i, n := range q.columns {
		col, err := c.column(n)
		if err != nil {
			return d1.Stmt{}, err
		}
		c.name(i, col)
		names = append(names, col.Name)
	}
	c.sql.WriteString(" FROM " + sqltext.Quote(q.table.Name))
	if err := c.where(q.conds); err != nil {
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

func (c *compiler) orderBy(order []string) error {
	for i, o := range order {
		name, desc := strings.CutPrefix(o, "-")
		col, err := c.column(name)
		if err != nil {
			return err
		}
		c.sql.WriteString(map[bool]string{true: " ORDER BY ", false: ", "}[i == 0] + sqltext.Quote(col.Name))
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
	c.sql.WriteString("SELECT count(*) FROM " + sqltext.Quote(q.table.Name))
	if err := c.where(q.conds); err != nil {
		return d1.Stmt{}, err
	}
	return c.stmt(d1.Read)
}

func (q Query) countByStmt(column string) (d1.Stmt, error) {
	c, err := q.compiler()
	if err != nil {
		return d1.Stmt{}, err
	}
	col, err := c.column(column)
	if err != nil {
		return d1.Stmt{}, err
	}
	c.sql.WriteString("SELECT " + sqltext.Quote(col.Name) + ", count(*) FROM " + sqltext.Quote(q.table.Name))
	if err := c.where(q.conds); err != nil {
		return d1.Stmt{}, err
	}
	c.sql.WriteString(" GROUP BY " + sqltext.Quote(col.Name))
	s, err := c.stmt(d1.Read)
	s.Columns = []string{col.Name, "n"}
	return s, err
}

// name writes the name of the column at a place of a list.
func (c *compiler) name(place int, col *schema.Column) {
	if place > 0 {
		c.sql.WriteString(", ")
	}
	c.sql.WriteString(sqltext.Quote(col.Name))
}

// assignment is a value for a column.
type assignment struct {
	place int // of the column in its table
	col   *schema.Column
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
		col, err := c.column(name)
		if err != nil {
			return nil, err
		}
		place := slices.IndexFunc(c.table.Columns, func(o schema.Column) bool { return o.Name == col.Name })
		as = append(as, assignment{place, col, value})
	}
	slices.SortFunc(as, func(a, b assignment) int { return a.place - b.place })
	return as, nil
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
	c.sql.WriteString("INSERT INTO " + sqltext.Quote(q.table.Name) + " (")
	for i, a := range as {
		c.name(i, a.col)
	}
	c.sql.WriteString(") VALUES (")
	for i, a := range as {
		if i > 0 {
			c.sql.WriteString(", ")
		}
		if err := c.bind(a.col, a.value); err != nil {
			return d1.Stmt{}, err
		}
	}
	c.sql.WriteString(")")
	return c.stmt(d1.Write)
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
	c.sql.WriteString("UPDATE " + sqltext.Quote(q.table.Name) + " SET ")
	for i, a := range as {
		c.name(i, a.col)
		c.sql.WriteString(" = ")
		if err := c.bind(a.col, a.value); err != nil {
			return d1.Stmt{}, err
		}
	}
	if err := c.where(q.conds); err != nil {
		return d1.Stmt{}, err
	}
	return c.stmt(d1.Write)
}

// DeleteStmt compiles a DELETE of the matching rows; without a condition it is
// fault.Invalid.
func (q Query) DeleteStmt() (d1.Stmt, error) {
	c, err := q.writing("delete")
	if err != nil {
		return d1.Stmt{}, err
	}
	c.sql.WriteString("DELETE FROM " + sqltext.Quote(q.table.Name))
	if err := c.where(q.conds); err != nil {
		return d1.Stmt{}, err
	}
	return c.stmt(d1.Write)
}

func (q Query) writing(verb string) (*compiler, error) {
	c, err := q.compiler()
	if err != nil {
		return nil, err
	}
	if len(q.conds) == 0 || q.limit > 0 || q.offset > 0 || len(q.order) > 0 {
		return nil, fault.New(fault.Invalid, "A condition is needed to %s rows of %s, and neither order nor limit can be given.", verb, q.table.Name)
	}
	return c, nil
}
