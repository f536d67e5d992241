package fleet

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/id"
)

// Page says which rows of a list.
type Page struct {
	// Number counts from 1; Size is how many rows a page has.
	Number, Size int
}

// Filter selects databases.
type Filter struct {
	// Search matches a database's name or its organization's, in any case.
	Search string
	// Org is a slug, Schema a name.
	Org, Schema string
	// Status selects one; "" is every database that isn't archived or deleted.
	Status Status
	// Sort is name, org, schema, status, size, location, created or checked; "-"
	// before it descends.
	Sort string
	Page Page
}

// PointFilter selects restore points of a database.
type PointFilter struct {
	Database id.Database
	// Place and Mark are those of the points, "" for any.
	Place, Mark string
	// Unasked are the points that no operator asked for.
	Unasked bool
	// Until is the latest moment they were kept at, zero for any.
	Until time.Time
	Page  Page
}

// Totals count what is neither archived nor deleted, and those apart.
type Totals struct {
	Databases, Orgs                                   int
	InSync, Behind, Drifted, Unreachable              int
	Failed, Provisioning, NoSchema, Archived, Deleted int
	// Size is what the databases hold, in bytes.
	Size int64
	// Oldest is when the check that is longest ago was, zero when a ready
	// database was never checked.
	Oldest time.Time
}

// Store is where the fleet is remembered. Each write takes the audit entries
// that go into its batch. A row that isn't there is fault.NotFound, a row that
// is no longer as expected fault.Conflict.
//
// It is one place with several subjects, each an interface of its own for who needs
// no more; a batch may reach over them, so all of them are kept by one.
type Store interface {
	OrgStore
	DatabaseStore
	ProvisionStore
	RecoveryStore
	WorkStore
	PointStore
	SchemaStore
	PlanStore
}

// OrgStore remembers organizations.
type OrgStore interface {
	// Org returns an organization with the number of its databases in use or archived. A
	// deleted one is there too while a copy of a database of it is kept.
	Org(ctx context.Context, slug string) (Org, error)
	// Orgs returns a page by name, each with the number of its databases, and how many match
	// in all. search is part of a name or slug, "" for any. Deleted ones are left out.
	Orgs(ctx context.Context, search string, p Page) ([]Org, int, error)
	// OrgsNamed returns organizations of exactly that name, in any case: two of more.
	OrgsNamed(ctx context.Context, name string) ([]Org, error)
	// CreateOrg adds an organization; fault.Conflict at "org_name" when the slug is taken.
	CreateOrg(ctx context.Context, o Org, e audit.Entry) error
	// RenameOrg stores an organization's name, with its databases too.
	RenameOrg(ctx context.Context, o Org, e audit.Entry) error
	// DeleteOrg forgets an organization without databases; one of whose databases
	// copies are kept is marked, and goes with the last of them. One that has
	// databases is fault.Conflict.
	DeleteOrg(ctx context.Context, o Org, e audit.Entry) error
}

// DatabaseStore remembers databases, and what checks saw of them.
type DatabaseStore interface {
	// Database returns the database of that very name, archived and deleted ones too, no
	// older than when it is called.
	Database(ctx context.Context, name string) (Database, error)
	// Databases returns a page and how many match in all.
	Databases(ctx context.Context, f Filter) ([]Database, int, error)
	// Totals counts the whole fleet by what each database's Status is.
	Totals(ctx context.Context) (Totals, error)
	// UpdateDatabase stores state, provider id, version and error, if the
	// database is still in the state from.
	UpdateDatabase(ctx context.Context, d Database, from State, es ...audit.Entry) error
	// RegisteredNames returns the names of the databases with these ids on D1, by id.
	RegisteredNames(ctx context.Context, ids []string) (map[string]string, error)
	// ExpiredDatabases returns the deleted databases that are to be purged by then.
	ExpiredDatabases(ctx context.Context, by time.Time) ([]Database, error)
	// Purge forgets a deleted database with all that belongs to it but the audit
	// log, and an organization that waited for it.
	Purge(ctx context.Context, d Database, e audit.Entry) error
	// DueDatabases returns a place's ready databases that were not checked since then, those
	// longest ago first.
	DueDatabases(ctx context.Context, provider string, since time.Time, n int) ([]Database, error)
	// SaveChecks stores what checks saw, and the version where it is another one,
	// of databases that are still at the version they were checked at.
	SaveChecks(ctx context.Context, cs []Check) error
}

// ProvisionStore remembers how databases come to be, and the provisions undone.
type ProvisionStore interface {
	// DatabaseByRequest returns the database that the form of that id asked for, so that a
	// form that is sent twice makes one database.
	DatabaseByRequest(ctx context.Context, request string) (Database, error)
	// CreateDatabase records the wish with its steps, and the organization too
	// when org is not nil.
	CreateDatabase(ctx context.Context, org *Org, d Database, es ...audit.Entry) error
	// DeleteDatabase forgets a database that never came to be, with its steps, if it is still
	// in the state from. One that was in use goes by Purge.
	DeleteDatabase(ctx context.Context, d Database, from State, es ...audit.Entry) error
	// Steps returns the steps of a provision in the order of StepNames, none for a database
	// that was adopted.
	Steps(ctx context.Context, d id.Database) ([]Step, error)
	// SaveStep stores how a step stands; fault.Conflict when the provision has no such step
	// any more.
	SaveStep(ctx context.Context, d id.Database, s Step, es ...audit.Entry) error
}

