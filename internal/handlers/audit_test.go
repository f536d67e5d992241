package handlers_test

import (
	stdcmp "cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

// deed is a POST that succeeds, and what the audit log says of it.
type deed struct {
	route string
	form  func(s *site) url.Values
	// path is another address than the route's usual one.
	path   string
	status int
	wait   string // a database to wait for
	plan   string // the plan in the route, whose fills are waited for; "" for the one that is proposed
	want   []string
}

func fixed(v url.Values) func(*site) url.Values { return func(*site) url.Values { return v } }

func (s *site) hash(plan string) string {
	p, err := s.fleet.Change.Plans.Plan(s.t.Context(), anOwner, s.plans[plan])
	must(s.t, err)
	return p.Hash
}

// shownItems is what the page that asks before deleting sends.
func shownItems(keys ...string) func(*site) url.Values {
	return func(s *site) url.Values {
		conn := s.open("acme-org-001")
		cat, err := browse.Load(s.t.Context(), conn)
		must(s.t, err)
		sums, err := cat.Sums(s.t.Context(), conn, "items", keys)
		must(s.t, err)
		return url.Values{"key": keys, "seen": sums, "do": {"delete"}}
	}
}

func hashOf(plan string) func(*site) url.Values {
	return func(s *site) url.Values {
		return url.Values{"hash": {s.hash(plan)}, "confirm": {"acme-org-001"}}
	}
}

const someAccount = "0123456789abcdef0123456789abcdef"

// deeds are in an order in which each succeeds. A new POST route belongs here.
var deeds = []deed{
	{route: "/login", form: fixed(url.Values{"email": {"owner@example.com"}, "password": {password}}), want: []string{"session.login done"}},
	{route: "/orgs", form: fixed(url.Values{"org_name": {"Audited"}}), want: []string{"org.create done"}},
	{route: "/databases", form: fixed(form(url.Values{"org": {""}, "org_name": {"Also audited"}, "name": {"aa-1"}})), wait: "aa-1",
		want: []string{"org.create done", "database.provision intent", "database.provision done"}},
	// there is no account; d1_test.go has one
	{route: "/databases/adopt", form: fixed(url.Values{"id": {"x"}}), status: http.StatusUnprocessableEntity},
	{route: "/databases/:db/resume", path: "/databases/acme-failed/resume", wait: "acme-failed",
		want: []string{"database.provision intent", "database.provision done"}},
	{route: "/databases/:db/undo", path: "/databases/acme-interrupted/undo",
		want: []string{"database.provision_undo intent", "database.provision_undo done"}},
	{route: "/databases/:db/sql", form: fixed(url.Values{"sql": {"select 1"}}), status: http.StatusOK, want: []string{"database.query done"}},
	{route: "/databases/:db/sql", form: fixed(url.Values{"sql": {"delete from items"}}), status: http.StatusOK,
		want: []string{"database.query failed"}},
	{route: "/databases/:db/sql", form: fixed(url.Values{"sql": {""}}), status: http.StatusUnprocessableEntity,
		want: []string{"database.query failed"}},
	// changes nothing
	{route: "/databases/:db/sql/version", form: fixed(url.Values{"sql": {"create table drawn(a integer primary key)"}}),
		status: http.StatusOK},
	{route: "/databases/:db/sql/cancel", form: fixed(url.Values{"run": {"ended"}}), status: http.StatusNotFound},
	{route: "/databases/:db/sql/writes", form: fixed(url.Values{"writes": {"on"}}), status: http.StatusOK,
		want: []string{"database.allow_writes done"}},
	{route: "/databases/:db/sql", form: fixed(url.Values{"sql": {"delete from items"}}), status: http.StatusOK},
	{route: "/databases/:db/sql", form: fixed(url.Values{"sql": {"update items set price = 1 where id = 1"}}),
		status: http.StatusOK, want: []string{"database.write intent", "database.write done"}},
	{route: "/databases/:db/sql", form: fixed(url.Values{"sql": {"insert into items (id) values (1)"}}), status: http.StatusOK,
		want: []string{"database.write intent", "database.write failed"}},
	{route: "/databases/:db/sql", form: fixed(url.Values{"sql": {"select 1"}}), status: http.StatusOK, want: []string{"database.query done"}},
	{route: "/databases/:db/sql/writes", form: fixed(url.Values{"writes": {"off"}}), status: http.StatusOK,
		want: []string{"database.allow_writes done"}},
	{route: "/databases/:db/plans", form: fixed(url.Values{"schema": {"shop"}, "version": {"2"}}), want: []string{"plan.create done"}},
	{route: "/plans/:plan/rehearse"}, // changes nothing
	{route: "/plans/:plan/approve", form: hashOf("proposed"), want: []string{"plan.approve done"}},
	{route: "/plans/:plan/reject", form: hashOf("proposed"), want: []string{"plan.reject done"}},
	{route: "/plans/:plan/apply", form: hashOf("approved"), want: []string{"plan.apply intent", "plan.apply done"}},
	{route: "/plans/:plan/fill/stop", plan: "fill running", want: []string{"plan.fill_stop done"}},
	// the database has no such plan
	{route: "/plans/:plan/fill", plan: "fill stopped", want: []string{"plan.fill intent", "plan.fill failed"}},
	// nothing is unsettled; unsettled_test.go has what is
	{route: "/plans/:plan/settle", plan: "approved", status: http.StatusConflict},
	{route: "/databases/:db/settle", status: http.StatusConflict},
	{route: "/plans/:plan/retry", plan: "failed", form: func(s *site) url.Values {
		s.exec(s.control, "update plans set decided_at = 1, decided_by = 'ada' where state = 'failed'")
		s.exec(s.control, "update plans set state = 'rejected' where state <> 'failed'") // newer attempts of the same
		return nil
	}, want: []string{"plan.create done"}},
	{route: "/databases/:db/tables/:table/rows", form: fixed(url.Values{"v.name": {"new"}, "as.name": {"value"}}),
		want: []string{"database.rows intent", "database.rows done"}},
	{route: "/databases/:db/tables/:table/rows",
		form: fixed(url.Values{"v.name": {"new"}, "as.name": {"value"}, "do": {"sql"}}), status: http.StatusOK},
	{route: "/databases/:db/tables/:table/row", form: func(s *site) url.Values { return s.editForm(5, "name", "by its form") },
		want: []string{"database.rows intent", "database.rows done"}},
	{route: "/databases/:db/tables/:table/changes", form: fixed(changes(5, "by its form", "queued")),
		status: http.StatusOK,
		want:   []string{"database.rows intent", "database.rows done"}},
	{route: "/databases/:db/tables/:table/changes", form: fixed(changes(5, "something else", "x")),
		status: http.StatusConflict,
		want:   []string{"database.rows intent", "database.rows failed"}},
	{route: "/databases/:db/tables/:table/delete", form: shownItems(itemKey(6), itemKey(7)),
		want: []string{"database.rows intent", "database.rows done"}},
	{route: "/check", want: []string{"fleet.check done"}},
	{route: "/databases/:db/check", want: []string{"fleet.check done"}},
	{route: "/databases/:db/points", want: []string{"point.keep done"}},
	{route: "/databases/:db/points/restore",
		form: func(s *site) url.Values { return url.Values{"point": {s.point}, "confirm": {"acme-org-001"}} },
		want: []string{"point.restore intent", "point.restore done"}},
	{route: "/databases/:db/import", status: http.StatusUnprocessableEntity}, // without a file; d1_test.go has one
	{route: "/databases/:db/move", form: fixed(url.Values{"place": {"embedded"}, "confirm": {"acme-org-001"}}),
		status: http.StatusUnprocessableEntity},
	{route: "/databases/:db/let-go", form: fixed(url.Values{"confirm": {"acme-org-001"}}), status: http.StatusConflict},
	{route: "/databases/:db/replication", form: fixed(url.Values{"mode": {"auto"}}), status: http.StatusUnprocessableEntity},
	{route: "/databases/:db/points/forget", form: func(s *site) url.Values { return url.Values{"point": {s.point}} },
		want: []string{"point.forget done"}},
	{route: "/databases/:db/download", status: http.StatusOK, want: []string{"database.download done"}},
	{route: "/databases/:db/archive", form: fixed(url.Values{"confirm": {"acme-org-001"}}), want: []string{"database.archive done"}},
	{route: "/databases/:db/unarchive", want: []string{"database.unarchive done"}},
	{route: "/databases/:db/delete", form: fixed(url.Values{"confirm": {"acme-org-001"}}),
		want: []string{"database.delete intent", "database.delete done"}},
	{route: "/databases/:db/revive", want: []string{"database.revive intent", "database.revive done"}},
	{route: "/orgs/:org/rename", path: "/orgs/b-ta-co/rename", form: fixed(url.Values{"org_name": {"Beta"}}),
		want: []string{"org.rename done"}},
	{route: "/orgs/:org/delete", path: "/orgs/b-ta-co/delete", form: fixed(url.Values{"confirm": {"b-ta-co"}, "databases": {"1"}}),
		want: []string{"database.delete intent", "database.delete done", "org.delete done"}},
	{route: "/schemas", form: fixed(url.Values{"source": {strings.Replace(shop(1), "shop", "other", 1)}}), want: []string{"schema.save done"}},
	{route: "/schemas", form: fixed(url.Values{"source": {strings.Replace(shop(1), "shop", "third", 1)}, "do": {"compare"}}),
		status: http.StatusOK},
	{route: "/schemas/:name/versions", form: fixed(url.Values{"source": {shop(4)}}), want: []string{"schema.save done"}},
	{route: "/account/password", form: fixed(url.Values{"current": {password}, "password": {"another good sentence"}}),
		want: []string{"operator.password done"}},
	{route: "/account/sessions/end", form: func(s *site) url.Values { return url.Values{"session": {s.otherSession()}} },
		want: []string{"session.revoke done"}},
	{route: "/account/sessions/end-all", want: []string{"session.revoke done"}},
	{route: "/login", form: fixed(url.Values{"email": {"owner@example.com"}, "password": {"another good sentence"}}),
		want: []string{"session.login done"}},
	{route: "/settings/cloudflare/test", form: fixed(url.Values{"account": {someAccount}, "token": {"a-token-of-16-letters"}}),
		status: http.StatusOK},
	// Cloudflare isn't there to test it
	{route: "/settings/cloudflare", form: fixed(url.Values{"account": {someAccount}, "token": {"a-token-of-16-letters"}}),
		status: http.StatusOK, want: []string{"account.save done"}},
	{route: "/settings/cloudflare/forget", form: fixed(url.Values{"confirm": {someAccount}}), want: []string{"account.forget done"}},
	{route: "/logout", want: []string{"session.logout done"}},
}

func TestWhatIsDoneIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	o := s.operator(auth.RoleOwner)
	s.exec(s.control, "update operators set email = 'owner@example.com' where email = ?1", d1.Str(o.Email))
	b := s.signedIn(o)
	covered := []string{"/setup"} // in setup_test.go
	for _, d := range deeds {
		covered = append(covered, d.route)
		before := len(s.actions())
		path, values := d.path, url.Values{}
		if path == "" {
			path = strings.Replace(d.route, ":plan", string(s.plans[stdcmp.Or(d.plan, "proposed")]), 1)
			if strings.HasSuffix(d.route, "/apply") {
				path = strings.Replace(d.route, ":plan", string(s.plans["approved"]), 1)
			}
			path = s.fill(path)
		}
		if d.form != nil {
			values = d.form(s)
		}
		if d.status == 0 {
			d.status = http.StatusSeeOther
		}
		b.post(path, values).is(d.status)
		if d.wait != "" {
			s.ready(d.wait)
		}
		if strings.Contains(d.route, "/fill") {
			s.fillEnds(s.plans[d.plan])
		}
		if diff := cmp.Diff(d.want, s.actions()[before:], cmpEmpty); diff != "" {
			t.Errorf("%s (-want +got):\n%s", d.route, diff)
		}
	}
	for _, r := range s.server.Routes() {
		if r.Method == http.MethodPost && !slices.Contains(covered, r.Path) {
			t.Errorf("POST %s isn't tried here", r.Path)
		}
	}
	if n := s.count("select count(*) from audit where operator_id = '" + string(o.ID) +
		"' and (ip is not '127.0.0.1' or request is null or actor <> 'owner@example.com')"); n != 0 {
		t.Errorf("%d entries don't say who, from where and in which request", n)
	}
}

