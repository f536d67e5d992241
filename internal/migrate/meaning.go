package migrate

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/lex"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// meaning compares what views and triggers are bound to before and after the steps. One
// that can't be compiled any more is a refusal. One that means something else, shows
// something else, or writes where a new constraint may refuse it, is a finding that names
// it. Those the plan itself gives another text are only compiled.
func (b *builder) meaning(after *Live, changes []schema.Change) error {
	was, err := uses(b.live)
	if err != nil {
		return err
	}
	is, err := uses(after)
	if err != nil {
		return err
	}
	for _, row := range after.Rows {
		now, ok := is[schema.Fold(row.Name)]
		if !ok || row.Type != now.row.Type {
			continue // an index may have the name of a trigger
		}
		old, existed := was[schema.Fold(row.Name)]
		existed = existed && old.row.Type == now.row.Type
		switch {
		case existed && old.err != "" && now.err != "": // it was broken before
		case existed && old.err != "":
			b.finding(codeMeans, Warns, now.row.Name, "The "+now.words()+" failed whenever it was used ("+old.err+"), and works from then on.", "Look whether what it does is still meant.")
		case now.err != "":
			b.breaks(now)
		case existed && !redefined(now.row.Name, changes):
			b.compare(old, now)
			b.comparesOtherwise(now)
			if now.row.Type == "trigger" {
				b.compareTrigger(old, now, after, changes)
			}
		}
	}
	return nil
}

// breaks refuses the plan for a view or trigger that could not be compiled any more.
func (b *builder) breaks(u use) {
	what := "it would fail whenever it fires"
	if u.row.Type == "view" {
		what = "it could not be read any more"
	}
	b.plan.Refusals = append(b.plan.Refusals, Refusal{
		Object: u.row.Name, Cause: "Leave the " + u.words() + " whole",
		Reason: "Afterwards " + what + ": " + u.err + ". Change it in the schema too, or drop it first.",
	})
}

// redefined reports whether a change gives an object its text.
func redefined(name string, changes []schema.Change) bool {
	return slices.ContainsFunc(changes, func(c schema.Change) bool {
		co, ok := c.(schema.CreateObject)
		return ok && schema.SameName(co.Of.Name, name)
	})
}

// compare tells what a view or trigger is bound to that it was not, and the other way.
func (b *builder) compare(old, now use) {
	before, after := b.renamedAccesses(old.said()), bound(now.said())
	more, missing := without(after, before), without(before, after)
	name, star := now.row.Name, now.byStar(more)
	switch {
	case star && len(more) > 0 && slices.Equal(without(after, more), before):
		verb := "reads "
		if len(now.columns) > len(old.columns) {
			verb = "shows "
		}
		b.finding(codeShows, Warns, name, "The "+now.words()+" "+verb+accessWords(more)+" too, by the * in its text.", "Name the columns that it is to have, if it is to stay as it is.")
	case len(more)+len(missing) > 0:
		b.finding(codeMeans, Fails, name, "The "+now.words()+" means something else afterwards: "+difference(more, missing)+".", fixMeaning)
	case !slices.Equal(before, after) && now.row.Type == "view" && !hasWord(now.row.SQL, "union", "except", "intersect"):
		b.finding(codeShows, Warns, name, "The view "+name+" shows its columns in another order.", "Name the columns that it is to have, in their order.")
	case !slices.Equal(before, after):
		b.finding(codeMeans, Fails, name, "The "+now.words()+" takes columns by their order, by the * in its text, and they are in another one afterwards.", fixMeaning)
	case b.joinsOtherwise(now):
		b.finding(codeMeans, Fails, name, "The "+now.words()+" joins tables by the names they share (NATURAL), and one of them has other columns afterwards.", "Name the columns with USING or ON.")
	case !slices.Equal(old.columns, now.columns):
		b.finding(codeShows, Warns, name, "The view "+name+" shows "+strings.Join(now.columns, ", ")+" instead of "+strings.Join(old.columns, ", ")+".", "Give its columns names of their own, with AS.")
	}
}

const fixMeaning = "Read its text with the new schema in mind. Change it in the schema too, or choose another name or order."

// said are the accesses that the text itself asks for: the functions in the default of a
// column that it doesn't mention are not of them.
func (u use) said() []sqlite.Access {
	return slices.DeleteFunc(slices.Clone(u.accesses), func(a sqlite.Access) bool {
		return a.Kind == "call" && !schema.Mentions(u.row.SQL, a.Column)
	})
}

