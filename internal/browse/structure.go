package browse

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Structure is how one table, view or virtual table is made.
type Structure struct {
	Table
	// Columns are a table's. A view's and a virtual table's are not in its text;
	// see Page.All.
	Columns    []Column
	PrimaryKey []string
	// Autoincrement, WithoutRowID and Strict are the table's options.
	Autoincrement, WithoutRowID, Strict bool
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
	// Triggers are those on the table or view, verbatim.
	Triggers []schema.Object
}

// Reference is a foreign key with the table it belongs to. Its RefColumns are
// always named.
type Reference struct {
	From string
	schema.ForeignKey
}

// Structure returns how that table is made, from what Load read: nothing is
// asked of the database. A name that isn't there is fault.NotFound.
func (c *Catalog) Structure(name string) (Structure, error) {
	t, err := c.Table(name)
	if err != nil {
		return Structure{}, err
	}
	s := Structure{Table: t, WithoutRowID: t.withoutRowID, Strict: t.strict}
	for _, o := range c.Schema.Objects {
		if o.Type == "trigger" && sqltext.Same(o.Table, t.Name) {
			s.Triggers = append(s.Triggers, o)
		}
	}
	s.ReferencedBy = c.referencesTo(t.Name)
	st, ok := c.Schema.Table(t.Name)
	if !ok || t.Kind != KindTable {
		return s, nil
	}
	s.Columns, s.PrimaryKey, s.Autoincrement = c.columns(st), st.PrimaryKey, st.Autoincrement
	s.Indexes, s.Key, s.Unique, s.Checks = st.Indexes, st.PrimaryTerms, st.UniqueKeys(), st.Checks
	for _, fk := range st.ForeignKeys {
		fk.RefColumns = slices.Clone(c.refColumns(fk))
		s.ForeignKeys = append(s.ForeignKeys, fk)
	}
	return s, nil
}

// Structures returns the structure of everything a person may browse, by name.
func (c *Catalog) Structures() []Structure {
	out := make([]Structure, 0, len(c.Tables))
	for _, t := range c.Tables {
		if s, err := c.Structure(t.Name); err == nil { // the name is from the catalog
			out = append(out, s)
		}
	}
	return out
}

func (c *Catalog) referencesTo(name string) []Reference {
	var out []Reference
	for _, t := range c.Schema.Tables {
		for _, fk := range t.ForeignKeys {
			if sqltext.Same(fk.Table, name) {
				fk.RefColumns = slices.Clone(c.refColumns(fk))
				out = append(out, Reference{From: t.Name, ForeignKey: fk})
			}
		}
	}
	return out
}
