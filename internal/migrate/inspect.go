package migrate

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
)

// Inspect reads a database's schema in one round trip. One of which a text can't be
// read is fault.Invalid: nothing can be planned on half a schema.
func Inspect(ctx context.Context, conn d1.Conn) (*live.Database, error) {
	db, err := live.Read(ctx, conn)
	if err != nil {
		return nil, err
	}
	return db, db.Sound()
}
