package health

import (
	"context"
	"fmt"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/operation"
)

// How the background work is bounded: a round looks at checkBatch databases and
// then rests, so that an idle program checks some ten a second at most, and one
// that was asked to hurry some hundred.
const (
	// CheckEvery is how old a check may get before the background looks again, and
	// CheckD1Every the same on D1, where each costs calls of the account.
	CheckEvery   = 5 * time.Minute
	CheckD1Every = time.Hour
	checkBatch   = 10
	roundRest    = time.Second
	hurryRest    = 50 * time.Millisecond
	idleRest     = 15 * time.Second
)

// watch checks the databases of one place until ctx ends.
func (w *Watcher) watch(ctx context.Context, place string) {
	for ctx.Err() == nil {
		rest := w.CheckRound(ctx, place)
		select {
		case <-ctx.Done():
		case <-w.wake[place]:
		case <-time.After(rest):
		}
	}
}

// CheckRound is one round of Run: it checks a batch of one place's databases and returns how
// long to rest after it.
func (w *Watcher) CheckRound(ctx context.Context, place string) time.Duration {
	every := CheckEvery
	if place == fleet.D1 {
		every = CheckD1Every
	}
	since, hurry := w.now().Add(-every), false
	switch s := w.sweepStart(place); {
	case s.After(w.now().Add(clock.Skew)): // no check could be younger; what the clock ahead has checked is due anyhow
		w.endSweep(place, s)
	case !s.IsZero():
		since, hurry = s, true
	}
	n, err := w.checkDue(ctx, place, since)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			w.log.Error("check", "error", err)
		}
		return idleRest
	case n == checkBatch && hurry:
		return hurryRest
	case n == checkBatch:
		return roundRest
	}
	if hurry {
		w.endSweep(place, since)
	}
	return idleRest
}

// checkDue looks at the databases longest unchecked and returns how many.
func (w *Watcher) checkDue(ctx context.Context, place string, since time.Time) (int, error) {
	due, err := w.store.DueDatabases(ctx, place, since, checkBatch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	checks := make([]fleet.Check, 0, len(due))
	for _, d := range due {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		checks = append(checks, w.checkDatabase(ctx, d))
	}
	if ctx.Err() != nil { // what a stopped look saw isn't true
		return 0, ctx.Err()
	}
	return len(due), w.store.SaveChecks(ctx, checks)
}

// CheckAll asks Run to look at every database at once, and returns without
// waiting for it.
func (w *Watcher) CheckAll(ctx context.Context, a auth.Actor) error {
	if err := a.May(fleet.OpCheck.Needs); err != nil {
		return err
	}
	t, err := w.store.Totals(ctx)
	if err != nil {
		return err
	}
	var at time.Time
	j := operation.Job{About: audit.Entry{Detail: fmt.Sprintf("asked for a check of %d databases", t.Databases)},
		End: func(ctx context.Context, e audit.Entry, _ error) error {
			at = e.At
			return w.store.Record(ctx, e)
		}}
	if err := w.fleet.Door.Do(ctx, a, fleet.OpCheck.Kind, j); err != nil {
		return err
	}
	w.mu.Lock()
	w.sweep[fleet.Embedded], w.sweep[fleet.D1] = at, at
	w.mu.Unlock()
	for _, wake := range w.wake {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// SweepStart returns since when every database is being checked because somebody
// asked, zero when that is done.
func (w *Watcher) SweepStart() time.Time {
	if s := w.sweepStart(fleet.Embedded); !s.IsZero() {
		return s
	}
	return w.sweepStart(fleet.D1)
}

func (w *Watcher) sweepStart(place string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sweep[place]
}

func (w *Watcher) endSweep(place string, since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sweep[place].Equal(since) { // else somebody asked again
		delete(w.sweep, place)
	}
}
