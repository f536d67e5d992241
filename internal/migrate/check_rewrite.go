package migrate

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// checkRewrite asks what the rows say to a table's new definition.
func (b *builder) checkRewrite(tc *tableChange) {
	have, want := tc.have, tc.want
	writes := 3 + len(want.Indexes)
	b.check(LiveCheck{
		Severity: Size, Object: want.Name, What: "rows of " + want.Name + " that are written anew", PerRow: writes,
		Fix:   "Expand and contract instead, as the plan's page writes it: columns that may be NULL, filled in portions afterwards.",
		Count: "SELECT count(*) FROM " + sqltext.Quote(b.liveTable(want.Name)),
	})
	for _, c := range tc.gone {
		b.checkColumn(c.(schema.DropColumn))
	}
	for i := range want.Columns {
		next := &want.Columns[i]
		old, ok := have.Column(next.Name)
		if next.Generated != "" && b.altersValue(have, want, next) {
			b.checkGenerated(have, want, next)
		}
		if !ok {
			b.checkNew(want, next)
			continue
		}
		name := want.Name + "." + next.Name
		if next.Generated != "" {
			if old.Generated == "" {
				b.computed(have, want, next)
			}
			continue
		}
		b.replacesNull(have, want, old, next)
		if keyNotNull := want.WithoutRowID && contains(want.PrimaryKey,
			next.Name); (next.NotNull && next.Default == "" || keyNotNull && next.Default == "") && (!old.NotNull || old.Generated != "") &&
			!want.RowIDAlias(next.Name) {
			b.blocking(have, want, sqltext.Quote(next.Name)+" IS NULL", LiveCheck{
				Object: name, What: "rows of " + want.Name + " without " + next.Name, Fix: "Give them a value, or the column a default.",
			})
		}
		b.checkType(have, want, old, next)
	}
	b.checkConstraints(tc)
}

// checkNew asks whether there are rows that a new column would leave without a
// value.
func (b *builder) checkNew(want *schema.Table, c *schema.Column) {
	key := contains(want.PrimaryKey, c.Name)
	if c.Generated != "" || c.Default != "" || !c.NotNull && !(key && want.WithoutRowID) || want.RowIDAlias(c.Name) {
		return
	}
	b.check(LiveCheck{
		Severity: Block, Object: want.Name + "." + c.Name, What: "rows of " + want.Name + " that would have no " + c.Name,
		Fix: "Give the column a default, or let it be NULL.", Count: "SELECT count(*) FROM " + b.from(want.Name),
	})
}

// checkType asks which values the new type would alter or refuse. What an affinity
// does to a value is SQLite's: text that reads as a number becomes one, a number
// becomes text.
func (b *builder) checkType(have, want *schema.Table, old, next *schema.Column) {
	from, to := schema.Affinity(old.Type), schema.Affinity(next.Type)
	name, q := want.Name+"."+next.Name, sqltext.Quote(next.Name)
	number, reads := asNumber(q)
	if from != to {
		altered := ""
		switch to {
		case "text":
			altered = "(typeof(" + q + ") = 'integer' AND CAST(CAST(" + q + " AS TEXT) AS INTEGER) IS NOT " + q + ") OR (typeof(" +
				q + ") = 'real' AND CAST(CAST(" + q + " AS TEXT) AS REAL) IS NOT " + q + ")"
		case "integer", "numeric":
			altered = reads + " AND CAST(" + number + " AS TEXT) IS NOT CAST(" + q + " AS TEXT)"
		case "real":
			// which the CAST back reaches again
			altered = "(" + reads + " AND CAST(CAST(" + q + " AS REAL) AS TEXT) IS NOT CAST(" + q + " AS TEXT)) OR (typeof(" + q +
				") = 'integer' AND CAST(CAST(" + q + " AS REAL) AS INTEGER) IS NOT " + q + ") OR " + q + " = 9223372036854775807"
		}
		if altered != "" && !(from == "integer" && to == "numeric") {
			b.lose(name, "Values of "+name+" that "+sqltext.Upper(to)+" can't hold as they are, such as 007 as a number.")
			b.check(LiveCheck{
				Severity: Lost, Object: name, What: "values of " + name + " that come out altered",
				Count: "SELECT count(*) FROM " + b.from(want.Name) + " WHERE " + altered,
			})
		}
	}
	if want.RowIDAlias(next.Name) && !have.RowIDAlias(old.Name) {
		b.blocking(have, want, q+" IS NOT NULL AND NOT ("+fitsIn("INTEGER", q)+")", LiveCheck{
			Object: name, What: "values of " + name + " that are no whole numbers, in a column that numbers the rows",
			Fix: "Change them, or take another key.",
		})
		return
	}
	if !want.Strict || have.Strict && from == to {
		return
	}
	if fits := fitsIn(next.Type, q); fits != "" {
		b.blocking(have, want, q+" IS NOT NULL AND NOT ("+fits+")", LiveCheck{
			Object: name, What: "values of " + name + " that are no " + next.Type + ", in a STRICT table",
			Fix: "Change them, or take another type.",
		})
	}
}

