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
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Review compares a database as it was read with a version of a schema and returns
// the plan between them. Nothing is stored and nothing is changed. Tables that the
// version it is at declares, and this one doesn't, are planned to go.
func (f *Fleet) Review(ctx context.Context, d Database, db *live.Database, name string, version int) (*migrate.Plan, error) {
	_, target, err := f.Version(ctx, name, version)
	if err != nil {
		return nil, err
	}
	var previous *schema.Schema
	if d.Schema == name && d.Version > 0 {
		if _, previous, err = f.Version(ctx, name, d.Version); err != nil {
			return nil, err
		}
	}
	return migrate.New(db, target, previous)
}

// Plan returns a stored plan. One whose body is no longer what its hash says is
// an internal error: somebody changed it.
func (f *Fleet) Plan(ctx context.Context, p id.Plan) (Plan, error) {
	plan, err := f.store.Plan(ctx, p)
	if err != nil {
		return plan, err
	}
	if plan.Body.Hash() != plan.Hash {
		return plan, fault.New(fault.Internal, "the plan %s is not what its hash says", p)
	}
	return plan, nil
}

// Plans returns a page of a database's plans, or all for "", the newest first.
func (f *Fleet) Plans(ctx context.Context, database string, p Page) ([]Plan, int, error) {
	return f.store.Plans(ctx, database, p)
}

// Look is what a database says to a plan that waits.
type Look struct {
	// Stale says that the plan was made for a schema the database no longer has, or by
	// a build that read that schema otherwise.
	// Next is then the plan from what it has now, nil where there is none.
	Stale bool
	Next  *migrate.Plan
	// Answers are those of the plan's live checks.
	Answers []migrate.Answer
	// Offer is what to do instead where a table is too large, nil where none is.
	Offer *Offer
}

// Look asks the database about a plan that waits; of any other there is nothing to
// ask. Nothing is changed.
func (f *Fleet) Look(ctx context.Context, p Plan) (Look, error) {
	var l Look
	if p.State != PlanProposed && p.State != PlanApproved {
		return l, nil
	}
	d, conn, err := f.Open(ctx, p.Database)
	if err != nil {
		return l, err
	}
	defer func() { _ = conn.Close() }()
	live, err := migrate.Inspect(ctx, conn)
	if err != nil {
		return l, err
	}
	outdated, err := f.planReadingDiffers(ctx, p)
	if err != nil {
		return l, err
	}
	if l.Stale = outdated || live.Fingerprint() != p.Body.Fingerprint; l.Stale {
		l.Next, err = f.Review(ctx, d, live, p.Body.Schema, p.Body.Version)
		if err != nil {
			f.log.Info("look", "plan", p.ID, "error", err) // the plan is stale all the same
		}
		return l, nil
	}
	l.Answers, err = p.Body.Ask(ctx, conn)
	if err == nil {
		l.Offer = f.offer(ctx, d, p, live, l.Answers)
	}
	return l, err
}

// Propose stores the plan from a database as it is to a version of a schema.
func (f *Fleet) Propose(ctx context.Context, a auth.Actor, database, name string, version int) (Plan, error) {
	d, conn, err := f.Open(ctx, database)
	if err != nil {
		return Plan{}, err
	}
	defer func() { _ = conn.Close() }()
	db, err := migrate.Inspect(ctx, conn)
	if err != nil {
		return Plan{}, err
	}
	body, err := f.Review(ctx, d, db, name, version)
	if err != nil {
		return Plan{}, err
	}
	if body.Empty() && d.Schema == name && d.Version == version {
		return Plan{}, fault.New(fault.Invalid, "%s is at version %d of %s already.", d.Name, version, name)
	}
	p := Plan{Database: d.Name, Hash: body.Hash(), Body: *body, State: PlanProposed, CreatedBy: a.Email}
	e := f.databaseEntry(a, audit.PlanCreate, audit.Done, d)
	p.ID, p.CreatedAt = id.At[id.Plan](e.At), e.At
	return p, f.store.CreatePlan(ctx, p, aboutPlan(e, p))
}

func (f *Fleet) planEntry(a auth.Actor, action audit.Action, o audit.Outcome, d Database, p Plan) audit.Entry {
	return aboutPlan(f.databaseEntry(a, action, o, d), p)
}

