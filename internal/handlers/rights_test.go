package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/handlers"
)

// TestAPageOffersOnlyWhatItsOperatorMayDo walks every page of every role: no link leads to
// a refusal, and no form or button sends to a route that the role may not use.
func TestAPageOffersOnlyWhatItsOperatorMayDo(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	addresses := s.addresses()
	for _, role := range auth.Roles() {
		t.Run(string(role), func(t *testing.T) {
			s.t = t
			var start []string
			for _, r := range s.server.Routes() {
				if r.Method == http.MethodGet && role.Can(r.Permission) {
					start = append(start, addresses[r.Path]...)
				}
			}
			b, sends := s.as(role), 0
			seen := s.walk(b, start, 500, func(a answer) {
				for _, path := range sendsOf(a) {
					sends++
					if r, ok := s.route(http.MethodPost, path); !ok || !role.Can(r.Permission) {
						t.Errorf("%s sends to %s, which needs %q", a.path, path, r.Permission)
					}
				}
			})
			if sends == 0 {
				t.Error("no page has a form")
			}
			t.Logf("%d pages, %d forms and buttons", len(seen), sends)
		})
	}
}

// route returns the route that answers a path: of two that fit, the one that names more of it.
func (s *site) route(method, path string) (best handlers.Route, ok bool) {
	path, _, _ = strings.Cut(path, "?")
	for _, r := range s.server.Routes() {
		if r.Method == method && matches(r.Path, path) && (!ok || strings.Count(r.Path, ":") < strings.Count(best.Path, ":")) {
			best, ok = r, true
		}
	}
	return best, ok
}

// sendsOf are the addresses that a page can POST to, by its forms, its buttons and its
// scripts; with and without scripts.
func sendsOf(a answer) (out []string) {
	a.t.Helper()
	base, err := url.Parse(strings.TrimPrefix(a.path, "GET "))
	must(a.t, err)
	bare, err := html.ParseWithOptions(strings.NewReader(a.body), html.ParseOptionEnableScripting(false))
	must(a.t, err)
	add := func(to string) {
		u, err := base.Parse(to)
		must(a.t, err)
		out = append(out, u.RequestURI())
	}
	for _, e := range slices.Concat(nodes(a.doc()), nodes(bare)) {
		post := strings.EqualFold(attr(e, "method"), "post")
		if e.Data == "form" && post {
			add(attr(e, "action"))
		}
		for _, key := range []string{"hx-post", "data-cancel-url"} {
			if has(e, key) {
				add(attr(e, key))
			}
		}
		if e.Data != "form" {
			continue
		}
		for _, button := range nodes(e) {
			way, to := attr(button, "formmethod"), attr(button, "formaction")
			if (way == "" && post || strings.EqualFold(way, "post")) && (way != "" || to != "") {
				if to == "" {
					to = attr(e, "action")
				}
				add(to)
			}
		}
	}
	return out
}

// Shortcuts lead nowhere either that their operator may not go.
func TestShortcutsAreThoseOfTheRole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, role := range auth.Roles() {
		a := s.as(role).get("/help").is(http.StatusOK, "Keyboard shortcuts")
		create := role.Can(auth.DatabasesCreate)
		if strings.Contains(a.body, "Provision a database") != create || strings.Contains(a.body, `data-go="/databases/new"`) != create {
			t.Errorf("%s: the shortcut to provision should be offered: %v", role, create)
		}
	}
}
