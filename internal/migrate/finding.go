package migrate

import (
	"fmt"

	"github.com/kuratchi/dashboard/internal/schema"
)

// Finding is something a reviewer should know that no row can tell.
type Finding struct {
	// Code is DL (data loss), CP (running code), LM (D1's limits) or HY (hygiene)
	// and a number.
	Code   string `json:"code"`
	Object string `json:"object"`
	What   string `json:"what"`
	Fix    string `json:"fix"`
}

// maxStatement is D1's limit of one statement, in bytes.
const maxStatement = 100_000

// findings looks at the changes and the statements.
func (b *builder) findings(changes, gone []schema.Change) {
	add := func(code, object, what, fix string) {
		b.plan.Findings = append(b.plan.Findings, Finding{Code: code, Object: object, What: what, Fix: fix})
	}
	for _, c := range b.renamed {
		add("CP101", c.Object(), c.Words()+": code that uses the old name fails as soon as this is applied.", "Deploy code that can do with both names, or none of them, first.")
	}
	for _, c := range append(changes, gone...) {
		switch c := c.(type) {
		case schema.DropTable:
			add("DL101", c.Table.Name, "The table and its rows are gone.", "Export it first; the restore point brings back all of the database or nothing.")
		case schema.DropColumn:
			add("DL102", c.Object(), "The column and its values are gone, and code that reads it fails.", "Let code stop using it first.")
		case schema.DropObject:
			if !c.Changed {
				add("CP102", c.Of.Name, "The "+c.Of.Type+" is gone.", "Let code stop using it first.")
			}
		case schema.AddColumn:
			if c.Column.NotNull && c.Column.Default == "" && c.Column.Generated == "" {
				add("CP103", c.Object(), "Code that inserts without it fails.", "Give it a default.")
			}
			b.unindexed(c.Table, c.Column.Name, add)
		case schema.CreateTable:
			for _, col := range c.Table.Columns {
				b.unindexed(c.Table, col.Name, add)
			}
			if len(c.Table.PrimaryKey) == 0 {
				add("HY102", c.Table.Name, "The table has no primary key.", "Give it one, so that a row can be named.")
			}
		}
	}
	for _, s := range b.plan.Steps {
		if len(s.SQL) > maxStatement {
			b.plan.Refusals = append(b.plan.Refusals, Refusal{Object: s.Object, Cause: s.Cause, Reason: fmt.Sprintf("The statement has %d bytes; D1 takes %d.", len(s.SQL), maxStatement)})
		}
	}
}

// unindexed finds a reference that reads its whole table whenever a parent row
// changes.
func (b *builder) unindexed(t schema.Table, column string, add func(code, object, what, fix string)) {
	for _, fk := range t.ForeignKeys {
		if len(fk.Columns) == 1 && fk.Columns[0] == column && !t.Indexed(fk.Columns) {
			add("HY101", t.Name+"."+column, "The reference has no index: whenever a row of "+fk.Table+" is deleted or gets another key, the whole table is read.", "Add an index on "+column+".")
		}
	}
}
