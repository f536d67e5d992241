package migrate

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// meaning compares what views and triggers are bound to before and after the steps. One
// that can't be compiled any more is a refusal. One that means something else, shows
// something else, or writes where a new constraint may refuse it, is a finding that names
// it. Those the plan itself gives another text are only compiled.
func (b *builder) meaning(after *live.Database, changes []schema.Change) error {
	was, err := uses(b.live)
	if err != nil {
		return err
	}
	is, err := uses(after)
	if err != nil {
		return err
	}
	shown := b.shownOtherwise(was, is)
	for _, row := range after.Rows {
		now, ok := is[identity(row.Type, row.Name)]
		if !ok || row.Type != now.row.Type {
			continue // an index may have the name of a view that is gone
		}
		old, existed := was[identity(row.Type, row.Name)]
		existed = existed && old.row.Type == now.row.Type
		switch {
		case row.Type == "table":
			if existed && !redefined(row, changes) {
				b.compareFullText(old, now)
			}
		case existed && old.err != "" && now.err != old.err && gone.MatchString(now.err): // what it names goes
			b.breaks(now)
		case existed && old.err != "" && now.err != "": // it was broken before
			b.unknown(now)
		case existed && old.err != "":
			b.finding(codeMeans, Warns, now.row.Name,
				"The "+now.words()+" failed whenever it was used ("+old.err+"), and works from then on.", "Look whether what it does is still meant.")
		case now.err != "":
			b.breaks(now)
		case existed && !redefined(row, changes):
			b.compare(old, now, shown)
			b.comparesOtherwise(now)
			if now.row.Type == "trigger" {
				b.compareTrigger(old, now, after, shown, changes)
			}
		}
	}
	return nil
}

// gone is what the engine says of a name that stands for nothing any more.
var gone = regexp.MustCompile(`no such (column|table): `)

