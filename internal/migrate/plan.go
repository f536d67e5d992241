package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
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
	// Rewrite writes every row of a table anew; every row is kept.
	Rewrite Risk = "rewrite"
	// Destructive loses what a Loss of the plan names.
	Destructive Risk = "destructive"
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
	// More says that the statement is a part of the change the step before it
	// begins; only SQL is set then.
	More bool `json:"more,omitempty"`
}

// Refusal is a difference the planner has no safe step for.
type Refusal struct {
	Object string `json:"object"`
	Cause  string `json:"cause"`
	Reason string `json:"reason"`
}

// Loss is something that is gone afterwards. A plan with losses is applied only
// when each was acknowledged by its name.
type Loss struct {
	// Name is what is acknowledged: a table, or a column as table.column.
	Name string `json:"name"`
	// Words say what is lost.
	Words string `json:"words"`
}

// Assertion is a condition that is true after the steps, or everything is rolled
// back.
type Assertion struct {
	// What says in words what holds.
	What string `json:"what"`
	// Condition is SQL that is true when it holds.
	Condition string `json:"condition"`
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
	Fingerprint string `json:"fingerprint"`
	// Before are the statements that count what must be kept; none where no row
	// is at stake.
	Before []string `json:"before,omitempty"`
	Steps  []Step   `json:"steps"`
	// Fills come after the batch, in chunks; see Fill.Chunk.
	Fills    []Fill      `json:"fills,omitempty"`
	After    []Assertion `json:"after,omitempty"`
	Losses   []Loss      `json:"losses,omitempty"`
	Checks   []LiveCheck `json:"checks,omitempty"`
	Findings []Finding   `json:"findings,omitempty"`
	Refusals []Refusal   `json:"refusals,omitempty"`
	// Unmanaged are the live tables the target doesn't speak of; no step touches
	// them.
	Unmanaged []string `json:"unmanaged,omitempty"`
	// Left is what can't be read of the live schema, and what the engine can't make; no
	// step touches it either.
	Left []live.Left `json:"left,omitempty"`
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

// Changes counts the changes, of which one may take several statements.
func (p *Plan) Changes() int {
	n := 0
	for _, s := range p.Steps {
		if !s.More {
			n++
		}
	}
	return n
}

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
	return fault.New(fault.Invalid, "This plan can't be applied, because %d of its changes can't be made safely: %s.",
		len(causes), strings.Join(causes, "; "))
}

// Acknowledged returns nil when names has every loss of the plan, else a
// fault.Invalid that names what is missing.
func (p *Plan) Acknowledged(names []string) error {
	var missing []string
	for _, l := range p.Losses {
		if !slices.Contains(names, l.Name) {
			missing = append(missing, l.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "This plan loses data, and not all of it was acknowledged by name: %s.", strings.Join(missing, ", "))
}
