package controlplane

import (
	"context"
	"maps"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

// PlanTable remembers plans and how their fills stand.
type PlanTable struct{ *core }

func planOf(r orm.Row) (fleet.Plan, error) {
	p := fleet.Plan{
		ID: id.Plan(r.Text("id")), Database: r.Text("database_name"), Hash: r.Text("hash"), State: fleet.PlanState(r.Text("state")),
		CreatedAt: r.Time("created_at"), CreatedBy: r.Text("created_by"), DecidedAt: r.Time("decided_at"), DecidedBy: r.Text("decided_by"),
		AppliedAt: r.Time("applied_at"), AppliedBy: r.Text("applied_by"), Duration: time.Duration(r.Int("duration_us")) * time.Microsecond,
		Error: r.Text("error"), Intent: r.Text("intent"), Point: r.Text("point"),
	}
	if r.Text("overrides") != "" {
		if err := r.JSON("overrides", &p.Overrides); err != nil {
			return p, err
		}
	}
	p.Filling = fleet.Filling{
		State: fleet.FillState(r.Text("fill")), Error: r.Text("fill_error"), Intent: r.Text("fill_intent"), By: r.Text("fill_by"),
		Since: r.Time("fill_since"),
	}
	return p, r.JSON("body", &p.Body)
}

func planChanging(p fleet.Plan) orm.Values {
	v := orm.Values{
		"state": p.State, "decided_at": p.DecidedAt, "decided_by": d1.OptStr(p.DecidedBy), "applied_at": p.AppliedAt,
		"applied_by": d1.OptStr(p.AppliedBy), "duration_us": p.Duration.Microseconds(), "error": d1.OptStr(p.Error),
		"intent": d1.OptStr(p.Intent), "point": d1.OptStr(p.Point),
	}
	if len(p.Overrides) > 0 {
		v["overrides"] = p.Overrides
	}
	maps.Copy(v, fillChanging(p.Filling))
	return v
}

// Plan returns a stored plan.
func (t PlanTable) Plan(ctx context.Context, plan id.Plan) (fleet.Plan, error) {
	r, err := t.table("plans").Where(orm.Eq("id", plan)).First(ctx)
	if err != nil {
		return fleet.Plan{}, named(err, "There is no plan %s.", plan)
	}
	return planOf(r)
}

func plansOf(rows []orm.Row) ([]fleet.Plan, error) {
	out := make([]fleet.Plan, len(rows))
	for i, r := range rows {
		p, err := planOf(r)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

// Plans returns a page of a database's plans, or all for "", the newest first.
func (t PlanTable) Plans(ctx context.Context, database string, p fleet.Page) ([]fleet.Plan, int, error) {
	q := t.table("plans")
	if database != "" {
		q = q.Where(orm.Eq("database_name", database))
	}
	rows, n, err := paged(ctx, q.OrderBy("-created_at", "-id"), p)
	if err != nil {
		return nil, 0, err
	}
	ps, err := plansOf(rows)
	return ps, n, err
}

// CreatePlan stores a plan.
func (t PlanTable) CreatePlan(ctx context.Context, p fleet.Plan, es ...audit.Entry) error {
	v := planChanging(p)
	maps.Copy(v, orm.Values{
		"id": p.ID, "database_name": p.Database, "hash": p.Hash, "body": p.Body, "created_at": p.CreatedAt, "created_by": p.CreatedBy,
	})
	return t.change().insert("plans", v).audit(es...).run(ctx, nil, nil)
}

// UpdatePlan stores what changes of a plan that is still in the state from.
func (t PlanTable) UpdatePlan(ctx context.Context, p fleet.Plan, from fleet.PlanState, d *fleet.Database, es ...audit.Entry) error {
	b := t.change().update("plans", planChanging(p), orm.Eq("id", p.ID), orm.Eq("state", from))
	if d != nil {
		b.update("databases", orm.Values{"schema_name": d.Schema, "schema_version": d.Version, "updated_at": d.UpdatedAt}, orm.Eq("id", d.ID))
	}
	moved := fault.New(fault.Conflict, "Somebody else was faster: the plan is no longer %s. Look again.", from)
	return b.audit(es...).run(ctx, moved, nil)
}

// ApplyingPlans returns the plans whose outcome isn't known.
func (t PlanTable) ApplyingPlans(ctx context.Context) ([]fleet.Plan, error) {
	rows, err := t.table("plans").Where(orm.In("state", fleet.PlanApplying, fleet.PlanUnknown)).Many(ctx)
	if err != nil {
		return nil, err
	}
	return plansOf(rows)
}