// unknown tells of what can't be compiled, before or after, and speaks of what changes: it
// may be whole where a program brings its functions along.
func (b *builder) unknown(u use) {
	speaks := func(table string) bool { return sqltext.Same(u.row.Table, table) || schema.Speaks(u.row.SQL, table) }
	touched := slices.ContainsFunc(b.target.Tables, func(t schema.Table) bool {
		return b.changes[sqltext.Fold(t.Name)] != nil && speaks(t.Name)
	})
	if touched {
		b.finding(codeMeans, Warns, u.row.Name, "The "+u.words()+
			" can't be compiled here, so what the changes mean to it isn't known: "+u.err+".",
			"Read its text with the new schema in mind, and try it where what it calls is there.")
	}
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
func redefined(row schema.MasterRow, changes []schema.Change) bool {
	return slices.ContainsFunc(changes, func(c schema.Change) bool {
		co, ok := c.(schema.CreateObject)
		return ok && identity(co.Of.Type, co.Of.Name) == identity(row.Type, row.Name)
	})
}

// shownOtherwise lists the views whose columns are others afterwards, or the same names
// with other values under them.
func (b *builder) shownOtherwise(was, is map[string]use) (names []string) {
	for key, now := range is {
		old, ok := was[key]
		if ok && now.row.Type == "view" && (!slices.Equal(old.columns, now.columns) ||
			!slices.Equal(b.renamedAccesses(old.said()), bound(now.said()))) {
			names = append(names, now.row.Name)
		}
	}
	slices.Sort(names)
	return names
}

// compare tells what a view or trigger is bound to that it was not, and the other way.
// shown are the views that show something else.
func (b *builder) compare(old, now use, shown []string) {
	before, after := b.renamedAccesses(old.said()), bound(now.said())
	more, missing := without(after, before), without(before, after)
	name, changed := now.row.Name, !slices.Equal(before, after)
	sorted := slices.Equal(without(after, more), without(before, missing))
	switch {
	case changed && sorted && now.byStar(slices.Concat(more, missing)):
		b.finding(codeShows, Warns, name, "The "+now.words()+" reads by the * in its text: "+difference(more, missing)+".",
			"Name the columns that it is to have, if it is to stay as it is.")
	case len(more)+len(missing) > 0:
		b.finding(codeMeans, Fails, name, "The "+now.words()+" means something else afterwards: "+difference(more, missing)+".", fixMeaning)
	case changed && now.row.Type == "view" && now.plain():
		b.finding(codeShows, Warns, name, "The view "+name+" shows its columns in another order.",
			"Name the columns that it is to have, in their order.")
	case changed:
		b.finding(codeMeans, Fails, name, "The "+now.words()+
			" takes columns by their order, by the * in its text, and they are in another one afterwards.", fixMeaning)
	case b.joinsOtherwise(now, shown):
		b.finding(codeMeans, Fails, name, "The "+now.words()+
			" joins by the names that tables share (NATURAL or USING), and one of them has other columns afterwards.",
			"Say with ON what is to be equal.")
	case !slices.Equal(old.columns, now.columns):
		b.finding(codeShows, Warns, name, "The view "+name+" shows "+strings.Join(now.columns, ", ")+" instead of "+
			strings.Join(old.columns, ", ")+".", "Give its columns names of their own, with AS.")
	}
}

// plain reports whether nothing in a view's text depends on the order or the number of
// what a * gives but what it shows.
func (u use) plain() bool {
	return !schema.NamesColumns(u.row.SQL) &&
		!sqltext.HasWord(u.row.SQL, "union", "except", "intersect", "distinct", "in", "with", "order", "group", "limit", "values", "=")
}

const fixMeaning = "Read its text with the new schema in mind. Change it in the schema too, or choose another name or order."

// said are the accesses that the text itself asks for: the functions in the default of a
// column that it doesn't mention are not of them.
func (u use) said() []sqlite.Access {
	return slices.DeleteFunc(slices.Clone(u.accesses), func(a sqlite.Access) bool {
		return a.Kind == "call" && !schema.Mentions(u.row.SQL, a.Column)
	})
}

// comparesOtherwise tells of what reads or writes a column whose type or collation
// changes.
func (b *builder) comparesOtherwise(u use) {
	for i := range b.target.Tables {
		want := &b.target.Tables[i]
		have, ok := b.was.Table(want.Name)
		if !ok {
			continue
		}
		for _, next := range want.Columns {
			old, ok := have.Column(next.Name)
			if !ok || schema.Affinity(old.Type) == schema.Affinity(next.Type) && sqltext.Same(old.Collation(), next.Collation()) {
				continue
			}
			if u.reads(want.Name, next.Name) || u.updates(want.Name, next.Name) || u.inserts(want.Name) {
				b.finding(codeMeans, Warns, u.row.Name,
					"The "+u.words()+" reads or writes "+want.Name+"."+next.Name+
						", of which the type or collation changes: it may compare, sort and store otherwise.", fixMeaning)
			}
		}
	}
}

// byStar reports whether reads can come from nothing but a *: their columns are not in
// the text. NATURAL JOIN names none either, and what compares whole rows does something
// else with other columns.
func (u use) byStar(reads []sqlite.Access) bool {
	return !sqltext.HasWord(u.row.SQL, "natural", "union", "except", "intersect", "distinct") &&
		!slices.ContainsFunc(reads, func(a sqlite.Access) bool {
			return a.Kind != "read" || a.Column == rowid || schema.NamesColumn(u.row.SQL, a.Column)
		})
}

// joinsOtherwise reports whether a text that joins by shared names speaks of a table or
// view whose columns come, go or are renamed: for USING, one of those it names. The
// compiler doesn't say which columns such a join compares.
func (b *builder) joinsOtherwise(u use, shown []string) bool {
	natural := sqltext.HasWord(u.row.SQL, "natural")
	if !natural && !sqltext.HasWord(u.row.SQL, "using") {
		return false
	}
	matters := func(table, column string) bool {
		return schema.Speaks(u.row.SQL, table) && (natural || schema.Mentions(u.row.SQL, column))
	}
	for _, c := range b.renamed {
		if r, ok := c.(schema.RenameColumn); ok && (matters(r.Table, r.To) || matters(r.Table, r.From)) {
			return true
		}
	}
	for _, t := range b.target.Tables {
		tc := b.changes[sqltext.Fold(t.Name)]
		if tc == nil {
			continue
		}
		for _, c := range slices.Concat(tc.adds, tc.gone) {
			_, column, _ := strings.Cut(c.Object(), ".")
			if matters(t.Name, column) {
				return true
			}
		}
	}
	return slices.ContainsFunc(shown, func(view string) bool { return schema.Speaks(u.row.SQL, view) && !sqltext.Same(view, u.row.Name) })
}

// finding adds a finding once.
func (b *builder) finding(code string, level Level, object, what, fix string) {
	f := Finding{Code: code, Level: level, Object: object, What: what, Fix: fix}
	if !slices.Contains(b.plan.Findings, f) {
		b.plan.Findings = append(b.plan.Findings, f)
	}
}
