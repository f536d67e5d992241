package browse

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

// Column is a column into which a person types.
type Column struct{ live.Column }

// table is a table whose rows are shown and changed.
type table struct{ *live.Table }

// table describes what the catalog knows under that name.
func (c *Catalog) table(ctx context.Context, conn d1.Conn, name string) (table, error) {
	t, err := c.Describe(ctx, conn, name)
	return table{t}, err
}

func (t table) column(place int) Column { return Column{t.Columns[place]} }

func (t table) columns() []Column {
	out := make([]Column, len(t.Columns))
	for i := range out {
		out[i] = t.column(i)
	}
	return out
}

// writableTable returns a table whose rows can be changed.
func (c *Catalog) writableTable(ctx context.Context, conn d1.Conn, name string) (table, error) {
	t, err := c.table(ctx, conn, name)
	if err != nil {
		return table{}, err
	}
	if why := t.readOnlyReason(); why != "" {
		return table{}, fault.New(fault.Invalid, "Rows of %s can't be changed here: %s", t.Name, why)
	}
	return t, nil
}

// insertableTable is writableTable, but for tables without a key too.
func (c *Catalog) insertableTable(ctx context.Context, conn d1.Conn, name string) (table, error) {
	t, err := c.table(ctx, conn, name)
	if err == nil && t.Kind != live.KindTable {
		return c.writableTable(ctx, conn, name)
	}
	return t, err
}

// readOnlyReason says why rows can't be changed, "" when they can.
func (t table) readOnlyReason() string {
	switch {
	case t.Kind == live.KindView:
		return "a view shows rows of other tables."
	case t.Kind == live.KindVirtual:
		return "a virtual table is written by its own rules, with SQL."
	}
	return t.Key.Missing
}
