package change

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/health"
	"github.com/kuratchi/dashboard/internal/fleet/keep"
	"github.com/kuratchi/dashboard/internal/id"
)

// Migrator moves databases from one version of a schema to another.
type Migrator struct {
	// Schemas are what databases are moved to, Plans the ways there; Fills run after a
	// plan, Rehearsals before one.
	Schemas    *Schemas
	Plans      *Plans
	Fills      *Fills
	Rehearsals *Rehearsals
}

// room is what everybody in this room has.
type room struct {
	fleet *fleet.Fleet
	store Store
	log   *slog.Logger
	now   func() time.Time
}

// Schemas keeps schemas and their versions.
type Schemas struct{ room }

// Plans makes plans and applies them.
type Plans struct {
	room
	health  *health.Watcher
	points  *keep.Points
	schemas *Schemas
	fills   *Fills
}

// Fills runs what a plan fills after it was applied.
type Fills struct {
	room
	plans *Plans
	worker

	fills map[id.Plan]*fillRun // guarded by mu
}

// Rehearsals applies plans to copies of their databases.
type Rehearsals struct {
	room
	plans   *Plans
	schemas *Schemas
	worker

	// rehearsed are the last rehearsals, by plan, guarded by mu.
	rehearsed map[id.Plan]RehearsalRun
}

// worker is work that goes on when whoever asked for it has left.
type worker struct {
	// background is the kernel's; work counts what is under way.
	background context.Context
	work       sync.WaitGroup
	mu         sync.Mutex // guards that nothing begins after background's end
}

// Close waits until what is under way has ended; background has to have ended before.
func (w *worker) Close() {
	func() { // whoever saw that background goes on has begun by now
		w.mu.Lock()
		defer w.mu.Unlock()
	}()
	w.work.Wait()
}

// New returns a migrator. Close must be called, after the kernel's Stop.
func New(f *fleet.Fleet, h *health.Watcher, k *keep.Keeper, store Store, log *slog.Logger, now func() time.Time) *Migrator {
	r := room{fleet: f, store: store, log: log, now: now}
	m := &Migrator{Schemas: &Schemas{room: r}}
	m.Plans = &Plans{room: r, health: h, points: k.Points, schemas: m.Schemas}
	m.Fills = &Fills{room: r, plans: m.Plans, fills: map[id.Plan]*fillRun{}}
	m.Rehearsals = &Rehearsals{room: r, plans: m.Plans, schemas: m.Schemas, rehearsed: map[id.Plan]RehearsalRun{}}
	m.Plans.fills = m.Fills
	m.Fills.background, m.Rehearsals.background = f.Background(), f.Background()
	return m
}

// Recover hashes anew what a build stored that read less.
func (sc *Schemas) Recover(ctx context.Context) error {
	return sc.rehash(ctx, auth.SystemActor("recover"))
}

// Recover notes the plans whose end isn't known.
func (pl *Plans) Recover(ctx context.Context) error {
	plans, err := pl.store.ApplyingPlans(ctx)
	if err != nil {
		return err
	}
	for _, p := range plans {
		d, err := pl.store.Database(ctx, p.Database)
		if err == nil && (d.State == fleet.Ready || d.State == fleet.Archived) { // else nobody can say any more
			pl.reopenPlan(d, p.ID)
		}
	}
	return nil
}

// Recover goes on with what was being filled.
func (fi *Fills) Recover(ctx context.Context) error {
	return fi.recoverFills(ctx, auth.SystemActor("recover"))
}

// Close waits until the rehearsals and fills under way have ended. The kernel's Stop comes
// before it.
func (m *Migrator) Close() {
	m.Fills.Close()
	m.Rehearsals.Close()
}
