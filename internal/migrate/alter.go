package migrate

import (
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// table plans what is to happen to one table by the cheapest safe way: ALTER, the
// column shuffle, a rebuild.
func (b *builder) table(tc *tableChange) error {
	if len(tc.adds)+len(tc.gone)+len(tc.rest) == 0 {
		return nil
	}
	native, err := b.alter(tc)
	if err != nil {
		return err
	}
	if !native {
		moved, err := b.shuffle(tc)
		if err != nil {
			return err
		}
		if !moved {
			b.rebuild(tc)
		}
	}
	for i := range b.now.Tables {
		if sqltext.Same(b.now.Tables[i].Name, tc.want.Name) {
			b.now.Tables[i] = *tc.want
		}
	}
	return nil
}

// alter plans ADD COLUMN and DROP COLUMN where they are all it takes.
func (b *builder) alter(tc *tableChange) (bool, error) {
	var statements []string
	for _, c := range tc.adds {
		c := c.(schema.AddColumn)
		if notByAlter(c) != "" {
			return false, nil
		}
		statements = append(statements, c.Table.AddColumnDDL(&c.Column))
	}
	for _, c := range tc.gone {
		c := c.(schema.DropColumn)
		statements = append(statements, "ALTER TABLE "+sqltext.Quote(c.Table.Name)+" DROP COLUMN "+sqltext.Quote(c.Column.Name))
	}
	if len(tc.gone)+len(tc.rest) > 0 { // the rules of ADD COLUMN are known; of the rest the engine knows more
		if len(statements) == 0 || b.withoutAlter() != nil {
			return false, nil
		}
		if ok, err := b.reaches(tc, statements); !ok || err != nil {
			return false, err
		}
	}
	for i, c := range tc.adds {
		c := c.(schema.AddColumn)
		risk := Safe
		if b.checkAdded(tc, c) {
			risk = Check
		}
		b.step(c, statements[i], risk, addReason(c))
	}
	for i, c := range tc.gone {
		c := c.(schema.DropColumn)
		b.step(c, statements[len(tc.adds)+i], Destructive, "Rewrites every row without it. Its values are gone; a restore point holds them.")
		b.checkColumn(c)
	}
	if len(tc.gone)+len(tc.rest) > 0 {
		b.tried = len(b.plan.Steps)
	}
	return true, nil
}

// reaches tries statements and reports whether the table is then what it is to be,
// its indexes aside.
func (b *builder) reaches(tc *tableChange, statements []string) (bool, error) {
	return b.try(func() (bool, error) { return b.reached(tc) }, statements...)
}

func (b *builder) reached(tc *tableChange) (bool, error) {
	l, err := b.trial.Read()
	if err != nil {
		return false, err
	}
	for _, c := range schema.Diff(l.Schema, b.target) {
		switch c := c.(type) {
		case schema.AddColumn:
			if c.Table.Name == tc.want.Name {
				return false, nil
			}
		case schema.DropColumn:
			if sqltext.Same(c.Table.Name, tc.want.Name) {
				return false, nil
			}
		case schema.ChangeTable:
			if c.Table.Name == tc.want.Name {
				return false, nil
			}
		}
	}
	return true, nil
}

// notByAlter names the rule of ALTER TABLE ADD COLUMN a column breaks, "" for none
// (the rules are the executable specification TestAlterRules of package sqlite).
func notByAlter(c schema.AddColumn) string {
	col := c.Column
	for _, u := range c.Table.UniqueKeys() {
		if len(u) == 1 && sqltext.Same(u[0].Expr, col.Name) {
			return "a UNIQUE column"
		}
	}
	for _, k := range c.Table.PrimaryKey {
		if sqltext.Same(k, col.Name) {
			return "a part of the primary key"
		}
	}
	switch {
	case col.Generated != "" && col.Stored:
		return "a stored generated column"
	case col.Default != "" && !schema.IsConstant(col.Default):
		return "a default that is an expression"
	case col.NotNull && col.Default == "" && col.Generated == "":
		return "NOT NULL without a default"
	}
	for _, fk := range c.Table.ForeignKeys {
		if len(fk.Columns) == 1 && sqltext.Same(fk.Columns[0], col.Name) && (col.Default != "" || col.Generated != "") {
			return "a reference with a value" // which the engine refuses, or doesn't check
		}
	}
	return ""
}

// checkAdded asks whether the rows that are there meet the constraints that come with an
// added column. It reports whether there is something to ask.
func (b *builder) checkAdded(tc *tableChange, c schema.AddColumn) bool {
	if c.Column.Default == "" && c.Column.Generated == "" {
		return false // NULL passes
	}
	asked := false
	for _, check := range c.Table.Checks {
		if schema.Mentions(check, c.Column.Name) {
			asked = true
			b.blocking(tc.have, tc.want, "NOT ("+check+"\n)", LiveCheck{
				Object: c.Object(), What: "rows that would break the CHECK (" + check + ")", Fix: "Give a default that meets it.",
			})
		}
	}
	if c.Column.Generated != "" {
		b.checkGenerated(tc.have, tc.want, &c.Column)
		asked = asked || c.Column.NotNull || tc.want.Strict
	}
	return asked
}

func addReason(c schema.AddColumn) string {
	switch {
	case c.Column.Generated != "":
		return "A generated column; it is computed when read, and no row is rewritten."
	case c.Column.Default == "":
		return "Old rows read as NULL; no row is rewritten."
	}
	return fmt.Sprintf("A constant default; old rows read as %s, and no row is rewritten.", c.Column.Default)
}

// shuffle plans the change of one column by a new one that takes its place, where
// nothing else depends on the column and no trigger would see the write. The
// table is not made anew, so its children are out of reach; the column moves to
// the end.
func (b *builder) shuffle(tc *tableChange) (bool, error) {
	if b.withoutAlter() != nil {
		return false, nil // the last of its steps would fail
	}
	if len(tc.adds)+len(tc.gone)+len(tc.dropIndexes) > 0 || b.triggered(tc.have.Name) || tc.want.Verbatim || tc.have.Named ||
		len(tc.have.Extra) > 0 {
		return false, nil
	}
	name := ""
	for _, c := range tc.rest {
		ct := c.(schema.ChangeTable)
		if ct.Column == "" || name != "" && ct.Column != name {
			return false, nil
		}
		name = ct.Column
	}
	have, _ := tc.have.Column(name)
	want, _ := tc.want.Column(name)
	add := schema.AddColumn{Table: *tc.want, Column: *want}
	if have.Generated != "" || want.Generated != "" || notByAlter(add) != "" || tc.have.DependsOn(name) || len(b.incoming(tc.have.Name)) == 0 {
		return false, nil
	}
	b.numbers++
	other := fmt.Sprintf("kuratchi_new_%d", b.numbers)
	add.Column.Name = other
	t, from, to := sqltext.Quote(tc.want.Name), sqltext.Quote(have.Name), sqltext.Quote(other)
	statements := []string{
		add.Table.AddColumnDDL(&add.Column),
		"UPDATE " + t + " SET " + to + " = " + carried(have, want, have.Name, written),
		"ALTER TABLE " + t + " DROP COLUMN " + from,
		"ALTER TABLE " + t + " RENAME COLUMN " + to + " TO " + sqltext.Quote(want.Name),
	}
	if ok, err := b.reaches(tc, statements); !ok || err != nil {
		return false, err
	}
	c := objectWords{tc.want.Name + "." + want.Name, join(tc.rest)}
	b.step(c, statements[0], b.rewriteRisk(tc),
		"Every row is written; a new column takes the old one's place, at the end of the table. Tables that refer to it are not touched.")
	for _, sql := range statements[1:] {
		b.more(sql)
	}
	b.tried = len(b.plan.Steps)
	b.checkRewrite(tc)
	b.count(tc.have.Name)
	b.newTexts(tc.have, tc.want)
	return true, nil
}

// objectWords is a change that stands for several.
type objectWords struct{ object, words string }

func (c objectWords) Object() string { return c.object }
func (c objectWords) Words() string  { return c.words }

func join(changes []schema.Change) string {
	words := make([]string, len(changes))
	for i, c := range changes {
		words[i] = c.Words()
	}
	return strings.Join(words, "; ")
}
