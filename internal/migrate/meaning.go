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
