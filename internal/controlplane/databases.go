package controlplane

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

// DatabaseTable remembers databases, and what checks saw of them.
type DatabaseTable struct{ *core }

func database(r orm.Row) fleet.Database {
	d := fleet.Database{
		ID: id.Database(r.Text("id")), Name: r.Text("name"), Org: id.Org(r.Text("org_id")), OrgSlug: r.Text("org_slug"),
		OrgName:  r.Text("org_name"),
		Provider: r.Text("provider"), ProviderID: r.Text("provider_id"), Schema: r.Text("schema_name"), Version: int(r.Int("schema_version")),
		Location: r.Text("location"), Jurisdiction: r.Text("jurisdiction"), Replication: r.Text("replication"),
		MoveTarget: fleet.Counterpart{Place: r.Text("moving_place"), ID: r.Text("moving_id"), At: r.Time("moving_at")},
		MoveOrigin: fleet.Counterpart{Place: r.Text("left_place"), ID: r.Text("left_id"), At: r.Time("left_at"), Mark: r.Text("left_mark")},
		State:      fleet.State(r.Text("state")), Error: r.Text("error"), Request: r.Text("request"),
		CreatedAt: r.Time("created_at"), CreatedBy: r.Text("created_by"), UpdatedAt: r.Time("updated_at"),
		ArchivedAt: r.Time("archived_at"), DeletedAt: r.Time("deleted_at"), PurgeAt: r.Time("purge_at"), FinalPoint: r.Text("final_point"),
		Health: fleet.Health(r.Text("health")), HealthDetail: r.Text("health_detail"), CheckedAt: r.Time("checked_at"),
		Size: r.Int("size"), Tables: int(r.Int("table_count")),
	}
	switch {
	case !d.DeletedAt.IsZero() && d.FinalPoint == "":
		d.State = fleet.Deleting
	case !d.DeletedAt.IsZero():
		d.State = fleet.Deleted
	case !d.ArchivedAt.IsZero():
		d.State = fleet.Archived
	}
	return d
}

// The column state knows the states of a provision only; what is archived or
// deleted was ready, and says so in columns of its own. What is deleted has a last state; until
// then it is being deleted.

// changing are the columns of a database that change.
func changing(d fleet.Database) orm.Values {
	v := orm.Values{
		"provider": d.Provider, "moving_place": d1.OptStr(d.MoveTarget.Place), "moving_id": d1.OptStr(d.MoveTarget.ID),
		"moving_at":  d.MoveTarget.At,
		"left_place": d1.OptStr(d.MoveOrigin.Place), "left_id": d1.OptStr(d.MoveOrigin.ID), "left_at": d.MoveOrigin.At,
		"left_mark":   d1.OptStr(d.MoveOrigin.Mark),
		"provider_id": d1.OptStr(d.ProviderID), "schema_name": d1.OptStr(d.Schema), "schema_version": d.Version,
		"state": d.State, "error": d1.OptStr(d.Error), "updated_at": d.UpdatedAt,
		"archived_at": nil, "deleted_at": nil, "purge_at": nil, "final_point": d1.OptStr(d.FinalPoint),
	}
	switch d.State {
	case fleet.Archived:
		v["state"], v["archived_at"] = fleet.Ready, d.ArchivedAt
	case fleet.Deleting, fleet.Deleted:
		maps.Copy(v, orm.Values{"state": fleet.Ready, "deleted_at": d.DeletedAt, "purge_at": d.PurgeAt, "size": d.Size})
	}
	return v
}

// inState holds for the databases in a state.
func inState(s fleet.State) orm.Cond {
	switch s {
	case fleet.Deleting:
		return orm.And(gone, orm.Eq("final_point", nil))
	case fleet.Deleted:
		return orm.And(gone, orm.Ne("final_point", nil))
	case fleet.Archived:
		return orm.And(orm.Ne("archived_at", nil), orm.Eq("deleted_at", nil))
	}
	return orm.And(orm.Eq("state", s), inUse)
}

// gone holds for what is deleted or being deleted.
var gone = orm.Ne("deleted_at", nil)

// inUse holds for what is neither archived nor deleted.
var inUse = orm.And(orm.Eq("archived_at", nil), orm.Eq("deleted_at", nil))

func databaseValues(d fleet.Database) orm.Values {
	v := changing(d)
	maps.Copy(v, orm.Values{
		"id": d.ID, "name": d.Name, "org_id": d.Org, "org_slug": d.OrgSlug, "org_name": d.OrgName,
		"location": d1.OptStr(d.Location), "jurisdiction": d1.OptStr(d.Jurisdiction), "replication": d1.OptStr(d.Replication),
		"request": d1.OptStr(d.Request), "created_at": d.CreatedAt, "created_by": d.CreatedBy,
	})
	return v
}

