// Package fleet is the organizations and their databases: what there is, how a
// database comes to be, and how its schema is moved.
//
// # Who does what
//
// A [Fleet] decides; it keeps nothing. What is remembered goes through [Store],
// what lives in the account through [d1.Provider]. Every write takes the actor
// and leaves an audit entry in the batch of the change itself.
//
// # A database comes to be
//
// [Fleet.Provision] records the wish, answers at once and works on in the
// background: create, migrate, register, each step recorded when it begins and
// when it ends. Every step can be done again, so what a crash interrupted is
// resumed or undone by an operator. The wish carries the form's request id, so
// pressing twice makes one database.
//
// # A schema is moved
//
// [Fleet.Review] compares and changes nothing. [Fleet.Propose] stores the plan,
// [Fleet.Decide] and [Fleet.Apply] refer to it by id and hash: what was approved
// is what runs. [Fleet.Recover] resolves at start what a crash left open, by
// reading the database's ledger.
package fleet

import (
	"time"

	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// Org is an organization.
type Org struct {
	ID        id.Org
	Slug      string
	Name      string
	CreatedAt time.Time
	CreatedBy string
	// Databases is how many it has, where a list tells it.
	Databases int
}

// State is how a database stands.
type State string

// The states of a database.
const (
	// Provisioning is being made now.
	Provisioning State = "provisioning"
	// Ready can be used.
	Ready State = "ready"
	// Failed is a provision that stopped at a step; it can be resumed or undone.
	Failed State = "failed"
	// Interrupted is a provision the program was stopped in; likewise. One that
	// is Provisioning while nobody works on it can be resumed or undone too.
	Interrupted State = "interrupted"
)

// Database is an organization's database.
type Database struct {
	ID      id.Database
	Name    string
	Org     id.Org
	OrgSlug string
	OrgName string
	// Provider says where it lives: embedded.
	Provider string
	// ProviderID is its id there, "" before it was created.
	ProviderID string
	// Schema and Version are what it was last migrated to by the dashboard; 0
	// before the first time.
	Schema   string
	Version  int
	Location string
	State    State
	// Error says why a provision failed.
	Error string
	// Request is the id of the form that asked for it.
	Request   string
	CreatedAt time.Time
	CreatedBy string
	UpdatedAt time.Time
}

// Behind returns how many versions the database is behind the latest one.
func (d Database) Behind(latest int) int {
	if d.State != Ready || d.Version == 0 {
		return 0
	}
	return max(0, latest-d.Version)
}

// StepName is a step of a provision.
type StepName string

// StepNames are the steps in their order.
var StepNames = []StepName{StepCreate, StepMigrate, StepRegister}

// The steps.
const (
	StepCreate   StepName = "create"
	StepMigrate  StepName = "migrate"
	StepRegister StepName = "register"
)

// StepState is how a step stands.
type StepState string

// The states of a step.
const (
	StepPending StepState = "pending"
	StepRunning StepState = "running"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed"
)

// Step is one step of a provision.
type Step struct {
	Name       StepName
	State      StepState
	StartedAt  time.Time
	FinishedAt time.Time
	Error      string
}

// Schema is a named schema with its latest version.
type Schema struct {
	ID        id.Schema
	Name      string
	Latest    int
	CreatedAt time.Time
	UpdatedAt time.Time
	// Databases is how many are on it, where a list tells it.
	Databases int
}

// Version is one version of a schema.
type Version struct {
	Schema    string
	Version   int
	Source    string
	Hash      string
	CreatedAt time.Time
	CreatedBy string
}

// PlanState is how a plan stands.
type PlanState string

// The states of a plan.
const (
	PlanProposed PlanState = "proposed"
	PlanApproved PlanState = "approved"
	PlanApplying PlanState = "applying"
	PlanApplied  PlanState = "applied"
	PlanFailed   PlanState = "failed"
	PlanUnknown  PlanState = "unknown"
	PlanRejected PlanState = "rejected"
)

// Plan is a stored migration plan for one database.
type Plan struct {
	ID       id.Plan
	Database string // its name
	// Hash is the hash of Body, checked when it is read and before it runs.
	Hash      string
	Body      migrate.Plan
	State     PlanState
	CreatedAt time.Time
	CreatedBy string
	// DecidedAt and DecidedBy tell of the approval or rejection.
	DecidedAt time.Time
	DecidedBy string
	AppliedAt time.Time
	AppliedBy string
	Duration  time.Duration
	// Error says why it failed, or what is not known.
	Error string
	// Intent is the audit entry written before it was applied.
	Intent string
}

// SelfApproved reports whether the author was also the approver.
func (p Plan) SelfApproved() bool { return p.DecidedBy != "" && p.DecidedBy == p.CreatedBy }
