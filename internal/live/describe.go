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
		names, err := t.ask(ctx, conn)
		if err != nil {
			return nil, err
		}
		pk = t.guess(names)
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
			Collated:   col.Collate != "" && col.Collate != "BINARY",
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

const describeSQL = `select name, type, "notnull", coalesce(dflt_value, ''), pk, hidden from pragma_table_xinfo(?1)`

// The kinds of columns that pragma_table_xinfo tells.
const (
	hiddenColumn    = 1 // a virtual table's own: the table's name, rank
	generatedColumn = 2 // 3 is one that is stored
)

// ask asks the database for the columns, and returns the names of the primary key's
// in order.
func (t *Table) ask(ctx context.Context, conn d1.Conn) (pk []string, err error) {
	r, err := conn.Query(ctx, d1.Query(describeSQL, d1.Str(t.Name)))
	if err != nil {
		return nil, err
	}
	byPlace := map[int64]string{}
	for _, v := range r.Rows {
		place, hidden := v[4].Int(), v[5].Int()
		if hidden == hiddenColumn {
			continue
		}
		if place > 0 {
			byPlace[place] = v[0].Text()
		}
		t.Columns = append(t.Columns, Column{
			Name: v[0].Text(), Type: sqltext.Upper(v[1].Text()), NotNull: v[2].Int() == 1, Default: v[3].Text(),
			PK: place > 0, Generated: hidden >= generatedColumn, Affinity: AffinityOf(v[1].Text(), t.Strict), Collated: true,
		})
	}
	for i := range len(byPlace) {
		pk = append(pk, byPlace[int64(i)+1])
	}
	return pk, nil
}