// aboutPlan says in an entry which plan it is about.
func aboutPlan(e audit.Entry, p Plan) audit.Entry {
	e.Target = string(p.ID)
	e.Detail = fmt.Sprintf("%s v%d, plan %.12s", p.Body.Schema, p.Body.Version, p.Hash)
	return e
}

// Consent is what an approval says yes to by name.
type Consent struct {
	// Acknowledged are the names of the plan's losses.
	Acknowledged []string
	// Overrides have a reason for each finding that fails.
	Overrides []migrate.Override
}

// Decision is what an operator decides of a plan.
type Decision struct {
	// Hash is the one the operator saw.
	Hash string
	// Approve says yes, with what Consent has; else the plan is rejected.
	Approve bool
	Consent
}

// Decide approves or rejects a plan that was proposed. Another hash than the plan's is
// fault.Conflict. For an approval the live checks are
// asked again: fault.Invalid when the consent lacks something, or when the rows
// forbid the plan.
func (f *Fleet) Decide(ctx context.Context, a auth.Actor, plan id.Plan, by Decision) (Plan, error) {
	p, d, err := f.planByHash(ctx, plan, by.Hash)
	if err != nil {
		return p, err
	}
	action, to := audit.PlanReject, PlanRejected
	if by.Approve {
		action, to = audit.PlanApprove, PlanApproved
		if err := f.checkApproval(ctx, p, by.Consent); err != nil {
			return p, err
		}
	}
	from := p.State
	if from != PlanProposed && (by.Approve || from != PlanApproved) {
		return p, fault.New(fault.Conflict, "The plan is %s, so it can't be decided again.", p.State)
	}
	e := f.planEntry(a, action, audit.Done, d, p)
	p.State, p.DecidedAt, p.DecidedBy = to, e.At, a.Email
	if by.Approve {
		p.Overrides = by.Overrides
	}
	if by.Approve && p.SelfApproved() {
		e.Detail += ", approved by its author"
	}
	if by.Approve && len(p.Body.Losses) > 0 {
		e.Detail += ", acknowledged: " + strings.Join(by.Acknowledged, ", ")
	}
	for _, o := range p.Overrides {
		e.Detail += fmt.Sprintf(", overridden: %s %s: %s", o.Code, o.Object, o.Reason)
	}
	return p, f.store.UpdatePlan(ctx, p, from, nil, e)
}

// checkApproval returns nil for a plan that may be approved.
func (f *Fleet) checkApproval(ctx context.Context, p Plan, c Consent) error {
	if err := p.Body.Ready(); err != nil {
		return err
	}
	if err := p.Body.Acknowledged(c.Acknowledged); err != nil {
		return err
	}
	if err := p.Body.Overridden(c.Overrides); err != nil {
		return err
	}
	l, err := f.Look(ctx, p)
	if err != nil {
		return err
	}
	if l.Stale {
		return fault.New(fault.Conflict, "The database's schema, or the way it is read, changed since this plan was made. Make a new plan.")
	}
	for _, answer := range l.Answers {
		if answer.Blocks() {
			return fault.New(fault.Invalid, "The plan can't be approved while the rows forbid it: %s. %s", answer.Words(), answer.Fix)
		}
	}
	return nil
}

func (f *Fleet) planByHash(ctx context.Context, plan id.Plan, hash string) (Plan, Database, error) {
	p, err := f.Plan(ctx, plan)
	if err != nil {
		return p, Database{}, err
	}
	if p.Hash != hash {
		return p, Database{}, fault.New(fault.Conflict, "This is not the plan you saw. Read it again.")
	}
	d, err := f.store.Database(ctx, p.Database)
	return p, d, err
}

// Apply runs an approved plan. A restore point is kept first: without one, it
// does not run. It stands between an intent and an outcome in the audit log, and
// the database's own ledger has the plan's id if, and only if, it was applied. It
// is not stopped by the browser that asked for it.
func (f *Fleet) Apply(ctx context.Context, a auth.Actor, plan id.Plan, hash string) (Plan, error) {
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
	err = f.withClaim(ctx, d.Name, []State{Ready}, func(ctx context.Context, d Database) error {
		p, err = f.apply(ctx, a, d, p)
		return err
	})
	return p, err
}

