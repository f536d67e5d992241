package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
)

// TestWhatIsStillLookedIntoIsSaid: on the fleet's page, on the database's, and to whoever
// would change it; until it is settled.
func TestWhatIsStillLookedIntoIsSaid(t *testing.T) {
	t.Parallel()
	s, _, b := newCloudSite(t, true)
	const db = "/databases/acme-d1"
	a := auth.Actor{Role: auth.RoleOwner, Scope: auth.Everything, Email: "ada@acme.test"}
	_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(2))
	must(t, err)
	_, err = s.fleet.Change.Plans.Propose(t.Context(), a, "acme-d1", "shop", 2)
	must(t, err)
	s.exec(s.control, "update plans set state = 'applying', applied_at = 0, applied_by = 'ada'")
	must(t, s.fleet.Recover(t.Context()))

	if page := b.get("/").is(http.StatusOK, "still being looked into", "acme-d1",
		"a plan was being applied"); !strings.Contains(page.body, `hx-trigger="every 1s"`) {
		t.Error("the fleet's page does not read itself again")
	}
	for _, page := range []string{"", "/structure", "/sql", "/migrations", "/backups", "/settings"} {
		b.get(db+page).is(http.StatusOK, "a plan was being applied", "its rows can be read")
	}
	b.get(db+"/tables/items").is(http.StatusOK, "its rows can be read")
	for path, form := range map[string]url.Values{
		"/points": nil, "/tables/items/rows": {"v1": {"2"}, "v2": {"b"}, "v3": {"1.5"}}, "/archive": {"confirm": {"acme-d1"}},
		"/move": {"place": {"embedded"}, "confirm": {"acme-d1"}},
	} {
		b.post(db+path, form).is(http.StatusConflict, "a plan was being applied")
	}

	s.fleet.Fleet.Settler.Settle(t.Context())
	for _, page := range []string{"/", db} {
		if body := b.get(page).is(http.StatusOK).body; strings.Contains(body, "looked into") {
			t.Errorf("%s says so still", page)
		}
	}
	b.post(db+"/points", nil).is(http.StatusSeeOther)
}
