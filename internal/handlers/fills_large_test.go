//go:build !race

package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/id"
)

// What is too large for D1 is too large for the race detector too: the plan passes the
// 30 s of a batch. It watches the fills of internal/fleet, on less data.

// TestATooLargeTableIsExpandedFilledAndGoesOn is the way of a column that needs a
// rebuild D1 would stop: the offer, the version in between, the plan, a fill that a
// row forbids, and its end.
func TestATooLargeTableIsExpandedFilledAndGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, reader := s.operator(auth.RoleOwner), s.as(auth.RoleViewer)
	a := ownerActor(owner)
	_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(1))
	must(t, err)
	s.provision(a, "Acme Inc.", "acme-org-001")
	s.exec(s.open("acme-org-001"), "insert into items (id, name) with recursive n(i) as (select 1 union all "+
		"select i + 1 from n where i < 40000) select i, 'Item ' || i from n")
	var indexes []string // each is written too, so that fewer rows are too many
	for i := range 90 {
		indexes = append(indexes, fmt.Sprintf(`"i%d": {"columns": ["name"]}`, i))
	}
	two := strings.Replace(strings.Replace(shop(1), `"version": 1`, `"version": 2`, 1), `"picture": "blob"`,
		`"picture": "blob", "label": "text not null default (upper('x'))"`, 1)
	two = strings.TrimSuffix(two, "}") + `, "indexes": {"items": {` + strings.Join(indexes, ",") + `}}}`
	_, err = s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "shop", two)
	must(t, err)
	b := s.signedIn(owner)
	page := b.post("/databases/acme-org-001/plans", url.Values{"schema": {"shop"}, "version": {"2"}}).is(http.StatusSeeOther).location()
	offer := b.get(page).is(http.StatusOK, "D1 stops a transaction after 30 s", "Expand and contract", `"label": "text fill (upper('x'))"`,
		"let the code write (upper('x')) in every new row", "Start a version with this")
	if seen := reader.get(page).is(http.StatusOK, "Expand and contract"); strings.Contains(seen.body, "Start a version with this") {
		t.Error("a viewer can start a version")
	}
	href := "/schemas/shop/versions/new?" + url.Values{"plan": {strings.TrimPrefix(page, "/plans/")}}.Encode()
	offer.holds(`href="` + href + `"`)
	form := b.get(href).is(http.StatusOK, "shop v3", "Save as v3")
	b.get("/schemas/shop/versions/new?plan=none").is(http.StatusNotFound)
	source := sourceIn(form.body)
	if !strings.Contains(source, `"label": "text fill (upper('x'))"`) {
		t.Fatalf("the editor has\n%s", source)
	}
	// Another expression, and a row that forbids it.
	source = strings.Replace(source, `fill (upper('x'))`, `fill (upper(name)) check (label <> 'ITEM 15000')`, 1)
	b.post("/schemas/shop/versions", url.Values{"source": {source}, "do": {"save"}}).is(http.StatusSeeOther)
	b.get("/databases/acme-org-001/migrations?schema=shop&version=3").
		is(http.StatusOK, "Filled afterwards", "items.label", "10,000 rows at a time", "CP104")
	page = b.post("/databases/acme-org-001/plans", url.Values{"schema": {"shop"}, "version": {"3"}}).is(http.StatusSeeOther).location()
	plan := id.Plan(strings.TrimPrefix(page, "/plans/"))
	p, err := s.fleet.Change.Plans.Plan(t.Context(), anOwner, plan)
	must(t, err)
	b.post(page+"/approve", url.Values{"hash": {p.Hash}}).is(http.StatusSeeOther)
	b.post(page+"/apply", url.Values{"hash": {p.Hash}, "confirm": {"acme-org-001"}}).is(http.StatusSeeOther)
	s.fillEnds(plan)
	b.get(page).is(http.StatusOK, "Filling ended with an error.", "CHECK constraint failed",
		"rows of items with (id) after 10000 up to 20000", "10,000 filled, 10,000 of about 40,000 rows gone through", "Go on")
	for _, at := range []string{"/databases/acme-org-001/migrations", "/databases/acme-org-001/settings"} {
		b.get(at).is(http.StatusOK, "Filling ended with an error.", "items.label", "See how far it is").holds(`href="` + page + `"`)
	}
	if seen := reader.get(page).is(http.StatusOK, "Filling ended with an error."); strings.Contains(seen.body, ">Go on<") {
		t.Error("a viewer can let it go on")
	}
	reader.post(page+"/fill", nil).is(http.StatusForbidden)
	reader.post(page+"/fill/stop", nil).is(http.StatusForbidden)
	b.post(page+"/fill/stop", nil).is(http.StatusConflict, "the filling is failed")
	s.exec(s.open("acme-org-001"), "update items set label = 'mine' where id = 15000")
	b.post(page+"/fill", nil).is(http.StatusSeeOther)
	s.fillEnds(plan)
	b.get(page).is(http.StatusOK, "The rows that were there are filled.", "39,999 filled, all of 40,000 rows gone through")
	if seen := b.get("/databases/acme-org-001/migrations").is(http.StatusOK); strings.Contains(seen.body, "See how far it is") {
		t.Error("what is done is still shown as work")
	}
	if got := s.text("acme-org-001", "select count(*) || ' ' || sum(label = upper(name)) || ' ' || max(iif(id = 15000, "+
		"label, '')) from items"); got != "40000 39999 mine" {
		t.Errorf("afterwards: %s", got)
	}
	b.get("/audit?action=plan.fill").is(http.StatusOK, "39,999")
}
