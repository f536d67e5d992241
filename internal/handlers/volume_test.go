package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// manyOf are the tables that grow, with n rows from the first on.
var manyOf = []string{
	`insert into organizations (id, slug, name, created_at, created_by) ` +
		`select 'o' || i, 'customer-' || i, 'Customer ' || i || iif(i % 2, ' Inc.', ' Ltd.'), i, 'ada' from n`,
	`insert into schemas (id, name, latest, created_at, updated_at) select 's' || i, 'schema-' || i, 1 + i % 3, i, i from n`,
	`insert into schema_versions (id, schema_name, version, source, hash, created_at, created_by) ` +
		`select 'v' || i, 'shop', 100 + i, '{}', 'h', i, 'ada' from n`,
	`insert into databases (id, name, org_id, org_slug, org_name, provider, provider_id, schema_name, schema_version,
	 state, created_at, created_by, updated_at, health, checked_at, size)
	 select 'd' || i, 'customer-' || i || '-org-001', 'o' || i, 'customer-' || i, 'Customer ' || i, 'embedded',
	 'p' || i, 'schema-' || i, 1 + i % 2, iif(i % 97, 'ready', 'failed'), i, 'ada', i,
	 case i % 53 when 0 then 'drifted' when 1 then 'unreachable' else 'ok' end, i, 1000 from n`,
	`insert into restore_points (id, database_id, place, mark, kind, size, created_at, created_by) ` +
		`select 'r' || i, (select id from databases where name = 'acme-org-001'), 'embedded', 'm' || i, 'manual', 10, i, 'ada' from n`,
	`insert into plans (id, database_name, hash, body, state, created_at, created_by) ` +
		`select 'q' || i, 'acme-org-001', hash, body, 'rejected', i, 'ada' from n, (select hash, body from plans limit 1)`,
	`insert into audit (id, at, actor, action, outcome) select 'a' || i, i, 'ada', 'org.create', 'intent' from n`,
}

// grow adds rows until there are n of each.
func (s *site) grow(from, n int) {
	s.t.Helper()
	for _, sql := range manyOf {
		s.exec(s.control, strings.Replace(sql, " select ",
			fmt.Sprintf(" with recursive n(i) as (select %d union all select i + 1 from n where i < %d) select ", from, n), 1))
	}
}

