package live

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Declared is a table as its schema declares it, where no database is at hand: what it
// will be once the schema is applied.
func Declared(t *schema.Table) *Table {
	out := &Table{Name: t.Name, Kind: KindTable, SQL: t.DDL(), WithoutRowID: t.WithoutRowID, Strict: t.Strict}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, Column{
			Name: c.Name, Type: c.Type, NotNull: c.NotNull, Default: c.Default, Generated: c.Generated != "",
			PK:       slices.ContainsFunc(t.PrimaryKey, func(name string) bool { return sqltext.Same(name, c.Name) }),
			Affinity: AffinityOf(c.Type, t.Strict),
			Collated: c.Collation() != "BINARY",
		})
	}
	out.findKey(primaryOf(t))
	return out
}
