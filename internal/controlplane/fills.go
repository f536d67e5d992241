package controlplane

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/orm"
)

func fillChanging(f fleet.Filling) orm.Values {
	return orm.Values{
		"fill": d1.OptStr(string(f.State)), "fill_error": d1.OptStr(f.Error), "fill_intent": d1.OptStr(f.Intent), "fill_by": d1.OptStr(f.By),
		"fill_since": f.Since,
	}
}

// UpdateFilling stores how the fills of a plan stand, if they still stand as from.
func (t PlanTable) UpdateFilling(ctx context.Context, p fleet.Plan, from fleet.FillState, es ...audit.Entry) error {
	b := t.change().update("plans", fillChanging(p.Filling), orm.Eq("id", p.ID), orm.Eq("fill", from))
	moved := fault.New(fault.Conflict, "Somebody else was faster: the filling is no longer %s. Look again.", from)
	return b.audit(es...).run(ctx, moved, nil)
}

// FillingPlans returns the plans of a database, or of all for "", whose fills are not
// done, the oldest first.
func (t PlanTable) FillingPlans(ctx context.Context, database string) ([]fleet.Plan, error) {
	q := t.table("plans").Where(orm.In("fill", fleet.FillRunning, fleet.FillStopped, fleet.FillFailed))
	if database != "" {
		q = q.Where(orm.Eq("database_name", database))
	}
	rows, err := q.OrderBy("created_at", "id").Many(ctx)
	if err != nil {
		return nil, err
	}
	return plansOf(rows)
}
