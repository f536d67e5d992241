package change

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
)

func (pl *Plans) reopenPlan(d fleet.Database, plan id.Plan) {
	a := auth.SystemActor("recover")
	pl.fleet.Settler.Reopen(d, d.Provider, string(plan), fleet.OpApply, func(ctx context.Context) error { return pl.settlePlan(ctx, a, plan) })
}

// settlePlan reads from the ledger what became of a plan.
func (pl *Plans) settlePlan(ctx context.Context, a auth.Actor, plan id.Plan) error {
	p, err := pl.store.Plan(ctx, plan)
	if err != nil || p.State != fleet.PlanApplying && p.State != fleet.PlanUnknown {
		return err
	}
	d, err := pl.store.Database(ctx, p.Database)
	if err != nil {
		return err
	}
	return pl.fleet.Holds.TryClaim(d, func() error {
		conn, err := pl.fleet.Places.Of(d).Open(ctx, d.ProviderID)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		r := &planRun{plans: pl, actor: a, plan: p, database: d, conn: conn}
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
		if err := pl.fleet.Door.Finish(ctx, a, fleet.OpApply.Kind, p.Intent, j); err != nil || r.plan.State != fleet.PlanUnknown {
			return err
		}
		if _, gone := pl.fleet.Places.Of(d).Get(ctx, d.ProviderID); fault.Is(gone, fault.NotFound) { // nobody can say any more
			return nil
		}
		return fault.New(fault.Unknown, "%s", r.plan.Error)
	})
}
