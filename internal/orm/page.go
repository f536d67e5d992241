package orm

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
)

// Page is some rows of a table in an order, without those before them being read.
type Page struct {
	Order Order
	Cut   Selection
	Where []Cond
	// From is the row the page begins after, nil for the first page.
	From *Position
	// Back asks for the rows before From, nearest first.
	Back bool
	// Limit is how many rows there are at most; more than 0.
	Limit int
}

// PageStmts are the statements of a page.
type PageStmts struct {
	// Rows reads the rows; its columns are those of the selection.
	Rows d1.Stmt
	// Exists finds the row From is at, where values of it are read again: without it
	// they would be NULL. nil where all of them are known.
	Exists *d1.Stmt
}

// Compile returns the page's statements. What D1 would refuse is fault.Invalid with a
// *LimitError.
func (p Page) Compile() (PageStmts, error) {
	c := &compiler{table: p.Order.t}
	conds, err := c.all(p.Where)
	if err != nil {
		return PageStmts{}, err
	}
	way, arms, out := p.Order, []string{""}, PageStmts{}
	if p.Back {
		way = way.Back()
	}
	if p.From != nil {
		arms = way.beyond(c.bound(way, *p.From))
		if slices.Contains(p.From.lookup, true) {
			e := &compiler{table: p.Order.t}
			e.sql.WriteString("SELECT 1 FROM " + e.table.quoted() + " AS " + self + " WHERE " + e.rowOf(way, *p.From)(self))
			s, err := e.stmt(d1.Read)
			if err != nil {
				return PageStmts{}, err
			}
			out.Exists = &s
		}
	}
	c.union(p, way, conds, arms)
	out.Rows, err = c.stmt(d1.Read)
	out.Rows.Columns = d1.Places(len(p.Cut.Places))
	return out, err
}

// union writes one SELECT, or one an arm, which SQLite runs one after the other until
// there are enough rows.
func (c *compiler) union(p Page, way Order, conds string, arms []string) {
	head := "SELECT " + strings.Join(c.table.cuts(p.Cut), ", ") + " FROM " + c.table.quoted() + " AS " + self
	limit := " LIMIT " + strconv.Itoa(p.Limit)
	for n, arm := range arms {
		all := slices.DeleteFunc([]string{conds, arm}, func(s string) bool { return s == "" })
		one := head
		if len(all) > 0 {
			one += " WHERE " + and(all)
		}
		one += way.String() + limit
		switch {
		case len(arms) == 1:
			c.sql.WriteString(one)
		case n == 0:
			c.sql.WriteString("SELECT * FROM (" + one + ")")
		default:
			c.sql.WriteString(" UNION ALL SELECT * FROM (" + one + ")")
		}
	}
	if len(arms) > 1 {
		c.sql.WriteString(limit)
	}
}
