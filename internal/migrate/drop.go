package migrate

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// dropTables drops what the schema no longer declares, children first. Before DROP TABLE
// deletes the rows, what would make one delete the next is untied: rows that refer to
// each other, in a table or in a circle of them.
func (b *builder) dropTables(gone []schema.Change) {
	var left []string
	for _, c := range gone {
		if c, ok := c.(schema.DropTable); ok {
			left = append(left, c.Table.Name)
		}
	}
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(n string) bool {
			return !slices.ContainsFunc(b.incoming(n), func(k incoming) bool {
				return !sqltext.Same(k.child.Name, n) && contains(left, k.child.Name)
			})
		})
		i = max(i, 0) // a circle: any
		t, _ := b.was.Table(left[i])
		b.dropTable(t, left)
		left = slices.Delete(left, i, i+1)
	}
}

// dropTable drops one table; going are those that are dropped too.
func (b *builder) dropTable(t *schema.Table, going []string) {
	c := schema.DropTable{Table: *t}
	keys := b.incoming(t.Name)
	for _, l := range b.plan.Left {
		if l.Type == "table" && b.leftRefers(l, t.Name) {
			b.refuse(c, "A table that is left alone refers to it, or may: %s. Dropping it could delete or change rows there.", l.Words())
			return
		}
	}
	for _, k := range keys {
		if !contains(going, k.child.Name) {
			b.refuse(c, "The table %s still refers to it; dropping it would delete or change rows there. Let the reference go first.", k.child.Name)
			return
		}
	}
	b.check(LiveCheck{
		Severity: Lost, Object: t.Name, What: "rows of " + t.Name + " that are lost",
		Count: "SELECT count(*) FROM " + sqltext.Quote(b.liveTable(t.Name)),
	})
	b.lose(t.Name, "The table "+t.Name+" with its rows.")
	b.begin(c, Destructive, "Every row of it is gone; a restore point holds them.")
	b.untieAll(t, keys, c)
	for _, row := range b.triggersOn(t.Name) {
		b.wentWith(row, "table "+t.Name)
	}
	b.more("DROP TABLE " + sqltext.Quote(t.Name))
	for _, row := range b.rows { // set aside before, and not to be made again
		if _, again := b.again[sqltext.Fold(row.Name)]; again && row.Type == "trigger" && sqltext.Same(row.Table, t.Name) {
			delete(b.again, sqltext.Fold(row.Name))
			b.wentWith(row, "table "+t.Name)
		}
	}
	b.dropped[identity("table", t.Name)] = true
	b.now.Tables = slices.DeleteFunc(b.now.Tables, func(x schema.Table) bool { return sqltext.Same(x.Name, t.Name) })
}

// untieAll sees to it that no row of a table that is dropped is referred to. Where the
// references can't be taken away, the keys step aside.
func (b *builder) untieAll(t *schema.Table, keys []incoming, c described) {
	if len(keys) == 0 {
		return
	}
	untied := make([]string, len(keys))
	for i, k := range keys {
		untied[i] = b.untied(k)
	}
	var s shift
	if slices.Contains(untied, "") {
		if s = b.shift(t, keys); s.why != "" {
			b.refuse(c, "Its rows refer to each other, and each would take the next along. %s Let the reference go first.", s.why)
			return
		}
	}
	b.more("PRAGMA defer_foreign_keys = on")
	for _, k := range keys {
		for _, row := range b.triggersOn(k.child.Name) { // they would fire
			b.more("DROP TRIGGER " + sqltext.Quote(row.Name))
			b.wentWith(row, "table "+k.child.Name)
		}
	}
	if slices.Contains(untied, "") {
		b.helperIndexes(t, keys, true)
		b.move(t, s)
		return
	}
	for _, sql := range untied {
		b.more(sql)
	}
}

// untied is a statement after which no row refers to another by that key, "" where there
// is none. A reference goes by a NULL; one within a table also by each row referring to
// itself.
func (b *builder) untied(k incoming) string {
	t, child := k.child, sqltext.Quote(k.child.Name)
	free := func(column string) bool {
		return b.reader(t, column) == "" && !slices.ContainsFunc(t.Indexes, func(ix schema.Index) bool {
			return ix.Unique && b.computes(t, ix, column)
		}) && !slices.ContainsFunc(b.incoming(t.Name), func(in incoming) bool { return contains(in.refs, column) })
	}
	for _, name := range k.fk.Columns {
		if c, ok := t.Column(name); ok && c.Generated == "" && !c.NotNull && !contains(t.PrimaryKey, name) && free(name) {
			return "UPDATE " + child + " SET " + sqltext.Quote(name) + " = NULL WHERE " + sqltext.Quote(name) + " IS NOT NULL"
		}
	}
	if !sqltext.Same(k.fk.Table, t.Name) || len(k.refs) != len(k.fk.Columns) || unique(t, k.fk.Columns) {
		return "" // a unique column can't take a value that another row has still
	}
	var sets []string
	for i, name := range k.fk.Columns {
		c, ok := t.Column(name)
		ref, known := t.Column(k.refs[i])
		if !ok || !known || c.Generated != "" || !free(name) || !ref.NotNull && !t.RowIDAlias(ref.Name) {
			return ""
		}
		sets = append(sets, sqltext.Quote(name)+" = "+sqltext.Quote(ref.Name))
	}
	return "UPDATE " + child + " SET " + list(sets)
}

// unique reports whether a key or unique index of a table has one of these columns.
func unique(t *schema.Table, columns []string) bool {
	has := func(c schema.IndexColumn) bool { return contains(columns, c.Expr) }
	return slices.ContainsFunc(t.Keys(), func(k schema.Key) bool { return slices.ContainsFunc(k, has) }) ||
		slices.ContainsFunc(t.Indexes, func(ix schema.Index) bool { return ix.Unique && slices.ContainsFunc(ix.Columns, has) })
}
