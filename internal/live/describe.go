package live

import (
	"context"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Describe returns the columns and the key of that table, view or virtual table. What
// its text doesn't tell is asked of the database, in one round trip. A name that isn't
// there is fault.NotFound; what can't be opened is fault.Invalid, which says why.
func (d *Database) Describe(ctx context.Context, conn d1.Conn, name string) (*Table, error) {
	e, err := d.Table(name)
	if err != nil {
		return nil, err
	}
	if by := d.optimizing(e, map[string]bool{}); by != "" {
		return nil, fault.New(fault.Invalid, "The view %s isn't opened, because the view %s reads pragma_optimize, "+
			"which writes. Change that view, or read what you need in the console.", e.Name, by)
	}
	t := &Table{Name: e.Name, Kind: e.Kind, SQL: e.SQL, WithoutRowID: e.WithoutRowID, Strict: e.Strict}
	var pk primary
	if st, ok := d.Schema.Table(e.Name); ok && e.Kind == KindTable {
		t.Columns, pk = d.columns(st), primaryOf(st)
	} else {
		infos, err := ask(ctx, conn, e.Name)
		if err != nil {
			return nil, Explain(e.Name, err)
		}
		for _, info := range infos { // one, or none of what is broken
			t.take(info)
			pk = t.guess(info)
		}
	}
	if len(t.Columns) == 0 {
		return nil, fault.New(fault.Invalid, "The %s %s can't be read: it names something that is gone.", e.Kind, e.Name)
	}
	t.findKey(pk)
	return t, nil
}

// optimizing returns the view by which reading e would write, "" for none. D1's
// functions only read, but for this one; without a reading token nobody at Cloudflare
// would refuse it. A name that is only mentioned counts: better one view too many.
func (d *Database) optimizing(e Entry, seen map[string]bool) string {
	if e.Kind != KindView || seen[e.Name] {
		return ""
	}
	seen[e.Name] = true
	text := sqltext.Fold(e.SQL)
	if strings.Contains(text, "pragma_optimize") {
		return e.Name
	}
	for _, other := range d.Tables {
		if other.Kind == KindView && strings.Contains(text, sqltext.Fold(other.Name)) {
			if by := d.optimizing(other, seen); by != "" {
				return by
			}
		}
	}
	return ""
}

// columns describes a table's columns from its text.
func (d *Database) columns(t *schema.Table) []Column {
	out := make([]Column, len(t.Columns))
	for i, col := range t.Columns {
		is := func(name string) bool { return sqltext.Same(name, col.Name) }
		out[i] = Column{
			Name: col.Name, Type: col.Type, NotNull: col.NotNull, Default: col.Default, Generated: col.Generated != "",
			PK:         slices.ContainsFunc(t.PrimaryKey, is),
			References: d.references(t, is),
			Affinity:   AffinityOf(col.Type, t.Strict),
			Collated:   col.Collation() != "BINARY",
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

func (d *Database) references(t *schema.Table, is func(string) bool) string {
	for _, fk := range t.ForeignKeys {
		if i := slices.IndexFunc(fk.Columns, is); i >= 0 {
			to := d.refColumns(fk)
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
func (d *Database) refColumns(fk schema.ForeignKey) []string {
	if len(fk.RefColumns) > 0 {
		return fk.RefColumns
	}
	if parent, ok := d.Schema.Table(fk.Table); ok {
		return parent.PrimaryKey
	}
	return nil
}

// asker is a connection that knows what it once asked of a table, for as long as the
// reading it goes with is true.
type asker interface {
	about(ctx context.Context, name string) ([]d1.TableInfo, error)
}

// ask asks the database about one table, view or virtual table.
func ask(ctx context.Context, conn d1.Conn, name string) ([]d1.TableInfo, error) {
	if a, ok := conn.(asker); ok {
		return a.about(ctx, name)
	}
	return query(ctx, conn, name)
}

func query(ctx context.Context, conn d1.Conn, name string) ([]d1.TableInfo, error) {
	r, err := conn.Query(ctx, d1.AboutTable(name))
	if err != nil {
		return nil, err
	}
	return d1.TableInfos(r.Rows), nil
}

// take sets the columns to what the database says of them.
func (t *Table) take(info d1.TableInfo) {
	for _, c := range info.Columns {
		if !c.Hidden {
			t.Columns = append(t.Columns, Column{
				Name: c.Name, Type: sqltext.Upper(c.Type), NotNull: c.NotNull, Default: schema.DefaultExpr(c.Default), PK: c.Key > 0,
				Generated: c.Generated, Affinity: AffinityOf(c.Type, t.Strict), Collated: true,
			})
		}
	}
}
