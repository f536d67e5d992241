package controlplane

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

// OrgTable remembers organizations.
type OrgTable struct{ *core }

func org(r orm.Row) fleet.Org {
	return fleet.Org{
		ID: id.Org(r.Text("id")), Slug: r.Text("slug"), Name: r.Text("name"), CreatedAt: r.Time("created_at"), CreatedBy: r.Text("created_by"),
		DeletedAt: r.Time("deleted_at"),
	}
}

func orgValues(o fleet.Org) orm.Values {
	return orm.Values{"id": o.ID, "slug": o.Slug, "name": o.Name, "created_at": o.CreatedAt, "created_by": o.CreatedBy}
}

// Org returns the organization with that slug, one that is deleted too while a
// copy of a database of it is kept.
func (t OrgTable) Org(ctx context.Context, slug string) (fleet.Org, error) {
	r, err := t.table("organizations").Where(orm.Eq("slug", slug)).First(ctx)
	if err != nil {
		return fleet.Org{}, named(err, "There is no organization %q.", slug)
	}
	o := org(r)
	n, err := t.table("databases").Where(orm.Eq("org_id", o.ID), orm.Eq("deleted_at", nil)).Count(ctx)
	o.Databases = int(n)
	return o, err
}

// Orgs returns a page of organizations by name, each with its number of
// databases, and how many there are in all.
func (t OrgTable) Orgs(ctx context.Context, search string, p fleet.Page) ([]fleet.Org, int, error) {
	q := t.table("organizations").Where(orm.Eq("deleted_at", nil))
	if search != "" {
		q = q.Where(orm.Or(orm.Contains("name", search), orm.Contains("slug", search)))
	}
	rows, n, err := paged(ctx, q.OrderBy("name", "slug"), p)
	if err != nil {
		return nil, 0, err
	}
	orgs, ids := make([]fleet.Org, len(rows)), make([]any, len(rows))
	for i, r := range rows {
		orgs[i] = org(r)
		ids[i] = orgs[i].ID
	}
	owned, err := t.table("databases").Where(orm.In("org_id", ids...), orm.Eq("deleted_at", nil)).CountBy(ctx, "org_id")
	if err != nil {
		return nil, 0, err
	}
	for i := range orgs {
		orgs[i].Databases = owned[string(orgs[i].ID)]
	}
	return orgs, n, nil
}

// OrgsNamed returns organizations of exactly that name, in any case: two of more.
func (t OrgTable) OrgsNamed(ctx context.Context, name string) ([]fleet.Org, error) {
	rows, err := t.table("organizations").Where(orm.EqFold("name", name), orm.Eq("deleted_at", nil)).OrderBy("slug").Limit(2).Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, org), nil
}

// page turns a page's number into limit and offset. The lists of the control
// plane are short enough for OFFSET; those of organizations' databases are not.
func page(q orm.Query, p fleet.Page) orm.Query {
	if p.Size <= 0 {
		p.Size = 50
	}
	return q.Limit(p.Size).Offset((max(1, p.Number) - 1) * p.Size)
}

// paged returns a page and how many rows there are in all, which the last page says
// itself.
func paged(ctx context.Context, q orm.Query, p fleet.Page) ([]orm.Row, int, error) {
	if p.Size <= 0 {
		p.Size = 50
	}
	rows, err := page(q, p).Many(ctx)
	if err != nil {
		return nil, 0, err
	}
	before := (max(1, p.Number) - 1) * p.Size
	if len(rows) < p.Size && (len(rows) > 0 || before == 0) {
		return rows, before + len(rows), nil
	}
	n, err := q.Count(ctx)
	return rows, int(n), err
}

// CreateOrg adds an organization.
func (t OrgTable) CreateOrg(ctx context.Context, o fleet.Org, e audit.Entry) error {
	return t.change().insert("organizations", orgValues(o)).audit(e).run(ctx, nil, orgTaken(o))
}

func orgTaken(o fleet.Org) error {
	return fault.New(fault.Conflict, "An organization with the short name %q exists already. Choose another name.", o.Slug).At("org_name")
}

var orgMoved = fault.New(fault.Conflict, "The organization changed meanwhile. Look again.")

// RenameOrg stores an organization's name, also where its databases repeat it.
func (t OrgTable) RenameOrg(ctx context.Context, o fleet.Org, e audit.Entry) error {
	b := t.change().update("organizations", orm.Values{"name": o.Name}, orm.Eq("id", o.ID), orm.Eq("deleted_at", nil))
	b.add(t.table("databases").Where(orm.Eq("org_id", o.ID)).UpdateStmt(orm.Values{"org_name": o.Name}))
	return b.audit(e).run(ctx, orgMoved, nil)
}

// DeleteOrg forgets an organization, or marks one of whose databases copies are
// kept.
func (t OrgTable) DeleteOrg(ctx context.Context, o fleet.Org, e audit.Entry) error {
	live, err := t.table("databases").Where(orm.Eq("org_id", o.ID), orm.Eq("deleted_at", nil)).Count(ctx)
	if err != nil {
		return err
	}
	if live > 0 {
		return fault.New(fault.Conflict, "%s has got another database meanwhile. Look again.", o.Name)
	}
	kept, err := t.table("databases").Where(orm.Eq("org_id", o.ID)).Count(ctx)
	if err != nil {
		return err
	}
	b := t.change()
	if kept > 0 {
		b.update("organizations", orm.Values{"deleted_at": o.DeletedAt}, orm.Eq("id", o.ID), orm.Eq("deleted_at", nil))
	} else { // a database made meanwhile forbids it by its foreign key
		b.add(t.table("organizations").Where(orm.Eq("id", o.ID)).DeleteStmt()).add(orm.Changed("organizations"), nil)
	}
	return b.audit(e).run(ctx, orgMoved, nil)
}
