package fleet

import (
	"context"
	"sync"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// Owns is which of our tables databases have, as they were last looked at. A look at one on
// D1 then takes one call and not two.
type Owns struct{ known sync.Map } // map[string]migrate.Own, by the id in their place

func (o *Owns) of(id string) migrate.Own {
	own, _ := o.known.Load(id)
	known, _ := own.(migrate.Own)
	return known
}

// Applied notes that a plan was applied to a database.
func (o *Owns) Applied(id string) { o.known.Store(id, migrate.AllOwn()) }

// State is [migrate.Own.State] of the database with that id.
func (o *Owns) State(ctx context.Context, id string, conn d1.Conn, name string) (*live.Database, migrate.State, error) {
	own := o.of(id)
	db, state, _, err := own.State(ctx, conn, name)
	if name != "" { // else nothing was looked for
		o.known.Store(id, own)
	}
	return db, state, err
}

// Inspect reads what a database is and the newest rows of its ledger.
func (f *Fleet) Inspect(ctx context.Context, d Database, conn d1.Conn) (*live.Database, []migrate.Entry, error) {
	own := f.Owns.of(d.ProviderID)
	db, entries, err := own.Ledger(ctx, conn)
	f.Owns.known.Store(d.ProviderID, own)
	return db, entries, err
}