// TestNoPageDependsOnHowManyThereAre: with any number of organizations, databases,
// schemas, versions, plans and points every page answers, rightly and bounded; and any
// organization can be found by typing, without scripts.
func TestNoPageDependsOnHowManyThereAre(t *testing.T) {
	t.Parallel()
	s, _, b := newCloudSite(t, true)
	b.post("/databases", form(url.Values{"org": {"acme"}, "name": {"acme-org-001"}, "schema": {"shop"}, "version": {"1"},
		"request": {"first"}})).is(http.StatusSeeOther)
	s.ready("acme-org-001")
	a := auth.Actor{Role: auth.RoleOwner, Scope: auth.Everything, Email: "ada@acme.test"}
	_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(2))
	must(t, err)
	_, err = s.fleet.Change.Plans.Propose(t.Context(), a, "acme-org-001", "shop", 2)
	must(t, err)

	const db = "/databases/acme-org-001"
	had := 0
	sizes := []int{100, 101, 1000, 10_000}
	if testing.Short() { // under the race detector a statement on many takes what a page may take
		sizes = sizes[:3]
	}
	for _, n := range sizes {
		s.grow(had+1, n)
		had = n
		for _, path := range []string{
			"/", "/?page=2", "/?q=customer-77", "/?sort=-org&status=behind", "/?status=in-sync", "/?status=failing",
			"/?schema=schema-7", "/?org=customer-9",
			"/orgs", "/orgs?q=inc.", "/orgs/customer-9", "/databases/new", "/databases/new?org=customer-9", "/databases/adopt",
			"/schemas", "/schemas?page=2", "/schemas?q=-77",
			"/schemas/shop", "/schemas/shop?page=2", "/schemas/shop/versions/new", db, db + "/migrations", db + "/backups",
			db + "/backups?page=2", db + "/settings",
			"/audit", "/search?q=customer", "/search/orgs?org=customer",
		} {
			page := b.get(path).is(http.StatusOK)
			if len(page.body) > 200_000 || strings.Count(page.body, "<option") > 400 {
				t.Errorf("%d, %s: %d bytes, %d options", n, path, len(page.body), strings.Count(page.body, "<option"))
			}
		}
		s.counted(n)
		last := fmt.Sprint(n)
		b.get("/search/orgs?org=customer+"+last).is(http.StatusOK, "Customer "+last)
		b.get(db+"/backups").is(http.StatusOK, "1–50 of")

		// An organization that no list has room for: by its short name, by its name, by a part.
		for i, typed := range []string{"customer-" + last, "  customer " + last + " LTD. "} {
			if n%2 == 1 {
				typed = strings.Replace(typed, "LTD.", "inc.", 1)
			}
			name := fmt.Sprintf("typed-%d-%d", n, i)
			b.post("/databases", form(url.Values{"org": {typed}, "name": {name}, "schema": {""}, "request": {name}})).is(http.StatusSeeOther)
			if d := s.databaseNamed(name); d.OrgSlug != "customer-"+last {
				t.Errorf("%q is %s", typed, d.OrgSlug)
			}
		}
		b.post("/databases", form(url.Values{"org": {"stomer-" + last}, "name": {"x"}, "schema": {""}, "request": {"x"}})).
			is(http.StatusUnprocessableEntity, "There is no organization", "customer-"+last+" (Customer "+last)
	}
	b.post("/databases", form(url.Values{"org": {"nobody at all"}, "name": {"x"}, "schema": {""}, "request": {"x"}})).
		is(http.StatusUnprocessableEntity, "There is no organization")
	s.exec(s.control, "update organizations set name = 'Twin' where slug in ('customer-5', 'customer-6')")
	b.post("/databases", form(url.Values{"org": {"twin"}, "name": {"x"}, "schema": {""}, "request": {"x"}})).
		is(http.StatusUnprocessableEntity, "More than one organization", "customer-5 (Twin), customer-6 (Twin)")
}

// counted compares the totals with the lists of each status.
func (s *site) counted(n int) {
	s.t.Helper()
	totals, err := s.fleet.Fleet.Totals(s.t.Context(), anOwner)
	must(s.t, err)
	if totals.Orgs != n+1 {
		s.t.Errorf("%d organizations, want %d", totals.Orgs, n+1)
	}
	sum := 0
	for status, want := range map[fleet.Status]int{
		"": totals.Databases, fleet.StatusInSync: totals.InSync, fleet.StatusBehind: totals.Behind, fleet.StatusDrifted: totals.Drifted,
		fleet.StatusUnreachable: totals.Unreachable, fleet.StatusNoSchema: totals.NoSchema,
		fleet.StatusFailed: totals.Failed + totals.Unreachable,
	} {
		_, got, err := s.fleet.Fleet.Databases(s.t.Context(), anOwner, fleet.Filter{Status: status, Page: fleet.Page{Number: 1, Size: 1}})
		if err != nil || got != want {
			s.t.Errorf("%d: %q has %d, %v, and the totals say %d", n, status, got, err, want)
		}
		if status != "" && status != fleet.StatusFailed {
			sum += got
		}
	}
	if r, err := s.control.Query(s.t.Context(), d1.Query("select count(*) from databases")); err != nil ||
		int(r.Rows[0][0].Int()) != totals.Databases || sum+totals.Failed+totals.Provisioning != totals.Databases {
		s.t.Errorf("%d: %d databases, %d of them by status and %d failed: %v", n, totals.Databases, sum, totals.Failed, err)
	}
}
