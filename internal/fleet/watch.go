package fleet

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/d1"
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
	purgeEvery   = 10 * time.Minute
)

// Run settles what a stop left open, checks databases and their files and purges expired copies until
// ctx ends or Close is called. One Run a Fleet.
func (f *Fleet) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(d1.Background(ctx))
	defer cancel()
	defer context.AfterFunc(f.background, cancel)()
	var wg sync.WaitGroup
	wg.Go(func() { f.settleLoop(ctx, Embedded) })
	wg.Go(func() { f.settleLoop(ctx, D1) })
	wg.Go(func() { f.watchFiles(ctx) })
	wg.Go(func() { f.watch(ctx, D1, CheckD1Every) }) // may wait for the account's calls
	f.watch(ctx, Embedded, CheckEvery)
	wg.Wait()
}

// watch checks the databases of one place until ctx ends. That of the embedded
// engine purges too.
func (f *Fleet) watch(ctx context.Context, place string, every time.Duration) {
	var purged time.Time
	for ctx.Err() == nil {
		if place == Embedded {
			purged = f.purgeRound(ctx, purged)
		}
		rest := f.checkRound(ctx, place, every)
		select {
		case <-ctx.Done():
		case <-f.wake[place]:
		case <-time.After(rest):
		}
	}
}

// PurgeWhile has the fleet ask, before it gives up anything because of its age, whether the
// clock can be trusted; unasked it can. It must be called before Run.
func (f *Fleet) PurgeWhile(steady func() bool) { f.steady = steady }

// purgeRound purges, if the clock can be trusted and the last time is long enough ago, and
// returns the last time. The clock is asked in each round: a watch sees what it is there to see.
func (f *Fleet) purgeRound(ctx context.Context, last time.Time) time.Time {
	steady, now := f.steady(), f.now()
	if !steady || now.Sub(last).Abs() < purgeEvery { // the last time may be one to come
		return last
	}
	if err := f.PurgeExpired(ctx); err != nil && ctx.Err() == nil {
		f.log.Error("purge", "error", err)
	}
	return now
}

// checkRound checks a batch and returns how long to rest after it.
func (f *Fleet) checkRound(ctx context.Context, place string, every time.Duration) time.Duration {
	since, hurry := f.now().Add(-every), false
	switch s := f.sweepStart(place); {
	case s.After(f.now().Add(clock.Skew)): // no check could be younger; what the clock ahead has checked is due anyhow
		f.endSweep(place, s)
	case !s.IsZero():
		since, hurry = s, true
	}
	n, err := f.checkDue(ctx, place, since)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			f.log.Error("check", "error", err)
		}
		return idleRest
	case n == checkBatch && hurry:
		return hurryRest
	case n == checkBatch:
		return roundRest
	}
	if hurry {
		f.endSweep(place, since)
	}
	return idleRest
}

// checkDue looks at the databases longest unchecked and returns how many.
func (f *Fleet) checkDue(ctx context.Context, place string, since time.Time) (int, error) {
	due, err := f.store.DueDatabases(ctx, place, since, checkBatch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	checks := make([]Check, 0, len(due))
	for _, d := range due {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		checks = append(checks, f.checkDatabase(ctx, d))
	}
	if ctx.Err() != nil { // what a stopped look saw isn't true
		return 0, ctx.Err()
	}
	return len(due), f.store.SaveChecks(ctx, checks)
}

// CheckAll asks Run to look at every database at once, and returns without
// waiting for it.
func (f *Fleet) CheckAll(ctx context.Context, a auth.Actor) error {
	if err := a.May(OpCheck.Needs); err != nil {
		return err
	}
	t, err := f.store.Totals(ctx)
	if err != nil {
		return err
	}
	var at time.Time
	j := operation.Job{About: audit.Entry{Detail: fmt.Sprintf("asked for a check of %d databases", t.Databases)},
		End: func(ctx context.Context, e audit.Entry, _ error) error {
			at = e.At
			return f.store.Record(ctx, e)
		}}
	if err := f.door.Do(ctx, a, OpCheck.Kind, j); err != nil {
		return err
	}
	f.mu.Lock()
	f.sweep[Embedded], f.sweep[D1] = at, at
	f.mu.Unlock()
	for _, wake := range f.wake {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// SweepStart returns since when every database is being checked because somebody
// asked, zero when that is done.
func (f *Fleet) SweepStart() time.Time {
	if s := f.sweepStart(Embedded); !s.IsZero() {
		return s
	}
	return f.sweepStart(D1)
}

func (f *Fleet) sweepStart(place string) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sweep[place]
}

func (f *Fleet) endSweep(place string, since time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sweep[place].Equal(since) { // else somebody asked again
		delete(f.sweep, place)
	}
}