// comparesOtherwise tells of what reads a column whose type or collation changes.
func (b *builder) comparesOtherwise(u use) {
	for i := range b.target.Tables {
		want := &b.target.Tables[i]
		have, ok := b.was.Table(want.Name)
		if !ok {
			continue
		}
		for _, next := range want.Columns {
			old, ok := have.Column(next.Name)
			if !ok || schema.Affinity(old.Type) == schema.Affinity(next.Type) && schema.SameName(orBinary(old.Collate), orBinary(next.Collate)) || !u.reads(want.Name, next.Name) {
				continue
			}
			b.finding(codeMeans, Warns, u.row.Name, "The "+u.words()+" reads "+want.Name+"."+next.Name+", of which the type or collation changes: it may compare and sort otherwise.", fixMeaning)
		}
	}
}

// byStar reports whether reads can come from nothing but a *: their columns are not in
// the text. NATURAL JOIN names none either.
func (u use) byStar(reads []sqlite.Access) bool {
	return !hasWord(u.row.SQL, "natural") && !slices.ContainsFunc(reads, func(a sqlite.Access) bool {
		return a.Kind != "read" || schema.Mentions(u.row.SQL, a.Column)
	})
}

// joinsOtherwise reports whether a text with a NATURAL join names a table whose columns
// come, go or are renamed. The compiler doesn't say which columns such a join compares.
func (b *builder) joinsOtherwise(u use) bool {
	if !hasWord(u.row.SQL, "natural") {
		return false
	}
	renamed := slices.ContainsFunc(b.renamed, func(c schema.Change) bool {
		r, ok := c.(schema.RenameColumn)
		return ok && schema.Mentions(u.row.SQL, r.Table)
	})
	for _, t := range b.target.Tables {
		if tc := b.changes[strings.ToLower(t.Name)]; tc != nil && len(tc.adds)+len(tc.gone) > 0 && schema.Mentions(u.row.SQL, t.Name) {
			return true
		}
	}
	return renamed
}

// difference says what is read and written now and was not, and the other way.
func difference(more, missing []sqlite.Access) string {
	var parts []string
	if len(more) > 0 {
		parts = append(parts, "it is bound to "+accessWords(more))
	}
	if len(missing) > 0 {
		parts = append(parts, "no longer to "+accessWords(missing))
	}
	return strings.Join(parts, ", ")
}

