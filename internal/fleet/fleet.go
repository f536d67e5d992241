package fleet

import (
	"context"

	"github.com/kuratchi/dashboard/internal/auth"
)

// Databases returns a page of databases and how many match in all.
func (f *Fleet) Databases(ctx context.Context, a auth.Actor, filter Filter) ([]Database, int, error) {
	if err := a.Reaches(); err != nil {
		return nil, 0, err
	}
	return f.store.Databases(ctx, filter)
}

// Totals counts the fleet.
func (f *Fleet) Totals(ctx context.Context, a auth.Actor) (Totals, error) {
	if err := a.Reaches(); err != nil {
		return Totals{}, err
	}
	return f.store.Totals(ctx)
}

// Database returns the database of that name.
func (f *Fleet) Database(ctx context.Context, a auth.Actor, name string) (Database, error) {
	if err := a.Reaches(); err != nil {
		return Database{}, err
	}
	return f.CurrentDatabase(ctx, name)
}

// ReservedNames are paths of their own where the names of databases and schemas
// stand, so nothing can be called so.
var ReservedNames = []string{"new", "adopt"}

// CurrentDatabase returns a database as it is when nobody works on it: read again after
// somebody was seen to have ended.
func (f *Fleet) CurrentDatabase(ctx context.Context, name string) (Database, error) {
	d, err := f.store.Database(ctx, name)
	if err == nil && d.State == Provisioning && !f.Holds.Busy(d.ID) {
		return f.store.Database(ctx, name)
	}
	return d, err
}