// Database returns the database of that name.
func (t DatabaseTable) Database(ctx context.Context, name string) (fleet.Database, error) {
	r, err := t.row(ctx, "databases", "name", name)
	if err != nil {
		return fleet.Database{}, named(err, "There is no database named %q.", name)
	}
	return database(r), nil
}

var databaseSorts = map[string][]string{
	"": {"name"}, "name": {"name"}, "org": {"org_name", "name"}, "schema": {"schema_name", "schema_version", "name"},
	"location": {"provider", "jurisdiction", "location", "name"}, "created": {"created_at", "name"},
	"status": {"state", "health", "schema_version", "name"},
	"size":   {"size", "name"}, "checked": {"checked_at", "name"},
}

// Databases returns a page of databases and how many match in all.
func (t DatabaseTable) Databases(ctx context.Context, f fleet.Filter) ([]fleet.Database, int, error) {
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
	q := t.table("databases").Where(databaseConds(f)...)
	rows, n, err := paged(ctx, q.OrderBy(order...), f.Page)
	if err != nil {
		return nil, 0, err
	}
	return each(rows, database), n, nil
}

func databaseConds(f fleet.Filter) []orm.Cond {
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
	return append(conds, statusCond(f.Status))
}

// statusCond holds for the databases of a status; it is Database.Status in
// conditions.
func statusCond(status fleet.Status) orm.Cond {
	answers := orm.Or(orm.Eq("health", nil), orm.Ne("health", fleet.HealthUnreachable))
	ready, given := inState(fleet.Ready), orm.Gt("schema_version", 0)
	switch status {
	case "":
		return inUse
	case fleet.StatusUnreachable:
		return orm.And(ready, orm.Eq("health", fleet.HealthUnreachable))
	case fleet.StatusNoSchema:
		return orm.And(ready, answers, orm.Not(given))
	case fleet.StatusDrifted:
		return orm.And(ready, given, orm.Eq("health", fleet.HealthDrifted))
	case fleet.StatusBehind, fleet.StatusInSync:
		older := orm.Below("schema_version", "schemas", "latest", "name", "schema_name")
		if status == fleet.StatusInSync {
			older = orm.Not(older)
		}
		fits := orm.Or(orm.Eq("health", nil), orm.Eq("health", fleet.HealthOK))
		return orm.And(ready, given, fits, older)
	case fleet.StatusFailed:
		return orm.Or(inState(fleet.Failed), inState(fleet.Interrupted), orm.And(ready, orm.Eq("health", fleet.HealthUnreachable)))
	}
	if fleet.State(status) == fleet.Deleted {
		return gone // and what is being deleted
	}
	return inState(fleet.State(status))
}

// totalsSQL counts the databases by all that Database.Status looks at. It reads
// the index databases_status alone, whose order makes the groups.
const totalsSQL = `select state, health, schema_name, schema_version,
  count(*) filter (where deleted_at is not null),
  count(*) filter (where deleted_at is null and archived_at is not null),
  count(*) filter (where deleted_at is null and archived_at is null),
  sum(size) filter (where deleted_at is null and archived_at is null),
  min(coalesce(checked_at, 0)) filter (where deleted_at is null and archived_at is null),
  (select latest from schemas where name = schema_name)
  from databases group by state, health, schema_name, schema_version`

// Totals counts the fleet.
func (t DatabaseTable) Totals(ctx context.Context) (fleet.Totals, error) {
	var total fleet.Totals
	rs, err := t.conn.Batch(ctx, []d1.Stmt{
		d1.Query(totalsSQL), d1.Query("select count(*) from organizations where deleted_at is null"),
	})
	if err != nil {
		return total, err
	}
	total.Orgs = int(rs[1].Rows[0][0].Int())
	oldest, ready := int64(0), false
	for _, r := range rs[0].Rows {
		total.Deleted += int(r[4].Int())
		total.Archived += int(r[5].Int())
		n := int(r[6].Int())
		if n == 0 {
			continue
		}
		d := fleet.Database{State: fleet.State(r[0].Text()), Health: fleet.Health(r[1].Text()), Version: int(r[3].Int())}
		*countOf(&total, d.Status(int(r[9].Int()))) += n
		total.Databases += n
		total.Size += r[7].Int()
		if d.State == fleet.Ready {
			if at := r[8].Int(); !ready || at < oldest {
				oldest = at
			}
			ready = true
		}
	}
	if oldest > 0 {
		total.Oldest = time.UnixMilli(oldest).UTC()
	}
	return total, nil
}

// countOf is where the databases of a status are counted; one that isn't ready
// is being made or has failed.
func countOf(t *fleet.Totals, s fleet.Status) *int {
	switch s {
	case fleet.StatusInSync:
		return &t.InSync
	case fleet.StatusBehind:
		return &t.Behind
	case fleet.StatusDrifted:
		return &t.Drifted
	case fleet.StatusUnreachable:
		return &t.Unreachable
	case fleet.StatusNoSchema:
		return &t.NoSchema
	case fleet.Status(fleet.Provisioning):
		return &t.Provisioning
	}
	return &t.Failed
}

