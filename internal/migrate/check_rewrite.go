package migrate

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
)

// checkRewrite asks what the rows say to a table's new definition.
func (b *builder) checkRewrite(tc *tableChange) {
	have, want := tc.have, tc.want
	writes := 3 + len(want.Indexes)
	b.check(LiveCheck{
		Severity: Size, Object: want.Name, What: "rows of " + want.Name + " that are written anew", PerRow: writes,
		Fix:   "Expand and contract instead, as the plan's page writes it: columns that may be NULL, filled in portions afterwards.",
		Count: "SELECT count(*) FROM " + schema.Quote(b.liveTable(want.Name)),
	})
	for _, c := range tc.gone {
		b.checkColumn(c.(schema.DropColumn))
	}
	for i := range want.Columns {
		next := &want.Columns[i]
		old, ok := have.Column(next.Name)
		if !ok {
			b.checkNew(want, next)
			continue
		}
		if next.Generated != "" {
			continue
		}
		name := want.Name + "." + next.Name
		if next.NotNull && next.Default == "" && (!old.NotNull || old.Generated != "") && !want.RowIDAlias(next.Name) {
			b.blocking(want.Name, name, schema.Quote(next.Name)+" IS NULL", "rows of "+want.Name+" without "+next.Name, "Give them a value, or the column a default.")
		}
		b.checkType(have, want, old, next)
	}
	b.checkConstraints(tc)
}

// checkNew asks whether there are rows that a new column would leave without a
// value.
func (b *builder) checkNew(want *schema.Table, c *schema.Column) {
	key := slices.ContainsFunc(want.PrimaryKey, func(k string) bool { return strings.EqualFold(k, c.Name) })
	if c.Generated != "" || c.Default != "" || !c.NotNull && !(key && (want.WithoutRowID || len(want.PrimaryKey) > 1)) || want.RowIDAlias(c.Name) {
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
	name, q := want.Name+"."+next.Name, schema.Quote(next.Name)
	number := "CAST(" + q + " AS NUMERIC)"
	reads := "(typeof(" + q + ") = 'text' AND " + number + " = " + q + ")" // as a number
	if from != to {
		altered := ""
		switch to {
		case "text":
			altered = "(typeof(" + q + ") = 'integer' AND CAST(CAST(" + q + " AS TEXT) AS INTEGER) IS NOT " + q + ") OR (typeof(" + q + ") = 'real' AND CAST(CAST(" + q + " AS TEXT) AS REAL) IS NOT " + q + ")"
		case "integer", "numeric":
			altered = reads + " AND CAST(" + number + " AS TEXT) IS NOT CAST(" + q + " AS TEXT)"
		case "real":
			altered = "(" + reads + " AND CAST(CAST(" + q + " AS REAL) AS TEXT) IS NOT CAST(" + q + " AS TEXT)) OR (typeof(" + q + ") = 'integer' AND CAST(CAST(" + q + " AS REAL) AS INTEGER) IS NOT " + q + ")"
		}
		if altered != "" && !(from == "integer" && to == "numeric") {
			b.lose(name, "Values of "+name+" that "+strings.ToUpper(to)+" can't hold as they are, such as 007 as a number.")
			b.check(LiveCheck{
				Severity: Lost, Object: name, What: "values of " + name + " that come out altered",
				Count: "SELECT count(*) FROM " + b.from(want.Name) + " WHERE " + altered,
			})
		}
	}
	if !want.Strict || have.Strict && from == to {
		return
	}
	whole := "(typeof(" + q + ") = 'real' AND CAST(" + q + " AS INTEGER) = " + q + ")"
	fits := ""
	switch next.Type {
	case "INTEGER", "INT":
		fits = "typeof(" + q + ") = 'integer' OR " + whole + " OR (" + reads + " AND typeof(" + number + ") = 'integer')"
	case "REAL":
		fits = "typeof(" + q + ") IN ('integer', 'real') OR " + reads
	case "TEXT":
		fits = "typeof(" + q + ") IN ('text', 'integer', 'real')"
	case "BLOB":
		fits = "typeof(" + q + ") = 'blob'"
	default:
		return
	}
	b.blocking(want.Name, name, q+" IS NOT NULL AND NOT ("+fits+")", "values of "+name+" that are no "+next.Type+", in a STRICT table", "Change them, or take another type.")
}

// checkConstraints asks which rows break constraints that are new.
func (b *builder) checkConstraints(tc *tableChange) {
	have, want := tc.have, tc.want
	kept := func(names []string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { _, ok := have.Column(n); return !ok })
	}
	is := func(set [][]string, names []string) bool {
		return slices.ContainsFunc(set, func(u []string) bool { return slices.EqualFunc(u, names, strings.EqualFold) })
	}
	for _, u := range append(slices.Clone(want.Unique), want.PrimaryKey) {
		if len(u) == 0 || is(have.Unique, u) || is([][]string{have.PrimaryKey}, u) {
			continue
		}
		if !kept(u) {
			if len(u) == 1 {
				b.checkDefaults(want, u[0])
			}
			continue
		}
		columns := make([]string, len(u))
		for i, name := range u {
			c, _ := want.Column(name)
			if columns[i] = schema.Quote(name); c.Collate != "" {
				columns[i] += " COLLATE " + c.Collate
			}
		}
		b.repeats(want.Name, want.Name, columns, u, "")
	}
	for _, ix := range want.Indexes {
		if _, ok := have.Index(ix.Name); ix.Unique && !ok {
			b.checkUnique(want.Name, ix)
		}
	}
	for _, check := range want.Checks {
		if slices.Contains(have.Checks, check) || slices.ContainsFunc(want.Columns, func(c schema.Column) bool {
			_, ok := have.Column(c.Name)
			return !ok && schema.Mentions(check, c.Name)
		}) {
			continue
		}
		b.blocking(want.Name, want.Name, "NOT ("+check+")", "rows of "+want.Name+" that break the CHECK ("+check+")", "Change them so that they meet it.")
	}
	for _, fk := range want.ForeignKeys {
		if kept(fk.Columns) && !slices.ContainsFunc(have.ForeignKeys, func(x schema.ForeignKey) bool { return sameTarget(x, fk) }) {
			b.orphans(want, fk)
		}
	}
}

