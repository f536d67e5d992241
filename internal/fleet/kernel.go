package fleet

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Fleet is the organizations and their databases.
type Fleet struct {
	// Orgs are the organizations. Places is where databases live, Holds who works on them,
	// Settler what of that was cut short.
	Orgs    *Orgs
	Places  *Places
	Holds   *Holds
	Settler *Settler
	// Versions are those of schemas that were read.
	Versions ParsedVersions
	// Owns is which of our tables databases have.
	Owns Owns
	// Door is what every change goes through: [Fleet.Do] where it is one of a database.
	Door operation.Door

	// look looks into a database that was changed as a whole.
	look  func(context.Context, Database)
	store Store
	log   *slog.Logger
	now   func() time.Time
}

// Orgs keeps the organizations.
type Orgs struct {
	store Store
	now   func() time.Time
	door  operation.Door
}

// Places finds the places databases live in, and makes databases there.
type Places struct {
	Providers
	log *slog.Logger
}

// Holds say who works on a database as a whole: claims within the program, leases
// between programs, gates for whoever has a handle on it.
type Holds struct {
	store   Store
	log     *slog.Logger
	now     func() time.Time
	settler *Settler
	holder  string // names this program in leases

	// background is cancelled by Stop; work counts the claims.
	background context.Context
	stop       context.CancelFunc
	work       sync.WaitGroup

	gates gates

	mu    sync.Mutex // guards what follows, and that no claim comes after stop
	busy  map[id.Database]bool
	works map[id.Database]Work
}

// Settler keeps what was cut short until it is known what became of it. What settles
// it is given by the room whose work it was.
type Settler struct {
	log   *slog.Logger
	now   func() time.Time
	holds *Holds

	mu sync.Mutex // guards what follows
	// open is what isn't settled; reopened tells Run of it, by place.
	open     []*OpenWork
	reopened map[string]chan struct{}
}

// New returns a fleet. Close must be called.
func New(store Store, providers Providers, log *slog.Logger, now func() time.Time) *Fleet {
	ctx, stop := context.WithCancel(context.Background())
	settler := &Settler{log: log, now: now,
		reopened: map[string]chan struct{}{Embedded: make(chan struct{}, 1), D1: make(chan struct{}, 1)}}
	door := operation.Door{Log: store, Now: now}
	holds := &Holds{store: store, log: log, now: now, settler: settler, holder: holderName(), background: ctx, stop: stop,
		gates: newGates(), busy: map[id.Database]bool{}, works: map[id.Database]Work{}}
	settler.holds = holds
	return &Fleet{
		store: store, log: log, now: now, Door: door, look: func(context.Context, Database) {},
		Orgs: &Orgs{store: store, now: now, door: door}, Settler: settler, Places: &Places{Providers: providers, log: log},
		Holds: holds,
	}
}

// LookWith says who looks into a database that was changed as a whole.
func (f *Fleet) LookWith(look func(context.Context, Database)) { f.look = look }

// Recover ends the leases of the program that was here before. It comes before those of
// the rooms.
func (f *Fleet) Recover(ctx context.Context) error { return f.store.EndLeases(ctx) }

// Run settles what was cut short until ctx ends.
func (f *Fleet) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { f.Settler.settleLoop(ctx, Embedded) })
	f.Settler.settleLoop(ctx, D1)
	wg.Wait()
}

// Background ends when Stop is called.
func (f *Fleet) Background() context.Context { return f.Holds.background }

// Stop has nobody begin to work on a database any more, here and in the rooms.
func (f *Fleet) Stop() {
	f.Holds.mu.Lock() // whatever is claimed by now is waited for
	defer f.Holds.mu.Unlock()
	f.Holds.stop()
}

// Close is Stop, and waits until nobody works on a database.
func (f *Fleet) Close() {
	f.Stop()
	f.Holds.work.Wait()
}
