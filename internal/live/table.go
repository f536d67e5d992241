package live

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// The kinds of tables.
const (
	KindTable   = "table"
	KindView    = "view"
	KindVirtual = "virtual table"
)

// Table is a table, view or virtual table: what statements on its rows have to know.
type Table struct {
	Name string
	// Kind is one of KindTable, KindView and KindVirtual.
	Kind string
	// SQL is the CREATE text.
	SQL string
	// WithoutRowID and Strict are the table's options.
	WithoutRowID, Strict bool
	// Columns are all columns but a virtual table's hidden ones.
	Columns []Column
	// Key is what tells its rows apart.
	Key Key
}

// Column is a column of a table or view.
type Column struct {
	Name string
	// Type is the declared type, "" for none. A value may be of any storage
	// class all the same, except in a STRICT table.
	Type    string
	NotNull bool
	// PK says that it is a part of the primary key.
	PK bool
	// RowID says that it is the rowid, which the database numbers.
	RowID bool
	// Default is the default as an SQL expression, "" for none.
	Default string
	// Generated says that it is computed and can't be written.
	Generated bool
	// Unique says that no two rows share a value, NULL aside.
	Unique bool
	// Indexed says that an index starts with it.
	Indexed bool
	// References is "table.column" of a foreign key, "" for none.
	References string
	// Affinity is how values are converted for it.
	Affinity Affinity
	// Collated says that it may compare other than by bytes.
	Collated bool
}

// Untyped reports whether the column keeps any storage class as it is.
func (c Column) Untyped() bool { return c.Affinity == None }

// Column returns the place of the column of that name, in any case of its letters.
func (t *Table) Column(name string) (int, bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return sqltext.Same(c.Name, name) })
	return i, i >= 0
}
