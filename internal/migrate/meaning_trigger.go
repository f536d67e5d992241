package migrate

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// compareTrigger tells what a trigger's text decides by order, by UPDATE OF, and by
// writing where rows may be refused from now on.
func (b *builder) compareTrigger(old, now use, after *live.Database, shown []string, changes []schema.Change) {
	name := now.row.Name
	if _, found := schema.Excluded(old.row.SQL, now.row.SQL); found {
		b.finding(codeMeans, Fails, name, "RENAME TABLE writes the new name where the trigger "+name+
			" says excluded: its upsert keeps the old value from then on.", "Drop it first, and make it again afterwards.")
	}
	head, _ := schema.ParseTrigger(now.row.SQL)
	if t, ok := after.Schema.Table(head.Table); ok {
		for _, c := range head.Of {
			if _, there := t.Column(c); !there {
				b.finding(codeMeans, Fails, name, "The trigger "+name+" is to fire when "+t.Name+"."+c+
					" is updated, and there is no such column any more.", fixMeaning)
			}
		}
	}
	for _, table := range schema.InsertsByPosition(now.row.SQL) {
		if contains(shown, table) {
			b.finding(codeMeans, Fails, name, "The trigger "+name+" inserts into the view "+table+
				" without naming the columns, and it shows others afterwards.", "Name the columns in its INSERT.")
		}
		have, ok := b.live.Schema.Table(b.liveTable(table))
		want, still := after.Schema.Table(table)
		if ok && still && !slices.Equal(b.positions(have), positions(want)) {
			b.finding(codeMeans, Fails, name, "The trigger "+name+" inserts into "+want.Name+
				" without naming the columns, and they are in another order afterwards.", "Name the columns in its INSERT.")
		}
	}
	for _, t := range b.target.Tables {
		have, ok := b.was.Table(t.Name)
		if !ok {
			continue
		}
		if rules := b.rulesFor(now, have, &t, changes); len(rules) > 0 {
			b.finding(codeForbids, Warns, name, "The trigger "+name+" writes to "+t.Name+", of which the rules change ("+
				strings.Join(rules, ", ")+"): what it writes may be refused from now on, and with it the statement that fired it, or no longer be.",
				"Look whether what it writes meets that.")
		}
		for _, parent := range changedParents(have, &t) {
			if now.removes(parent) {
				b.finding(codeForbids, Warns, name, "The trigger "+name+" deletes or changes rows of "+parent+
					", to which the references of "+t.Name+" change: other rows may go with them from now on, or keep them.",
					"Look whether that is meant.")
			}
		}
	}
}

// positions are the columns that an INSERT without a list fills, in their order.
func positions(t *schema.Table) (names []string) {
	for _, c := range t.Columns {
		if c.Generated == "" {
			names = append(names, sqltext.Fold(c.Name))
		}
	}
	return names
}

// positions are those of a live table under the names the plan gives them.
func (b *builder) positions(t *schema.Table) []string {
	names := positions(t)
	for i, name := range names {
		_, names[i] = b.renamedTo(t.Name, name)
	}
	return names
}

// rule is what a table refuses from now on that it took before, or the other way.
type rule struct {
	words string
	// column is the one it is about, "" for more.
	column string
	// quiet says that an INSERT that doesn't name the column meets it.
	quiet bool
}

// rulesFor are the rules that what a trigger writes may meet or break.
func (b *builder) rulesFor(u use, have, want *schema.Table, changes []schema.Change) (words []string) {
	if !u.writes(want.Name) {
		return nil
	}
	for _, r := range changedRules(have, want, changes) {
		sets := r.column == "" || u.updates(want.Name, r.column)
		if sets || u.inserts(want.Name) && (!r.quiet || schema.Mentions(u.row.SQL, r.column)) {
			words = append(words, r.words)
		}
	}
	return words
}

func changedRules(have, want *schema.Table, changes []schema.Change) (rules []rule) {
	add := func(words, column string, quiet bool) { rules = append(rules, rule{words, column, quiet}) }
	for _, c := range want.Columns {
		old, ok := have.Column(c.Name)
		switch {
		case c.NotNull && (!ok && c.Default == "" && c.Generated == "" || ok && !old.NotNull):
			add("NOT NULL on "+c.Name, c.Name, false)
		case ok && old.NotNull && !c.NotNull:
			add("no NOT NULL on "+c.Name, c.Name, false)
		case ok && (want.Strict || have.Strict) && !sqltext.Same(old.Type, c.Type):
			add("the type "+c.Type+" for "+c.Name, c.Name, false)
		}
	}
	for _, c := range changes {
		switch c := c.(type) {
		case schema.ChangeTable:
			if c.Column == "" && sqltext.Same(c.Table.Name, want.Name) {
				add(c.What, "", false)
			}
		case schema.CreateIndex:
			if c.Index.Unique && sqltext.Same(c.Table, want.Name) {
				add("the unique index "+c.Index.Name, "", false)
			}
		case schema.DropIndex:
			if c.Index.Unique && sqltext.Same(c.Table, want.Name) {
				add("without the unique index "+c.Index.Name+" there was", "", false)
			}
		case schema.AddColumn: // with its own CHECK, UNIQUE or reference
			if sqltext.Same(c.Table.Name, want.Name) && constrained(want, c.Column.Name) {
				add("a constraint on "+c.Column.Name, c.Column.Name, c.Column.Default == "" && c.Column.Generated == "")
			}
		}
	}
	return rules
}

// changedParents are the tables to which references come, go or change.
func changedParents(have, want *schema.Table) (names []string) {
	for _, pair := range [][2]*schema.Table{{have, want}, {want, have}} {
		for _, fk := range pair[0].ForeignKeys {
			same := slices.ContainsFunc(pair[1].ForeignKeys, func(x schema.ForeignKey) bool {
				return sameTarget(x, fk) && x.OnDelete == fk.OnDelete && x.OnUpdate == fk.OnUpdate
			})
			if !same && !contains(names, fk.Table) {
				names = append(names, fk.Table)
			}
		}
	}
	return names
}

// constrained reports whether a column has a constraint that its value may break.
func constrained(t *schema.Table, column string) bool {
	return slices.ContainsFunc(t.Checks, func(check string) bool { return schema.Mentions(check, column) }) ||
		slices.ContainsFunc(t.UniqueKeys(), func(k schema.Key) bool { return contains(k.Columns(), column) }) ||
		slices.ContainsFunc(t.ForeignKeys, func(fk schema.ForeignKey) bool { return contains(fk.Columns, column) })
}

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return sqltext.Same(n, name) })
}
