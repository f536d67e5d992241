package change

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
)

// Store is what the room uses of [fleet.Store], which says what each does.
type Store interface {
	databaseStore
	recoveryStore
	schemaStore
	planStore
}

// databaseStore is of [fleet.DatabaseStore].
type databaseStore interface {
	Database(ctx context.Context, name string) (fleet.Database, error)
}

// recoveryStore is of [fleet.RecoveryStore].
type recoveryStore interface {
	ApplyingPlans(ctx context.Context) ([]fleet.Plan, error)
}

// schemaStore is of [fleet.SchemaStore].
type schemaStore interface {
	HashVersion(ctx context.Context, v fleet.Version, es ...audit.Entry) error
	LatestVersions(ctx context.Context, names []string) (map[string]int, error)
	SaveVersion(ctx context.Context, v fleet.Version, es ...audit.Entry) error
	Schema(ctx context.Context, name string) (fleet.Schema, error)
	SchemaUse(ctx context.Context, names []string) (map[string]int, error)
	Schemas(ctx context.Context, search string, p fleet.Page) ([]fleet.Schema, int, error)
	UnreadVersions(ctx context.Context) ([]fleet.Version, error)
	Version(ctx context.Context, name string, version int) (fleet.Version, error)
	Versions(ctx context.Context, name string, p fleet.Page) ([]fleet.Version, int, error)
}

// planStore is of [fleet.PlanStore].
type planStore interface {
	CreatePlan(ctx context.Context, p fleet.Plan, es ...audit.Entry) error
	FillingPlans(ctx context.Context, database string) ([]fleet.Plan, error)
	Plan(ctx context.Context, p id.Plan) (fleet.Plan, error)
	Plans(ctx context.Context, database string, p fleet.Page) ([]fleet.Plan, int, error)
	UpdateFilling(ctx context.Context, p fleet.Plan, from fleet.FillState, es ...audit.Entry) error
	UpdatePlan(ctx context.Context, p fleet.Plan, from fleet.PlanState, d *fleet.Database, es ...audit.Entry) error
}
