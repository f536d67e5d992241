package migrate

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
)

// future is a FROM item: the rows that are there as the plan would leave them, in the
// columns of which about, some SQL, speaks. New columns have their defaults, NULL its
// stand-in, generated ones are computed, and collations are the new ones. So whatever a
// constraint will say can be asked before. Not all of it is exact: a value that a new
// affinity converts is only converted where converted says so.
// beside are further columns of the live rows.
func (b *builder) future(have, want *schema.Table, about string, beside ...string) string {
	needed := neededColumns(want, about)
	if len(beside) == 0 && !slices.ContainsFunc(needed, func(next *schema.Column) bool { return b.altersValue(have, next) }) {
		return b.from(want.Name)
	}
	columns := append(rowIDs(have, want, about), beside...)
	var generated []*schema.Column
	for _, next := range needed {
		switch old, ok := have.Column(next.Name); {
		case next.Generated != "":
			generated = append(generated, next)
		case ok:
			columns = append(columns, b.carriedLive(have, old, next)+" AS "+schema.Quote(next.Name))
		default:
			columns = append(columns, defaulted(next)+" AS "+schema.Quote(next.Name))
		}
	}
	if len(columns) == 0 {
		columns = []string{"1 AS kuratchi_row"}
	}
	from := "(SELECT " + list(columns) + " FROM " + schema.Quote(b.liveTable(want.Name)) + ")"
	for len(generated) > 0 { // one may be made of others
		i := max(slices.IndexFunc(generated, func(c *schema.Column) bool {
			return !slices.ContainsFunc(generated, func(o *schema.Column) bool { return o != c && schema.Mentions(c.Generated, o.Name) })
		}), 0)
		from = "(SELECT *, (" + generated[i].Generated + ") AS " + schema.Quote(generated[i].Name) + " FROM " + from + " AS " + schema.Quote(want.Name) + ")"
		generated = slices.Delete(generated, i, i+1)
	}
	return from + " AS " + schema.Quote(want.Name)
}

// altersValue reports whether the rows that are there get another value in a column, or
// one that compares otherwise.
func (b *builder) altersValue(have *schema.Table, next *schema.Column) bool {
	old, ok := have.Column(next.Name)
	return !ok || old.Generated != next.Generated || b.carriedLive(have, old, next) != schema.Quote(b.liveColumn(have.Name, old.Name))
}

// rowIDs are the names of the rowid of which SQL speaks.
func rowIDs(have, want *schema.Table, about string) (columns []string) {
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
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

// carriedLive is a column's value in its new table, from the live table.
func (b *builder) carriedLive(have *schema.Table, old, next *schema.Column) string {
	q := schema.Quote(b.liveColumn(have.Name, old.Name))
	value := q
	if next.NotNull && !old.NotNull && next.Default != "" {
		value = "coalesce(" + q + ", " + next.Default + ")"
	}
	if !strings.EqualFold(orBinary(old.Collate), orBinary(next.Collate)) {
		value += " COLLATE " + orBinary(next.Collate)
	}
	return value
}

// defaulted is what a column that comes has in the rows that are there, with its
// affinity.
func defaulted(c *schema.Column) string {
	value := "NULL"
	if c.Default != "" {
		value = "(" + c.Default + "\n)"
		if affinity := schema.Affinity(c.Type); affinity != "blob" {
			value = "CAST(" + value + " AS " + strings.ToUpper(affinity) + ")"
		}
	}
	if c.Collate != "" {
		value += " COLLATE " + c.Collate
	}
	return value
}

// converted is a carried value as the new column's affinity stores it.
func converted(old, next *schema.Column) string {
	q := schema.Quote(next.Name)
	from, to := schema.Affinity(old.Type), schema.Affinity(next.Type)
	switch {
	case from == to || to == "blob":
		return q
	case to == "text":
		return "CASE WHEN typeof(" + q + ") IN ('integer', 'real') THEN CAST(" + q + " AS TEXT) ELSE " + q + " END"
	}
	number := "CAST(" + q + " AS NUMERIC)"
	return "CASE WHEN typeof(" + q + ") = 'text' AND " + number + " = " + q + " THEN " + number + " ELSE " + q + " END"
}

// keyTerm is a key's column as the key compares it; collate is the key's own, "" for the
// column's.
func keyTerm(have, want *schema.Table, name, collate string) string {
	next, _ := want.Column(name)
	value := schema.Quote(name)
	if old, ok := have.Column(name); ok && next.Generated == "" {
		value = converted(old, next)
	}
	switch {
	case collate != "":
		return value + " COLLATE " + collate
	case value != schema.Quote(name) && next.Collate != "":
		return value + " COLLATE " + next.Collate
	}
	return value
}
