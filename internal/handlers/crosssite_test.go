package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
)

// TestOtherSitesChangeNothing holds what net/http.CrossOriginProtection promises:
// Sec-Fetch-Site decides where it is sent, else the Origin, and a request with
// neither isn't a browser's.
func TestOtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	origins := map[string]string{"own": s.url, "other": "https://evil.example", "null": "null", "absent": ""}
	for _, site := range []string{"same-origin", "same-site", "cross-site", "none", ""} {
		for _, name := range keys(origins) {
			t.Run(site+" "+name, func(t *testing.T) {
				s.t = t
				allowed := site == "same-origin" || site == "none" || site == "" && (name == "own" || name == "absent")
				b := owner.with("Sec-Fetch-Site", site).with("Origin", origins[name])
				before := s.snapshot()
				a := b.post("/orgs", url.Values{"org_name": {"From " + site + " " + name}})
				if allowed {
					a.is(http.StatusSeeOther)
					return
				}
				a.is(http.StatusForbidden, "This request came from another site and was refused. Nothing was changed.")
				s.unchanged(before)
			})
		}
	}
}

func TestEveryPostRefusesOtherSites(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	before := s.snapshot()
	b := owner.with("Sec-Fetch-Site", "cross-site")
	for _, r := range s.server.Routes() {
		if r.Method == http.MethodPost {
			b.request(r.Method, s.fill(r.Path)).is(http.StatusForbidden, "another site")
		}
	}
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		if a := b.send(method, "/orgs", "text/plain", nil); a.status != http.StatusForbidden {
			t.Errorf("%s: %d", method, a.status)
		}
	}
	s.unchanged(before)
	b.get("/orgs").is(http.StatusOK) // a link from elsewhere opens a page
}
