package keep

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
)

// Store is what the room uses of [fleet.Store], which says what each does.
type Store interface {
	orgStore
	databaseStore
	recoveryStore
	workStore
	pointStore
}

// orgStore is of [fleet.OrgStore].
type orgStore interface {
	DeleteOrg(ctx context.Context, o fleet.Org, e audit.Entry) error
}

// databaseStore is of [fleet.DatabaseStore].
type databaseStore interface {
	Database(ctx context.Context, name string) (fleet.Database, error)
	Databases(ctx context.Context, f fleet.Filter) ([]fleet.Database, int, error)
	ExpiredDatabases(ctx context.Context, by time.Time) ([]fleet.Database, error)
	Purge(ctx context.Context, d fleet.Database, e audit.Entry) error
	UpdateDatabase(ctx context.Context, d fleet.Database, from fleet.State, es ...audit.Entry) error
}

// recoveryStore is of [fleet.RecoveryStore].
type recoveryStore interface {
	MovingDatabases(ctx context.Context) ([]fleet.Database, error)
	RetiringDatabases(ctx context.Context) ([]fleet.Database, error)
}

// workStore is of [fleet.WorkStore].
type workStore interface {
	OpenIntent(ctx context.Context, action audit.Action, database string) (string, error)
	Record(ctx context.Context, es ...audit.Entry) error
}

// pointStore is of [fleet.PointStore].
type pointStore interface {
	CountPoints(ctx context.Context, d id.Database) (n int, size int64, err error)
	CreatePoint(ctx context.Context, p fleet.RestorePoint, es ...audit.Entry) error
	DeletePoint(ctx context.Context, p fleet.RestorePoint, es ...audit.Entry) error
	Point(ctx context.Context, d id.Database, point string) (fleet.RestorePoint, error)
	Points(ctx context.Context, f fleet.PointFilter) ([]fleet.RestorePoint, error)
}
