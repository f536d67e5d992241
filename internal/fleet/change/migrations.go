package change

import (
	"context"
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/operation"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Review compares a database as it was read with a version of a schema and returns
// the plan between them. Nothing is stored and nothing is changed. Tables that the
// version it is at declares, and this one doesn't, are planned to go.
func (pl *Plans) Review(ctx context.Context, d fleet.Database, db *live.Database, name string, version int) (*migrate.Plan, error) {
	_, target, err := pl.schemas.Version(ctx, name, version)
	if err != nil {
		return nil, err
	}
	var previous *schema.Schema
	if d.Schema == name && d.Version > 0 {
		if _, previous, err = pl.schemas.Version(ctx, name, d.Version); err != nil {
			return nil, err
		}
	}
	return migrate.New(db, target, previous)
}

// Plan returns a stored plan. One whose body is no longer what its hash says is
// an internal error: somebody changed it.
func (pl *Plans) Plan(ctx context.Context, a auth.Actor, p id.Plan) (fleet.Plan, error) {
	if err := a.Reaches(); err != nil {
		return fleet.Plan{}, err
	}
	return pl.readPlan(ctx, p)
}

// ReadPlan is Plan for work of the fleet's own, whoever it is done for.
func (pl *Plans) readPlan(ctx context.Context, p id.Plan) (fleet.Plan, error) {
	plan, err := pl.store.Plan(ctx, p)
	if err != nil {
		return plan, err
	}
	if plan.Body.Hash() != plan.Hash {
		return plan, fault.New(fault.Internal, "the plan %s is not what its hash says", p)
	}
	return plan, nil
}

// List returns a page of a database's plans, or all for "", the newest first.
func (pl *Plans) List(ctx context.Context, a auth.Actor, database string, p fleet.Page) ([]fleet.Plan, int, error) {
	if err := a.Reaches(); err != nil {
		return nil, 0, err
	}
	return pl.store.Plans(ctx, database, p)
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
func (pl *Plans) Look(ctx context.Context, p fleet.Plan) (Look, error) {
	var l Look
	if p.State != fleet.PlanProposed && p.State != fleet.PlanApproved {
		return l, nil
	}
	d, conn, err := pl.fleet.OpenDatabase(ctx, p.Database)
	if err != nil {
		return l, err
	}
	defer func() { _ = conn.Close() }()
	live, err := migrate.Inspect(ctx, conn)
	if err != nil {
		return l, err
	}
	outdated, err := pl.planReadingDiffers(ctx, p)
	if err != nil {
		return l, err
	}
	if l.Stale = outdated || live.Fingerprint() != p.Body.Fingerprint; l.Stale {
		l.Next, err = pl.Review(ctx, d, live, p.Body.Schema, p.Body.Version)
		if err != nil {
			pl.log.Info("look", "plan", p.ID, "error", err) // the plan is stale all the same
		}
		return l, nil
	}
	l.Answers, err = p.Body.Ask(ctx, conn)
	if err == nil {
		l.Offer = pl.offer(ctx, d, p, live, l.Answers)
	}
	return l, err
}

// Propose stores the plan from a database as it is to a version of a schema.
func (pl *Plans) Propose(ctx context.Context, a auth.Actor, database, name string, version int) (fleet.Plan, error) {
	if err := a.May(fleet.OpPlan.Needs); err != nil {
		return fleet.Plan{}, err
	}
	d, conn, err := pl.fleet.OpenDatabase(ctx, database)
	if err != nil {
		return fleet.Plan{}, err
	}
	defer func() { _ = conn.Close() }()
	db, err := migrate.Inspect(ctx, conn)
	if err != nil {
		return fleet.Plan{}, err
	}
	body, err := pl.Review(ctx, d, db, name, version)
	if err != nil {
		return fleet.Plan{}, err
	}
	if body.Empty() && d.Schema == name && d.Version == version {
		return fleet.Plan{}, fault.New(fault.Invalid, "%s is at version %d of %s already.", d.Name, version, name)
	}
	p := fleet.Plan{ID: id.At[id.Plan](pl.now()), Database: d.Name, Hash: body.Hash(), Body: *body, State: fleet.PlanProposed,
		CreatedBy: a.Email}
	err = pl.fleet.Door.Do(ctx, a, fleet.OpPlan.Kind,
		operation.Job{About: aboutPlan(d, p), End: func(ctx context.Context, e audit.Entry, _ error) error {
			p.CreatedAt = e.At
			return pl.store.CreatePlan(ctx, p, e)
		}})
	return p, err
}

// aboutPlan is an entry about a plan.
func aboutPlan(d fleet.Database, p fleet.Plan) audit.Entry {
	e := fleet.About(d)
	e.Target, e.Detail = string(p.ID), planWords(p)
	return e
}

func planWords(p fleet.Plan) string {
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
func (pl *Plans) Decide(ctx context.Context, a auth.Actor, plan id.Plan, by Decision) (fleet.Plan, error) {
	op, to := fleet.OpReject, fleet.PlanRejected
	if by.Approve {
		op, to = fleet.OpApprove, fleet.PlanApproved
	}
	if err := a.May(op.Needs); err != nil {
		return fleet.Plan{}, err
	}
	p, d, err := pl.planByHash(ctx, plan, by.Hash)
	if err != nil {
		return p, err
	}
	if by.Approve {
		if err := pl.checkApproval(ctx, p, by.Consent); err != nil {
			return p, err
		}
	}
	from := p.State
	if from != fleet.PlanProposed && (by.Approve || from != fleet.PlanApproved) {
		return p, fault.New(fault.Conflict, "The plan is %s, so it can't be decided again.", p.State)
	}
	p.State, p.DecidedBy = to, a.Email
	if by.Approve {
		p.Overrides = by.Overrides
	}
	j := operation.Job{About: aboutPlan(d, p), End: func(ctx context.Context, e audit.Entry, _ error) error {
		p.DecidedAt = e.At
		return pl.store.UpdatePlan(ctx, p, from, nil, e)
	}}
	j.About.Detail += decisionWords(p, by)
	err = pl.fleet.Door.Do(ctx, a, op.Kind, j)
	return p, err
}

// decisionWords say what was said yes to.
func decisionWords(p fleet.Plan, by Decision) (words string) {
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
func (pl *Plans) checkApproval(ctx context.Context, p fleet.Plan, c Consent) error {
	if err := p.Body.Ready(); err != nil {
		return err
	}
	if err := p.Body.Acknowledged(c.Acknowledged); err != nil {
		return err
	}
	if err := p.Body.Overridden(c.Overrides); err != nil {
		return err
	}
	l, err := pl.Look(ctx, p)
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

func (pl *Plans) planByHash(ctx context.Context, plan id.Plan, hash string) (fleet.Plan, fleet.Database, error) {
	p, err := pl.readPlan(ctx, plan)
	if err != nil {
		return p, fleet.Database{}, err
	}
	if p.Hash != hash {
		return p, fleet.Database{}, fault.New(fault.Conflict, "This is not the plan you saw. Read it again.")
	}
	d, err := pl.store.Database(ctx, p.Database)
	return p, d, err
}
