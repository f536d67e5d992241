package fleet

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
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Apply runs an approved plan. A restore point is kept first: without one, it
// does not run. It stands between an intent and an outcome in the audit log, and
// the database's own ledger has the plan's id if, and only if, it was applied. It
// is not stopped by the browser that asked for it.
func (f *Fleet) Apply(ctx context.Context, a auth.Actor, plan id.Plan, hash string) (Plan, error) {
	if err := a.May(OpApply.Needs); err != nil {
		return Plan{}, err
	}
	p, d, err := f.planByHash(ctx, plan, hash)
	if err != nil {
		return p, err
	}
	if p.State != PlanApproved {
		return p, fault.New(fault.Conflict, "The plan is %s; only an approved plan can be applied.", p.State)
	}
	switch outdated, err := f.planReadingDiffers(ctx, p); {
	case err != nil:
		return p, err
	case outdated:
		return p, fault.New(fault.Conflict, "An earlier version of the dashboard made this plan, and read less of the schema. "+
			"Nothing was changed. Make a new plan, which says what this one didn't.")
	}
	r := &planRun{fleet: f, actor: a, plan: p}
	err = f.Do(ctx, a, d.Name, OpApply, func(ctx context.Context, d Database) (Job, error) {
		if r.conn, err = f.provider(d).Open(ctx, d.ProviderID); err != nil {
			return Job{}, err
		}
		r.database = d
		point, err := f.keepPoint(ctx, d, RestorePoint{Kind: PointApply, Plan: p.ID, CreatedBy: a.Email})
		if err != nil {
			return Job{}, fault.Wrap(err, fault.KindOf(err), "No restore point could be kept, so the plan was not applied: %s", fault.Message(err))
		}
		r.plan.Point = point.ID
		return Job{Job: r.job()}, nil
	})
	if r.conn != nil {
		_ = r.conn.Close()
	}
	return r.plan, err
}

// RetryPlan makes a new attempt of a plan that failed: a plan of the same steps under a new id,
// approved as that one was. What was tried stays as it is, here and in the database's ledger.
// Any other plan is fault.Conflict.
func (f *Fleet) RetryPlan(ctx context.Context, a auth.Actor, plan id.Plan) (Plan, error) {
	if err := a.May(OpRetry.Needs); err != nil {
		return Plan{}, err
	}
	was, err := f.readPlan(ctx, plan)
	if err != nil {
		return was, err
	}
	if was.State != PlanFailed {
		return was, fault.New(fault.Conflict, "The plan is %s; only one that failed can be tried again.", was.State)
	}
	if was.DecidedAt.IsZero() {
		return was, fault.New(fault.Conflict, "Nobody approved this plan, so there is nothing to try again. Make a new plan.")
	}
	if err := f.checkRetried(ctx, was); err != nil {
		return was, err
	}
	d, err := f.store.Database(ctx, was.Database)
	if err != nil {
		return was, err
	}
	p := Plan{ID: id.At[id.Plan](f.now()), Database: was.Database, Hash: was.Hash, Body: was.Body, State: PlanApproved,
		CreatedBy: was.CreatedBy, DecidedAt: was.DecidedAt, DecidedBy: was.DecidedBy, Overrides: was.Overrides}
	j := operation.Job{About: aboutPlan(d, p), End: func(ctx context.Context, e audit.Entry, _ error) error {
		p.CreatedAt = e.At
		return f.store.CreatePlan(ctx, p, e)
	}}
	j.About.Detail += fmt.Sprintf(", a new attempt of %s, which failed; approved by %s at %s", was.ID, was.DecidedBy,
		was.DecidedAt.Format("2006-01-02 15:04 UTC"))
	err = f.door.Do(ctx, a, OpRetry.Kind, j)
	return p, err
}

