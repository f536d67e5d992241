package orm

import (
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
)

// Referring are the rows of a table that refer to rows of another one, or of itself, by
// a foreign key.
type Referring struct {
	Parent, Child *live.Table
	// From are the places of the foreign key's columns in Child, To those of the columns
	// of Parent they refer to.
	From, To []int
}

// Stmt compiles the statement that reads the keys of the rows that refer to the rows
// with these keys, at most limit of them: their columns are those of Child.Key.Places.
// Of a table without a key it counts them. It takes as many of the keys as fit into a
// statement and returns how many that are; keys of another table are passed over.
func (r Referring) Stmt(keys [][]d1.Value, limit int) (s d1.Stmt, taken int, err error) {
	c := &compiler{table: &table{Table: r.Parent}}
	child := &table{Table: r.Child}
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
	on := make([]string, len(r.From))
	for i := range r.From {
		on[i] = c.table.ref(self, r.To[i]) + " = " + child.ref("c", r.From[i])
	}
	from := " FROM " + c.table.quoted() + " AS " + self + " CROSS JOIN " + child.quoted() + " AS c ON " + and(on) +
		" WHERE " + strings.Join(rows, " OR ") + " LIMIT " + strconv.Itoa(limit)
	var refs []string
	for _, i := range child.Key.Places() {
		ref := child.ref("c", i)
		if child.collated(i) { // DISTINCT goes by the collation, and the key may have another one
			ref += " COLLATE BINARY"
		}
		refs = append(refs, ref)
	}
	if len(refs) == 0 {
		c.sql.WriteString("SELECT count(*) FROM (SELECT 1" + from + ")")
	} else {
		c.sql.WriteString("SELECT DISTINCT " + strings.Join(refs, ", ") + from)
	}
	s, err = c.stmt(d1.Read)
	s.Columns = d1.Places(max(len(refs), 1))
	return s, max(taken, 1), err
}
