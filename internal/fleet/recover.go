package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Unsettled is work on a database that was cut short, and of which it isn't known yet
// what became of it: the place that knows hasn't answered.
type Unsettled struct {
	Database string
	// What says in words what was cut short.
	What  string
	Since time.Time
	// Error is why the last look settled nothing, "" before the first has ended.
	Error string
	// Held says that the database can be read and not changed meanwhile, Closed that it is out
	// of use.
	Held, Closed bool
}

// openWork is one of them with what settles it. That can be done again.
type openWork struct {
	Unsettled
	key      string // tells one from another of the same database
	database id.Database
	place    string // where the answer is
	settle   func(context.Context) error
}

// The keys of what isn't settled; that of a plan is its id.
const (
	clearsDelete = "delete"
	clearsMove   = "move"
)

// How long Run waits between two looks at what isn't settled: at first, and at most.
const (
	settleFirst = time.Second
	settleMost  = 2 * time.Minute
)

// Recover notes what a stop left open, and calls no place: provisions under way become
// interrupted, for an operator to resume or undo; leases of the program that was here
// before end; versions of a build that read less are hashed anew; fills go on. What became of plans, deletes and moves only the places can
// say: Run asks them, and until then Unsettled has them. It is called once, before the
// program serves, by one that is alone on this control plane.
func (f *Fleet) Recover(ctx context.Context) error {
	a := auth.SystemActor("recover")
	if err := f.store.EndLeases(ctx); err != nil {
		return err
	}
	if err := f.rehash(ctx, a); err != nil {
		return err
	}
	if err := f.interruptProvisions(ctx, a); err != nil {
		return err
	}
	if err := f.reopenAll(ctx, a); err != nil {
		return err
	}
	for _, u := range f.allUnsettled() {
		f.log.Warn("still to be looked into", "database", u.Database, "what", u.What)
	}
	return f.recoverFills(ctx, a)
}

func (f *Fleet) interruptProvisions(ctx context.Context, a auth.Actor) error {
	unfinished, err := f.store.UnfinishedProvisions(ctx)
	if err != nil {
		return err
	}
	for _, d := range unfinished {
		intent, err := f.store.OpenIntent(ctx, audit.DatabaseProvision, d.Name)
		if err != nil {
			return err
		}
		j := operation.Job{About: about(d), Work: func(_ context.Context, out *audit.Entry) error { return errInterrupted },
			End: func(ctx context.Context, e audit.Entry, _ error) error {
				d.State, d.UpdatedAt, d.Error = Interrupted, e.At, fault.Message(errInterrupted)
				return f.store.UpdateDatabase(ctx, d, Provisioning, e)
			}}
		if err := f.door.Finish(ctx, a, OpProvision.Kind, intent, j); err != nil {
			return err
		}
	}
	return nil
}

var errInterrupted = fault.New(fault.Unknown, "The program was stopped while it worked on this. Nothing is lost: resume it, or undo it.")

// reopenAll notes everything whose end isn't known.
func (f *Fleet) reopenAll(ctx context.Context, a auth.Actor) error {
	retiring, err := f.store.RetiringDatabases(ctx)
	if err != nil {
		return err
	}
	for _, d := range retiring {
		f.reopenDelete(d)
	}
	moving, err := f.store.MovingDatabases(ctx)
	if err != nil {
		return err
	}
	for _, d := range moving {
		place := d.Provider
		if d.MoveTarget.Place == D1 {
			place = D1
		}
		f.reopen(d, place, clearsMove, OpMove, func(ctx context.Context) error { return f.settleMove(ctx, a, d.Name) })
	}
	plans, err := f.store.ApplyingPlans(ctx)
	if err != nil {
		return err
	}
	for _, p := range plans {
		d, err := f.store.Database(ctx, p.Database)
		if err == nil && (d.State == Ready || d.State == Archived) { // else nobody can say any more
			f.reopenPlan(d, p.ID)
		}
	}
	return nil
}

func (f *Fleet) reopenDelete(d Database) {
	a := auth.SystemActor("recover")
	f.reopen(d, d.Provider, clearsDelete, OpDelete, func(ctx context.Context) error { return f.settleDelete(ctx, a, d.Name) })
}

func (f *Fleet) reopenPlan(d Database, plan id.Plan) {
	a := auth.SystemActor("recover")
	f.reopen(d, d.Provider, string(plan), OpApply, func(ctx context.Context) error { return f.settlePlan(ctx, a, plan) })
}

