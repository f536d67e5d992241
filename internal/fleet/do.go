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
	return f.hold(ctx, name, op, func(ctx context.Context, d Database) error {
		j, err := prepare(ctx, d)
		if err != nil {
			return err
		}
		j.About.Org, j.About.Database = d.OrgSlug, d.Name
		return f.follow(ctx, a, d, op, j, func(ctx context.Context) error {
			if err := f.door.Do(ctx, a, op.Kind, j.Job); err != nil {
				return err
			}
			if op.Look {
				f.lookAgain(ctx, name)
			}
			return nil
		})
	})
}

// hold does fn with the database as the operation has to have it.
func (f *Fleet) hold(ctx context.Context, name string, op *Operation, fn func(context.Context, Database) error) error {
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
	if err := f.checkOpenWork(d, func(w *openWork) bool { return w.Held && w.key != op.Clears }); err != nil {
		return err
	}
	if !f.claim(d.ID) {
		if f.background.Err() != nil {
			return errStopping
		}
		return fault.New(fault.Conflict, "Somebody works on %s already. Try again in a moment.", d.Name)
	}
	defer f.release(d.ID)
	ctx = context.WithoutCancel(ctx)
	if d, err = f.store.Database(ctx, name); err != nil { // as it is now that it is ours
		return err
	}
	if err := op.mayBegin(d); err != nil {
		return err
	}
	return f.withLease(ctx, d, fn)
}

// mayBegin returns nil for a database in one of the states that the operation is for.
func (o *Operation) mayBegin(d Database) error {
	if len(o.From) == 0 || slices.Contains(o.From, d.State) {
		return nil
	}
	return fault.New(fault.Conflict, "That can't be done now: the database %s is %s.", d.Name, d.State)
}

// follow does fn while the work is seen, with nobody at the database where it has to be alone.
func (f *Fleet) follow(ctx context.Context, a auth.Actor, d Database, op *Operation, j Job, fn func(context.Context) error) error {
	if op.Going == "" {
		return fn(ctx)
	}
	ctx = f.withProgress(ctx, d)
	return f.trackWork(a, d, Work{Op: op, Point: j.Point}, func() error {
		if op.Hold != Alone {
			return fn(ctx)
		}
		// Whoever read the database's row during the work may have it as it was.
		defer func() { _ = f.gates.close(ctx, d.ID) }()
		if err := f.gates.close(ctx, d.ID); err != nil {
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
	f.recordCheck(ctx, d)
}

// about is an entry about a database, for what isn't done by Do.
func about(d Database) audit.Entry { return audit.Entry{Org: d.OrgSlug, Database: d.Name} }
