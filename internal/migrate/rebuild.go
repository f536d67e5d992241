package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
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
	c := objectWords{want.Name, "Rebuild " + want.Name + ": " + join(slices.Concat(tc.rest, tc.adds, tc.gone))}
	if l := b.apart(have); l != nil {
		b.refuse(c, "It would be made anew with its rows, and %s is left alone.", l.Words())
		return
	}
	keys := b.incoming(have.Name)
	if k, ok := b.mismatched(keys); ok {
		b.refuse(c, "The reference of %s to %s (%s) is to no key, so the engine refuses every write there. "+
			"Make that a UNIQUE key first, or let the reference go.", k.child.Name, have.Name, strings.Join(k.refs, ", "))
		return
	}
	s := b.shift(have, keys)
	if s.why != "" {
		if no := b.cantSetAside(have); no != "" {
			b.refuse(c, "%s Nor can the tables that refer to it be set aside: %s", s.why, no)
			return
		}
	}
	b.rebuilt = append(b.rebuilt, *have)
	b.count(have.Name)
	b.dangling(have, want)
	b.begin(c, b.rewriteRisk(tc), rebuildReason(keys, s.why))
	var back []string
	if s.why != "" {
		back = b.setAside(have)
	} else {
		for _, name := range b.helperIndexes(have, keys, true) {
			back = append(back, "DROP INDEX "+name)
		}
	}
	b.dropTriggers(have.Name)
	copied := b.copyRows(have, want)
	if s.why != "" {
		b.untieRows(have)
	} else {
		b.move(have, s)
	}
	b.keepSequence(have)
	b.more("DROP TABLE " + sqltext.Quote(want.Name))
	b.more(want.DDL())
	b.indexes(want, true) // a child may refer to the columns of a unique index
	for _, sql := range copied.back() {
		b.more(sql)
	}
	b.putSequence(have, want)
	b.keysKept(have, want, copied.rows)
	for _, sql := range copied.drops() {
		b.more(sql)
	}
	b.indexes(want, false)
	for _, sql := range back {
		b.more(sql)
	}
	b.checkRewrite(tc)
	b.newTexts(have, want)
}

// indexes makes those of a table that are unique, or those that are not.
func (b *builder) indexes(t *schema.Table, unique bool) {
	for _, ix := range t.Indexes {
		if ix.Unique == unique {
			b.more(ix.DDL(t.Name))
		}
	}
}

// mismatched returns a reference to columns that are no key of their table.
func (b *builder) mismatched(keys []incoming) (incoming, bool) {
	i := slices.IndexFunc(keys, func(k incoming) bool { return !b.checkable(k.child.Name) })
	if i < 0 {
		return incoming{}, false
	}
	return keys[i], true
}

// checkable reports whether the engine can check the references of a table: it can't
// where one is to no key.
func (b *builder) checkable(table string) bool {
	if _, err := b.failing(); err != nil {
		return false
	}
	return b.trial.Exec("SELECT count(*) FROM pragma_foreign_key_check("+sqltext.QuoteText(table)+")") == nil
}

// dangling asks for rows of a table whose references point at nothing: they were written
// with keys off, and can't be written anew.
func (b *builder) dangling(have, want *schema.Table) {
	for _, fk := range want.ForeignKeys {
		if slices.ContainsFunc(have.ForeignKeys, func(x schema.ForeignKey) bool { return sameTarget(x, fk) }) {
			b.orphans(have, want, fk)
		}
	}
}

// newTexts notes the columns whose values become others.
func (b *builder) newTexts(have, want *schema.Table) {
	for i := range want.Columns {
		if _, ok := have.Column(want.Columns[i].Name); ok && b.altersText(have, want, &want.Columns[i]) {
			b.newText(want.Name, want.Columns[i].Name)
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
		return point + " " + why + " So the rows of the tables below it are set aside and put back in the same transaction; " +
			"the counts are compared before it commits."
	}
	return point + " The rows there are never touched: the keys step aside while the table is made anew, " +
		"and the counts are compared before it commits."
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

// carried is the value a column gets from its old self, which has that name: where NULL
// is no longer allowed, what standIn makes of the column's default stands in for it.
func carried(old, next *schema.Column, name string, standIn func(*schema.Column) string) string {
	if next.NotNull && !old.NotNull && next.Default != "" {
		return "coalesce(" + sqltext.Quote(name) + ", " + standIn(next) + ")"
	}
	return sqltext.Quote(name)
}

// written is a column's default as it is written, for a statement that stores it.
func written(c *schema.Column) string { return c.Default }

// keptRowID is the name by which both tables know their rowid, "" where one has
// none, or where it is a column anyway. A name that live has for either may be a column
// of the other.
func keptRowID(have, want *schema.Table) string {
	if live.Declared(have).Key.RowID == "" || live.Declared(want).Key.RowID == "" {
		return ""
	}
	return sqltext.RowID(append(have.Names(), want.Names()...))
}

// keepSequence and putSequence carry AUTOINCREMENT's counter over, so that no id
// is given out twice.
func (b *builder) keepSequence(have *schema.Table) {
	if have.Autoincrement {
		b.before("INSERT INTO " + counts + " SELECT " + sqltext.QuoteText("counter of "+have.Name) +
			", seq FROM sqlite_sequence WHERE name = " + sqltext.QuoteText(b.liveTable(have.Name)))
	}
}

func (b *builder) putSequence(have, want *schema.Table) {
	if !have.Autoincrement || !want.Autoincrement {
		return
	}
	name, what := sqltext.QuoteText(want.Name), sqltext.QuoteText("counter of "+have.Name)
	b.more("DELETE FROM sqlite_sequence WHERE name = " + name)
	b.more("INSERT INTO sqlite_sequence (name, seq) SELECT " + name + ", n FROM " + counts + " WHERE what = " + what)
	b.assert("the AUTOINCREMENT counter of "+want.Name+" is kept",
		"(SELECT seq FROM sqlite_sequence WHERE name = "+name+") IS (SELECT n FROM "+counts+" WHERE what = "+what+")")
}

// list joins pieces of SQL; names of columns alone are sqltext.QuoteAll's.
func list(pieces []string) string { return strings.Join(pieces, ", ") }
