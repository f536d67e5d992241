package health

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// Store is what the room uses of [fleet.Store], which says what each does.
type Store interface {
	databaseStore
	workStore
	schemaStore
}

// databaseStore is of [fleet.DatabaseStore].
type databaseStore interface {
	Database(ctx context.Context, name string) (fleet.Database, error)
	DueDatabases(ctx context.Context, provider string, since time.Time, n int) ([]fleet.Database, error)
	SaveChecks(ctx context.Context, cs []fleet.Check) error
	Totals(ctx context.Context) (fleet.Totals, error)
}

// workStore is of [fleet.WorkStore].
type workStore interface {
	Record(ctx context.Context, es ...audit.Entry) error
}

// schemaStore is of [fleet.SchemaStore].
type schemaStore interface {
	Schema(ctx context.Context, name string) (fleet.Schema, error)
	Version(ctx context.Context, name string, version int) (fleet.Version, error)
}