// checkRetried is fault.Conflict for a plan of which another attempt waits or was applied.
func (f *Fleet) checkRetried(ctx context.Context, was Plan) error {
	newer, _, err := f.store.Plans(ctx, was.Database, Page{Number: 1, Size: 100})
	for _, p := range newer {
		if p.ID > was.ID && p.Hash == was.Hash && p.State != PlanFailed && p.State != PlanRejected {
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
	p.State, p.AppliedAt, p.AppliedBy, p.Intent = PlanApplying, intent.At, r.actor.Email, intent.ID
	if err := r.fleet.store.UpdatePlan(ctx, p, PlanApproved, nil, intent); err != nil {
		return err
	}
	r.plan = p
	failpoint.Hit("apply:intent")
	return nil
}

func (r *planRun) send(ctx context.Context, _ *audit.Entry) error {
	began := time.Now()
	_, err := migrate.Apply(ctx, r.conn, &r.plan.Body, r.plan.attempt(r.database.Fence))
	failpoint.Hit("apply:sent")
	r.plan.Duration = time.Since(began)
	return r.readLedger(context.WithoutCancel(ctx), err) // also when the lease was lost
}

// attempt is the plan's one try, as the database's ledger has it.
func (p Plan) attempt(fence int64) migrate.Attempt {
	return migrate.Attempt{ID: string(p.ID), Actor: p.AppliedBy, At: p.AppliedAt, Point: p.Point, Fence: fence}
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
	fleet    *Fleet
	actor    auth.Actor
	plan     Plan
	database Database
	conn     d1.Conn
	resolved string // how a lost answer was found, "" where none was lost
}

// readLedger returns why the plan wasn't applied, nil for one that was: where the answer
// was lost the ledger knows, and resolved says that it did. A failure that is known is
// noted there.
func (r *planRun) readLedger(ctx context.Context, cause error) error {
	body, attempt := &r.plan.Body, r.plan.attempt(r.database.Fence)
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
			r.fleet.log.Warn("ledger", "plan", r.plan.ID, "database", r.database.Name, "error", err) // the plan itself has it
		}
	}
	return cause
}

// settle records what became of an apply. What isn't known is read again by Run until it is.
func (r *planRun) settle(ctx context.Context, e audit.Entry, cause error) error {
	f, p, d := r.fleet, r.plan, r.database
	from := p.State
	e.Outcome, e.Detail = audit.Done, planWords(p)
	var update *Database
	switch {
	case cause == nil:
		p.State, p.Error = PlanApplied, ""
		d.Schema, d.Version, d.UpdatedAt = p.Body.Schema, p.Body.Version, e.At
		update = &d
		f.owns.applied(d.ProviderID)
		if r.resolved != "" {
			e.Detail += ", " + r.resolved
		}
	case fault.Is(cause, fault.Unknown):
		p.State, p.Error, e.Outcome = PlanUnknown, "The answer was lost and the database can't be read now. It is read again until it answers.",
			audit.Unknown
	case d1.NotRun(cause):
		p.State, e.Outcome = PlanApproved, audit.Failed
		p.AppliedAt, p.AppliedBy, p.Intent, p.Point, p.Duration = time.Time{}, "", "", "", 0
		p.Error = fault.Message(cause) + " Nothing of the plan was run, so it is approved as before and can be applied again."
	default:
		p.State, p.Error, e.Outcome = PlanFailed, fault.Message(cause), audit.Failed
	}
	if p.State == PlanUnknown && from == PlanUnknown { // that is recorded already
		return nil
	}
	if p.Error != "" {
		e.Detail += ": " + p.Error
	}
	entries := []audit.Entry{e}
	if cause == nil {
		entries = append(entries, f.beginFilling(r.actor, d, &p)...)
	}
	r.plan = p
	if err := f.store.UpdatePlan(ctx, p, from, update, entries...); err != nil {
		return err
	}
	f.startFilling(r.actor, p)
	if p.State == PlanUnknown {
		f.reopenPlan(d, p.ID)
	}
	if cause != nil {
		f.log.Warn("apply", "plan", p.ID, "database", d.Name, "state", p.State, "error", cause)
	}
	if p.State != PlanUnknown { // else it can't be read now
		f.recordCheck(ctx, d)
	}
	return nil
}
