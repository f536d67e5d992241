package health

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/fleet"
)

// Watcher looks into databases.
type Watcher struct {
	fleet *fleet.Fleet
	store Store
	log   *slog.Logger
	now   func() time.Time

	mu sync.Mutex // guards sweep
	// sweep is since when every database of a place is to be checked at once;
	// wake tells Run of it.
	sweep map[string]time.Time
	wake  map[string]chan struct{}
}

// New returns a watcher, who looks into what the fleet has changed too.
func New(f *fleet.Fleet, store Store, log *slog.Logger, now func() time.Time) *Watcher {
	w := &Watcher{fleet: f, store: store, log: log, now: now, sweep: map[string]time.Time{},
		wake: map[string]chan struct{}{fleet.Embedded: make(chan struct{}, 1), fleet.D1: make(chan struct{}, 1)}}
	f.LookWith(w.RecordCheck)
	return w
}

// Run checks databases and their files until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { w.watchFiles(ctx) })
	wg.Go(func() { w.watch(ctx, fleet.D1) }) // may wait for the account's calls
	w.watch(ctx, fleet.Embedded)
	wg.Wait()
}
