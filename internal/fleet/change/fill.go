package change

import (
	"context"
	"fmt"
	"slices"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/operation"
)

// FillProgress returns how far the fills of a plan are, none for a plan without fills or
// whose fills have not begun. Of fills that run it is known without asking the database,
// which a page would do each second: none until the first look of a run.
func (fi *Fills) FillProgress(ctx context.Context, p fleet.Plan) ([]migrate.FillProgress, error) {
	if at, runs := fi.runningFills(p); runs || p.Filling.State == "" {
		return at, nil
	}
	_, conn, err := fi.fleet.OpenDatabase(ctx, p.Database)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return migrate.Progress(ctx, conn, string(p.ID))
}

// runningFills reports whether the fills of a plan run, and how far they are as far as that
// is known.
func (fi *Fills) runningFills(p fleet.Plan) (at []migrate.FillProgress, runs bool) {
	fi.mu.Lock()
	defer fi.mu.Unlock()
	if run := fi.fills[p.ID]; run != nil {
		return slices.Clone(run.at), true
	}
	return nil, p.Filling.State == fleet.FillRunning
}

// FillingPlans returns the plans of a database whose fills are not done: running, stopped
// or failed, the oldest first.
func (fi *Fills) FillingPlans(ctx context.Context, a auth.Actor, database string) ([]fleet.Plan, error) {
	if err := a.Reaches(); err != nil {
		return nil, err
	}
	return fi.store.FillingPlans(ctx, database)
}

// beginFilling notes in a plan that was applied that its fills run, and returns the
// audit intent; none for a plan without fills.
func (fi *Fills) beginFilling(a auth.Actor, d fleet.Database, p *fleet.Plan) []audit.Entry {
	if len(p.Body.Fills) == 0 {
		return nil
	}
	about := aboutPlan(d, *p)
	e := fi.fleet.Door.Entry(a, fleet.OpFill.Kind, audit.Intent, about)
	e.Detail = about.Detail
	for i, fill := range p.Body.Fills {
		if i > 0 {
			e.Statement += "\n"
		}
		e.Statement += fill.Words()
	}
	p.Filling = fleet.Filling{State: fleet.FillRunning, Intent: e.ID, By: a.Email, Since: e.At}
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
func (fi *Fills) StopFilling(ctx context.Context, a auth.Actor, plan id.Plan) error {
	if err := a.May(fleet.OpFillStop.Needs); err != nil {
		return err
	}
	p, d, err := fi.fillingPlan(ctx, plan, fleet.FillRunning)
	if err != nil {
		return err
	}
	j := operation.Job{About: aboutPlan(d, p), End: func(ctx context.Context, e audit.Entry, _ error) error {
		if all, err := fi.FillProgress(ctx, p); err == nil { // else it is stopped all the same
			rows, words := sumProgress(all)
			e.Rows, e.Detail = rows, e.Detail+", "+words
		}
		e.Intent = p.Filling.Intent
		p.Filling.State, p.Filling.Error = fleet.FillStopped, ""
		p.Filling.By, p.Filling.Since = a.Email, e.At
		return fi.store.UpdateFilling(ctx, p, fleet.FillRunning, e)
	}}
	if err := fi.fleet.Door.Do(ctx, a, fleet.OpFillStop.Kind, j); err != nil {
		return err
	}
	fi.mu.Lock()
	defer fi.mu.Unlock()
	if run := fi.fills[p.ID]; run != nil {
		run.cancel()
		delete(fi.fills, p.ID)
	}
	return nil
}

// ResumeFilling lets the fills of a plan go on that were stopped or failed, from where
// they are. Others are fault.Conflict.
func (fi *Fills) ResumeFilling(ctx context.Context, a auth.Actor, plan id.Plan) error {
	if err := a.May(fleet.OpFill.Needs); err != nil {
		return err
	}
	p, d, err := fi.fillingPlan(ctx, plan, fleet.FillStopped, fleet.FillFailed)
	if err != nil {
		return err
	}
	if err := fi.fleet.CheckUsable(d); err != nil {
		return err
	}
	from := p.Filling.State
	intent := fi.beginFilling(a, d, &p)
	if err := fi.store.UpdateFilling(ctx, p, from, intent...); err != nil {
		return err
	}
	fi.startFilling(a, p)
	return nil
}

func (fi *Fills) fillingPlan(ctx context.Context, plan id.Plan, states ...fleet.FillState) (fleet.Plan, fleet.Database, error) {
	p, err := fi.plans.readPlan(ctx, plan)
	if err != nil {
		return p, fleet.Database{}, err
	}
	for _, s := range states {
		if p.Filling.State == s {
			d, err := fi.store.Database(ctx, p.Database)
			return p, d, err
		}
	}
	if p.Filling.State == "" {
		return p, fleet.Database{}, fault.New(fault.Conflict, "Nothing of this plan is being filled.")
	}
	return p, fleet.Database{}, fault.New(fault.Conflict, "That can't be done now: the filling is %s.", p.Filling.State)
}