// reopen notes work whose end isn't known, and wakes Run. A database is held but for a
// move away from the data folder: whatever became of that, it is still there.
func (f *Fleet) reopen(d Database, place, key string, op *Operation, settle func(context.Context) error) {
	held := key != clearsMove || d.Provider == D1
	w := &openWork{Unsettled: Unsettled{Database: d.Name, What: op.Was, Since: f.now(), Held: held,
		Closed: key == clearsDelete}, key: key, database: d.ID,
		place: place, settle: settle}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.ContainsFunc(f.open, func(o *openWork) bool { return o.database == d.ID && o.key == key }) {
		f.open = append(f.open, w)
	}
	select {
	case f.reopened[place] <- struct{}{}:
	default:
	}
}

// Unsettled returns what isn't settled yet, nothing to an actor who reaches nothing.
func (f *Fleet) Unsettled(a auth.Actor) []Unsettled {
	if a.Reaches() != nil {
		return nil
	}
	return f.allUnsettled()
}

func (f *Fleet) allUnsettled() []Unsettled {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Unsettled, len(f.open))
	for i, w := range f.open {
		out[i] = w.Unsettled
	}
	return out
}

// errUnsettled is in the chain of what is refused until work is settled.
var errUnsettled = errors.New("what became of interrupted work isn't known yet")

// CheckSettled returns nil for a database of which nothing is open that holds it, else
// fault.Conflict with what is.
func (f *Fleet) CheckSettled(d Database) error {
	return f.checkOpenWork(d, func(w *openWork) bool { return w.Held })
}

// checkOpenWork is CheckSettled with what counts.
func (f *Fleet) checkOpenWork(d Database, counts func(*openWork) bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.open {
		if w.database != d.ID || !counts(w) {
			continue
		}
		last := ""
		if w.Error != "" {
			last = " The last look said: " + w.Error
		}
		return fault.Wrap(errUnsettled, fault.Conflict,
			"Work on %s was cut short: %s. What became of that is still being looked into. "+
				"Until it is known, its rows can be read, and nothing of it can be changed, copied or put back.%s", d.Name, w.What, last)
	}
	return nil
}

// settled forgets what was open of a database, since something else ended it.
func (f *Fleet) settled(d Database, key string) {
	f.mu.Lock()
	f.open = slices.DeleteFunc(f.open, func(w *openWork) bool { return w.database == d.ID && w.key == key })
	f.mu.Unlock()
	f.forgetFailure(d.ID, key)
}

// Settle looks once at everything that isn't settled.
func (f *Fleet) Settle(ctx context.Context) {
	f.settlePlace(ctx, Embedded)
	f.settlePlace(ctx, D1)
}

// SettleDatabase looks once, at once, at what isn't settled of a database. What is still not
// known is fault.Unknown, with why; where nothing is open it is fault.Conflict.
func (f *Fleet) SettleDatabase(ctx context.Context, a auth.Actor, name string) error {
	ctx = context.WithoutCancel(ctx)
	return f.Do(ctx, a, name, OpSettle, func(ctx context.Context, d Database) (Job, error) {
		all := f.openOf(d.ID)
		if len(all) == 0 {
			return Job{}, fault.New(fault.Conflict, "Nothing of %s is unsettled any more. Load the page again.", d.Name)
		}
		var what []string
		var left error
		for _, w := range all {
			what = append(what, w.What)
			left = errors.Join(left, f.settleOne(ctx, w))
		}
		j := operation.Job{End: func(ctx context.Context, e audit.Entry, _ error) error {
			if left != nil {
				e.Outcome = audit.Unknown
				e.Detail += " Not known yet: " + fault.Message(left)
			}
			return errors.Join(left, f.store.Record(ctx, e))
		}}
		j.About.Detail = "Read again what became of it: " + strings.Join(what, ", ") + "."
		return Job{Job: j}, nil
	})
}

// openOf are what isn't settled of a database.
func (f *Fleet) openOf(d id.Database) []*openWork {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.open), func(w *openWork) bool { return w.database != d })
}

// UnsettledOf returns what isn't settled of a database.
func (f *Fleet) UnsettledOf(d id.Database) []Unsettled {
	all := f.openOf(d)
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Unsettled, len(all))
	for i, w := range all {
		out[i] = w.Unsettled
	}
	return out
}

// settleOne looks once at one of them, and forgets it where it is settled.
func (f *Fleet) settleOne(ctx context.Context, w *openWork) error {
	if err := w.settle(ctx); err != nil {
		f.noteUnsettled(ctx, w, err)
		return err
	}
	f.mu.Lock()
	f.open = slices.DeleteFunc(f.open, func(o *openWork) bool { return o == w })
	f.mu.Unlock()
	f.forgetFailure(w.database, w.key)
	f.log.Info("settled", "database", w.Database, "what", w.What)
	return nil
}