// asNumber is a value as a number, and whether it is a text that reads as one.
func asNumber(q string) (number, reads string) {
	number = "CAST(" + q + " AS NUMERIC)"
	return number, "(typeof(" + q + ") = 'text' AND " + number + " = " + q + ")"
}

// fitsIn is the condition under which a STRICT type takes a value, "" where it takes any.
func fitsIn(declared, q string) string {
	number, reads := asNumber(q)
	whole := "(typeof(" + q + ") = 'real' AND CAST(" + q + " AS INTEGER) = " + q + ")"
	switch sqltext.Upper(declared) {
	case "INTEGER", "INT":
		return "typeof(" + q + ") = 'integer' OR " + whole + " OR (" + reads + " AND typeof(" + number + ") = 'integer')"
	case "REAL":
		return "typeof(" + q + ") IN ('integer', 'real') OR " + reads
	case "TEXT":
		return "typeof(" + q + ") IN ('text', 'integer', 'real')"
	case "BLOB":
		return "typeof(" + q + ") = 'blob'"
	}
	return ""
}

// checkGenerated asks what a column that is computed from now on, or otherwise, says to
// its own type and NOT NULL.
func (b *builder) checkGenerated(have, want *schema.Table, c *schema.Column) {
	name, q := want.Name+"."+c.Name, sqltext.Quote(c.Name)
	if c.NotNull {
		b.blocking(have, want, q+" IS NULL", LiveCheck{
			Object: name, What: "rows of " + want.Name + " for which " + c.Name + " comes out as NULL",
			Fix: "Change them, or the expression.",
		})
	}
	if fits := fitsIn(c.Type, q); want.Strict && fits != "" {
		b.blocking(have, want, q+" IS NOT NULL AND NOT ("+fits+")", LiveCheck{
			Object: name, What: "values of " + name + " that come out as no " + c.Type + ", in a STRICT table",
			Fix: "Change the expression, or take another type.",
		})
	}
}

// computed tells that a column's own values go, since it is generated from now on.
func (b *builder) computed(have, want *schema.Table, c *schema.Column) {
	name := want.Name + "." + c.Name
	b.lose(name, "The values of "+name+" that were written: it is computed from now on.")
	condition := "kuratchi_was IS NOT " + sqltext.Quote(c.Name)
	written := sqltext.Quote(b.liveColumn(have.Name, c.Name)) + " AS kuratchi_was"
	b.check(LiveCheck{
		Severity: Lost, Object: name, What: "values of " + name + " that differ from what is computed",
		Count: "SELECT count(*) FROM " + b.future(have, want, condition, written) + " WHERE " + condition,
	})
}

// replacesNull tells that something stands where there was no value.
func (b *builder) replacesNull(have, want *schema.Table, old, next *schema.Column) {
	name, becomes := want.Name+"."+next.Name, ""
	switch {
	case have.RowIDAlias(old.Name), have.WithoutRowID && contains(have.PrimaryKey, old.Name): // never NULL
	case want.RowIDAlias(next.Name):
		becomes = "a number"
	case next.NotNull && next.Default != "":
		becomes = next.Default
	}
	if becomes == "" || old.NotNull || old.Generated != "" {
		return
	}
	b.lose(name, name+": NULL becomes "+becomes)
	b.check(LiveCheck{
		Severity: Lost, Object: name, What: "rows of " + want.Name + " whose " + next.Name + " is NULL and becomes " + becomes,
		Count: "SELECT count(*) FROM " + b.from(want.Name) + " WHERE " + sqltext.Quote(next.Name) + " IS NULL",
	})
}

