package operation

import (
	"context"
	"errors"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Kind is a kind of operation.
type Kind struct {
	Action audit.Action
	// Needs is what its actor must be allowed to do.
	Needs auth.Permission
	// Toasts are what the page says that its button leads to, by what stands in its address.
	Toasts map[string]string
}

// Job is one operation, as it is to be done.
type Job struct {
	// About is what the log tells of it: its Org, Database and Target stand in the intent and
	// in the outcome, its Statement and Detail in the first of its entries.
	About audit.Entry
	// Check is what may refuse it before anything is noted; nil refuses nothing.
	Check func(context.Context) error
	// Begin stores the intent, in the batch of what says that it has begun; nil stores it
	// alone. It isn't asked where there is no Work.
	Begin func(ctx context.Context, intent audit.Entry) error
	// Work changes something outside of the control plane. Its outcome is made of the error;
	// it may say more in out. It is nil for a change of the control plane alone.
	Work func(ctx context.Context, out *audit.Entry) error
	// End stores the outcome, in the batch of the change where there is one, and returns what
	// the operation ends with: err is that of Work. nil stores it alone, and joins both. It
	// has to be there where there is no Work.
	End func(ctx context.Context, out audit.Entry, err error) error
}

// Log is where entries of their own are stored.
type Log interface {
	// Record stores entries that belong to no change of the control plane.
	Record(ctx context.Context, es ...audit.Entry) error
}

// Door is what every change goes through.
type Door struct {
	Log Log
	Now func() time.Time
}

// Do does a job, if the actor may: else it is fault.Denied, and nothing is noted. The end of
// ctx doesn't keep the outcome from the log.
func (d Door) Do(ctx context.Context, a auth.Actor, k Kind, j Job) error {
	if j.Work != nil {
		intent, err := d.Begin(ctx, a, k, j)
		if err != nil {
			return err
		}
		return d.Finish(ctx, a, k, intent, j)
	}
	if err := d.admit(ctx, a, k, j); err != nil {
		return err
	}
	e := d.Entry(a, k, audit.Done, j.About)
	e.Statement, e.Detail = j.About.Statement, j.About.Detail
	return j.End(ctx, e, nil)
}

// admit asks the right, and what else may refuse it.
func (d Door) admit(ctx context.Context, a auth.Actor, k Kind, j Job) error {
	if err := a.May(k.Needs); err != nil || j.Check == nil {
		return err
	}
	return j.Check(ctx)
}

// Begin is the first half of Do, for a job that is worked on in the background: it returns the
// id of the intent, for [Door.Finish].
func (d Door) Begin(ctx context.Context, a auth.Actor, k Kind, j Job) (intent string, err error) {
	if err := d.admit(ctx, a, k, j); err != nil {
		return "", err
	}
	e := d.Entry(a, k, audit.Intent, j.About)
	e.Statement, e.Detail = j.About.Statement, j.About.Detail
	if j.Begin == nil {
		return e.ID, d.Log.Record(ctx, e)
	}
	return e.ID, j.Begin(ctx, e)
}

// Finish does a job whose intent stands in the log already, under that id: what is begun isn't
// asked for its right again.
func (d Door) Finish(ctx context.Context, a auth.Actor, k Kind, intent string, j Job) error {
	out := audit.Entry{}
	end := func(err error) error {
		e := d.Entry(a, k, audit.Done, j.About)
		e.Intent, e.Detail, e.Rows = intent, out.Detail, out.Rows
		if out.Target != "" {
			e.Target = out.Target
		}
		e = e.Ended(err)
		ctx := context.WithoutCancel(ctx)
		if j.End != nil {
			return j.End(ctx, e, err)
		}
		return errors.Join(err, unrecorded(err, d.Log.Record(ctx, e)))
	}
	ended := false
	defer func() {
		if !ended { // a panic goes on; what it left is not known
			_ = end(errCut)
		}
	}()
	err := j.Work(ctx, &out)
	ended = true
	return end(err)
}

// errCut is the outcome of work that panicked.
var errCut = fault.New(fault.Unknown, "It was cut short by a fault of the program. Look at what is there before you do it again.")

// unrecorded says of work that was done that the log doesn't have its outcome.
func unrecorded(work, record error) error {
	if record == nil || work != nil {
		return record
	}
	return fault.Wrap(record, fault.KindOf(record), "It was done, but that could not be recorded: %s", fault.Message(record))
}

// Entry starts an entry about something of that kind that the actor does now, with the Org,
// Database and Target of about.
func (d Door) Entry(a auth.Actor, k Kind, o audit.Outcome, about audit.Entry) audit.Entry {
	e := a.Entry(d.Now(), k.Action, o)
	e.Org, e.Database, e.Target = about.Org, about.Database, about.Target
	return e
}
