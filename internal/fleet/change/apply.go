package change

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Apply runs an approved plan. A restore point is kept first: without one, it
// does not run. It stands between an intent and an outcome in the audit log, and
// the database's own ledger has the plan's id if, and only if, it was applied. It
// is not stopped by the browser that asked for it.
func (pl *Plans) Apply(ctx context.Context, a auth.Actor, plan id.Plan, hash string) (fleet.Plan, error) {
	if err := a.May(fleet.OpApply.Needs); err != nil {
		return fleet.Plan{}, err
	}
	p, d, err := pl.planByHash(ctx, plan, hash)
	if err != nil {
		return p, err
	}
	if p.State != fleet.PlanApproved {
		return p, fault.New(fault.Conflict, "The plan is %s; only an approved plan can be applied.", p.State)
	}
	switch outdated, err := pl.planReadingDiffers(ctx, p); {
	case err != nil:
		return p, err
	case outdated:
		return p, fault.New(fault.Conflict, "An earlier version of the dashboard made this plan, and read less of the schema. "+
			"Nothing was changed. Make a new plan, which says what this one didn't.")
	}
	r := &planRun{plans: pl, actor: a, plan: p}
	err = pl.fleet.Do(ctx, a, d.Name, fleet.OpApply, func(ctx context.Context, d fleet.Database) (fleet.Job, error) {
		if r.conn, err = pl.fleet.Places.Of(d).Open(ctx, d.ProviderID); err != nil {
			return fleet.Job{}, err
		}
		r.database = d
		point, err := pl.points.MakePoint(ctx, d, fleet.RestorePoint{Kind: fleet.PointApply, Plan: p.ID, CreatedBy: a.Email})
		if err != nil {
			return fleet.Job{}, fault.Wrap(err, fault.KindOf(err), "No restore point could be kept, so the plan was not applied: %s",
				fault.Message(err))
		}
		r.plan.Point = point.ID
		return fleet.Job{Job: r.job()}, nil
	})
	if r.conn != nil {
		_ = r.conn.Close()
	}
	return r.plan, err
}

// RetryPlan makes a new attempt of a plan that failed: a plan of the same steps under a new id,
// approved as that one was. What was tried stays as it is, here and in the database's ledger.
// Any other plan is fault.Conflict.
func (pl *Plans) RetryPlan(ctx context.Context, a auth.Actor, plan id.Plan) (fleet.Plan, error) {
	if err := a.May(fleet.OpRetry.Needs); err != nil {
		return fleet.Plan{}, err
	}
	was, err := pl.readPlan(ctx, plan)
	if err != nil {
		return was, err
	}
	if was.State != fleet.PlanFailed {
		return was, fault.New(fault.Conflict, "The plan is %s; only one that failed can be tried again.", was.State)
	}
	if was.DecidedAt.IsZero() {
		return was, fault.New(fault.Conflict, "Nobody approved this plan, so there is nothing to try again. Make a new plan.")
	}
	if err := pl.checkRetried(ctx, was); err != nil {
		return was, err
	}
	d, err := pl.store.Database(ctx, was.Database)
	if err != nil {
		return was, err
	}
	p := fleet.Plan{ID: id.At[id.Plan](pl.now()), Database: was.Database, Hash: was.Hash, Body: was.Body, State: fleet.PlanApproved,
		CreatedBy: was.CreatedBy, DecidedAt: was.DecidedAt, DecidedBy: was.DecidedBy, Overrides: was.Overrides}
	j := operation.Job{About: aboutPlan(d, p), End: func(ctx context.Context, e audit.Entry, _ error) error {
		p.CreatedAt = e.At
		return pl.store.CreatePlan(ctx, p, e)
	}}
	j.About.Detail += fmt.Sprintf(", a new attempt of %s, which failed; approved by %s at %s", was.ID, was.DecidedBy,
		was.DecidedAt.Format("2006-01-02 15:04 UTC"))
	err = pl.fleet.Door.Do(ctx, a, fleet.OpRetry.Kind, j)
	return p, err
}

// checkRetried is fault.Conflict for a plan of which another attempt waits or was applied.
func (pl *Plans) checkRetried(ctx context.Context, was fleet.Plan) error {
	newer, _, err := pl.store.Plans(ctx, was.Database, fleet.Page{Number: 1, Size: 100})
	for _, p := range newer {
		if p.ID > was.ID && p.Hash == was.Hash && p.State != fleet.PlanFailed && p.State != fleet.PlanRejected {
			return fault.New(fault.Conflict, "There is a newer attempt of this plan already, and it is %s. "+
				"It is in the list under Migrations.", p.State)
		}
	}
	return err
}

// job applies the plan.
func (r *planRun) job() operation.Job {
	j := operation.Job{About: aboutPlan(r.database, r.plan), Begin: r.begin, Work: r.send, End: r.settle}
	j.About.Statement = statements(r.plan.Body)
	return j
}

