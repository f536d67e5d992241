package migrate

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// identity tells objects apart: triggers have names of their own, and tables, views and
// indexes share theirs.
func identity(kind, name string) string {
	if kind == "trigger" {
		return "trigger " + sqltext.Fold(name)
	}
	return sqltext.Fold(name)
}

// setAgain notes a trigger that is dropped by now and is to be made again at the end.
func (b *builder) setAgain(row schema.MasterRow) {
	b.dropped[identity(row.Type, row.Name)] = true
	b.again[sqltext.Fold(row.Name)] = row
}

// triggersOn lists the triggers a table or view still has, in order of their creation.
func (b *builder) triggersOn(table string) (rows []schema.MasterRow) {
	for _, row := range b.rows {
		if row.Type == "trigger" && sqltext.Same(row.Table, table) && !b.dropped[identity(row.Type, row.Name)] {
			rows = append(rows, row)
		}
	}
	return rows
}

// triggered reports whether a table has triggers now.
func (b *builder) triggered(table string) bool { return len(b.triggersOn(table)) > 0 }

// dropTriggers takes the triggers of a table out of the way, to be made again at the end
// unless the target says something else of them.
func (b *builder) dropTriggers(table string) {
	for _, row := range b.triggersOn(table) {
		b.more("DROP TRIGGER " + sqltext.Quote(row.Name))
		b.setAgain(row)
	}
}

// dropObjects takes views and triggers out of the way that change or go, triggers before
// the views they are on.
func (b *builder) dropObjects(changes, gone []schema.Change) {
	var views []schema.DropObject
	for _, c := range slices.Concat(changes, gone) {
		d, ok := c.(schema.DropObject)
		switch {
		case !ok:
		case d.Of.Type == "trigger":
			b.dropObject(d)
		default:
			views = append(views, d)
		}
	}
	for _, d := range views {
		b.dropObject(d)
		for _, row := range b.triggersOn(d.Of.Name) { // INSTEAD OF: they went with it
			if d.Changed {
				b.setAgain(row)
				continue
			}
			b.wentWith(row, "view "+d.Of.Name)
		}
	}
}

func (b *builder) dropObject(d schema.DropObject) {
	if b.dropped[identity(d.Of.Type, d.Of.Name)] { // for a rename
		delete(b.again, sqltext.Fold(d.Of.Name))
		return
	}
	kind, risk, reason := sqltext.Upper(d.Of.Type), Caution, "No row changes, but code that uses it fails from now on."
	if d.Changed {
		reason = "It is made again further down, in the same transaction."
		b.replaced(d)
	}
	if d.Of.Type == "virtual table" {
		kind, risk, reason = "TABLE", Destructive, "Its content goes with it; fill it anew afterwards."
		b.lose(d.Of.Name, "The virtual table "+d.Of.Name+" with its content.")
	}
	b.step(d, "DROP "+kind+" "+sqltext.Quote(d.Of.Name), risk, reason)
	b.dropped[identity(d.Of.Type, d.Of.Name)] = true
}

// wentWith tells of a trigger that goes with what it is on.
func (b *builder) wentWith(row schema.MasterRow, with string) {
	b.dropped[identity(row.Type, row.Name)] = true
	b.finding(codeGoes, Warns, row.Name, "The trigger "+row.Name+" goes with the "+with+".",
		"Keep its text, if it is needed elsewhere: "+row.SQL)
}

// replaced tells of an object that nobody declared, or not so, and whose name the target
// declares for something else.
func (b *builder) replaced(d schema.DropObject) {
	what := "no version is known to have declared"
	if b.previous != nil {
		o, ok := b.previous.Object(d.Of.Type, d.Of.Name)
		if ok && o.Type == d.Of.Type && schema.SameText(o.SQL, d.Of.SQL) {
			return
		}
		if o != nil && b.wasLive(*o) { // a rename has rewritten it
			return
		}
		what = "is not what the version before declares"
	}
	b.finding(codeReplaced, Fails, d.Of.Name,
		"The "+d.Of.Type+" "+d.Of.Name+", which "+what+", is replaced by the one of that name in this version.",
		"Keep its text under another name, if it is needed: "+d.Of.SQL)
}

// wasLive reports whether the database has an object with the text that is declared.
func (b *builder) wasLive(o schema.Object) bool {
	return slices.ContainsFunc(b.live.Rows, func(r schema.MasterRow) bool {
		return identity(r.Type, r.Name) == identity(o.Type, o.Name) && schema.SameText(r.SQL, o.SQL)
	})
}

// createObjects makes what is new or changed, views before triggers, and again the
// triggers that had to go. Triggers of a table fire in the reverse order of their
// creation, so the ones there were come in their order and new ones last; one that
// stands and was created after one that is made again is made again too.
func (b *builder) createObjects(changes []schema.Change) {
	made := map[string]schema.CreateObject{}
	var fresh []schema.CreateObject
	for _, kind := range []string{"virtual table", "view", "trigger"} {
		for _, c := range changes {
			co, ok := c.(schema.CreateObject)
			switch {
			case !ok || co.Of.Type != kind:
			case kind != "trigger":
				b.createObject(co)
			case b.hasTrigger(co.Of):
				made[sqltext.Fold(co.Of.Name)] = co
			default:
				fresh = append(fresh, co)
			}
		}
	}
	late := map[string]bool{} // tables of which a trigger was made again
	for _, row := range b.rows {
		if row.Type != "trigger" {
			continue
		}
		if b.dropped[identity("table", row.Table)] && !b.made(row.Table) {
			continue // what it is on is gone
		}
		name, table := sqltext.Fold(row.Name), sqltext.Fold(row.Table)
		co, changed := made[name]
		again, dropped := b.again[name]
		switch {
		case changed:
			b.createObject(co)
		case dropped:
			b.makeAgain(again, "It went with what it is on, which is made anew; the text is the same.")
		case late[table] && !b.dropped[identity(row.Type, row.Name)]:
			b.step(objectWords{row.Name, "Drop trigger " + row.Name + " to make it again"}, "DROP TRIGGER "+sqltext.Quote(row.Name),
				Safe, "Triggers fire in the order they were made in, the latest first: it keeps its place.")
			b.makeAgain(row, "It keeps its place among the triggers of "+row.Table+".")
		default:
			continue
		}
		late[table] = true
	}
	for _, co := range fresh {
		b.createObject(co)
	}
	b.refreshFullText()
}

// hasTrigger reports whether the live table has a trigger of that name, whose place in
// the order a changed one takes.
func (b *builder) hasTrigger(o schema.Object) bool {
	return slices.ContainsFunc(b.rows, func(row schema.MasterRow) bool {
		return row.Type == "trigger" && sqltext.Same(row.Name, o.Name) && sqltext.Same(row.Table, o.Table)
	})
}

func (b *builder) createObject(co schema.CreateObject) {
	b.step(co, co.Of.SQL, Safe, "It reads and writes nothing by itself.")
}

func (b *builder) makeAgain(row schema.MasterRow, reason string) {
	b.step(objectWords{row.Name, "Make trigger " + row.Name + " again"}, row.SQL, Safe, reason)
}

// made reports whether the target has a table or view of that name, which is there again
// by the end.
func (b *builder) made(name string) bool {
	_, table := b.target.Table(name)
	_, view := b.target.Object("view", name)
	return table || view
}
