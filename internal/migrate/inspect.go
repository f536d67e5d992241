package migrate

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
)

// Inspect reads a database's schema in one round trip. What can't be read of it is left
// alone: see live.Database.Left.
func Inspect(ctx context.Context, conn d1.Conn) (*live.Database, error) {
	return live.Read(ctx, conn)
}
