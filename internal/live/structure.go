package live

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Structure is how one table, view or virtual table is made.
type Structure struct {
	Entry
	// Columns are a table's. A view's and a virtual table's are not in its text;
	// see Database.Describe.
	Columns    []Column
	PrimaryKey []string
	// Autoincrement is the table's option.
	Autoincrement bool
	// ForeignKeys lead out of the table.
	ForeignKeys []schema.ForeignKey
	// ReferencedBy are the foreign keys of tables that lead here, its own too.
	ReferencedBy []Reference
	Indexes      []schema.Index
	// Key is the primary key as it is written, where a column has a collation or a
	// direction of its own in it.
	Key    schema.Key
	Unique []schema.Key
	Checks []string
	// Triggers are those on the table or view, verbatim, by name.
	Triggers []schema.Object
}

// Reference is a foreign key with the table it belongs to. Its RefColumns are
// always named.
type Reference struct {
	From string
	schema.ForeignKey
}

// Structure returns how that table is made, from what Read read: nothing is
// asked of the database. A name that isn't there is fault.NotFound.
func (d *Database) Structure(name string) (Structure, error) {
	e, err := d.Table(name)
	if err != nil {
		return Structure{}, err
	}
	s := Structure{Entry: e, Triggers: d.Triggers(e.Name), ReferencedBy: d.References(e.Name)}
	slices.SortFunc(s.Triggers, func(a, b schema.Object) int { return strings.Compare(a.Name, b.Name) })
	st, ok := d.Schema.Table(e.Name)
	if !ok || e.Kind != KindTable {
		return s, nil
	}
	s.Columns, s.PrimaryKey, s.Autoincrement = d.columns(st), st.PrimaryKey, st.Autoincrement
	s.Indexes, s.Key, s.Unique, s.Checks = st.Indexes, st.PrimaryTerms, st.UniqueKeys(), st.Checks
	for _, fk := range st.ForeignKeys {
		fk.RefColumns = slices.Clone(d.refColumns(fk))
		s.ForeignKeys = append(s.ForeignKeys, fk)
	}
	return s, nil
}

// Structures returns the structure of all Tables, by name.
func (d *Database) Structures() []Structure {
	out := make([]Structure, 0, len(d.Tables))
	for _, e := range d.Tables {
		if s, err := d.Structure(e.Name); err == nil { // the name is one of them
			out = append(out, s)
		}
	}
	return out
}

// References are the foreign keys of tables that lead to that table, its own too.
func (d *Database) References(name string) []Reference {
	var out []Reference
	for _, t := range d.Schema.Tables {
		for _, fk := range t.ForeignKeys {
			if sqltext.Same(fk.Table, name) {
				fk.RefColumns = slices.Clone(d.refColumns(fk))
				out = append(out, Reference{From: t.Name, ForeignKey: fk})
			}
		}
	}
	return out
}

// Triggers are those on that table or view, in the order of their creation.
func (d *Database) Triggers(table string) []schema.Object {
	var out []schema.Object
	for _, o := range d.Schema.Objects {
		if o.Type == "trigger" && sqltext.Same(o.Table, table) {
			out = append(out, o)
		}
	}
	return out
}

// TriggersOn names the triggers of that table that one kind of write runs, INSERT,
// UPDATE or DELETE, by name.
func (d *Database) TriggersOn(table, event string) []string {
	var names []string
	for _, o := range d.Triggers(table) {
		if t, ok := schema.ParseTrigger(o.SQL); ok && sqltext.Same(t.Event, event) {
			names = append(names, o.Name)
		}
	}
	slices.Sort(names)
	return names
}
