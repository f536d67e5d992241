package handlers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// shop returns a version of the schema the tests use: 2 adds a column and an
// index, 3 changes a type, which no plan does yet, 4 adds another column.
func shop(version int) string {
	name, more, index := "text not null", "", ""
	if version >= 2 {
		more, index = `, "note": "text"`, `, "indexes": {"items": {"items_name": {"columns": ["name"]}}}`
	}
	if version >= 3 {
		name = "integer not null"
	}
	if version >= 4 {
		more += `, "extra": "text"`
	}
	return fmt.Sprintf(`{"name": "shop", "version": %d, "tables": {
		"items": {"id": "integer primary key not null", "name": %q, "price": "real", "data": "json", "picture": "blob"%s},
		"sales": {"id": "integer primary key not null", "item_id": "integer not null -> items.id cascade", "at": "text"}
	}%s}`, version, name, more, index)
}

// anOwner reads without a browser.
var anOwner = auth.Actor{Operator: "op0", Role: auth.RoleOwner, Scope: auth.Everything, Email: "anybody@acme.test"}

// ownerActor is an owner who does something without a browser.
func ownerActor(o auth.Operator) auth.Actor {
	return auth.Actor{Operator: o.ID, Role: auth.RoleOwner, Scope: auth.Everything, Email: o.Email}
}

// newFullSite starts a site with an owner, two organizations with a database
// each, one of them with rows, provisions that stopped, a schema in three
// versions, and a plan in each state.
func newFullSite(t *testing.T) (*site, *browser) {
	t.Helper()
	s := newSite(t)
	owner := s.operator(auth.RoleOwner)
	a := ownerActor(owner)
	for v := 1; v <= 3; v++ {
		_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(v))
		must(t, err)
	}
	s.provision(a, "Acme Inc.", "acme-org-001")
	s.provision(a, "Béta & <Co>", "beta-org-001")
	s.rows("acme-org-001")
	s.closed(a)
	s.stopped(a)
	s.plan(a)
	return s, s.signedIn(owner)
}

func (s *site) provision(a auth.Actor, org, name string) {
	s.t.Helper()
	_, err := s.fleet.Provision.Start(s.t.Context(), a, provision.Input{OrgName: org, Name: name, Schema: "shop", Version: 1})
	must(s.t, err)
	s.ready(name)
}

// rows fills a database with rows of every kind of value, on more than a page.
func (s *site) rows(db string) {
	conn := s.open(db)
	n := 120
	s.exec(conn, fmt.Sprintf(`with recursive n(i) as (select 1 union all select i + 1 from n where i < %d)
		insert into items (id, name, price, data) select i, 'item ' || i, i * 1.5, '{"n":[' || i || ',2]}' from n`, n))
	s.exec(conn, "update items set picture = x'89504e470d0a1a0a00', price = null, data = null where id = 1")
	s.exec(conn, "update items set name = ?1 where id = 2", d1.Str(strings.Repeat("long text. ", 500)))
	s.exec(conn, "update items set name = '' where id = 3")
	s.exec(conn, "insert into sales (item_id, at) values (1, '2026-05-04'), (2, null)")
	s.exec(conn, "create view cheap as select id, name from items where price < 10")
}

// closed adds an archived and a deleted database, and a restore point.
func (s *site) closed(a auth.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	s.provision(a, "Gamma", "gamma-archived")
	must(s.t, s.fleet.Keep.Archive(ctx, a, "gamma-archived"))
	s.provision(a, "Delta", "delta-deleted")
	must(s.t, s.fleet.Keep.Delete(ctx, a, "delta-deleted"))
	p, err := s.fleet.Keep.Points.KeepPoint(ctx, a, "acme-org-001")
	must(s.t, err)
	s.point = p.ID
}

// stopped adds provisions in each state that isn't ready.
func (s *site) stopped(a auth.Actor) {
	s.t.Helper()
	org, err := s.fleet.Fleet.Orgs.Get(s.t.Context(), anOwner, "acme-inc")
	must(s.t, err)
	for _, state := range []fleet.State{fleet.Provisioning, fleet.Failed, fleet.Interrupted} {
		d := fleet.Database{
			Name: "acme-" + string(state), Org: org.ID, OrgSlug: org.Slug, OrgName: org.Name, Provider: fleet.Embedded, Schema: "shop", Version: 1,
			State: state, Error: "It stopped.", CreatedAt: s.clock.now(), CreatedBy: a.Email, UpdatedAt: s.clock.now(),
		}
		d.ID, d.Request = newDatabaseID(), "request-"+string(state)
		must(s.t, s.store.CreateDatabase(s.t.Context(), nil, d))
	}
}

// plan makes a plan in each state of acme-org-001, the last of which can't run.
func (s *site) plan(a auth.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	for _, state := range []fleet.PlanState{
		fleet.PlanProposed, fleet.PlanApproved, fleet.PlanRejected, fleet.PlanApplying, fleet.PlanApplied, fleet.PlanFailed, fleet.PlanUnknown,
	} {
		p, err := s.fleet.Change.Plans.Propose(ctx, a, "acme-org-001", "shop", 2)
		must(s.t, err)
		if state == fleet.PlanApproved || state == fleet.PlanRejected {
			_, err = s.fleet.Change.Plans.Decide(ctx, a, p.ID, change.Decision{Hash: p.Hash, Approve: state == fleet.PlanApproved})
			must(s.t, err)
		} else if state != fleet.PlanProposed {
			s.exec(s.control, "update plans set state = ?1, error = 'It broke.', decided_by = created_by, applied_by = created_by where id = ?2",
				d1.Str(string(state)), d1.Str(string(p.ID)))
		}
		s.plans[string(state)] = p.ID
	}
	_, err := s.fleet.Change.Schemas.SaveVersion(ctx, a, "",
		strings.NewReplacer(`"shop"`, `"labels"`, `"picture": "blob"`, `"picture": "blob", "label": "text fill (name)"`).Replace(shop(1)))
	must(s.t, err)
	for _, state := range []fleet.FillState{fleet.FillRunning, fleet.FillStopped, fleet.FillFailed, fleet.FillDone} {
		p, err := s.fleet.Change.Plans.Propose(ctx, a, "acme-org-001", "labels", 1)
		must(s.t, err)
		s.exec(s.control, "update plans set state = 'applied', decided_by = created_by, applied_by = created_by, fill = ?1, "+
			"fill_error = 'A row forbids it.', fill_by = created_by, fill_since = created_at where id = ?2",
			d1.Str(string(state)), d1.Str(string(p.ID)))
		s.plans["fill "+string(state)] = p.ID
	}
	p, err := s.fleet.Change.Plans.Propose(ctx, a, "acme-org-001", "shop", 3)
	must(s.t, err)
	s.plans["refused"] = p.ID
}