// accessWords name what is read, written and called, each once.
func accessWords(accesses []sqlite.Access) string {
	var names []string
	for _, a := range accesses {
		name := a.Table
		switch {
		case a.Kind == "call":
			name = a.Column + "()"
		case a.Kind == "select":
			continue
		case a.Column != "":
			name += "." + a.Column
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "what it did"
	}
	return strings.Join(names, ", ")
}

// compareTrigger tells what a trigger's text decides by order, by UPDATE OF, and by
// writing where rows may be refused from now on.
func (b *builder) compareTrigger(old, now use, after *Live, changes []schema.Change) {
	name := now.row.Name
	if _, found := schema.Excluded(old.row.SQL, now.row.SQL); found {
		b.finding(codeMeans, Fails, name, "RENAME TABLE writes the new name where the trigger "+name+" says excluded: its upsert keeps the old value from then on.", "Drop it first, and make it again afterwards.")
	}
	head, _ := schema.ParseTrigger(now.row.SQL)
	if t, ok := after.Schema.Table(head.Table); ok {
		for _, c := range head.Of {
			if _, there := t.Column(c); !there {
				b.finding(codeMeans, Fails, name, "The trigger "+name+" is to fire when "+t.Name+"."+c+" is updated, and there is no such column any more.", fixMeaning)
			}
		}
	}
	for _, table := range schema.InsertsByPosition(now.row.SQL) {
		have, ok := b.live.Schema.Table(b.liveTable(table))
		want, still := after.Schema.Table(table)
		if ok && still && !slices.Equal(b.positions(have), positions(want)) {
			b.finding(codeMeans, Fails, name, "The trigger "+name+" inserts into "+want.Name+" without naming the columns, and they are in another order afterwards.", "Name the columns in its INSERT.")
		}
	}
	for _, t := range b.target.Tables {
		have, ok := b.was.Table(t.Name)
		if !ok {
			continue
		}
		if rules := changedRules(have, &t, changes); len(rules) > 0 && now.writes(t.Name) {
			b.finding(codeForbids, Warns, name, "The trigger "+name+" writes to "+t.Name+", of which the rules change ("+strings.Join(rules, ", ")+"): what it writes may be refused from now on, and with it the statement that fired it, or no longer be.", "Look whether what it writes meets that.")
		}
		for _, parent := range changedParents(have, &t) {
			if now.deletes(parent) {
				b.finding(codeForbids, Warns, name, "The trigger "+name+" deletes or changes rows of "+parent+", to which the references of "+t.Name+" change: other rows may go with them from now on, or keep them.", "Look whether that is meant.")
			}
		}
	}
}

// positions are the columns that an INSERT without a list fills, in their order.
func positions(t *schema.Table) (names []string) {
	for _, c := range t.Columns {
		if c.Generated == "" {
			names = append(names, schema.Fold(c.Name))
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

// changedRules says what a table refuses from now on that it took before, or the other
// way.
func changedRules(have, want *schema.Table, changes []schema.Change) (words []string) {
	for _, c := range want.Columns {
		old, ok := have.Column(c.Name)
		switch {
		case c.NotNull && (!ok && c.Default == "" && c.Generated == "" || ok && !old.NotNull):
			words = append(words, "NOT NULL on "+c.Name)
		case ok && old.NotNull && !c.NotNull:
			words = append(words, "no NOT NULL on "+c.Name)
		case ok && (want.Strict || have.Strict) && !schema.SameName(old.Type, c.Type):
			words = append(words, "the type "+c.Type+" for "+c.Name)
		}
	}
	for _, c := range changes {
		switch c := c.(type) {
		case schema.ChangeTable:
			if c.Column == "" && schema.SameName(c.Table.Name, want.Name) {
				words = append(words, c.What)
			}
		case schema.CreateIndex:
			if c.Index.Unique && schema.SameName(c.Table, want.Name) {
				words = append(words, "the unique index "+c.Index.Name)
			}
		case schema.DropIndex:
			if c.Index.Unique && schema.SameName(c.Table, want.Name) {
				words = append(words, "without the unique index "+c.Index.Name+" there was")
			}
		case schema.AddColumn: // with its own CHECK, UNIQUE or reference
			if schema.SameName(c.Table.Name, want.Name) && constrained(want, c.Column.Name) {
				words = append(words, "a constraint on "+c.Column.Name)
			}
		}
	}
	return words
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
	return slices.ContainsFunc(names, func(n string) bool { return schema.SameName(n, name) })
}

// bound are accesses under names that can be compared.
func bound(accesses []sqlite.Access) []sqlite.Access {
	out := make([]sqlite.Access, len(accesses))
	for i, a := range accesses {
		out[i] = sqlite.Access{Kind: a.Kind, Table: schema.Fold(a.Table), Column: schema.Fold(a.Column)}
	}
	return out
}

// renamedAccesses are accesses under the names the plan's renames give.
func (b *builder) renamedAccesses(accesses []sqlite.Access) []sqlite.Access {
	out := bound(accesses)
	for i, a := range out {
		if a.Kind != "call" {
			out[i].Table, out[i].Column = b.renamedTo(a.Table, a.Column)
		}
	}
	return out
}

// renamedTo follows a live table's and column's names through the plan's renames. They
// come back folded.
func (b *builder) renamedTo(table, column string) (string, string) {
	table, column = schema.Fold(table), schema.Fold(column)
	for _, c := range b.renamed {
		switch c := c.(type) {
		case schema.RenameTable:
			if table == schema.Fold(c.From) {
				table = schema.Fold(c.To)
			}
		case schema.RenameColumn:
			if table == schema.Fold(c.Table) && column == schema.Fold(c.From) {
				column = schema.Fold(c.To)
			}
		}
	}
	return table, column
}

// without is a list less the members of another, each as often as it has them.
func without(list, other []sqlite.Access) []sqlite.Access {
	rest := slices.Clone(other)
	var out []sqlite.Access
	for _, a := range list {
		if i := slices.Index(rest, a); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			out = append(out, a)
		}
	}
	return out
}

// hasWord reports whether SQL has one of these keywords.
func hasWord(sql string, words ...string) bool {
	for t := range lex.Tokens(sql) {
		if slices.ContainsFunc(words, t.Is) {
			return true
		}
	}
	return false
}

// finding adds a finding once.
func (b *builder) finding(code string, level Level, object, what, fix string) {
	f := Finding{Code: code, Level: level, Object: object, What: what, Fix: fix}
	if !slices.Contains(b.plan.Findings, f) {
		b.plan.Findings = append(b.plan.Findings, f)
	}
}