func (r *planRun) begin(ctx context.Context, intent audit.Entry) error {
	p := r.plan
	p.State, p.AppliedAt, p.AppliedBy, p.Intent = fleet.PlanApplying, intent.At, r.actor.Email, intent.ID
	if err := r.plans.store.UpdatePlan(ctx, p, fleet.PlanApproved, nil, intent); err != nil {
		return err
	}
	r.plan = p
	failpoint.Hit("apply:intent")
	return nil
}

func (r *planRun) send(ctx context.Context, _ *audit.Entry) error {
	began := time.Now()
	_, err := migrate.Apply(ctx, r.conn, &r.plan.Body, r.plan.Attempt(r.database.Fence))
	failpoint.Hit("apply:sent")
	r.plan.Duration = time.Since(began)
	return r.readLedger(context.WithoutCancel(ctx), err) // also when the lease was lost
}

func statements(p migrate.Plan) string {
	sql := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		sql[i] = s.SQL
	}
	return strings.Join(sql, ";\n")
}

// planRun is a plan on its way into its database.
type planRun struct {
	plans    *Plans
	actor    auth.Actor
	plan     fleet.Plan
	database fleet.Database
	conn     d1.Conn
	resolved string // how a lost answer was found, "" where none was lost
}

// readLedger returns why the plan wasn't applied, nil for one that was: where the answer
// was lost the ledger knows, and resolved says that it did. A failure that is known is
// noted there.
func (r *planRun) readLedger(ctx context.Context, cause error) error {
	body, attempt := &r.plan.Body, r.plan.Attempt(r.database.Fence)
	if fault.Is(cause, fault.Unknown) {
		switch row, err := migrate.Settle(ctx, r.conn, body, attempt); {
		case err == nil && row.Ended == migrate.Applied:
			r.resolved = "the answer was lost; the ledger has it"
			return nil
		case err == nil:
			return fault.Wrap(cause, fault.Unavailable, "The answer was lost, and the ledger does not have the plan: nothing was changed.")
		}
	} else if cause != nil && !d1.NotRun(cause) { // an attempt that wasn't one has no row: the next has this id
		if err := migrate.NoteFailure(ctx, r.conn, body, attempt, fault.Message(cause)); err != nil {
			r.plans.log.Warn("ledger", "plan", r.plan.ID, "database", r.database.Name, "error", err) // the plan itself has it
		}
	}
	return cause
}

// settle records what became of an apply. What isn't known is read again by Run until it is.
func (r *planRun) settle(ctx context.Context, e audit.Entry, cause error) error {
	f, p, d := r.plans, r.plan, r.database
	from := p.State
	e.Outcome, e.Detail = audit.Done, planWords(p)
	var update *fleet.Database
	switch {
	case cause == nil:
		p.State, p.Error = fleet.PlanApplied, ""
		d.Schema, d.Version, d.UpdatedAt = p.Body.Schema, p.Body.Version, e.At
		update = &d
		f.fleet.Owns.Applied(d.ProviderID)
		if r.resolved != "" {
			e.Detail += ", " + r.resolved
		}
	case fault.Is(cause, fault.Unknown):
		p.State, p.Error, e.Outcome = fleet.PlanUnknown,
			"The answer was lost and the database can't be read now. It is read again until it answers.",
			audit.Unknown
	case d1.NotRun(cause):
		p.State, e.Outcome = fleet.PlanApproved, audit.Failed
		p.AppliedAt, p.AppliedBy, p.Intent, p.Point, p.Duration = time.Time{}, "", "", "", 0
		p.Error = fault.Message(cause) + " Nothing of the plan was run, so it is approved as before and can be applied again."
	default:
		p.State, p.Error, e.Outcome = fleet.PlanFailed, fault.Message(cause), audit.Failed
	}
	if p.State == fleet.PlanUnknown && from == fleet.PlanUnknown { // that is recorded already
		return nil
	}
	if p.Error != "" {
		e.Detail += ": " + p.Error
	}
	entries := []audit.Entry{e}
	if cause == nil {
		entries = append(entries, f.fills.beginFilling(r.actor, d, &p)...)
	}
	r.plan = p
	if err := f.store.UpdatePlan(ctx, p, from, update, entries...); err != nil {
		return err
	}
	f.fills.startFilling(r.actor, p)
	if p.State == fleet.PlanUnknown {
		f.reopenPlan(d, p.ID)
	}
	if cause != nil {
		f.log.Warn("apply", "plan", p.ID, "database", d.Name, "state", p.State, "error", cause)
	}
	if p.State != fleet.PlanUnknown { // else it can't be read now
		f.health.RecordCheck(ctx, d)
	}
	return nil
}
