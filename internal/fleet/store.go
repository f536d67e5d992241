package fleet

import (
	"context"

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
	// Status is a State, or "behind" or "in-sync" for ready databases, by the
	// version recorded last.
	Status string
	// Sort is name, org, schema, location or created; "-" before it descends.
	Sort string
	Page Page
}

// Totals count databases.
type Totals struct{ Databases, InSync, Behind, Failed, Provisioning, Orgs int }

// Store is where the fleet is remembered. Each write takes the audit entries
// that go into its batch. A row that isn't there is fault.NotFound, a row that
// is no longer as expected fault.Conflict.
type Store interface {
	Org(ctx context.Context, slug string) (Org, error)
	Orgs(ctx context.Context, search string, p Page) ([]Org, int, error)
	CreateOrg(ctx context.Context, o Org, e audit.Entry) error

	Database(ctx context.Context, name string) (Database, error)
	DatabaseByRequest(ctx context.Context, request string) (Database, error)
	// Databases returns a page and how many match in all.
	Databases(ctx context.Context, f Filter) ([]Database, int, error)
	Totals(ctx context.Context) (Totals, error)
	// CreateDatabase records the wish with its steps, and the organization too
	// when org is not nil.
	CreateDatabase(ctx context.Context, org *Org, d Database, es ...audit.Entry) error
	// UpdateDatabase stores state, provider id, version and error, if the
	// database is still in the state from.
	UpdateDatabase(ctx context.Context, d Database, from State, es ...audit.Entry) error
	DeleteDatabase(ctx context.Context, d Database, from State, es ...audit.Entry) error
	Steps(ctx context.Context, d id.Database) ([]Step, error)
	SaveStep(ctx context.Context, d id.Database, s Step, es ...audit.Entry) error
	// Unfinished returns the databases in state Provisioning.
	Unfinished(ctx context.Context) ([]Database, error)

	Schemas(ctx context.Context) ([]Schema, error)
	Schema(ctx context.Context, name string) (Schema, error)
	Versions(ctx context.Context, name string) ([]Version, error)
	Version(ctx context.Context, name string, version int) (Version, error)
	// SaveVersion adds a version, and the schema with its first one. A version
	// that is there already is fault.Conflict.
	SaveVersion(ctx context.Context, v Version, es ...audit.Entry) error

	Plan(ctx context.Context, p id.Plan) (Plan, error)
	// Plans returns a database's plans, or all for "", the newest first.
	Plans(ctx context.Context, database string, p Page) ([]Plan, int, error)
	CreatePlan(ctx context.Context, p Plan, es ...audit.Entry) error
	// UpdatePlan stores everything but the body, if the plan is still in the
	// state from; d, when not nil, is updated in the same batch.
	UpdatePlan(ctx context.Context, p Plan, from PlanState, d *Database, es ...audit.Entry) error
	// Applying returns the plans in state PlanApplying or PlanUnknown.
	Applying(ctx context.Context) ([]Plan, error)

	// Record writes audit entries of their own.
	Record(ctx context.Context, es ...audit.Entry) error
}
