package browse

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
)

// Catalog is a database whose rows are shown and changed.
type Catalog struct{ *live.Database }

// Load reads a database's catalog in one round trip.
func Load(ctx context.Context, conn d1.Conn) (*Catalog, error) {
	db, err := live.Read(ctx, conn)
	if err != nil {
		return nil, err
	}
	return &Catalog{db}, nil
}

// triggers names the triggers of a table that one kind of write runs.
func (c *Catalog) triggers(table, event string) []string { return c.TriggersOn(table, event) }
