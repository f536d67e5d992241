package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Job is an operation on a database, as it is to be done.
type Job struct {
	operation.Job
	// Point is the moment that the database is put back to, zero for another operation.
	Point time.Time
}

// Prepare returns the job for a database, as it is now that the operation holds it.
type Prepare func(ctx context.Context, d Database) (Job, error)

// Do does an operation on the database of that name: whether the actor may, whether the
// database stands so that it may begin, who else may work on it meanwhile, what is noted, what
// came of it, and a look at the database afterwards. An operation that claims its database
// isn't stopped by the browser that asked for it. One that can't begin is fault.Denied,
// fault.NotFound or fault.Conflict; any other error is the job's.
func (f *Fleet) Do(ctx context.Context, a auth.Actor, name string, op *Operation, prepare Prepare) error {
	if err := a.May(op.Needs); err != nil {
		return err
	}
	return f.Hold(ctx, name, op, func(ctx context.Context, d Database) error {
		j, err := prepare(ctx, d)
		if err != nil {
			return err
		}
		j.About.Org, j.About.Database = d.OrgSlug, d.Name
		return f.Follow(ctx, a, d, op, j, func(ctx context.Context) error {
			if err := f.Door.Do(ctx, a, op.Kind, j.Job); err != nil {
				return err
			}
			if op.Look {
				f.lookAgain(ctx, name)
			}
			return nil
		})
	})
}

// Hold does fn with the database as the operation has to have it.
func (f *Fleet) Hold(ctx context.Context, name string, op *Operation, fn func(context.Context, Database) error) error {
	d, err := f.store.Database(ctx, name)
	if err != nil {
		return err
	}
	if op.Hold == Shared {
		if err := op.mayBegin(d); err != nil {
			return err
		}
		return fn(ctx, d)
	}
	if err := f.Settler.CheckOpenWork(d, func(w *OpenWork) bool { return w.Held && w.key != op.Clears }); err != nil {
		return err
	}
	if !f.Holds.Claim(d.ID) {
		if f.Holds.background.Err() != nil {
			return ErrStopping
		}
		return fault.New(fault.Conflict, "Somebody works on %s already. Try again in a moment.", d.Name)
	}
	defer f.Holds.Release(d.ID)
	ctx = context.WithoutCancel(ctx)
	if d, err = f.store.Database(ctx, name); err != nil { // as it is now that it is ours
		return err
	}
	if err := op.mayBegin(d); err != nil {
		return err
	}
	return f.Holds.withLease(ctx, d, fn)
}

// mayBegin returns nil for a database in one of the states that the operation is for.
func (o *Operation) mayBegin(d Database) error {
	if len(o.From) == 0 || slices.Contains(o.From, d.State) {
		return nil
	}
	return fault.New(fault.Conflict, "That can't be done now: the database %s is %s.", d.Name, d.State)
}

// Follow does fn while the work is seen, with nobody at the database where it has to be alone.
func (f *Fleet) Follow(ctx context.Context, a auth.Actor, d Database, op *Operation, j Job, fn func(context.Context) error) error {
	if op.Going == "" {
		return fn(ctx)
	}
	ctx = f.Holds.withProgress(ctx, d)
	return f.Holds.trackWork(a, d, Work{Op: op, Point: j.Point}, func() error {
		if op.Hold != Alone {
			return fn(ctx)
		}
		// Whoever read the database's row during the work may have it as it was.
		defer func() { _ = f.Holds.gates.close(ctx, d.ID) }()
		if err := f.Holds.gates.close(ctx, d.ID); err != nil {
			return err
		}
		return fn(ctx)
	})
}

// lookAgain looks into a database that was changed as a whole. That the look fails is no
// failure of the change: the next check sees it.
func (f *Fleet) lookAgain(ctx context.Context, name string) {
	d, err := f.store.Database(ctx, name)
	if err != nil {
		f.log.Warn("check", "database", name, "error", err)
		return
	}
	f.look(ctx, d)
}

// About is an entry about a database, for what isn't done by Do.
func About(d Database) audit.Entry { return audit.Entry{Org: d.OrgSlug, Database: d.Name} }

// NothingChanged is what an error says that isn't true of a work of several calls.
const NothingChanged = " Nothing was changed."
