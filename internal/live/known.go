package live

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
)

// Known returns what can be told of the database with that id without a call that costs
// something: what it is now where the engine tells its stamp, else what was read of it
// last, which may be old by now; nil where nothing was.
func (c *Cache) Known(ctx context.Context, id string, conn d1.Conn) (*Database, error) {
	if _, ok := conn.(d1.Stamper); ok {
		return c.Database(ctx, id, conn)
	}
	if k := c.get(id); k != nil {
		return k.db, nil
	}
	return nil, nil
}
