package provision

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
)

// Store is what the room uses of [fleet.Store], which says what each does.
type Store interface {
	databaseStore
	provisionStore
	recoveryStore
	workStore
	schemaStore
}

// databaseStore is of [fleet.DatabaseStore].
type databaseStore interface {
	Database(ctx context.Context, name string) (fleet.Database, error)
	Databases(ctx context.Context, f fleet.Filter) ([]fleet.Database, int, error)
	RegisteredNames(ctx context.Context, ids []string) (map[string]string, error)
	SaveChecks(ctx context.Context, cs []fleet.Check) error
	UpdateDatabase(ctx context.Context, d fleet.Database, from fleet.State, es ...audit.Entry) error
}

// provisionStore is of [fleet.ProvisionStore].
type provisionStore interface {
	CreateDatabase(ctx context.Context, org *fleet.Org, d fleet.Database, es ...audit.Entry) error
	DatabaseByRequest(ctx context.Context, request string) (fleet.Database, error)
	DeleteDatabase(ctx context.Context, d fleet.Database, from fleet.State, es ...audit.Entry) error
	SaveStep(ctx context.Context, d id.Database, s fleet.Step, es ...audit.Entry) error
	Steps(ctx context.Context, d id.Database) ([]fleet.Step, error)
}

// recoveryStore is of [fleet.RecoveryStore].
type recoveryStore interface {
	UnfinishedProvisions(ctx context.Context) ([]fleet.Database, error)
}

// workStore is of [fleet.WorkStore].
type workStore interface {
	OpenIntent(ctx context.Context, action audit.Action, database string) (string, error)
	Record(ctx context.Context, es ...audit.Entry) error
}

// schemaStore is of [fleet.SchemaStore].
type schemaStore interface {
	Schema(ctx context.Context, name string) (fleet.Schema, error)
	Version(ctx context.Context, name string, version int) (fleet.Version, error)
}