// settlePlace looks at what one place can settle, and returns how much is left.
func (f *Fleet) settlePlace(ctx context.Context, place string) (left int) {
	f.mu.Lock()
	all := slices.DeleteFunc(slices.Clone(f.open), func(w *openWork) bool { return w.place != place })
	f.mu.Unlock()
	for _, w := range all {
		if ctx.Err() != nil {
			return len(all)
		}
		if f.settleOne(ctx, w) != nil {
			left++
		}
	}
	return left
}

// noteUnsettled notes why a look settled nothing; a reason is logged once.
func (f *Fleet) noteUnsettled(ctx context.Context, w *openWork, cause error) {
	if ctx.Err() != nil || errors.Is(cause, errWorkedOn) { // that says nothing of the place
		return
	}
	f.mu.Lock()
	was := w.Error
	w.Error = fault.Message(cause)
	f.mu.Unlock()
	if was != w.Error {
		f.log.Warn("not settled yet", "database", w.Database, "what", w.What, "error", cause)
	}
}

// settleLoop settles what one place can say, again and again, until ctx ends.
func (f *Fleet) settleLoop(ctx context.Context, place string) {
	for wait := settleFirst; ctx.Err() == nil; wait = min(2*wait, settleMost) {
		var again <-chan time.Time
		if f.settlePlace(ctx, place) > 0 {
			again = time.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-f.reopened[place]:
			wait = settleFirst
		case <-again:
		}
	}
}

// errWorkedOn says that somebody works on the database just now.
var errWorkedOn = fault.New(fault.Conflict, "Somebody works on it just now. Try again in a moment.")

// tryClaim does fn while nobody else works on the database as a whole.
func (f *Fleet) tryClaim(d Database, fn func() error) error {
	if !f.claim(d.ID) {
		return errWorkedOn
	}
	defer f.release(d.ID)
	return fn()
}

// settleDelete finishes a delete that was announced.
func (f *Fleet) settleDelete(ctx context.Context, a auth.Actor, name string) error {
	d, err := f.store.Database(ctx, name)
	if err != nil {
		return err
	}
	return f.tryClaim(d, func() error {
		if d, err = f.store.Database(ctx, name); err != nil || d.State != Deleting {
			return err
		}
		intent, err := f.store.OpenIntent(ctx, audit.DatabaseDelete, d.Name)
		if err != nil {
			return err
		}
		return f.door.Finish(ctx, a, OpDelete.Kind, intent, (&deletion{fleet: f, database: d}).job())
	})
}

// settlePlan reads from the ledger what became of a plan.
func (f *Fleet) settlePlan(ctx context.Context, a auth.Actor, plan id.Plan) error {
	p, err := f.store.Plan(ctx, plan)
	if err != nil || p.State != PlanApplying && p.State != PlanUnknown {
		return err
	}
	d, err := f.store.Database(ctx, p.Database)
	if err != nil {
		return err
	}
	return f.tryClaim(d, func() error {
		conn, err := f.provider(d).Open(ctx, d.ProviderID)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		r := &planRun{fleet: f, actor: a, plan: p, database: d, conn: conn}
		j := r.job()
		j.Work = func(ctx context.Context, _ *audit.Entry) error {
			return r.readLedger(ctx, fault.New(fault.Unknown, "The program was stopped while the plan was applied."))
		}
		j.End = func(ending context.Context, e audit.Entry, err error) error {
			if ctx.Err() != nil { // the program stops: what could not be read is read at its next start
				return context.Cause(ctx)
			}
			return r.settle(ending, e, err)
		}
		if err := f.door.Finish(ctx, a, OpApply.Kind, p.Intent, j); err != nil || r.plan.State != PlanUnknown {
			return err
		}
		if _, gone := f.provider(d).Get(ctx, d.ProviderID); fault.Is(gone, fault.NotFound) { // nobody can say any more
			return nil
		}
		return fault.New(fault.Unknown, "%s", r.plan.Error)
	})
}

// settleMove ends a move that was cut short: the database is where the control plane
// says. Only the last part keeps others away: the new place may take long to answer.
func (f *Fleet) settleMove(ctx context.Context, a auth.Actor, name string) error {
	d, err := f.store.Database(ctx, name)
	if err != nil || d.MoveTarget.Place == "" {
		return err
	}
	if err := f.removeMoveTarget(ctx, d); err != nil {
		return err
	}
	return f.tryClaim(d, func() error {
		now, err := f.store.Database(ctx, name)
		if err != nil || now.MoveTarget != d.MoveTarget {
			return err
		}
		return f.recordBrokenMove(ctx, a, now)
	})
}
