package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
)

// A rebuild makes a table anew under its own name, with its rows. Foreign keys
// are on and can't be switched off, and DROP TABLE deletes what refers to the
// rows that go: so before it, every key that a child names is moved out of the
// children's sight (the key shift), and the drop finds no child to act on.
// Inserting the old rows under the old keys settles the checks, which
// defer_foreign_keys had put off. The children are never touched.
//
// Where a key can't be moved, because a child would follow it (ON UPDATE) or a
// CHECK forbids it, the children themselves are set aside and put back
// (see setAside).

// counts holds what was counted before the first step.
const counts = "kuratchi_counts"

// rebuild plans a table made anew.
func (b *builder) rebuild(tc *tableChange) {
	have, want := tc.have, tc.want
	all := slices.Concat(tc.rest, tc.adds, tc.gone)
	c := tableWords{want.Name, "Rebuild " + want.Name + ": " + join(all)}
	keys := b.incoming(have.Name)
	moves, why := b.shift(have, keys)
	if why != "" {
		if no := b.cantSetAside(have, keys); no != "" {
			b.refuse(c, "%s Nor can the tables that refer to it be set aside: %s", why, no)
			return
		}
	}
	b.rebuilt = append(b.rebuilt, *have)
	b.count(have.Name)
	start := len(b.plan.Steps)
	b.step(c, "", b.rewriteRisk(tc), rebuildReason(keys, why))
	var back []string
	if why != "" {
		back = b.setAside(have)
	}
	var helpers []string
	if why == "" {
		helpers = b.helperIndexes(have, keys, true)
	}
	b.dropTriggers(have.Name)
	copied := b.helper("rows")
	columns := carriedColumns(have, want)
	rowid := keptRowID(have, want)
	selects := quoteAll(columns)
	if rowid != "" {
		selects = append([]string{rowid + " AS kuratchi_rowid"}, selects...)
	}
	t := schema.Quote(want.Name)
	b.more("CREATE TABLE " + copied + " AS SELECT " + list(selects) + " FROM " + t)
	if len(moves) > 0 {
		b.more("UPDATE " + t + " SET " + strings.Join(moves, ", "))
	}
	b.keepSequence(have)
	b.more("DROP TABLE " + t)
	b.more(want.DDL())
	for _, ix := range want.Indexes { // a child may refer to the columns of a unique index
		if ix.Unique {
			b.more(ix.DDL(want.Name))
		}
	}
	into, from := quoteAll(columns), make([]string, len(columns))
	for i, name := range columns {
		old, _ := have.Column(name)
		next, _ := want.Column(name)
		into[i], from[i] = schema.Quote(next.Name), b.carried(old, next)
	}
	if rowid != "" {
		into, from = append([]string{rowid}, into...), append([]string{"kuratchi_rowid"}, from...)
	}
	if len(columns) > 0 {
		// WHERE 1 keeps SQLite from copying pages, which would not settle the checks.
		b.more("INSERT INTO " + t + " (" + list(into) + ") SELECT " + list(from) + " FROM " + copied + " WHERE 1")
	}
	b.putSequence(have, want)
	b.keysKept(have, want, copied)
	b.more("DROP TABLE " + copied)
	for _, ix := range want.Indexes {
		if !ix.Unique {
			b.more(ix.DDL(want.Name))
		}
	}
	for _, name := range helpers {
		b.more("DROP INDEX " + name)
	}
	for _, sql := range back {
		b.more(sql)
	}
	// The first statement carries the words.
	first := b.plan.Steps[start]
	first.SQL = b.plan.Steps[start+1].SQL
	b.plan.Steps = slices.Delete(b.plan.Steps, start, start+1)
	b.plan.Steps[start] = first
	b.checkRewrite(tc)
	for i := range want.Columns {
		if _, ok := have.Column(want.Columns[i].Name); ok && b.altersKey(have, &want.Columns[i]) {
			b.altered(want.Name, want.Columns[i].Name)
		}
	}
}

func rebuildReason(keys []incoming, why string) string {
	n := len(keys)
	point := fmt.Sprintf("%d references point at it.", n)
	if n == 1 {
		point = "A reference of " + keys[0].child.Name + " points at it."
	}
	switch {
	case n == 0:
		return "Every row is written anew and kept: the counts are compared before it commits."
	case why != "":
		return point + " " + why + " So the rows of the tables below it are set aside and put back in the same transaction; the counts are compared before it commits."
	}
	return point + " The rows there are never touched: the keys step aside while the table is made anew, and the counts are compared before it commits."
}

func (b *builder) rewriteRisk(tc *tableChange) Risk {
	if len(tc.gone) > 0 {
		return Destructive
	}
	return Rewrite
}

// helper names a table of the plan's own.
func (b *builder) helper(what string) string {
	b.numbers++
	return fmt.Sprintf("kuratchi_%s_%d", what, b.numbers)
}

// carriedColumns are the columns whose values are carried over.
func carriedColumns(have, want *schema.Table) []string {
	var out []string
	for _, c := range have.Columns {
		if next, ok := want.Column(c.Name); ok && next.Generated == "" {
			out = append(out, c.Name)
		}
	}
	return out
}

// carried is the value a column gets from its old self: where NULL is no longer
// allowed, the default stands in for it.
func (b *builder) carried(have, want *schema.Column) string {
	name := schema.Quote(have.Name)
	if want.NotNull && !have.NotNull && want.Default != "" {
		return "coalesce(" + name + ", " + want.Default + ")"
	}
	return name
}

// keptRowID is the name by which both tables know their rowid, "" where one has
// none, where it is a column anyway, or where the copy would have more than the
// 100 columns that D1 allows.
func keptRowID(have, want *schema.Table) string {
	if have.WithoutRowID || want.WithoutRowID || len(have.Columns) > 99 {
		return ""
	}
	for _, t := range []*schema.Table{have, want} {
		if len(t.PrimaryKey) == 1 && t.RowIDAlias(t.PrimaryKey[0]) {
			return ""
		}
	}
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		_, a := have.Column(name)
		_, c := want.Column(name)
		if !a && !c {
			return name
		}
	}
	return ""
}

// keepSequence and putSequence carry AUTOINCREMENT's counter over, so that no id
// is given out twice.
func (b *builder) keepSequence(have *schema.Table) {
	if have.Autoincrement {
		b.before("INSERT INTO " + counts + " SELECT " + schema.QuoteText("counter of "+have.Name) + ", seq FROM sqlite_sequence WHERE name = " + schema.QuoteText(b.liveTable(have.Name)))
	}
}

func (b *builder) putSequence(have, want *schema.Table) {
	if !have.Autoincrement || !want.Autoincrement {
		return
	}
	name, what := schema.QuoteText(want.Name), schema.QuoteText("counter of "+have.Name)
	b.more("DELETE FROM sqlite_sequence WHERE name = " + name)
	b.more("INSERT INTO sqlite_sequence (name, seq) SELECT " + name + ", n FROM " + counts + " WHERE what = " + what)
	b.assert("the AUTOINCREMENT counter of "+want.Name+" is kept",
		"(SELECT seq FROM sqlite_sequence WHERE name = "+name+") IS (SELECT n FROM "+counts+" WHERE what = "+what+")")
}

func quoteAll(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = schema.Quote(n)
	}
	return out
}

func list(names []string) string { return strings.Join(names, ", ") }
