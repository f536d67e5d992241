package fleet

import (
	"context"
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/operation"
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
func (f *Fleet) Plan(ctx context.Context, a auth.Actor, p id.Plan) (Plan, error) {
	if err := a.Reaches(); err != nil {
		return Plan{}, err
	}
	return f.readPlan(ctx, p)
}

func (f *Fleet) readPlan(ctx context.Context, p id.Plan) (Plan, error) {
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
func (f *Fleet) Plans(ctx context.Context, a auth.Actor, database string, p Page) ([]Plan, int, error) {
	if err := a.Reaches(); err != nil {
		return nil, 0, err
	}
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
	d, conn, err := f.openDatabase(ctx, p.Database)
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
	if err := a.May(OpPlan.Needs); err != nil {
		return Plan{}, err
	}
	d, conn, err := f.openDatabase(ctx, database)
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
	p := Plan{ID: id.At[id.Plan](f.now()), Database: d.Name, Hash: body.Hash(), Body: *body, State: PlanProposed, CreatedBy: a.Email}
	err = f.door.Do(ctx, a, OpPlan.Kind, operation.Job{About: aboutPlan(d, p), End: func(ctx context.Context, e audit.Entry, _ error) error {
		p.CreatedAt = e.At
		return f.store.CreatePlan(ctx, p, e)
	}})
	return p, err
}

// aboutPlan is an entry about a plan.
func aboutPlan(d Database, p Plan) audit.Entry {
	e := about(d)
	e.Target, e.Detail = string(p.ID), planWords(p)
	return e
}

func planWords(p Plan) string {
	return fmt.Sprintf("%s v%d, plan %.12s", p.Body.Schema, p.Body.Version, p.Hash)
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
	op, to := OpReject, PlanRejected
	if by.Approve {
		op, to = OpApprove, PlanApproved
	}
	if err := a.May(op.Needs); err != nil {
		return Plan{}, err
	}
	p, d, err := f.planByHash(ctx, plan, by.Hash)
	if err != nil {
		return p, err
	}
	if by.Approve {
		if err := f.checkApproval(ctx, p, by.Consent); err != nil {
			return p, err
		}
	}
	from := p.State
	if from != PlanProposed && (by.Approve || from != PlanApproved) {
		return p, fault.New(fault.Conflict, "The plan is %s, so it can't be decided again.", p.State)
	}
	p.State, p.DecidedBy = to, a.Email
	if by.Approve {
		p.Overrides = by.Overrides
	}
	j := operation.Job{About: aboutPlan(d, p), End: func(ctx context.Context, e audit.Entry, _ error) error {
		p.DecidedAt = e.At
		return f.store.UpdatePlan(ctx, p, from, nil, e)
	}}
	j.About.Detail += decisionWords(p, by)
	err = f.door.Do(ctx, a, op.Kind, j)
	return p, err
}

// decisionWords say what was said yes to.
func decisionWords(p Plan, by Decision) (words string) {
	if by.Approve && p.SelfApproved() {
		words += ", approved by its author"
	}
	if by.Approve && len(p.Body.Losses) > 0 {
		words += ", acknowledged: " + strings.Join(by.Acknowledged, ", ")
	}
	for _, o := range p.Overrides {
		words += fmt.Sprintf(", overridden: %s %s: %s", o.Code, o.Object, o.Reason)
	}
	return words
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
	p, err := f.readPlan(ctx, plan)
	if err != nil {
		return p, Database{}, err
	}
	if p.Hash != hash {
		return p, Database{}, fault.New(fault.Conflict, "This is not the plan you saw. Read it again.")
	}
	d, err := f.store.Database(ctx, p.Database)
	return p, d, err
}
