package orm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// self is what a statement calls the table it is about.
const self = "t"

// compiler gathers SQL and values. Values are numbered, so that a statement may mention
// one more than once.
type compiler struct {
	db    *DB
	table *table
	sql   strings.Builder
	args  []d1.Value
}

func (q Query) compiler() (*compiler, error) {
	if q.err != nil {
		return nil, q.err
	}
	return &compiler{db: q.db, table: q.table}, nil
}

// add adds a value and returns its placeholder.
func (c *compiler) add(v d1.Value) string {
	c.args = append(c.args, v)
	return "?" + strconv.Itoa(len(c.args))
}

// LimitError is a statement that D1 would refuse for its size.
type LimitError struct {
	// What is counted: "values", "bytes" or "columns".
	What string
	// Count is how many there are, Most how many there may be.
	Count, Most int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("orm: %d %s, and %d is the most", e.Count, e.What, e.Most)
}

// stmt finishes a statement, within D1's limits: else it is fault.Invalid with a
// *LimitError.
func (c *compiler) stmt(m d1.Mode) (d1.Stmt, error) {
	if n := len(c.args); n > d1.MaxParams {
		return d1.Stmt{}, fault.Wrap(&LimitError{"values", n, d1.MaxParams}, fault.Invalid,
			"The statement on %s has %d values; D1 allows %d.", c.table.Name, n, d1.MaxParams)
	}
	if n := c.sql.Len(); n > d1.MaxStatement {
		return d1.Stmt{}, fault.Wrap(&LimitError{"bytes", n, d1.MaxStatement}, fault.Invalid,
			"The statement on %s is %d bytes long; D1 allows %d.", c.table.Name, n, d1.MaxStatement)
	}
	return d1.Stmt{SQL: c.sql.String(), Args: c.args, Mode: m}, nil
}

// from writes the table and its conditions.
func (c *compiler) from(conds []Cond) error {
	c.sql.WriteString(" FROM " + c.table.quoted() + " AS " + self)
	return c.where(conds)
}

func (c *compiler) where(conds []Cond) error {
	all, err := c.all(conds)
	if all != "" {
		c.sql.WriteString(" WHERE " + all)
	}
	return err
}

// all returns the condition that all of these hold, "" for none. What was written
// before stays.
func (c *compiler) all(conds []Cond) (string, error) {
	before, parts := c.sql.String(), make([]string, len(conds))
	for i, cond := range conds {
		c.sql.Reset()
		if err := c.cond(cond); err != nil {
			return "", err
		}
		parts[i] = c.sql.String()
	}
	c.sql.Reset()
	c.sql.WriteString(before)
	return and(parts), nil
}

// maxAnds is how many conditions stand in one row of ANDs, groupedAnds how many in a
// group of more of them. Each makes the expression deeper by one, within a subquery by two,
// and D1 allows d1.MaxExprDepth.
const maxAnds, groupedAnds = 20, 8

// and joins conditions, many of them in groups: a key or an edit can be about as many
// columns as a table has.
func and(conds []string) string {
	if len(conds) <= maxAnds {
		return strings.Join(conds, " AND ")
	}
	var groups []string
	for group := range slices.Chunk(conds, groupedAnds) {
		groups = append(groups, "("+strings.Join(group, " AND ")+")")
	}
	return and(groups)
}
