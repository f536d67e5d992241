package browse

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// relation is a table or view as statements need it: its columns, and what
// tells its rows apart.
type relation struct {
	*live.Table
	columns []Column
	// pk are the primary key's columns.
	pk []int
	// rowid is a name of the rowid that no column hides, "" when there is none
	// or when the primary key is the rowid.
	rowid string
	// exact says that the primary key alone tells rows apart: none of it is NULL
	// and it compares as ORDER BY does.
	exact bool
	// keyless says why nothing tells rows apart, "" when something does.
	keyless string
}

// rowidColumn stands for the rowid where a column's index is meant.
const rowidColumn = live.RowID

// relation describes what the catalog knows under that name.
func (c *Catalog) relation(ctx context.Context, conn d1.Conn, name string) (*relation, error) {
	t, err := c.Describe(ctx, conn, name)
	if err != nil {
		return nil, err
	}
	k := &t.Key
	return &relation{Table: t, columns: columnsOf(t), pk: k.Columns, rowid: k.RowID, exact: k.Exact, keyless: k.Missing}, nil
}

// column returns the index of the column of that name, in any case.
func (r *relation) column(name string) (int, bool) { return r.Column(name) }

// ref is how a statement names a column. The table's alias before it keeps a
// column that is gone from being read as a string, which D1 does with "x".
func (r *relation) ref(alias string, i int) string {
	if i == rowidColumn {
		return alias + "." + r.rowid
	}
	return alias + "." + sqltext.Quote(r.columns[i].Name)
}

// tie are the columns that no two rows share, those an index ends in: the rowid
// wherever there is one.
func (r *relation) tie() []int { return r.Key.Tie() }

// mayBeNull reports whether the column can hold NULL.
func (r *relation) mayBeNull(i int) bool { return i != rowidColumn && !r.columns[i].NotNull }

// keyOf returns a row's key from a way to get its columns, nil without one: the
// primary key, then the rowid where that alone would be ambiguous.
func (r *relation) keyOf(get func(i int) d1.Value) []d1.Value { return r.Key.Of(get) }

// keyColumns are the columns keyOf may ask for.
func (r *relation) keyColumns() []int { return r.Key.Places() }

// match returns the condition for the row of that key, exact to the byte, and
// false when the key is none of this table's.
func (r *relation) match(key []d1.Value, a *args) (string, bool) {
	cols, ok := r.Key.Match(len(key))
	if !ok {
		return "", false
	}
	params := make([]string, len(key))
	for n := range key {
		params[n] = a.add(key[n])
	}
	return r.same("t", cols, params), true
}

// same returns the condition that the columns hold exactly these values: equal
// by the column's collation, which an index can find, and by bytes. The rowid is
// never NULL, and a full-text table finds it by = alone.
func (r *relation) same(alias string, cols []int, params []string) string {
	var conds []string
	for n, i := range cols {
		if i == rowidColumn {
			conds = append(conds, r.ref(alias, i)+" = "+params[n])
			continue
		}
		conds = append(conds, r.ref(alias, i)+" IS "+params[n])
		if r.columns[i].Collated {
			conds = append(conds, r.ref(alias, i)+" COLLATE BINARY IS "+params[n])
		}
	}
	return and(conds)
}