// checkConstraints asks which rows break constraints that are new, or that columns come
// under whose values change.
func (b *builder) checkConstraints(tc *tableChange) {
	have, want := tc.have, tc.want
	alters := func(names []string) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			next, ok := want.Column(n)
			return ok && b.altersValue(have, want, next)
		})
	}
	for _, key := range want.Keys() {
		if len(key) == 0 || !alters(key.Columns()) && slices.ContainsFunc(have.Keys(), func(k schema.Key) bool { return sameKey(k, key) }) {
			continue
		}
		if c, _ := want.Column(key[0].Expr); len(key) == 1 && c.Generated == "" && !knows(have, c.Name) {
			b.checkDefaults(want, key[0].Expr)
			continue
		}
		b.checkUnique(have, want, schema.Index{Name: want.Name, Columns: key})
	}
	for _, ix := range want.Indexes {
		if _, ok := have.Index(ix.Name); ix.Unique && (!ok || slices.ContainsFunc(want.Columns, func(c schema.Column) bool {
			return ix.Has(c.Name) && b.altersValue(have, want, &c)
		})) {
			b.checkUnique(have, want, ix)
		}
	}
	for _, check := range want.Checks {
		if slices.Contains(have.Checks, check) && !slices.ContainsFunc(neededColumns(want, check), func(c *schema.Column) bool {
			return b.altersValue(have, want, c)
		}) {
			continue
		}
		b.blocking(have, want, "NOT ("+check+"\n)", LiveCheck{
			Object: want.Name, What: "rows of " + want.Name + " that break the CHECK (" + check + ")",
			Fix: "Change them so that they meet it.",
		})
	}
	for _, fk := range want.ForeignKeys {
		if alters(fk.Columns) || !slices.ContainsFunc(have.ForeignKeys, func(x schema.ForeignKey) bool { return sameTarget(x, fk) }) {
			b.orphans(have, want, fk)
		}
	}
	b.checkChildren(have, want)
}

// sameKey reports whether two keys refuse the same values: directions don't count.
func sameKey(a, b schema.Key) bool {
	return slices.EqualFunc(a, b, func(x, y schema.IndexColumn) bool {
		return sqltext.Same(x.Expr, y.Expr) && sqltext.Same(x.Collate, y.Collate)
	})
}

// knows reports whether a table has a column.
func knows(t *schema.Table, column string) bool {
	_, ok := t.Column(column)
	return ok
}

// checkChildren asks for references that a parent's key, compared otherwise, no longer
// meets.
func (b *builder) checkChildren(have, want *schema.Table) {
	for i := range b.target.Tables {
		child := &b.target.Tables[i]
		was, ok := b.was.Table(child.Name)
		for _, fk := range child.ForeignKeys {
			refs := fk.RefColumns
			if len(refs) == 0 {
				refs = want.PrimaryKey
			}
			if ok && sqltext.Same(fk.Table, want.Name) && slices.ContainsFunc(refs, func(n string) bool {
				next, ok := want.Column(n)
				return ok && b.altersValue(have, want, next)
			}) {
				b.orphans(was, child, fk)
			}
		}
	}
}

// checkDefaults asks whether a new unique column's default is the same in several
// rows. One that is not, a random one say, is fine.
func (b *builder) checkDefaults(want *schema.Table, column string) {
	if c, _ := want.Column(column); c.Default != "" {
		b.check(LiveCheck{
			Severity: Block, Object: want.Name + "." + column,
			What:  "rows of " + want.Name + " that would have the same " + column + " as another, which is unique",
			Fix:   "Let it be NULL, and fill it row by row.",
			Count: "SELECT count(v) - count(DISTINCT v) FROM (SELECT (" + c.Default + ") AS v FROM " + b.from(want.Name) + ")",
		})
	}
}

func sameTarget(a, b schema.ForeignKey) bool {
	return sqltext.Same(a.Table, b.Table) && slices.EqualFunc(a.Columns, b.Columns, sqltext.Same) &&
		slices.EqualFunc(a.RefColumns, b.RefColumns, sqltext.Same)
}

// orphans asks for rows whose reference would point at nothing.
func (b *builder) orphans(have, want *schema.Table, fk schema.ForeignKey) {
	parent, existed := b.was.Table(fk.Table)
	refs := fk.RefColumns
	conditions := make([]string, len(fk.Columns))
	for i, c := range fk.Columns {
		conditions[i] = sqltext.Quote(want.Name) + "." + sqltext.Quote(c) + " IS NOT NULL"
	}
	if existed {
		next, ok := b.target.Table(parent.Name)
		if !ok {
			next = parent
		}
		if len(refs) == 0 {
			refs = next.PrimaryKey
		}
		equal := make([]string, len(refs))
		for i, ref := range refs {
			if _, ok := next.Column(ref); !ok || i >= len(fk.Columns) {
				return
			}
			// The engine gives the child's value the parent's affinity; so does a + before it.
			equal[i] = "kuratchi_parent." + sqltext.Quote(ref) + " = +" + sqltext.Quote(want.Name) + "." + sqltext.Quote(fk.Columns[i])
		}
		conditions = append(conditions, "NOT EXISTS (SELECT 1 FROM (SELECT * FROM "+
			b.future(parent, next, sqltext.QuoteAll(refs))+") AS kuratchi_parent WHERE "+strings.Join(equal, " AND ")+")")
	}
	b.blocking(have, want, strings.Join(conditions, " AND "), LiveCheck{
		Object: want.Name, What: "rows of " + want.Name + " that refer to no row of " + fk.Table,
		Fix: "Insert what they refer to, or change them.",
	})
}
