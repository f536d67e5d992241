package orm

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// table is what statements have to know of a table.
type table struct {
	*live.Table
	// modes are how Go values are stored in the columns of a declared table.
	modes []schema.Mode
}

func declared(t *schema.Table) *table {
	out := &table{Table: live.Declared(t)}
	for _, c := range t.Columns {
		out.modes = append(out.modes, c.Mode)
	}
	return out
}

func (t *table) place(name string) (int, error) {
	if i, ok := t.Column(name); ok {
		return i, nil
	}
	return 0, fault.New(fault.Invalid, "The table %s has no column %q.", t.Name, name)
}

func (t *table) mode(place int) schema.Mode {
	if t.modes == nil {
		return ""
	}
	return t.modes[place]
}

// name is a column as a statement writes it where no other table is near.
func (t *table) name(place int) string {
	if place == live.RowID {
		return t.Key.RowID
	}
	return sqltext.Quote(t.Columns[place].Name)
}

// ref is how a statement names a column. The table's alias before it keeps a column
// that is gone from being read as a string, which D1 does with "x".
func (t *table) ref(alias string, place int) string { return alias + "." + t.name(place) }

// collated reports whether a column may compare other than by bytes.
func (t *table) collated(place int) bool { return place != live.RowID && t.Columns[place].Collated }

// nullable reports whether a column can hold NULL.
func (t *table) nullable(place int) bool { return place != live.RowID && !t.Columns[place].NotNull }

// tied reports whether a column is one of those that no two rows share.
func (t *table) tied(place int) bool { return slices.Contains(t.Key.Tie(), place) }
