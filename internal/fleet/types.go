package fleet

import (
	"slices"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// Check is what a look into a database saw.
type Check struct {
	Database id.Database
	At       time.Time
	Health   Health
	// Detail says in words what differs or why it didn't answer.
	Detail string
	Size   int64
	Tables int
	// From is the version that was recorded when it was looked at, and Version
	// the one that was found; they differ where somebody else migrated.
	From, Version int
	// missed is why nothing could be seen: what was seen before stands.
	Missed error
}

// Filling is how the fills of an applied plan stand. What was filled so far is in
// the database itself; see FillProgress.
type Filling struct {
	// State is "" before the plan was applied, and for a plan without fills.
	State FillState
	// Error says why it failed, or how many rows have no value though it is done.
	Error string
	// Intent is the audit entry written before it began, or went on.
	Intent string
	// By is who began it, or stopped it; Since is when it came into its state.
	By    string
	Since time.Time
}

// FillState is how far the fills of a plan are.
type FillState string

// The states of filling. Only one that runs goes on by itself after a stop of the
// program; one that is stopped or failed waits for an operator.
const (
	FillRunning FillState = "running"
	FillStopped FillState = "stopped"
	FillFailed  FillState = "failed"
	FillDone    FillState = "done"
)

// Counterpart is a database of the same name at another place: one that is being
// filled, or the old one after a move.
type Counterpart struct {
	Place string
	// ID is its id there, "" before it was made.
	ID string
	At time.Time
	// Mark is the bookmark of the one that was left on D1, as it was copied: another
	// one now says that somebody wrote to it since. It is "" elsewhere.
	Mark string
}

// Origin is a database as it is where it was before its move. On D1 others than the
// dashboard may go on writing to it there: their rows are in no other place.
func (d Database) Origin() Database {
	d.Provider, d.ProviderID = d.MoveOrigin.Place, d.MoveOrigin.ID
	return d
}

// AtPlace reports whether the point is one of where the database lives now: a
// database that was moved has points of two places.
func (p RestorePoint) AtPlace(d Database) bool { return p.Place == d.Provider }

// PlaceWords is the place in words.
func (d Database) PlaceWords() string {
	if d.Provider == D1 {
		return "on D1"
	}
	return "in the data folder"
}

// unfinishedStates are those of a provision that didn't end.
var unfinishedStates = []State{Provisioning, Failed, Interrupted}

// IsUnfinished reports whether a provision didn't end.
func (s State) IsUnfinished() bool { return slices.Contains(unfinishedStates, s) }

// Org is an organization.
type Org struct {
	ID        id.Org
	Slug      string
	Name      string
	CreatedAt time.Time
	CreatedBy string
	// Databases is how many it has, where a list tells it; those deleted don't
	// count.
	Databases int
	// DeletedAt is set while an organization waits for its last kept copy to go.
	DeletedAt time.Time
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
	// Archived is a database that was ready and is out of use.
	Archived State = "archived"
	// Deleting is a database that is out of use, and whose deletion hasn't ended.
	Deleting State = "deleting"
	// Deleted is a database of which only the last state is kept, until PurgeAt.
	Deleted State = "deleted"
)

// Database is an organization's database.
type Database struct {
	ID      id.Database
	Name    string
	Org     id.Org
	OrgSlug string
	OrgName string
	// Provider says where it lives: Embedded or D1.
	Provider string
	// ProviderID is its id there, "" before it was created.
	ProviderID string
	// MoveTarget is where a move under way fills a copy; MoveOrigin is the old database
	// after a move, until RemoveOrigin.
	MoveTarget, MoveOrigin Counterpart
	// Fence is the number of the lease it is worked on under, 0 for none. It isn't
	// stored with the database.
	Fence int64
	// Schema and Version are what it was last migrated to by the dashboard; 0
	// before the first time.
	Schema   string
	Version  int
	Location string
	// Jurisdiction and Replication are what D1 was asked for, "" for its choice.
	Jurisdiction, Replication string
	State                     State
	// Error says why a provision failed.
	Error string
	// Request is the id of the form that asked for it.
	Request   string
	CreatedAt time.Time
	CreatedBy string
	UpdatedAt time.Time
	// ArchivedAt, DeletedAt and PurgeAt are set in the states of that name;
	// FinalPoint is what is kept of a deleted one.
	ArchivedAt, DeletedAt, PurgeAt time.Time
	FinalPoint                     string
	// Health is what the last check saw, "" before the first, and HealthDetail
	// says more of it in words. CheckedAt is when.
	Health       Health
	HealthDetail string
	CheckedAt    time.Time
	// Size is in bytes and Tables counts the tables, both as the last check saw
	// them.
	Size   int64
	Tables int
}

// Health is what a check saw of a database.
type Health string

// The healths.
const (
	// HealthOK is a database whose schema is a version of its schema.
	HealthOK Health = "ok"
	// HealthDrifted is one whose schema is no version of its schema.
	HealthDrifted Health = "drifted"
	// HealthUnreachable is one that didn't answer.
	HealthUnreachable Health = "unreachable"
)

// Status is how a database stands to the eye.
type Status string

// The statuses besides the names of states.
const (
	StatusInSync      Status = "in-sync"
	StatusBehind      Status = "behind"
	StatusDrifted     Status = "drifted"
	StatusUnreachable Status = "unreachable"
	// StatusNoSchema is a database that was given none.
	StatusNoSchema Status = "no-schema"
	// StatusFailed is, for a filter, whatever needs somebody: a provision that
	// failed or was interrupted, a database that doesn't answer.
	StatusFailed Status = "failing"
)

// Status returns how the database stands, where its schema's latest version is
// latest.
func (d Database) Status(latest int) Status {
	switch {
	case d.State != Ready:
		return Status(d.State)
	case d.Health == HealthUnreachable:
		return StatusUnreachable
	case d.Version == 0:
		return StatusNoSchema
	case d.Health == HealthDrifted:
		return StatusDrifted
	case d.Version < latest:
		return StatusBehind
	}
	return StatusInSync
}

// VersionsBehind returns how many versions the database is behind the latest one.
func (d Database) VersionsBehind(latest int) int {
	if d.State != Ready || d.Version == 0 {
		return 0
	}
	return max(0, latest-d.Version)
}

// PointKind says why a restore point was kept.
type PointKind string

// The kinds of restore points.
const (
	// PointManual was asked for by an operator. It stays until it is let go.
	PointManual PointKind = "manual"
	// PointApply was kept before a plan was applied, PointRestore before the
	// database was put back to another point. The newest [KeptPoints] stay.
	PointApply   PointKind = "apply"
	PointRestore PointKind = "restore"
)

// KeptPoints is how many restore points are kept of a database beside those an
// operator asked for.
const KeptPoints = 5

// KeptFor is how long the last state of a deleted database is kept.
const KeptFor = 7 * 24 * time.Hour

// RestorePoint is a moment a database can be put back to.
type RestorePoint struct {
	ID       string
	Database id.Database
	// Place is where the database lived when it was kept, and Mark what the point is
	// called there. Points of an idle database on D1 share their bookmark.
	Place, Mark string
	Kind        PointKind
	// Plan is the plan it was kept for, "" for none.
	Plan id.Plan
	// Size is in bytes.
	Size      int64
	CreatedAt time.Time
	CreatedBy string
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
	// Databases is how many in use are on it, where a list tells it: see change.Schemas.InUse.
	Databases int
}

// Version is one version of a schema.
type Version struct {
	Schema  string
	Version int
	Source  string
	Hash    string
	// Reading is that of the build that saved it.
	Reading   int
	CreatedAt time.Time
	CreatedBy string
}

// Reading counts the ways in which builds have read schemas. Those before 2026-12, the
// first, dropped the collations and directions of keys.
const Reading = 2

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
	// Overrides are the reasons the approval gave for findings that fail.
	Overrides []migrate.Override
	AppliedAt time.Time
	AppliedBy string
	Duration  time.Duration
	// Error says why it failed, or what is not known.
	Error string
	// Intent is the audit entry written before it was applied.
	Intent string
	// Point is the restore point kept before it was applied. It may be gone.
	Point string
	// Filling is how its fills stand, the zero value for a plan without any.
	Filling Filling
}

// SelfApproved reports whether the author was also the approver.
func (p Plan) SelfApproved() bool { return p.DecidedBy != "" && p.DecidedBy == p.CreatedBy }

// Damaged reports whether the point holds a database as it was found damaged.
func (p RestorePoint) Damaged() bool { return d1.IsDamaged(p.Mark) }

// Attempt is the plan's one try, as the database's ledger has it.
func (p Plan) Attempt(fence int64) migrate.Attempt {
	return migrate.Attempt{ID: string(p.ID), Actor: p.AppliedBy, At: p.AppliedAt, Point: p.Point, Fence: fence}
}
