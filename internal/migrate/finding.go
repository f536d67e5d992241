package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Level says how much a finding weighs.
type Level string

const (
	// Fails is what breaks something unless somebody knows better: it holds only
	// with an Override.
	Fails Level = "error"
	// Warns is what may break something.
	Warns Level = "warning"
	// Notes is what could be better.
	Notes Level = "note"
)

// Finding is something a reviewer should know that no row can tell.
type Finding struct {
	// Code is DL (data loss), CP (running code), LM (D1's limits) or HY (hygiene)
	// and a number.
	Code   string `json:"code"`
	Level  Level  `json:"level"`
	Object string `json:"object"`
	What   string `json:"what"`
	Fix    string `json:"fix"`
}

// The codes of findings about views, triggers and full-text indexes that a plan does not
// change itself.
const (
	codeGoes     = "CP102" // it is gone afterwards
	codeMeans    = "CP106" // it means something else afterwards
	codeShows    = "CP107" // a view shows other columns, or a * reads more
	codeForbids  = "CP108" // what a trigger writes may be refused
	codeReplaced = "CP109" // a declared one takes the name of one that was not declared
	codeFullText = "CP110" // a full-text index loses what it reads
)

// Override is why a finding of level Fails doesn't stand against it.
type Override struct {
	Code   string `json:"code"`
	Object string `json:"object"`
	Reason string `json:"reason"`
}

// overrides reports whether it is about a finding, and says why.
func (o Override) overrides(f Finding) bool {
	return o.Code == f.Code && o.Object == f.Object && strings.TrimSpace(o.Reason) != ""
}

// Overridden returns nil when each finding of level Fails has its override, else a
// fault.Invalid that names what is missing.
func (p *Plan) Overridden(overrides []Override) error {
	var missing []string
	for _, f := range p.Findings {
		if f.Level == Fails && !slices.ContainsFunc(overrides, func(o Override) bool { return o.overrides(f) }) {
			missing = append(missing, f.Code+" "+f.Object)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "Say for each of these findings why it may be done all the same, or change the plan: %s.",
		strings.Join(missing, ", "))
}

// addFinding is how a rule tells what it found.
type addFinding func(code string, level Level, object, what, fix string)

// maxStatement is D1's limit of one statement, in bytes.
const maxStatement = 100_000

// findings looks at the changes and the statements.
func (b *builder) findings(changes, gone []schema.Change) {
	add := func(code string, level Level, object, what, fix string) {
		b.plan.Findings = append(b.plan.Findings, Finding{Code: code, Level: level, Object: object, What: what, Fix: fix})
	}
	for _, c := range b.renamed {
		if caseOnly(c) {
			continue // SQL takes the name in any case
		}
		add("CP101", Fails, c.Object(), c.Words()+": code that uses the old name fails as soon as this is applied.",
			"Deploy code that can do with both names, or none of them, first.")
	}
	for _, c := range append(changes, gone...) {
		switch c := c.(type) {
		case schema.DropTable:
			add("DL101", Warns, c.Table.Name, "The table and its rows are gone.",
				"Export it first; the restore point brings back all of the database or nothing.")
		case schema.DropColumn:
			add("DL102", Warns, c.Object(), "The column and its values are gone, and code that reads it fails.", "Let code stop using it first.")
		case schema.DropObject:
			if !c.Changed {
				add("CP102", Warns, c.Of.Name, "The "+c.Of.Type+" is gone.", "Let code stop using it first.")
			}
		case schema.AddColumn:
			if c.Column.NotNull && c.Column.Default == "" && c.Column.Generated == "" {
				add("CP103", Fails, c.Object(), "Code that inserts without it fails.", "Give it a default.")
			}
			unindexed(c.Table, c.Column.Name, add)
		case schema.CreateTable:
			newTable(c.Table, add)
		}
	}
	for _, s := range b.plan.Steps {
		if len(s.SQL) > maxStatement {
			b.plan.Refusals = append(b.plan.Refusals,
				Refusal{Object: s.Object, Cause: s.Cause, Reason: fmt.Sprintf("The statement has %d bytes; D1 takes %d.", len(s.SQL), maxStatement)})
		}
	}
}

// newTable finds what a new table could have better.
func newTable(t schema.Table, add addFinding) {
	for _, col := range t.Columns {
		unindexed(t, col.Name, add)
	}
	if len(t.PrimaryKey) == 0 {
		add("HY102", Notes, t.Name, "The table has no primary key.", "Give it one, so that a row can be named.")
	}
}

// unindexed finds a reference that reads its whole table whenever a parent row
// changes.
func unindexed(t schema.Table, column string, add addFinding) {
	for _, fk := range t.ForeignKeys {
		if len(fk.Columns) == 1 && fk.Columns[0] == column && !t.Indexed(fk.Columns) {
			add("HY101", Notes, t.Name+"."+column,
				"The reference has no index: whenever a row of "+fk.Table+" is deleted or gets another key, the whole table is read.",
				"Add an index on "+column+".")
		}
	}
}
