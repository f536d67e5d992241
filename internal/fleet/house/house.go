package house

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/fleet/health"
	"github.com/kuratchi/dashboard/internal/fleet/keep"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// House is the kernel and the rooms over it.
type House struct {
	Fleet     *fleet.Fleet
	Provision *provision.Provisioner
	Health    *health.Watcher
	Keep      *keep.Keeper
	Change    *change.Migrator

	log *slog.Logger
}

// New returns a house. Close must be called.
func New(store fleet.Store, providers fleet.Providers, log *slog.Logger, now func() time.Time) *House {
	h := &House{Fleet: fleet.New(store, providers, log, now), log: log}
	h.Health = health.New(h.Fleet, store, log, now)
	h.Provision = provision.New(h.Fleet, h.Health, store, log, now)
	h.Keep = keep.New(h.Fleet, h.Health, store, log, now)
	h.Change = change.New(h.Fleet, h.Health, h.Keep, store, log, now)
	return h
}

// Recover notes what a stop left open, and calls no place: leases of the program that was
// here before end; versions of a build that read less are hashed anew; provisions under way
// become interrupted, for an operator to resume or undo; fills go on. What became of plans,
// deletes and moves only the places can say: Run asks them, and until then
// [fleet.Settler.Unsettled] has them. It is called once, before the program serves, by one
// that is alone on this control plane.
func (h *House) Recover(ctx context.Context) error {
	for _, recover := range []func(context.Context) error{
		h.Fleet.Recover, h.Change.Schemas.Recover, h.Provision.Recover, h.Keep.Recover, h.Change.Plans.Recover,
	} {
		if err := recover(ctx); err != nil {
			return err
		}
	}
	for _, u := range h.Fleet.Settler.AllUnsettled() {
		h.log.Warn("still to be looked into", "database", u.Database, "what", u.What)
	}
	return h.Change.Fills.Recover(ctx)
}

// Run settles what a stop left open, checks databases and their files and purges
// expired copies until ctx ends or Close is called. One Run a House.
func (h *House) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(d1.Background(ctx))
	defer cancel()
	defer context.AfterFunc(h.Fleet.Background(), cancel)()
	var wg sync.WaitGroup
	wg.Go(func() { h.Fleet.Run(ctx) })
	wg.Go(func() { h.Keep.Run(ctx) })
	h.Health.Run(ctx)
	wg.Wait()
}

// Close waits until the steps under way have ended; no further one begins.
func (h *House) Close() {
	h.Fleet.Stop()
	h.Change.Close()
	h.Fleet.Close()
	h.Keep.Close() // an export that was under way is there by now
}
