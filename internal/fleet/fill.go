package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Filling is how the fills of an applied plan stand. What was filled so far is in
// the database itself; see FillProgress.
type Filling struct {
	// State is "" before the plan was applied, and for a plan without fills.
	State FillState
	// Error says why it failed, or how many rows have no value though it is done.
	Error string
	// Intent is the audit entry written before it began, or went on.
	Intent string
	// By is who began it, or stopped it; Since is when it came into its state.
	By    string
	Since time.Time
}

// FillState is how far the fills of a plan are.
type FillState string

// The states of filling. Only one that runs goes on by itself after a stop of the
// program; one that is stopped or failed waits for an operator.
const (
	FillRunning FillState = "running"
	FillStopped FillState = "stopped"
	FillFailed  FillState = "failed"
	FillDone    FillState = "done"
)

// FillProgress returns how far the fills of a plan are, none for a plan without fills or
// whose fills have not begun. Of fills that run it is known without asking the database,
// which a page would do each second: none until the first look of a run.
func (f *Fleet) FillProgress(ctx context.Context, p Plan) ([]migrate.FillProgress, error) {
	if at, runs := f.runningFills(p); runs || p.Filling.State == "" {
		return at, nil
	}
	_, conn, err := f.openDatabase(ctx, p.Database)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return migrate.Progress(ctx, conn, string(p.ID))
}

// runningFills reports whether the fills of a plan run, and how far they are as far as that
// is known.
func (f *Fleet) runningFills(p Plan) (at []migrate.FillProgress, runs bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if run := f.fills[p.ID]; run != nil {
		return slices.Clone(run.at), true
	}
	return nil, p.Filling.State == FillRunning
}

// FillingPlans returns the plans of a database whose fills are not done: running, stopped
// or failed, the oldest first.
func (f *Fleet) FillingPlans(ctx context.Context, a auth.Actor, database string) ([]Plan, error) {
	if err := a.Reaches(); err != nil {
		return nil, err
	}
	return f.store.FillingPlans(ctx, database)
}

// beginFilling notes in a plan that was applied that its fills run, and returns the
// audit intent; none for a plan without fills.
func (f *Fleet) beginFilling(a auth.Actor, d Database, p *Plan) []audit.Entry {
	if len(p.Body.Fills) == 0 {
		return nil
	}
	about := aboutPlan(d, *p)
	e := f.door.Entry(a, OpFill.Kind, audit.Intent, about)
	e.Detail = about.Detail
	for i, fill := range p.Body.Fills {
		if i > 0 {
			e.Statement += "\n"
		}
		e.Statement += fill.Words()
	}
	p.Filling = Filling{State: FillRunning, Intent: e.ID, By: a.Email, Since: e.At}
	return []audit.Entry{e}
}

// sumProgress sums what was filled, and says it in words.
func sumProgress(all []migrate.FillProgress) (rows int64, words string) {
	var passed, total int64
	for _, at := range all {
		rows, passed, total = rows+at.Filled, passed+at.Passed, total+at.Total
	}
	return rows, fmt.Sprintf("%d rows filled, %d of about %d gone through", rows, passed, total)
}

// StopFilling stops the fills of a plan after the chunk that is being done. What was
// filled stays. Fills that don't run are fault.Conflict.
func (f *Fleet) StopFilling(ctx context.Context, a auth.Actor, plan id.Plan) error {
	if err := a.May(OpFillStop.Needs); err != nil {
		return err
	}
	p, d, err := f.fillingPlan(ctx, plan, FillRunning)
	if err != nil {
		return err
	}
	j := operation.Job{About: aboutPlan(d, p), End: func(ctx context.Context, e audit.Entry, _ error) error {
		if all, err := f.FillProgress(ctx, p); err == nil { // else it is stopped all the same
			rows, words := sumProgress(all)
			e.Rows, e.Detail = rows, e.Detail+", "+words
		}
		e.Intent = p.Filling.Intent
		p.Filling.State, p.Filling.Error = FillStopped, ""
		p.Filling.By, p.Filling.Since = a.Email, e.At
		return f.store.UpdateFilling(ctx, p, FillRunning, e)
	}}
	if err := f.door.Do(ctx, a, OpFillStop.Kind, j); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if run := f.fills[p.ID]; run != nil {
		run.cancel()
		delete(f.fills, p.ID)
	}
	return nil
}

// ResumeFilling lets the fills of a plan go on that were stopped or failed, from where
// they are. Others are fault.Conflict.
func (f *Fleet) ResumeFilling(ctx context.Context, a auth.Actor, plan id.Plan) error {
	if err := a.May(OpFill.Needs); err != nil {
		return err
	}
	p, d, err := f.fillingPlan(ctx, plan, FillStopped, FillFailed)
	if err != nil {
		return err
	}
	if err := f.checkUsable(d); err != nil {
		return err
	}
	from := p.Filling.State
	intent := f.beginFilling(a, d, &p)
	if err := f.store.UpdateFilling(ctx, p, from, intent...); err != nil {
		return err
	}
	f.startFilling(a, p)
	return nil
}

func (f *Fleet) fillingPlan(ctx context.Context, plan id.Plan, states ...FillState) (Plan, Database, error) {
	p, err := f.readPlan(ctx, plan)
	if err != nil {
		return p, Database{}, err
	}
	for _, s := range states {
		if p.Filling.State == s {
			d, err := f.store.Database(ctx, p.Database)
			return p, d, err
		}
	}
	if p.Filling.State == "" {
		return p, Database{}, fault.New(fault.Conflict, "Nothing of this plan is being filled.")
	}
	return p, Database{}, fault.New(fault.Conflict, "That can't be done now: the filling is %s.", p.Filling.State)
}