// RecoveryStore tells at start what a stop left open.
type RecoveryStore interface {
	// EndLeases ends all leases.
	EndLeases(ctx context.Context) error
	// UnfinishedProvisions returns the databases in state Provisioning.
	UnfinishedProvisions(ctx context.Context) ([]Database, error)
	// RetiringDatabases returns the deleted databases whose last state isn't kept yet.
	RetiringDatabases(ctx context.Context) ([]Database, error)
	// MovingDatabases returns the databases whose move hasn't ended.
	MovingDatabases(ctx context.Context) ([]Database, error)
	// ApplyingPlans returns the plans in state PlanApplying or PlanUnknown.
	ApplyingPlans(ctx context.Context) ([]Plan, error)
}

// WorkStore remembers who works on a database, and what for: leases, and audit entries
// of their own.
type WorkStore interface {
	// TakeLease makes holder the one who works on a database until then;
	// fault.Conflict while somebody else does.
	TakeLease(ctx context.Context, d id.Database, holder string, until time.Time) (Lease, error)
	// KeepLease moves the end of a lease to its Until; fault.Conflict when somebody
	// else has it by now.
	KeepLease(ctx context.Context, d id.Database, l Lease) error
	// OpenIntent returns the id of the newest intent of that action about a
	// database that no outcome refers to, "" for none.
	OpenIntent(ctx context.Context, action audit.Action, database string) (string, error)
	// Record writes audit entries of their own.
	Record(ctx context.Context, es ...audit.Entry) error
}

// PointStore remembers restore points.
type PointStore interface {
	// Points returns a page of a database's restore points, the newest first.
	Points(ctx context.Context, f PointFilter) ([]RestorePoint, error)
	// Point returns the restore point of that id; another database's is fault.NotFound.
	Point(ctx context.Context, d id.Database, point string) (RestorePoint, error)
	// CountPoints returns how many a database has, and their bytes together.
	CountPoints(ctx context.Context, d id.Database) (n int, size int64, err error)
	// CreatePoint adds a restore point whose copy or bookmark is there already.
	CreatePoint(ctx context.Context, p RestorePoint, es ...audit.Entry) error
	// DeletePoint forgets a restore point, not the copy it stands for; fault.NotFound when
	// somebody else did it first.
	DeletePoint(ctx context.Context, p RestorePoint, es ...audit.Entry) error
}

// SchemaStore remembers schemas and their versions.
type SchemaStore interface {
	// Schemas returns a page of those whose name holds search, and how many match.
	Schemas(ctx context.Context, search string, p Page) ([]Schema, int, error)
	// SchemaUse counts the databases in use on each of these schemas. One without any is
	// not in the map.
	SchemaUse(ctx context.Context, names []string) (map[string]int, error)
	// LatestVersions returns the number of the latest version of each of these schemas. One
	// that isn't there is not in the map.
	LatestVersions(ctx context.Context, names []string) (map[string]int, error)
	// Schema returns a schema with the number of its latest version, not counting Databases.
	Schema(ctx context.Context, name string) (Schema, error)
	// Versions returns a page of a schema's versions, the newest first, and how many
	// there are.
	Versions(ctx context.Context, name string, p Page) ([]Version, int, error)
	// Version returns one version with its source, which Versions leaves out.
	Version(ctx context.Context, name string, version int) (Version, error)
	// SaveVersion adds a version, and the schema with its first one. A version
	// that is there already is fault.Conflict.
	SaveVersion(ctx context.Context, v Version, es ...audit.Entry) error
	// UnreadVersions returns some versions, with their sources, that no build has read since
	// the one that saved them and that read less; none when all are read.
	UnreadVersions(ctx context.Context) ([]Version, error)
	// HashVersion stores the hash and the reading of a version that is there, and nothing else
	// of it; UnreadVersions doesn't return it again.
	HashVersion(ctx context.Context, v Version, es ...audit.Entry) error
}

// PlanStore remembers plans and how their fills stand.
type PlanStore interface {
	// Plan returns a plan with its body, which the caller checks against its hash.
	Plan(ctx context.Context, p id.Plan) (Plan, error)
	// Plans returns a database's plans, or all for "", the newest first.
	Plans(ctx context.Context, database string, p Page) ([]Plan, int, error)
	// CreatePlan adds a plan. Its body and hash never change afterwards.
	CreatePlan(ctx context.Context, p Plan, es ...audit.Entry) error
	// UpdatePlan stores everything but the body, if the plan is still in the
	// state from; d, when not nil, is updated in the same batch.
	UpdatePlan(ctx context.Context, p Plan, from PlanState, d *Database, es ...audit.Entry) error
	// UpdateFilling stores how the fills of a plan stand, if they still stand as from.
	UpdateFilling(ctx context.Context, p Plan, from FillState, es ...audit.Entry) error
	// FillingPlans returns the plans of a database, or of all for "", whose fills are not
	// done: running, stopped or failed, the oldest first.
	FillingPlans(ctx context.Context, database string) ([]Plan, error)
}
