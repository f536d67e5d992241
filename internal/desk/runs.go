package desk

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/fault"
)

const (
	// MaxRuns is how many runs go on at once in the process. A run holds up to 4 MiB of
	// values, and what is made of them.
	MaxRuns = 6
	// maxWait is how long one more waits.
	maxWait = 2 * time.Second
	// maxName is how many bytes a run's name may have, to be cancelled by it.
	maxName = 64
)

// runKey is a run that can be cancelled: the name is its session's own.
type runKey struct{ session, name string }

// begin returns the context of a run; ended must be called. A run without a name ends
// with ctx only.
func (d *Desk) begin(ctx context.Context, a auth.Actor, name string) (running context.Context, ended func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	if name == "" || len(name) > maxName {
		return ctx, func() { cancel(nil) }
	}
	key, own := runKey{a.Session, name}, &cancel
	d.runs.Store(key, own)
	return ctx, func() {
		d.runs.CompareAndDelete(key, own)
		cancel(nil)
	}
}

// Cancel stops a run of the actor's session, by its name. The run's own answer says whether
// it was stopped or had ended before. One that isn't there is fault.NotFound: it has ended,
// or hasn't come yet.
func (d *Desk) Cancel(a auth.Actor, name string) error {
	cancel, ok := d.runs.Load(runKey{a.Session, name})
	if !ok {
		return fault.New(fault.NotFound, "No such run goes on. Its answer says what became of it.")
	}
	(*cancel.(*context.CancelCauseFunc))(console.ErrCancelled)
	return nil
}

// enter takes one of the places for runs.
func (d *Desk) enter(ctx context.Context) (leave func(), err error) {
	wait := time.NewTimer(maxWait)
	defer wait.Stop()
	select {
	case d.places <- struct{}{}:
		return func() { <-d.places }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Limited, "The run was cancelled before it began.")
	case <-wait.C:
		return nil, fault.New(fault.Limited, "%d runs of the console are going on already. Try again in a moment.", MaxRuns)
	}
}
