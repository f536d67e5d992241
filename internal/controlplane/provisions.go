package controlplane

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

// ProvisionTable remembers how databases come to be, step by step, and the provisions undone.
type ProvisionTable struct{ *core }

// DatabaseByRequest returns the database that form asked for.
func (t ProvisionTable) DatabaseByRequest(ctx context.Context, request string) (fleet.Database, error) {
	r, err := t.table("databases").Where(orm.Eq("request", request)).First(ctx)
	if err != nil {
		return fleet.Database{}, err
	}
	return database(r), nil
}

// CreateDatabase records the wish with its steps, and the organization with it
// when there is one.
func (t ProvisionTable) CreateDatabase(ctx context.Context, o *fleet.Org, d fleet.Database, es ...audit.Entry) error {
	b := t.change()
	taken := fault.New(fault.Conflict, "A database named %q exists already. Choose another name.", d.Name).At("name")
	// Names that differ only in case are one name to some file systems.
	if n, err := t.table("databases").Where(orm.EqFold("name", d.Name)).Count(ctx); err != nil || n > 0 {
		if err != nil {
			return err
		}
		return taken
	}
	if o != nil {
		if _, err := OrgTable(t).Org(ctx, o.Slug); err == nil {
			return orgTaken(*o)
		}
		b.insert("organizations", orgValues(*o))
	}
	b.insert("databases", databaseValues(d))
	for i, name := range fleet.StepNames {
		if d.State == fleet.Ready {
			break // adopted: nothing is to be done
		}
		b.insert("provision_steps", orm.Values{"id": stepID(d.ID, name), "database_id": d.ID, "position": i, "name": name,
			"state": fleet.StepPending})
	}
	return b.audit(es...).run(ctx, nil, taken)
}

// DeleteDatabase forgets a database that is still in the state from.
func (t ProvisionTable) DeleteDatabase(ctx context.Context, d fleet.Database, from fleet.State, es ...audit.Entry) error {
	b := t.change()
	b.add(t.table("provision_steps").Where(orm.Eq("database_id", d.ID)).DeleteStmt())
	b.add(t.table("databases").Where(orm.Eq("id", d.ID), inState(from)).DeleteStmt()).add(orm.Changed("databases"), nil)
	return b.audit(es...).run(ctx, databaseMoved, nil)
}

func stepID(d id.Database, name fleet.StepName) string { return string(d) + ":" + string(name) }

// Steps returns the steps of a provision in their order.
func (t ProvisionTable) Steps(ctx context.Context, d id.Database) ([]fleet.Step, error) {
	rows, err := t.table("provision_steps").Where(orm.Eq("database_id", d)).OrderBy("position").Many(ctx)
	if err != nil {
		return nil, err
	}
	steps := make([]fleet.Step, len(rows))
	for i, r := range rows {
		steps[i] = fleet.Step{
			Name: fleet.StepName(r.Text("name")), State: fleet.StepState(r.Text("state")),
			StartedAt: r.Time("started_at"), FinishedAt: r.Time("finished_at"), Error: r.Text("error"),
		}
	}
	return steps, nil
}

// SaveStep stores how a step stands.
func (t ProvisionTable) SaveStep(ctx context.Context, d id.Database, st fleet.Step, es ...audit.Entry) error {
	return t.change().update("provision_steps", orm.Values{
		"state": st.State, "started_at": st.StartedAt, "finished_at": st.FinishedAt, "error": d1.OptStr(st.Error),
	}, orm.Eq("id", stepID(d, st.Name))).audit(es...).run(ctx, databaseMoved, nil)
}

// UnfinishedProvisions returns the databases whose provision is under way.
func (t ProvisionTable) UnfinishedProvisions(ctx context.Context) ([]fleet.Database, error) {
	rows, err := t.table("databases").Where(orm.Eq("state", fleet.Provisioning)).Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, database), nil
}
