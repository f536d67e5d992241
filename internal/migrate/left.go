package migrate

import (
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Leave returns what plans leave alone of a database: what can't be read of it, and what
// the engine can't make.
func Leave(ctx context.Context, db *live.Database) ([]live.Left, error) {
	s, err := shadow.Like(ctx, db.Rows)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return slices.Concat(db.Left, s.Left), nil
}

// Less is a schema without what is left alone. A table stays without its indexes of them.
func Less(s *schema.Schema, left []live.Left) *schema.Schema {
	out := s.Clone()
	out.Tables = slices.DeleteFunc(out.Tables, func(t schema.Table) bool { return leftAlone(left, "table", t.Name) != nil })
	for i := range out.Tables {
		t := &out.Tables[i]
		t.Indexes = slices.DeleteFunc(t.Indexes, func(ix schema.Index) bool { return leftAlone(left, "index", ix.Name) != nil })
	}
	out.Objects = slices.DeleteFunc(out.Objects, func(o schema.Object) bool { return leftAlone(left, o.Type, o.Name) != nil })
	return out
}

// leftAlone finds something by its identity among what is left alone, nil for none.
func leftAlone(left []live.Left, kind, name string) *live.Left {
	i := slices.IndexFunc(left, func(l live.Left) bool { return identity(l.Type, l.Name) == identity(kind, name) })
	if i < 0 {
		return nil
	}
	return &left[i]
}

// leave finds out what the plan has to leave alone. It asks the engine where something is
// to change, and where there is what an engine may lack: a module or a collation.
func (b *builder) leave() error {
	b.plan.Left = b.live.Left
	differs := len(schema.Diff(b.live.Schema, b.target))+len(schema.Dropped(b.previous, b.live.Schema, b.target)) > 0
	if !differs && len(b.live.Virtual) == 0 &&
		!slices.ContainsFunc(b.live.Rows, func(r schema.MasterRow) bool { return sqltext.HasWord(r.SQL, "collate") }) {
		return nil
	}
	if _, err := b.failing(); err != nil {
		return err
	}
	b.plan.Left = slices.Concat(b.live.Left, b.trial.Left)
	return nil
}

// spared refuses the changes of what is left alone, and returns the others.
func (b *builder) spared(changes []schema.Change) (rest []schema.Change) {
	for _, c := range standing(changes, b.plan.Left) {
		if l := b.changesLeft(c); l != nil {
			b.refuse(c, "The %s %s is left alone: %s. Change it with a program that has what it takes, or take it out of the schema.",
				l.Type, l.Name, l.Reason)
			continue
		}
		rest = append(rest, c)
	}
	return rest
}

// standing are changes without those that only take an index away that is left alone.
func standing(changes []schema.Change, left []live.Left) []schema.Change {
	return slices.DeleteFunc(changes, func(c schema.Change) bool {
		d, ok := c.(schema.DropIndex)
		return ok && !d.Changed && leftAlone(left, "index", d.Index.Name) != nil
	})
}

// changesLeft returns what a change would touch of what is left alone, nil for nothing.
func (b *builder) changesLeft(c schema.Change) *live.Left {
	in := func(kind string, names ...string) *live.Left {
		for _, name := range names {
			if l := leftAlone(b.plan.Left, kind, name); l != nil {
				return l
			}
		}
		return nil
	}
	switch c := c.(type) {
	case schema.CreateTable:
		return in("table", c.Table.Name)
	case schema.RenameTable:
		return in("table", c.From, c.To)
	case schema.DropTable:
		return in("table", c.Table.Name)
	case schema.AddColumn:
		return in("table", c.Table.Name)
	case schema.RenameColumn:
		return in("table", c.Table)
	case schema.DropColumn:
		return in("table", c.Table.Name)
	case schema.ChangeTable:
		return in("table", c.Table.Name)
	case schema.CreateIndex:
		return in("index", c.Table, c.Index.Name)
	case schema.DropIndex:
		return in("index", c.Table, c.Index.Name)
	case schema.CreateObject:
		return b.objectLeft(c.Of)
	case schema.DropObject:
		return b.objectLeft(c.Of)
	}
	return nil
}

// objectLeft is an object that is left alone, or what it is on.
func (b *builder) objectLeft(o schema.Object) *live.Left {
	if l := leftAlone(b.plan.Left, o.Type, o.Name); l != nil || o.Type != "trigger" {
		return l
	}
	return leftAlone(b.plan.Left, "table", o.Table)
}

// apart returns what is left alone and keeps a table from being made anew: what is on it,
// a table that refers to it, and one that it refers to. nil for nothing.
func (b *builder) apart(t *schema.Table) *live.Left {
	for i, l := range b.plan.Left {
		refersTo := slices.ContainsFunc(t.ForeignKeys, func(fk schema.ForeignKey) bool { return sqltext.Same(fk.Table, l.Name) })
		switch {
		case l.Of(t.Name), l.Type == "table" && (refersTo || b.leftRefers(l, t.Name)):
			return &b.plan.Left[i]
		}
	}
	return nil
}

// leftRefers reports whether a table that is left alone refers to another: by its text
// where that could be read, by the engine where it has the table, else if it mentions it.
func (b *builder) leftRefers(l live.Left, table string) bool {
	if t, ok := b.now.Table(l.Name); ok {
		return slices.ContainsFunc(t.ForeignKeys, func(fk schema.ForeignKey) bool { return sqltext.Same(fk.Table, table) })
	}
	if _, err := b.failing(); err == nil && leftAlone(b.trial.Left, l.Type, l.Name) == nil {
		parents, err := b.trial.Texts(`SELECT "table" FROM pragma_foreign_key_list(` + sqltext.QuoteText(l.Name) + ")")
		return err != nil || contains(parents, table)
	}
	return slices.ContainsFunc(b.live.Rows, func(r schema.MasterRow) bool {
		return r.Type == l.Type && sqltext.Same(r.Name, l.Name) && schema.Speaks(r.SQL, table)
	})
}

// withoutAlter returns what keeps the engine from any RENAME and DROP COLUMN: SQLite then
// reads every text anew, and fails at a collation that it doesn't have. nil for nothing.
func (b *builder) withoutAlter() *live.Left {
	if b.trial == nil {
		return nil
	}
	if l, ok := b.trial.Lacks(); ok {
		return &l
	}
	return nil
}