var cmpEmpty = cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })

// refusals are POSTs of somebody who may, that are refused. None is in the log
// but a wrong password's.
func refusals(s *site) map[string]func() (string, url.Values) {
	plan := func(state, verb, hash, confirm string) func() (string, url.Values) {
		return func() (string, url.Values) {
			return "/plans/" + string(s.plans[state]) + "/" + verb, url.Values{"hash": {hash}, "confirm": {confirm}}
		}
	}
	post := func(path string, v url.Values) func() (string, url.Values) {
		return func() (string, url.Values) { return path, v }
	}
	return map[string]func() (string, url.Values){
		"an organization without a name":    post("/orgs", url.Values{"org_name": {" "}}),
		"an organization that is there":     post("/orgs", url.Values{"org_name": {"acme inc"}}),
		"a name with a dot":                 post("/databases", form(url.Values{"name": {"a.b"}})),
		"resume of what is ready":           post("/databases/acme-org-001/resume", nil),
		"undo of what is ready":             post("/databases/acme-org-001/undo", nil),
		"a plan for what is there":          post("/databases/acme-org-001/plans", url.Values{"schema": {"shop"}, "version": {"1"}}),
		"approve another hash":              plan("proposed", "approve", "x", ""),
		"approve what is rejected":          plan("rejected", "approve", s.hash("rejected"), ""),
		"approve what can't run":            plan("refused", "approve", s.hash("refused"), ""),
		"reject what is applied":            plan("applied", "reject", s.hash("applied"), ""),
		"apply what is proposed":            plan("proposed", "apply", s.hash("proposed"), "acme-org-001"),
		"apply without the name":            plan("approved", "apply", s.hash("approved"), "acme"),
		"apply another hash":                plan("approved", "apply", "x", "acme-org-001"),
		"apply what is unknown":             plan("unknown", "apply", s.hash("unknown"), "acme-org-001"),
		"go on with a filling that runs":    plan("fill running", "fill", "", ""),
		"go on with a filling that is done": plan("fill done", "fill", "", ""),
		"stop a filling that is stopped":    plan("fill stopped", "fill/stop", "", ""),
		"fill what is not applied":          plan("proposed", "fill", "", ""),
		"a row without a name":              post("/databases/acme-org-001/tables/items/rows", url.Values{"as.name": {"magic"}}),
		"changes that are none":             post("/databases/acme-org-001/tables/items/changes", url.Values{"changes": {"{"}}),
		"a change of a column that isn't": post("/databases/acme-org-001/tables/cheap/changes",
			changes(5, "item 5", "x")),
		"no rows to delete":                             post("/databases/acme-org-001/tables/items/delete", nil),
		"archive without the name":                      post("/databases/acme-org-001/archive", url.Values{"confirm": {"acme"}}),
		"unarchive what is in use":                      post("/databases/acme-org-001/unarchive", nil),
		"delete without the name":                       post("/databases/acme-org-001/delete", url.Values{"confirm": {""}}),
		"revive what is in use":                         post("/databases/acme-org-001/revive", nil),
		"archive what is archived":                      post("/databases/gamma-archived/archive", url.Values{"confirm": {"gamma-archived"}}),
		"check what is deleted":                         post("/databases/delta-deleted/check", nil),
		"restore without the name":                      post("/databases/acme-org-001/points/restore", url.Values{"point": {s.point}}),
		"an organization renamed to air":                post("/orgs/acme-inc/rename", url.Values{"org_name": {" "}}),
		"an organization without its name typed":        post("/orgs/acme-inc/delete", url.Values{"confirm": {"acme"}, "databases": {"4"}}),
		"an organization with more databases than seen": post("/orgs/acme-inc/delete", url.Values{"confirm": {"acme-inc"}, "databases": {"0"}}),
		"an organization with a failed provision":       post("/orgs/acme-inc/delete", url.Values{"confirm": {"acme-inc"}, "databases": {"4"}}),
		"a source that is none":                         post("/schemas", url.Values{"source": {"{"}}),
		"a version that is there":                       post("/schemas/shop/versions", url.Values{"source": {shop(3)}}),
	}
}

func TestWhatIsRefusedChangesNothingAndIsNotInTheLog(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	before := s.snapshot()
	cases := refusals(s)
	for _, name := range keys(cases) {
		path, values := cases[name]()
		for _, b := range []*browser{owner, owner.htmx()} {
			if a := b.post(path, values); a.status != http.StatusUnprocessableEntity && a.status != http.StatusConflict {
				t.Errorf("%s: %d: %s", name, a.status, excerpt(a.body))
			}
		}
	}
	s.unchanged(before)
	viewer := s.as(auth.RoleViewer)
	before = s.snapshot()
	for _, r := range s.server.Routes() {
		if r.Method == http.MethodPost && r.Permission != auth.SetupOnly && !auth.RoleViewer.Can(r.Permission) {
			viewer.post(s.fill(r.Path), url.Values{}).is(http.StatusForbidden)
		}
	}
	s.unchanged(before)
}
