package change

import (
	"context"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Offer is what to do instead of a plan that would make a large table anew.
type Offer struct {
	// Tables are those that are too large.
	Tables []string
	// Next is the schema in between, nil where nothing of it can come without a
	// rebuild; Notes say what of the target it has, and what it hasn't.
	Next  *schema.Schema
	Notes []migrate.Note
}

// offer returns what to do instead, nil for a plan whose answers forbid nothing for
// its size.
func (pl *Plans) offer(ctx context.Context, d fleet.Database, p fleet.Plan, live *live.Database, answers []migrate.Answer) *Offer {
	large := migrate.TooLarge(answers)
	if len(large) == 0 {
		return nil
	}
	o := &Offer{Tables: large}
	_, target, err := pl.schemas.Version(ctx, p.Body.Schema, p.Body.Version)
	if err != nil {
		pl.log.Warn("expand", "plan", p.ID, "error", err) // the answer says that it is blocked all the same
		return o
	}
	var previous *schema.Schema
	if d.Schema == p.Body.Schema && d.Version > 0 {
		if _, previous, err = pl.schemas.Version(ctx, d.Schema, d.Version); err != nil {
			pl.log.Warn("expand", "plan", p.ID, "error", err)
			return o
		}
	}
	next, notes, err := migrate.Expand(live, target, previous, large)
	o.Notes = notes
	switch {
	case err != nil:
		pl.log.Info("expand", "plan", p.ID, "error", err)
	case len(schema.Diff(live.Schema, next)) > 0 || len(schema.Dropped(previous, live.Schema, next)) > 0:
		o.Next = next
	}
	return o
}

// DrawOffer writes the schema that is offered instead of a plan as the next version
// of its schema. A plan that no table is too large for is fault.Invalid.
func (pl *Plans) DrawOffer(ctx context.Context, a auth.Actor, plan id.Plan) (name, source string, err error) {
	if err := a.Reaches(); err != nil {
		return "", "", err
	}
	p, err := pl.readPlan(ctx, plan)
	if err != nil {
		return "", "", err
	}
	l, err := pl.Look(ctx, p)
	if err != nil {
		return "", "", err
	}
	if l.Offer == nil || l.Offer.Next == nil {
		return "", "", fault.New(fault.Invalid,
			"There is nothing to start from: no table of that plan is too large, or nothing of it can come without a rebuild.")
	}
	latest, err := pl.schemas.Latest(ctx, p.Body.Schema)
	if err != nil {
		return "", "", err
	}
	source, err = l.Offer.Next.Source(p.Body.Schema, latest+1)
	if err != nil {
		return "", "", fault.Wrap(err, fault.Invalid, "What comes out can't be written as a schema: %v.", err)
	}
	return p.Body.Schema, source, nil
}
