package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Risk says what a step can cost.
type Risk string

const (
	// Safe changes no row and can't fail on the rows there are.
	Safe Risk = "safe"
	// Check changes no row, but the rows may forbid it; then nothing happens.
	Check Risk = "check"
	// Caution changes no row, but may make queries slower or break code.
	Caution Risk = "caution"
)

// Step is one statement of a plan.
type Step struct {
	// Object is what changes, for instance users.locale.
	Object string `json:"object"`
	// Cause is the change in words.
	Cause string `json:"cause"`
	SQL   string `json:"sql"`
	Risk  Risk   `json:"risk"`
	// Reason says why the risk is what it is.
	Reason string `json:"reason"`
}

// Refusal is a difference the planner has no safe step for.
type Refusal struct {
	Object string `json:"object"`
	Cause  string `json:"cause"`
	Reason string `json:"reason"`
}

// Plan is an ordered list of steps from one schema to another. It is data: its
// hash is over all of it.
type Plan struct {
	Schema  string `json:"schema"`
	Version int    `json:"version"`
	// FromHash and ToHash are canonical hashes: of the live tables that the
	// target has too, and of the target.
	FromHash string `json:"from_hash"`
	ToHash   string `json:"to_hash"`
	// Fingerprint is the live schema's text that Apply compares before it starts.
	Fingerprint string    `json:"fingerprint"`
	Steps       []Step    `json:"steps"`
	Refusals    []Refusal `json:"refusals,omitempty"`
	// Unmanaged are the live tables the target doesn't speak of; no step touches
	// them.
	Unmanaged []string `json:"unmanaged,omitempty"`
}

// Hash returns the SHA-256 over the plan's canonical JSON, in hex. What was
// approved is what runs: by this hash.
func (p *Plan) Hash() string {
	b, _ := json.Marshal(p) // strings and numbers can't fail
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Empty reports whether the database is at the target already.
func (p *Plan) Empty() bool { return len(p.Steps) == 0 && len(p.Refusals) == 0 }

// Ready returns nil for a plan that can be applied, else a fault.Invalid that
// names what stands against it.
func (p *Plan) Ready() error {
	if len(p.Refusals) == 0 {
		return nil
	}
	causes := make([]string, len(p.Refusals))
	for i, r := range p.Refusals {
		causes[i] = r.Cause
	}
	return fault.New(fault.Invalid, "This plan can't be applied, because %d of its changes can't be made safely yet: %s.", len(causes), strings.Join(causes, "; "))
}

// New plans the way from a live schema to a target, and proves the plan on a
// scratch engine. Differences without a safe step become refusals; the steps are
// then only what the rest would be.
func New(live *Live, target *schema.Schema) (*Plan, error) {
	p := &Plan{
		Schema: target.Name, Version: target.Version, Fingerprint: live.Fingerprint(),
		FromHash: live.Schema.Only(target).Hash(), ToHash: target.Hash(),
	}
	for _, t := range live.Schema.Tables {
		if _, ok := target.Table(t.Name); !ok {
			p.Unmanaged = append(p.Unmanaged, t.Name)
		}
	}
	for _, c := range schema.Diff(live.Schema, target) {
		if reason := refuse(c); reason != "" {
			p.Refusals = append(p.Refusals, Refusal{Object: c.Object(), Cause: c.Words(), Reason: reason})
			continue
		}
		p.Steps = append(p.Steps, step(c, live.Schema))
	}
	if len(p.Refusals) > 0 || len(p.Steps) == 0 { // no way to prove, or none to go
		return p, nil
	}
	if err := prove(live, target, p); err != nil {
		return nil, err
	}
	return p, nil
}

// refuse says why a change has no safe step, "" when it has one.
func refuse(c schema.Change) string {
	switch c := c.(type) {
	case schema.Unsupported:
		return "SQLite has no statement for it, and rebuilding the table is not offered yet."
	case schema.AddColumn:
		return refuseColumn(c)
	}
	return ""
}

// refuseColumn names the rule of ALTER TABLE ADD COLUMN a column breaks (the
// rules are the executable specification TestAlterRules of package sqlite).
func refuseColumn(c schema.AddColumn) string {
	col := c.Column
	for _, u := range c.Table.Unique {
		if len(u) == 1 && strings.EqualFold(u[0], col.Name) {
			return "ADD COLUMN can't add a UNIQUE column. Add it without, and add a unique index."
		}
	}
	for _, k := range c.Table.PrimaryKey {
		if strings.EqualFold(k, col.Name) {
			return "ADD COLUMN can't add a part of the primary key."
		}
	}
	switch {
	case col.Generated != "" && col.Stored:
		return "ADD COLUMN can't add a stored generated column."
	case col.Default != "" && !schema.IsConstant(col.Default):
		return "ADD COLUMN can't fill old rows with the expression " + col.Default + ". Give a constant default, or none."
	case col.NotNull && col.Default == "" && col.Generated == "":
		return "Old rows would have no value for it. Give a default, or allow NULL."
	}
	for _, fk := range c.Table.ForeignKeys {
		if len(fk.Columns) == 1 && strings.EqualFold(fk.Columns[0], col.Name) && col.Default != "" {
			return "ADD COLUMN can't add a reference with a default."
		}
	}
	return ""
}

// step returns the statement that makes a change refuse let pass.
func step(c schema.Change, live *schema.Schema) Step {
	s := Step{Object: c.Object(), Cause: c.Words(), Risk: Safe}
	switch c := c.(type) {
	case schema.CreateTable:
		s.SQL, s.Reason = c.Table.DDL(), "A new table; nothing that exists is touched."
	case schema.AddColumn:
		s.SQL, s.Reason = c.Table.AddColumnDDL(&c.Column), addReason(c)
	case schema.CreateIndex:
		s.SQL = c.Index.DDL(c.Table)
		_, existed := live.Table(c.Table)
		switch {
		case !existed:
			s.Reason = "On a new table, so there is nothing to read."
		case c.Index.Unique:
			s.Risk, s.Reason = Check, "Reads the whole table once. Where values repeat it fails, and then the whole plan is rolled back."
		default:
			s.Reason = "Reads the whole table once; no row changes."
		}
	case schema.DropIndex:
		s.SQL = "DROP INDEX " + schema.Quote(c.Index.Name)
		s.Risk, s.Reason = Caution, "No row changes, but queries that used it may read whole tables."
		if c.Index.Unique {
			s.Reason = "No row changes, but values may repeat from now on."
		}
		if c.Changed {
			s.Reason = "It is made again further down, in the same transaction."
		}
	}
	return s
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
