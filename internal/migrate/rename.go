package migrate

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// renames come first, and SQLite itself rewrites the texts that mention a name. It
// reports whether the engine takes them all.
func (b *builder) renames() (bool, error) {
	b.was, b.rows = b.live.Schema, b.live.Rows
	for _, c := range schema.Circles(b.live.Schema, b.target) {
		b.refuse(c, "Each has the other's old name, and the database can't show whether that was done already. "+
			"Do it in two versions, with a third name in between.")
	}
	_, b.renamed = schema.Renamed(b.live.Schema, b.target)
	if len(b.renamed) == 0 || len(b.plan.Refusals) > 0 {
		return len(b.plan.Refusals) == 0, nil
	}
	for _, c := range b.renamed {
		if l := b.withoutAlter(); l != nil {
			b.refuse(c, "SQLite reads every text of the database for it, and fails at %s. Drop that first.", l.Words())
		}
		b.rename(c)
	}
	if b.renamed = b.spared(b.renamed); len(b.plan.Refusals) > 0 {
		return false, nil
	}
	if failed, err := b.failing(); failed != nil || err != nil {
		if failed != nil {
			b.refuseStep(failed)
		}
		return false, err
	}
	l, err := b.trial.Read()
	if err != nil {
		return false, err
	}
	b.was, b.rows = l.Schema, l.Rows
	b.restoreExcluded()
	return true, nil
}

// rename adds the statements of one rename. A table that is renamed in case alone takes
// a detour, since SQLite finds the new name taken.
func (b *builder) rename(c schema.Change) {
	const reason = "No row changes. Code that uses the old name fails from this moment on."
	switch c := c.(type) {
	case schema.RenameTable:
		alter := func(from, to string) string {
			return "ALTER TABLE " + sqltext.Quote(from) + " RENAME TO " + sqltext.Quote(to)
		}
		if sqltext.Same(c.From, c.To) {
			between := b.helper("new")
			b.step(c, alter(c.From, between), Caution, "No row changes, and SQLite takes the name in any case.")
			b.more(alter(between, c.To))
			return
		}
		b.step(c, alter(c.From, c.To), Caution, reason)
	case schema.RenameColumn:
		why := reason
		if sqltext.Same(c.From, c.To) {
			why = "No row changes, and SQLite takes the name in any case. Code that reads rows by name may not."
		}
		b.step(c, "ALTER TABLE "+sqltext.Quote(c.Table)+" RENAME COLUMN "+sqltext.Quote(c.From)+" TO "+sqltext.Quote(c.To), Caution, why)
	}
}

// restoreExcluded makes triggers again in which RENAME TABLE wrote the table's new name
// in the place of excluded: see schema.Excluded.
func (b *builder) restoreExcluded() {
	b.rows = slices.Clone(b.rows)
	for i, row := range b.rows {
		was := slices.IndexFunc(b.live.Rows, func(r schema.MasterRow) bool { return r.Type == "trigger" && r.Name == row.Name })
		if row.Type != "trigger" || was < 0 {
			continue
		}
		sql, found := schema.Excluded(b.live.Rows[was].SQL, row.SQL)
		if !found {
			continue
		}
		b.rows[i].SQL = sql
		b.step(objectWords{row.Name, "Drop trigger " + row.Name + " to make it again"}, "DROP TRIGGER "+sqltext.Quote(row.Name), Caution,
			"RENAME TABLE writes the table's name in the place of excluded in its text; it is made again further down as it was meant.")
		b.setAgain(b.rows[i])
	}
}

// caseOnly reports whether a rename changes nothing but the case of a name.
func caseOnly(c schema.Change) bool {
	switch c := c.(type) {
	case schema.RenameTable:
		return sqltext.Same(c.From, c.To)
	case schema.RenameColumn:
		return sqltext.Same(c.From, c.To)
	}
	return false
}
