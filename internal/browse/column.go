package browse

import (
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

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

	affinity affinity
	collated bool // may compare other than by bytes
}

// columns describes a table's columns from its text.
func (c *Catalog) columns(t *schema.Table) []Column {
	out := make([]Column, len(t.Columns))
	for i, col := range t.Columns {
		is := func(name string) bool { return sqltext.Same(name, col.Name) }
		out[i] = Column{
			Name: col.Name, Type: col.Type, NotNull: col.NotNull, Default: col.Default, Generated: col.Generated != "",
			PK:         slices.ContainsFunc(t.PrimaryKey, is),
			References: c.references(t, is),
			affinity:   affinityOf(col.Type, t.Strict),
			collated:   col.Collate != "" && col.Collate != "BINARY",
		}
		for _, key := range t.Keys() {
			if is(key[0].Expr) {
				out[i].Indexed = true
				out[i].Unique = out[i].Unique || len(key) == 1
			}
		}
		for _, ix := range t.Indexes {
			if ix.Where == "" && !ix.Columns[0].IsExpr && is(ix.Columns[0].Expr) {
				out[i].Indexed = true
				out[i].Unique = out[i].Unique || ix.Unique && len(ix.Columns) == 1
			}
		}
	}
	return out
}

func (c *Catalog) references(t *schema.Table, is func(string) bool) string {
	for _, fk := range t.ForeignKeys {
		if i := slices.IndexFunc(fk.Columns, is); i >= 0 {
			to := c.refColumns(fk)
			if i < len(to) {
				return fk.Table + "." + to[i]
			}
			return fk.Table
		}
	}
	return ""
}

// refColumns returns the columns a foreign key leads to: named, or the parent's
// primary key.
func (c *Catalog) refColumns(fk schema.ForeignKey) []string {
	if len(fk.RefColumns) > 0 {
		return fk.RefColumns
	}
	if parent, ok := c.Schema.Table(fk.Table); ok {
		return parent.PrimaryKey
	}
	return nil
}

const describeSQL = `select name, type, "notnull", coalesce(dflt_value, ''), pk, hidden from pragma_table_xinfo(?1)`

// describe asks the database for the columns of what its text doesn't tell, and
// for its primary key in order.
func describe(ctx context.Context, conn d1.Conn, t Table) (cols []Column, pk []string, err error) {
	r, err := conn.Query(ctx, d1.Query(describeSQL, d1.Str(t.Name)))
	if err != nil {
		return nil, nil, err
	}
	byPlace := map[int64]string{}
	for _, v := range r.Rows {
		hidden := v[5].Int()
		if hidden == 1 { // a virtual table's own: the table's name, rank
			continue
		}
		place := v[4].Int()
		if place > 0 {
			byPlace[place] = v[0].Text()
		}
		cols = append(cols, Column{
			Name: v[0].Text(), Type: sqltext.Upper(v[1].Text()), NotNull: v[2].Int() == 1, Default: v[3].Text(),
			PK: place > 0, Generated: hidden > 1, affinity: affinityOf(v[1].Text(), t.strict), collated: true,
		})
	}
	for i := range len(byPlace) {
		pk = append(pk, byPlace[int64(i)+1])
	}
	return cols, pk, nil
}
