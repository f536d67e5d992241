package controlplane

import (
	"context"
	"strings"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

func database(r orm.Row) fleet.Database {
	return fleet.Database{
		ID: id.Database(r.Text("id")), Name: r.Text("name"), Org: id.Org(r.Text("org_id")), OrgSlug: r.Text("org_slug"), OrgName: r.Text("org_name"),
		Provider: r.Text("provider"), ProviderID: r.Text("provider_id"), Schema: r.Text("schema_name"), Version: int(r.Int("schema_version")),
		Location: r.Text("location"), State: fleet.State(r.Text("state")), Error: r.Text("error"), Request: r.Text("request"),
		CreatedAt: r.Time("created_at"), CreatedBy: r.Text("created_by"), UpdatedAt: r.Time("updated_at"),
	}
}

// changing are the columns of a database that change.
func changing(d fleet.Database) orm.Values {
	return orm.Values{
		"provider_id": d1.OptStr(d.ProviderID), "schema_name": d1.OptStr(d.Schema), "schema_version": d.Version,
		"state": d.State, "error": d1.OptStr(d.Error), "updated_at": d.UpdatedAt,
	}
}

func databaseValues(d fleet.Database) orm.Values {
	v := changing(d)
	for k, val := range (orm.Values{
		"id": d.ID, "name": d.Name, "org_id": d.Org, "org_slug": d.OrgSlug, "org_name": d.OrgName, "provider": d.Provider,
		"location": d1.OptStr(d.Location), "request": d1.OptStr(d.Request), "created_at": d.CreatedAt, "created_by": d.CreatedBy,
	}) {
		v[k] = val
	}
	return v
}

// Database returns the database of that name.
func (s *Store) Database(ctx context.Context, name string) (fleet.Database, error) {
	r, err := s.table("databases").Where(orm.Eq("name", name)).First(ctx)
	if err != nil {
		return fleet.Database{}, named(err, "There is no database named %q.", name)
	}
	return database(r), nil
}

// DatabaseByRequest returns the database that form asked for.
func (s *Store) DatabaseByRequest(ctx context.Context, request string) (fleet.Database, error) {
	r, err := s.table("databases").Where(orm.Eq("request", request)).First(ctx)
	if err != nil {
		return fleet.Database{}, err
	}
	return database(r), nil
}

var databaseSorts = map[string][]string{
	"": {"name"}, "name": {"name"}, "org": {"org_name", "name"}, "schema": {"schema_name", "schema_version", "name"},
	"location": {"location", "name"}, "created": {"created_at", "name"}, "status": {"state", "name"},
}

// Databases returns a page of databases and how many match in all.
func (s *Store) Databases(ctx context.Context, f fleet.Filter) ([]fleet.Database, int, error) {
	key, desc := strings.CutPrefix(f.Sort, "-")
	order, ok := databaseSorts[key]
	if !ok {
		return nil, 0, fault.New(fault.Invalid, "Databases can't be sorted by %q.", key)
	}
	if desc {
		flipped := make([]string, len(order))
		for i, c := range order {
			flipped[i] = "-" + c
		}
		order = flipped
	}
	conds, err := s.databaseConds(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	q := s.table("databases").Where(conds...)
	n, err := q.Count(ctx)
	if err != nil {
		return nil, 0, err
	}
	rows, err := page(q.OrderBy(order...), f.Page).Many(ctx)
	if err != nil {
		return nil, 0, err
	}
	ds := each(rows, database)
	return ds, int(n), nil
}

func (s *Store) databaseConds(ctx context.Context, f fleet.Filter) ([]orm.Cond, error) {
	var conds []orm.Cond
	if f.Search != "" {
		conds = append(conds, orm.Or(orm.Contains("name", f.Search), orm.Contains("org_name", f.Search), orm.Contains("org_slug", f.Search)))
	}
	if f.Org != "" {
		conds = append(conds, orm.Eq("org_slug", f.Org))
	}
	if f.Schema != "" {
		conds = append(conds, orm.Eq("schema_name", f.Schema))
	}
	switch f.Status {
	case "":
	case "behind", "in-sync":
		behind, err := s.behind(ctx)
		if err != nil {
			return nil, err
		}
		if f.Status == "in-sync" {
			behind = orm.And(orm.Gt("schema_version", 0), orm.Not(behind))
		}
		conds = append(conds, orm.Eq("state", fleet.Ready), behind)
	default:
		conds = append(conds, orm.Eq("state", f.Status))
	}
	return conds, nil
}

// behind is true for databases at an older version than their schema's latest.
func (s *Store) behind(ctx context.Context) (orm.Cond, error) {
	schemas, err := s.table("schemas").Select("name", "latest").Many(ctx)
	if err != nil {
		return orm.Cond{}, err
	}
	var any []orm.Cond
	for _, r := range schemas {
		any = append(any, orm.And(orm.Eq("schema_name", r.Text("name")), orm.Lt("schema_version", r.Int("latest"))))
	}
	return orm.And(orm.Gt("schema_version", 0), orm.Or(any...)), nil
}

// Totals counts the fleet.
func (s *Store) Totals(ctx context.Context) (fleet.Totals, error) {
	var t fleet.Totals
	behind, err := s.behind(ctx)
	if err != nil {
		return t, err
	}
	ready := orm.Eq("state", fleet.Ready)
	for _, c := range []struct {
		n     *int
		table string
		conds []orm.Cond
	}{
		{&t.Orgs, "organizations", nil},
		{&t.Databases, "databases", nil},
		{&t.Behind, "databases", []orm.Cond{ready, behind}},
		{&t.InSync, "databases", []orm.Cond{ready, orm.Gt("schema_version", 0), orm.Not(behind)}},
		{&t.Failed, "databases", []orm.Cond{orm.In("state", fleet.Failed, fleet.Interrupted)}},
		{&t.Provisioning, "databases", []orm.Cond{orm.Eq("state", fleet.Provisioning)}},
	} {
		n, err := s.table(c.table).Where(c.conds...).Count(ctx)
		if err != nil {
			return t, err
		}
		*c.n = int(n)
	}
	return t, nil
}

// CreateDatabase records the wish with its steps, and the organization with it
// when there is one.
func (s *Store) CreateDatabase(ctx context.Context, o *fleet.Org, d fleet.Database, es ...audit.Entry) error {
	b := s.change()
	taken := fault.New(fault.Conflict, "A database named %q exists already. Choose another name.", d.Name).At("name")
	// Names that differ only in case are one name to some file systems.
	if n, err := s.table("databases").Where(orm.EqFold("name", d.Name)).Count(ctx); err != nil || n > 0 {
		if err != nil {
			return err
		}
		return taken
	}
	if o != nil {
		if _, err := s.Org(ctx, o.Slug); err == nil {
			return orgTaken(*o)
		}
		b.insert("organizations", orgValues(*o))
	}
	b.insert("databases", databaseValues(d))
	for i, name := range fleet.StepNames {
		b.insert("provision_steps", orm.Values{"id": stepID(d.ID, name), "database_id": d.ID, "position": i, "name": name, "state": fleet.StepPending})
	}
	return b.audit(es...).run(ctx, nil, taken)
}

var databaseMoved = fault.New(fault.Conflict, "The database's state changed meanwhile. Look again.")

// UpdateDatabase stores what changes of a database that is still in the state from.
func (s *Store) UpdateDatabase(ctx context.Context, d fleet.Database, from fleet.State, es ...audit.Entry) error {
	return s.change().update("databases", changing(d), orm.Eq("id", d.ID), orm.Eq("state", from)).audit(es...).run(ctx, databaseMoved, nil)
}

// DeleteDatabase forgets a database that is still in the state from.
func (s *Store) DeleteDatabase(ctx context.Context, d fleet.Database, from fleet.State, es ...audit.Entry) error {
	b := s.change()
	b.add(s.table("provision_steps").Where(orm.Eq("database_id", d.ID)).DeleteStmt())
	b.add(s.table("databases").Where(orm.Eq("id", d.ID), orm.Eq("state", from)).DeleteStmt()).add(orm.Changed("databases"), nil)
	return b.audit(es...).run(ctx, databaseMoved, nil)
}

func stepID(d id.Database, name fleet.StepName) string { return string(d) + ":" + string(name) }

// Steps returns the steps of a provision in their order.
func (s *Store) Steps(ctx context.Context, d id.Database) ([]fleet.Step, error) {
	rows, err := s.table("provision_steps").Where(orm.Eq("database_id", d)).OrderBy("position").Many(ctx)
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
func (s *Store) SaveStep(ctx context.Context, d id.Database, st fleet.Step, es ...audit.Entry) error {
	return s.change().update("provision_steps", orm.Values{
		"state": st.State, "started_at": st.StartedAt, "finished_at": st.FinishedAt, "error": d1.OptStr(st.Error),
	}, orm.Eq("id", stepID(d, st.Name))).audit(es...).run(ctx, databaseMoved, nil)
}

// Unfinished returns the databases whose provision is under way.
func (s *Store) Unfinished(ctx context.Context) ([]fleet.Database, error) {
	rows, err := s.table("databases").Where(orm.Eq("state", fleet.Provisioning)).Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, database), nil
}