func (f *Fleet) apply(ctx context.Context, a auth.Actor, d Database, p Plan) (Plan, error) {
	conn, err := f.provider(d).Open(ctx, d.ProviderID)
	if err != nil {
		return p, err
	}
	defer func() { _ = conn.Close() }()
	point, err := f.keepPoint(ctx, d, RestorePoint{Kind: PointApply, Plan: p.ID, CreatedBy: a.Email})
	if err != nil {
		return p, fault.Wrap(err, fault.KindOf(err), "No restore point could be kept, so the plan was not applied: %s", fault.Message(err))
	}
	intent := f.planEntry(a, audit.PlanApply, audit.Intent, d, p)
	intent.Statement = statements(p.Body)
	p.State, p.AppliedAt, p.AppliedBy = PlanApplying, intent.At, a.Email
	p.Intent, p.Point = intent.ID, point.ID
	if err := f.store.UpdatePlan(ctx, p, PlanApproved, nil, intent); err != nil {
		return p, err
	}
	failpoint.Hit("apply:intent")
	began := time.Now()
	_, err = migrate.Apply(ctx, conn, &p.Body, p.attempt(d.Fence))
	failpoint.Hit("apply:sent")
	p.Duration = time.Since(began)
	return f.settle(context.WithoutCancel(ctx), a, planRun{plan: p, database: d, conn: conn}, err) // also when the lease was lost
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

// planRun is a plan that was sent to its database.
type planRun struct {
	plan     Plan
	database Database
	conn     d1.Conn
}

// readLedger returns why the plan wasn't applied, nil for one that was: where the answer
// was lost the ledger knows, and resolved says that it did. A failure that is known is
// noted there.
func (f *Fleet) readLedger(ctx context.Context, r planRun, cause error) (resolved string, known error) {
	body, attempt := &r.plan.Body, r.plan.attempt(r.database.Fence)
	if fault.Is(cause, fault.Unknown) {
		switch row, err := migrate.Settle(ctx, r.conn, body, attempt); {
		case err == nil && row.Ended == migrate.Applied:
			return "the answer was lost; the ledger has it", nil
		case err == nil:
			return "", fault.Wrap(cause, fault.Unavailable, "The answer was lost, and the ledger does not have the plan: nothing was changed.")
		}
	} else if cause != nil && !d1.NotRun(cause) { // an attempt that wasn't one has no row: the next has this id
		if err := migrate.NoteFailure(ctx, r.conn, body, attempt, fault.Message(cause)); err != nil {
			f.log.Warn("ledger", "plan", r.plan.ID, "database", r.database.Name, "error", err) // the plan itself has it
		}
	}
	return "", cause
}

// settle records what became of an apply. A lost answer is resolved by reading
// the ledger, once now and again by Run until that is known.
func (f *Fleet) settle(ctx context.Context, a auth.Actor, r planRun, cause error) (Plan, error) {
	p, d := r.plan, r.database
	from := p.State
	resolved, cause := f.readLedger(ctx, r, cause)
	e := f.planEntry(a, audit.PlanApply, audit.Done, d, p)
	e.Intent = p.Intent
	var update *Database
	switch {
	case cause == nil:
		p.State, p.Error = PlanApplied, ""
		d.Schema, d.Version, d.UpdatedAt = p.Body.Schema, p.Body.Version, e.At
		update = &d
		f.owns.applied(d.ProviderID)
		if resolved != "" {
			e.Detail += ", " + resolved
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
		return p, nil
	}
	if p.Error != "" {
		e.Detail += ": " + p.Error
	}
	entries := []audit.Entry{e}
	if cause == nil {
		entries = append(entries, f.beginFilling(a, d, &p)...)
	}
	if err := f.store.UpdatePlan(ctx, p, from, update, entries...); err != nil {
		return p, err
	}
	f.startFilling(a, p)
	if p.State == PlanUnknown {
		f.reopenPlan(d, p.ID)
	}
	if cause != nil {
		f.log.Warn("apply", "plan", p.ID, "database", d.Name, "state", p.State, "error", cause)
	}
	if err := f.store.SaveChecks(ctx, []Check{f.checkDatabase(ctx, d)}); err != nil { // the background would see it too
		f.log.Warn("check", "database", d.Name, "error", err)
	}
	return p, nil
}