// checkDefaults asks whether a new unique column's default is the same in several
// rows. One that is not, a random one say, is fine.
func (b *builder) checkDefaults(want *schema.Table, column string) {
	if c, _ := want.Column(column); c.Default != "" {
		b.check(LiveCheck{
			Severity: Block, Object: want.Name + "." + column, What: "rows of " + want.Name + " that would have the same " + column + " as another, which is unique",
			Fix: "Let it be NULL, and fill it row by row.", Count: "SELECT count(v) - count(DISTINCT v) FROM (SELECT (" + c.Default + ") AS v FROM " + b.from(want.Name) + ")",
		})
	}
}

func sameTarget(a, b schema.ForeignKey) bool {
	return strings.EqualFold(a.Table, b.Table) && slices.EqualFunc(a.Columns, b.Columns, strings.EqualFold) && slices.EqualFunc(a.RefColumns, b.RefColumns, strings.EqualFold)
}

// orphans asks for rows whose new reference would point at nothing.
func (b *builder) orphans(want *schema.Table, fk schema.ForeignKey) {
	parent, existed := b.was.Table(fk.Table)
	refs := fk.RefColumns
	conditions := make([]string, len(fk.Columns))
	for i, c := range fk.Columns {
		conditions[i] = schema.Quote(want.Name) + "." + schema.Quote(c) + " IS NOT NULL"
	}
	if existed {
		if len(refs) == 0 {
			refs = parent.PrimaryKey
		}
		equal := make([]string, len(refs))
		for i, ref := range refs {
			if _, ok := parent.Column(ref); !ok || i >= len(fk.Columns) {
				return
			}
			equal[i] = "kuratchi_parent." + schema.Quote(ref) + " = " + schema.Quote(want.Name) + "." + schema.Quote(fk.Columns[i])
		}
		conditions = append(conditions, "NOT EXISTS (SELECT 1 FROM (SELECT * FROM "+b.from(parent.Name)+") AS kuratchi_parent WHERE "+strings.Join(equal, " AND ")+")")
	}
	b.blocking(want.Name, want.Name, strings.Join(conditions, " AND "),
		"rows of "+want.Name+" that refer to no row of "+fk.Table, "Insert what they refer to, or change them.")
}
