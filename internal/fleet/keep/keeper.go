package keep

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/health"
	"github.com/kuratchi/dashboard/internal/id"
)

// purgeRest is how long the background rests between two looks at the clock.
const purgeRest = 15 * time.Second

// Keeper takes databases out of use, removes them and brings them back.
type Keeper struct {
	// Points are the databases' earlier states, Moves takes one to another place, Copies
	// are files of them.
	Points *Points
	Moves  *Moves
	Copies *Copies

	room
	// steady says whether the clock can be trusted with giving up what is old.
	steady func() bool
}

// room is what everybody in this room has.
type room struct {
	fleet  *fleet.Fleet
	health *health.Watcher
	store  Store
	log    *slog.Logger
	now    func() time.Time
}

// Points keeps restore points and puts databases back to them.
type Points struct{ room }

// Moves takes databases to another place.
type Moves struct {
	room
	points *Points
}

// Copies hands databases out as files, and fills one from a file.
type Copies struct {
	room
	points *Points

	steady func() bool // as the keeper's

	mu sync.Mutex // guards exports
	// exports are copies that wait to be downloaded.
	exports map[id.Database]*exportFile
}

// New returns a keeper. Close must be called.
func New(f *fleet.Fleet, h *health.Watcher, store Store, log *slog.Logger, now func() time.Time) *Keeper {
	r := room{fleet: f, health: h, store: store, log: log, now: now}
	points := &Points{room: r}
	k := &Keeper{room: r, Points: points, Moves: &Moves{room: r, points: points},
		Copies: &Copies{room: r, points: points, exports: map[id.Database]*exportFile{}}}
	k.PurgeWhile(func() bool { return true })
	return k
}

// Recover notes the deletes and moves whose end isn't known.
func (k *Keeper) Recover(ctx context.Context) error {
	retiring, err := k.store.RetiringDatabases(ctx)
	if err != nil {
		return err
	}
	for _, d := range retiring {
		k.reopenDelete(d)
	}
	return k.Moves.recover(ctx)
}

func (mv *Moves) recover(ctx context.Context) error {
	a := auth.SystemActor("recover")
	moving, err := mv.store.MovingDatabases(ctx)
	if err != nil {
		return err
	}
	for _, d := range moving {
		place := d.Provider
		if d.MoveTarget.Place == fleet.D1 {
			place = fleet.D1
		}
		mv.fleet.Settler.Reopen(d, place, fleet.ClearsMove, fleet.OpMove,
			func(ctx context.Context) error { return mv.settleMove(ctx, a, d.Name) })
	}
	return nil
}

// Run purges expired copies until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	var purged time.Time
	for ctx.Err() == nil {
		purged = k.PurgeRound(ctx, purged)
		select {
		case <-ctx.Done():
		case <-time.After(purgeRest):
		}
	}
}

// Close removes the copies that nobody downloaded.
func (k *Keeper) Close() { k.Copies.dropExports() }