var databaseMoved = fault.New(fault.Conflict, "The database's state changed meanwhile. Look again.")

// UpdateDatabase stores what changes of a database that is still in the state
// from. One that comes back from being deleted brings its organization back.
func (t DatabaseTable) UpdateDatabase(ctx context.Context, d fleet.Database, from fleet.State, es ...audit.Entry) error {
	b := t.change().update("databases", changing(d), orm.Eq("id", d.ID), inState(from))
	if (from == fleet.Deleted || from == fleet.Deleting) && d.State == fleet.Ready {
		b.add(t.table("organizations").Where(orm.Eq("id", d.Org)).UpdateStmt(orm.Values{"deleted_at": nil}))
	}
	return b.audit(es...).run(ctx, databaseMoved, nil)
}

// RetiringDatabases returns the databases whose deletion hasn't ended. A deleted one that has
// a provider's id was being brought back.
func (t DatabaseTable) RetiringDatabases(ctx context.Context) ([]fleet.Database, error) {
	return t.databasesWhere(ctx, inState(fleet.Deleting))
}

// ExpiredDatabases returns the deleted databases that are to be purged by then.
func (t DatabaseTable) ExpiredDatabases(ctx context.Context, by time.Time) ([]fleet.Database, error) {
	return t.databasesWhere(ctx, inState(fleet.Deleted), orm.Lte("purge_at", by))
}

func (t DatabaseTable) databasesWhere(ctx context.Context, conds ...orm.Cond) ([]fleet.Database, error) {
	rows, err := t.table("databases").Where(conds...).Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, database), nil
}

// Purge forgets a deleted database, its plans, steps and restore points, and its
// organization if that was deleted and this was the last.
func (t DatabaseTable) Purge(ctx context.Context, d fleet.Database, e audit.Entry) error {
	b := t.change()
	b.add(t.table("provision_steps").Where(orm.Eq("database_id", d.ID)).DeleteStmt())
	b.add(t.table("restore_points").Where(orm.Eq("database_id", d.ID)).DeleteStmt())
	b.add(t.table("plans").Where(orm.Eq("database_name", d.Name)).DeleteStmt())
	b.add(t.table("databases").Where(orm.Eq("id", d.ID), gone).DeleteStmt()).add(orm.Changed("databases"), nil)
	left, err := t.table("databases").Where(orm.Eq("org_id", d.Org), orm.Ne("id", d.ID)).Count(ctx)
	if err != nil {
		return err
	}
	if left == 0 {
		b.add(t.table("organizations").Where(orm.Eq("id", d.Org), orm.Ne("deleted_at", nil)).DeleteStmt())
	}
	return b.audit(e).run(ctx, databaseMoved, nil)
}

// DueDatabases returns a place's ready databases that were not checked since then, or by a
// clock that was ahead of now.
func (t DatabaseTable) DueDatabases(ctx context.Context, provider string, since time.Time, n int) ([]fleet.Database, error) {
	rows, err := t.table("databases").Where(inState(fleet.Ready), orm.Eq("provider", provider),
		orm.Or(orm.Eq("checked_at", nil), orm.Lt("checked_at", since), orm.Gt("checked_at", t.now().Add(clock.Skew)))).
		OrderBy("checked_at").Limit(n).Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, database), nil
}

// MovingDatabases returns the databases whose move hasn't ended.
func (t DatabaseTable) MovingDatabases(ctx context.Context) ([]fleet.Database, error) {
	rows, err := t.table("databases").Where(orm.Ne("moving_place", nil)).Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, database), nil
}

// SaveChecks stores what checks saw, in one batch.
func (t DatabaseTable) SaveChecks(ctx context.Context, cs []fleet.Check) error {
	b := t.change()
	for _, c := range cs {
		b.add(t.table("databases").Where(orm.Eq("id", c.Database), orm.Eq("schema_version", c.From), inState(fleet.Ready)).UpdateStmt(orm.Values{
			"health": c.Health, "health_detail": d1.OptStr(c.Detail), "checked_at": c.At, "size": c.Size, "table_count": c.Tables,
			"schema_version": c.Version,
		}))
	}
	return b.run(ctx, nil, nil)
}

// RegisteredNames returns the names of the databases with these ids on D1, by id; also of
// those that a move is making or left there.
func (t DatabaseTable) RegisteredNames(ctx context.Context, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for _, c := range onD1 {
		rows, err := t.table("databases").Where(orm.Eq(c.place, fleet.D1), orm.In(c.id, anys(ids)...)).Select(c.id, "name").Many(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.Text(c.id)] = r.Text("name")
		}
	}
	return out, nil
}
