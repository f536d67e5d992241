package browse

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// relation is a table or view as statements need it: its columns, and what
// tells its rows apart.
type relation struct {
	Table
	columns []Column
	// pk are the primary key's columns.
	pk []int
	// rowid is a name of the rowid that no column hides, "" when there is none
	// or when the primary key is the rowid.
	rowid string
	// alias says that the primary key is the rowid.
	alias bool
	// exact says that the primary key alone tells rows apart: none of it is NULL
	// and it compares as ORDER BY does.
	exact bool
	// collates says that the key has a collation of its own.
	collates bool
	// keyless says why nothing tells rows apart, "" when something does.
	keyless string
}

// rowidColumn stands for the rowid where a column's index is meant.
const rowidColumn = -1

var (
	ftsModule = regexp.MustCompile(`^\s*["'\[` + "`" + `]?fts5["'\]` + "`" + `]?\s*\(`)
	// A column declared INTEGER PRIMARY KEY DESC is, by an old mistake that
	// SQLite keeps, not the rowid and may be NULL.
	keyDesc = regexp.MustCompile(`(?is)primary\s+key\s+desc`)
	// A key with its own collation can hold rows that are equal by the column's.
	keyCollate = regexp.MustCompile(`(?is)primary\s+key\s*\([^)]*\bcollate\b`)
)

// relation describes what the catalog knows under that name.
func (c *Catalog) relation(ctx context.Context, conn d1.Conn, name string) (*relation, error) {
	t, err := c.Table(name)
	if err != nil {
		return nil, err
	}
	if by := c.optimizing(t, map[string]bool{}); by != "" {
		return nil, fault.New(fault.Invalid, "The view %s isn't opened, because the view %s reads pragma_optimize, which writes. Change that view, or read what you need in the console.", t.Name, by)
	}
	r := &relation{Table: t}
	var pk []string
	if st, ok := c.Schema.Table(t.Name); ok && t.Kind == KindTable {
		r.columns, pk = c.columns(st), st.PrimaryKey
	} else if r.columns, pk, err = describe(ctx, conn, t); err != nil {
		return nil, err
	}
	if len(r.columns) == 0 {
		return nil, fault.New(fault.Invalid, "The %s %s can't be read: it names something that is gone.", t.Kind, t.Name)
	}
	for _, name := range pk {
		if i, ok := r.column(name); ok {
			r.pk = append(r.pk, i)
		}
	}
	r.findKey()
	return r, nil
}

// optimizing returns the view by which reading t would write, "" for none. D1's
// functions only read, but for this one; without a reading token nobody at Cloudflare
// would refuse it. A name that is only mentioned counts: better one view too many.
func (c *Catalog) optimizing(t Table, seen map[string]bool) string {
	if t.Kind != KindView || seen[t.Name] {
		return ""
	}
	seen[t.Name] = true
	text := sqltext.Fold(t.SQL)
	if strings.Contains(text, "pragma_optimize") {
		return t.Name
	}
	for _, other := range c.Tables {
		if other.Kind == KindView && strings.Contains(text, sqltext.Fold(other.Name)) {
			if by := c.optimizing(other, seen); by != "" {
				return by
			}
		}
	}
	return ""
}

// findKey decides what tells the rows apart.
func (r *relation) findKey() {
	r.collates = keyCollate.MatchString(r.SQL)
	switch {
	case r.Kind == KindView:
		r.keyless = "A view has no key, so only its first rows are shown."
		return
	case r.Kind == KindVirtual && !r.isFTS():
		r.keyless = "This virtual table has no key, so only its first rows are shown."
		return
	case r.withoutRowID:
		r.exact = !r.collates
		for _, i := range r.pk {
			r.columns[i].NotNull = true
		}
		return
	case r.isRowID():
		r.alias, r.exact = true, true
		r.columns[r.pk[0]].NotNull, r.columns[r.pk[0]].RowID = true, true
		return
	}
	names := make([]string, len(r.columns))
	for i := range r.columns {
		names[i] = r.columns[i].Name
	}
	r.rowid = sqltext.RowID(names)
	r.exact = len(r.pk) > 0 && !r.collates &&
		!slices.ContainsFunc(r.pk, func(i int) bool { return !r.columns[i].NotNull })
	if r.rowid == "" && !r.exact {
		r.keyless = "This table has no primary key that is never NULL, and columns called rowid, _rowid_ and oid hide its row numbers, so only its first rows are shown."
	}
}

// isRowID reports whether the primary key is another name of the rowid.
func (r *relation) isRowID() bool {
	return len(r.pk) == 1 && sqltext.Fold(r.columns[r.pk[0]].Type) == "integer" && !keyDesc.MatchString(r.SQL)
}

// column returns the index of the column of that name, in any case.
func (r *relation) column(name string) (int, bool) {
	i := slices.IndexFunc(r.columns, func(c Column) bool { return sqltext.Same(c.Name, name) })
	return i, i >= 0
}

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
func (r *relation) tie() []int {
	switch {
	case r.keyless != "":
		return nil
	case r.rowid != "":
		return []int{rowidColumn}
	}
	return r.pk
}

// mayBeNull reports whether the column can hold NULL.
func (r *relation) mayBeNull(i int) bool { return i != rowidColumn && !r.columns[i].NotNull }

// keyOf returns a row's key from a way to get its columns, nil without one: the
// primary key, then the rowid where that alone would be ambiguous.
func (r *relation) keyOf(get func(i int) d1.Value) []d1.Value {
	if r.keyless != "" {
		return nil
	}
	var key []d1.Value
	whole := len(r.pk) > 0 && !r.collates
	for _, i := range r.pk {
		v := get(i)
		key = append(key, v)
		whole = whole && !v.IsNull()
	}
	if !whole && r.rowid != "" {
		key = append(key, get(rowidColumn))
	}
	return key
}

// keyColumns are the columns keyOf may ask for.
func (r *relation) keyColumns() []int {
	if r.keyless != "" {
		return nil
	}
	if r.rowid != "" {
		return append(slices.Clone(r.pk), rowidColumn)
	}
	return r.pk
}

// match returns the condition for the row of that key, exact to the byte, and
// false when the key is none of this table's.
func (r *relation) match(key []d1.Value, a *args) (string, bool) {
	cols := slices.Clone(r.pk)
	if len(key) == len(cols)+1 && r.rowid != "" {
		cols = append(cols, rowidColumn)
	}
	if len(key) != len(cols) || len(key) == 0 || r.keyless != "" {
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
		if r.columns[i].collated {
			conds = append(conds, r.ref(alias, i)+" COLLATE BINARY IS "+params[n])
		}
	}
	return and(conds)
}
