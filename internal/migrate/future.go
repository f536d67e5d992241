package migrate

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// future is a FROM item: the rows that are there as the plan would leave them, in the
// columns of which about, some SQL, speaks. New columns have their defaults, NULL its
// stand-in, generated ones are computed, and collations are the new ones. So whatever a
// constraint will say can be asked before. Not all of it is exact: a value that a new
// affinity converts is only converted where converted says so.
// beside are further columns of the live rows.
func (b *builder) future(have, want *schema.Table, about string, beside ...string) string {
	needed := neededColumns(want, about)
	columns := append(rowIDs(have, want, about), beside...)
	if !(b.renamedIn(want.Name) && len(columns) > 0) && len(beside) == 0 && !slices.ContainsFunc(needed, func(next *schema.Column) bool {
		return b.altersValue(have, want, next)
	}) {
		return b.from(want.Name)
	}
	var generated []*schema.Column
	for _, next := range needed {
		switch old, ok := have.Column(next.Name); {
		case next.Generated != "":
			generated = append(generated, next)
		case ok:
			columns = append(columns, b.carriedLive(have, old, next)+" AS "+sqltext.Quote(next.Name))
		default:
			columns = append(columns, defaulted(next)+" AS "+sqltext.Quote(next.Name))
		}
	}
	if len(columns) == 0 {
		columns = []string{"1 AS kuratchi_row"}
	}
	from := "(SELECT " + list(columns) + " FROM " + sqltext.Quote(b.liveTable(want.Name)) + ")"
	for len(generated) > 0 { // one may be made of others
		i := max(slices.IndexFunc(generated, func(c *schema.Column) bool {
			return !slices.ContainsFunc(generated, func(o *schema.Column) bool { return o != c && schema.Mentions(c.Generated, o.Name) })
		}), 0)
		from = "(SELECT *, (" + generated[i].Generated + ") AS " + sqltext.Quote(generated[i].Name) + " FROM " + from + " AS " +
			sqltext.Quote(want.Name) + ")"
		generated = slices.Delete(generated, i, i+1)
	}
	return from + " AS " + sqltext.Quote(want.Name)
}

// altersValue reports whether the rows that are there get another value in a column, or
// one that compares otherwise.
func (b *builder) altersValue(have, want *schema.Table, next *schema.Column) bool {
	return b.alters(have, want, next, func(old *schema.Column) bool {
		return b.carriedLive(have, old, next) != sqltext.Quote(b.liveColumn(have.Name, old.Name))
	})
}

// altersText reports whether they may get another value, whatever it compares by.
func (b *builder) altersText(have, want *schema.Table, next *schema.Column) bool {
	return b.alters(have, want, next, func(old *schema.Column) bool {
		return schema.Affinity(old.Type) != schema.Affinity(next.Type) || next.NotNull && !old.NotNull && next.Default != ""
	})
}

// alters asks carried of a column that is kept. What is generated changes with what it is
// generated from.
func (b *builder) alters(have, want *schema.Table, next *schema.Column, carried func(old *schema.Column) bool) bool {
	old, ok := have.Column(next.Name)
	switch {
	case !ok || old.Generated != next.Generated:
		return true
	case next.Generated == "":
		return carried(old)
	}
	return slices.ContainsFunc(want.Columns, func(c schema.Column) bool {
		if sqltext.Same(c.Name, next.Name) || !schema.Mentions(next.Generated, c.Name) {
			return false
		}
		_, kept := have.Column(c.Name)
		return kept && (b.altersValue(have, want, &c) || b.altersText(have, want, &c))
	})
}

// rowIDs are the names of the rowid of which SQL speaks.
func rowIDs(have, want *schema.Table, about string) (columns []string) {
	for _, name := range sqltext.RowIDs() {
		_, taken := want.Column(name)
		if _, was := have.Column(name); !taken && !was && !have.WithoutRowID && schema.Mentions(about, name) {
			columns = append(columns, name)
		}
	}
	return columns
}

// neededColumns are those that SQL speaks of, and those that they are generated from.
func neededColumns(t *schema.Table, about string) (out []*schema.Column) {
	for more := true; more; {
		more = false
		for i := range t.Columns {
			if c := &t.Columns[i]; !slices.Contains(out, c) && schema.Mentions(about, c.Name) {
				out, about, more = append(out, c), about+"\n"+c.Generated, true
			}
		}
	}
	return out
}

// renamedIn reports whether the plan renames a column of a table.
func (b *builder) renamedIn(table string) bool {
	return slices.ContainsFunc(b.renamed, func(c schema.Change) bool {
		r, ok := c.(schema.RenameColumn)
		return ok && sqltext.Same(r.Table, table)
	})
}

// carriedLive is carried from the live table, as the new column stores and compares it.
func (b *builder) carriedLive(have *schema.Table, old, next *schema.Column) string {
	value := converted(old, next, carried(old, next, b.liveColumn(have.Name, old.Name), constant))
	if !sqltext.Same(old.Collation(), next.Collation()) {
		value += " COLLATE " + next.Collation()
	}
	return value
}

// defaulted is what a column that comes has in the rows that are there.
func defaulted(c *schema.Column) string {
	value := "NULL"
	if c.Default != "" {
		value = constant(c)
	}
	if c.Collate != "" {
		value += " COLLATE " + c.Collate
	}
	return value
}

// constant is a column's default, with its affinity where it is a constant.
func constant(c *schema.Column) string {
	as := map[string]string{"text": "TEXT", "integer": "NUMERIC", "numeric": "NUMERIC", "real": "REAL"}[schema.Affinity(c.Type)]
	if as == "" || !schema.IsConstant(c.Default) {
		return "(" + c.Default + "\n)"
	}
	return "CAST(" + c.Default + " AS " + as + ")"
}

// converted is a value as the new column's affinity stores it.
func converted(old, next *schema.Column, value string) string {
	from, to := schema.Affinity(old.Type), schema.Affinity(next.Type)
	switch {
	case from == to || to == "blob":
		return value
	case to == "text":
		return "CASE WHEN typeof(" + value + ") IN ('integer', 'real') THEN CAST(" + value + " AS TEXT) ELSE " + value + " END"
	case from == "integer" && to == "numeric" || from == "numeric" && to == "integer":
		return value
	}
	number, reads := asNumber(value)
	return "CASE WHEN " + reads + " THEN " + number + " ELSE " + value + " END"
}

// keyTerm is a key's column as the key compares it; collate is the key's own, "" for the
// column's.
func keyTerm(name, collate string) string {
	if collate == "" {
		return sqltext.Quote(name)
	}
	return sqltext.Quote(name) + " COLLATE " + collate
}
