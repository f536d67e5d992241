package d1

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// TableInfo is a table, view or virtual table in the words of the engine that holds it.
// They need no CREATE text to be understood, so what is copied or compared byte by byte
// goes by them.
type TableInfo struct {
	Name string
	// WithoutRowID is the table's option.
	WithoutRowID bool
	Columns      []ColumnInfo
	keyIndexed   bool // the primary key has an index of its own
}

// ColumnInfo is a column in those words.
type ColumnInfo struct {
	Name string
	// Type is the declared type as it is written, "" for none.
	Type    string
	NotNull bool
	// Default is the default as an SQL expression, "" for none.
	Default string
	// Key is its place in the primary key, from 1, and 0 for none.
	Key int
	// Hidden says that it is a virtual table's own, which no * has: the table's name, rank.
	Hidden bool
	// Generated says that it is computed, Stored that it is and is kept on disk.
	Generated, Stored bool
}

// The columns of the rows that TableInfos reads.
const (
	infoTable = iota
	infoWithoutRowID
	infoKeyIndexed
	infoName
	infoType
	infoNotNull
	infoDefault
	infoKey
	infoHidden
	infoColumns
)

// D1 refuses pragma_table_xinfo of its own tables, so what is asked about is chosen in a
// selection of its own, which comes first.
const (
	infoSQL = `select t.name, t.wr, iif(x.pk = 1, (select count(*) from pragma_index_list(t.name) where origin = 'pk'), 0), ` +
		`x.name, x.type, x."notnull", coalesce(x.dflt_value, ''), x.pk, x.hidden from (select name, wr from pragma_table_list ` +
		`where schema = 'main' and `
	infoOrder = `) t, pragma_table_xinfo(t.name) x order by t.name, x.cid`
)

// Values of pragma_table_xinfo's hidden.
const (
	hiddenColumn    = 1
	generatedColumn = 2
	storedColumn    = 3 // a generated one, too
)

// AboutTables is the statement whose rows TableInfos reads: of every table that holds
// rows, a ledger too. What SQLite and D1 keep for themselves, virtual tables and what
// belongs to those are left out.
func AboutTables() Stmt { return Select(infoColumns, infoSQL+OwnTables+infoOrder) }

// AboutTable is that statement for one table, view or virtual table of that very name.
func AboutTable(name string) Stmt {
	return Select(infoColumns, infoSQL+"name = ?1"+infoOrder, Str(name))
}

// TableInfos reads the rows of AboutTables or AboutTable. The tables are by name, their
// columns in their order.
func TableInfos(rows [][]Value) []TableInfo {
	var out []TableInfo
	for _, v := range rows {
		if name := v[infoTable].Text(); len(out) == 0 || out[len(out)-1].Name != name {
			out = append(out, TableInfo{Name: name, WithoutRowID: v[infoWithoutRowID].Int() == 1})
		}
		t, hidden := &out[len(out)-1], v[infoHidden].Int()
		t.keyIndexed = t.keyIndexed || v[infoKeyIndexed].Int() > 0
		t.Columns = append(t.Columns, ColumnInfo{
			Name: v[infoName].Text(), Type: v[infoType].Text(), NotNull: v[infoNotNull].Int() == 1, Default: v[infoDefault].Text(),
			Key: int(v[infoKey].Int()), Hidden: hidden == hiddenColumn, Generated: hidden >= generatedColumn, Stored: hidden == storedColumn,
		})
	}
	return out
}

// Stored are the names of the columns whose values rows hold.
func (t TableInfo) Stored() []string {
	var out []string
	for _, c := range t.Columns {
		if !c.Hidden && !c.Generated {
			out = append(out, c.Name)
		}
	}
	return out
}

// PrimaryKey are the names of the primary key's columns, in its order.
func (t TableInfo) PrimaryKey() []string {
	var out []string
	for place := 1; ; place++ {
		i := slices.IndexFunc(t.Columns, func(c ColumnInfo) bool { return c.Key == place })
		if i < 0 {
			return out
		}
		out = append(out, t.Columns[i].Name)
	}
}

// KeyIsRowID reports whether the primary key is the rowid. INTEGER PRIMARY KEY DESC, by an
// old mistake that SQLite keeps, is not: it has an index of its own.
func (t TableInfo) KeyIsRowID() bool {
	key := t.PrimaryKey()
	return len(key) == 1 && !t.WithoutRowID && !t.keyIndexed && slices.ContainsFunc(t.Columns, func(c ColumnInfo) bool {
		return c.Key == 1 && sqltext.Same(c.Type, "integer")
	})
}

// RowID returns a word for the rowid that no column hides, a generated one neither, ""
// when there is no rowid or no word is left.
func (t TableInfo) RowID() string {
	if t.WithoutRowID {
		return ""
	}
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return sqltext.RowID(names)
}
