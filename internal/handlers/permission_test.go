package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/handlers"
	"github.com/kuratchi/dashboard/web/static"
)

// request sends what a route takes: for a POST, its form with nothing in it.
func (b *browser) request(method, path string) answer {
	b.s.t.Helper()
	if method == http.MethodPost {
		return b.post(path, url.Values{"filled": {"in"}})
	}
	return b.get(path)
}

func open(r handlers.Route) bool {
	return r.Permission == auth.Public || r.Permission == auth.SetupOnly
}

func TestPermissionsOfEveryRouteAndRole(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	people := map[auth.Role]auth.Operator{}
	for _, role := range auth.Roles() {
		people[role] = s.operator(role)
	}
	disabled := s.operator(auth.RoleOwner)
	s.exec(s.control, "update operators set disabled_at = 1 where id = ?1", d1.Str(string(disabled.ID)))
	for _, r := range s.server.Routes() {
		path := s.fill(r.Path)
		t.Run(r.Method+" "+r.Path, func(t *testing.T) {
			s.t = t
			s.checkNobody(r, path, s.browser())
			old := s.signedIn(auth.Operator{ID: disabled.ID})
			s.checkNobody(r, path, old)
			for _, role := range auth.Roles() {
				a := s.signedIn(people[role]).request(r.Method, path)
				switch {
				case r.Permission == auth.SetupOnly:
					a.is(http.StatusNotFound)
				case role.Can(r.Permission):
					if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status >= 500 {
						t.Errorf("%s: %d", role, a.status)
					}
				default:
					a.is(http.StatusForbidden, "Not allowed", "Your role, "+string(role)+", may not do this. Ask an owner.")
				}
			}
		})
	}
}

// checkNobody is what a browser without a live session gets.
func (s *site) checkNobody(r handlers.Route, path string, b *browser) {
	s.t.Helper()
	a := b.request(r.Method, path)
	switch {
	case r.Permission == auth.SetupOnly:
		a.is(http.StatusNotFound)
	case r.Permission == auth.Public:
		if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status >= 500 {
			s.t.Errorf("%s: %d", a.path, a.status)
		}
	case r.Method == http.MethodGet:
		want := "/login?" + url.Values{"next": {path}}.Encode()
		if path == "/" {
			want = "/login"
		}
		if a.is(http.StatusSeeOther); a.location() != want || a.body != "" {
			s.t.Errorf("%s leads to %q with %q, want %q", a.path, a.location(), a.body, want)
		}
	default:
		a.is(http.StatusUnauthorized, "Sign in", "Password")
		if got := value(s.t, a.doc(), "next"); got != s.fill(r.Form) {
			s.t.Errorf("%s: the login leads to %q, want %q", a.path, got, s.fill(r.Form))
		}
	}
}

func TestNoRoleSeesWhatItMayNotDoInAFragmentEither(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	viewer := s.as(auth.RoleViewer).htmx()
	viewer.get("/databases/new").is(http.StatusForbidden, "Your role, viewer")
	viewer.post("/databases", url.Values{"name": {"x"}}).is(http.StatusForbidden, "Your role, viewer")
}

// variants are other spellings of an address.
func variants(path string) []string {
	cut := strings.LastIndexByte(path, '/')
	head, tail := path[:cut], path[cut+1:]
	out := []string{
		"/" + path, "//" + path, path + "/", path + "//", path + "/.", path + "/..", path + "%2f", path + "%00", path + ";a=b",
		path + "%20", path + "?", path + "#",
		head + "//" + tail, head + "/./" + tail, head + "/x/../" + tail, head + "%2f" + tail, head + "%2F" + tail,
		head + "/%2e/" + tail, head + "/x/%2e%2e/" + tail,
		head + "\\" + tail, head + "%5c" + tail, strings.ToUpper(path), "/." + path, "/static/.." + path, "/static/%2e%2e" + path,
		"/login/.." + path, "/healthz/.." + path,
		"/setup/%2e%2e" + path, "http://127.0.0.1" + path, "//127.0.0.1" + path, path + "?_method=GET", path + "?_method=POST",
	}
	if tail != "" {
		out = append(out, head+"/%"+hex(tail[0])+tail[1:], head+"/"+strings.ToUpper(tail[:1])+tail[1:])
	}
	return out
}

func hex(c byte) string { return string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]) }

// raw answers a request whose target is sent as it is written.
func (s *site) raw(method, target string, b *browser, override string) *httptest.ResponseRecorder {
	body := strings.NewReader("_method=GET&filled=in")
	req := &http.Request{}
	func() {
		defer func() { _ = recover() }() // a target that isn't HTTP never gets here
		req = httptest.NewRequest(method, target, body)
	}()
	if req.URL == nil {
		return nil
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if override != "" {
		req.Header.Set("X-HTTP-Method-Override", override)
		req.Header.Set("X-HTTP-Method", override)
		req.Header.Set("X-Method-Override", override)
		req.Header.Set("X-Original-URL", "/healthz")
		req.Header.Set("X-Rewrite-URL", "/healthz")
		req.Header.Set("X-Forwarded-Prefix", "/static")
	}
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	s.server.Handler().ServeHTTP(rec, req)
	return rec
}

// overrides are the methods that headers claim.
func overrides() []string {
	if small {
		return []string{"GET"}
	}
	return []string{"", "GET", "POST"}
}

func TestOtherSpellingsOfAnAddressOpenNothing(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	viewer := s.as(auth.RoleViewer)
	before, n := s.snapshot(), 0
	for _, r := range s.server.Routes() {
		if open(r) || r.Permission == auth.SessionOwn {
			continue
		}
		path := s.fill(r.Path)
		for _, target := range append(variants(path), path) {
			for _, method := range []string{r.Method, "HEAD", "OPTIONS", "PUT", "get"} {
				for _, override := range overrides() {
					n++
					s.checkShut(r, method, target, override, s.browser())
					if !auth.RoleViewer.Can(r.Permission) {
						s.checkShut(r, method, target, override, viewer)
					}
				}
			}
		}
	}
	t.Logf("%d requests", n)
	s.unchanged(before)
}

// checkShut fails when a request that the plain address refuses is let through.
func (s *site) checkShut(r handlers.Route, method, target, override string, b *browser) {
	s.t.Helper()
	rec := s.raw(method, target, b, override)
	if rec == nil {
		return
	}
	location := rec.Header().Get("Location")
	toLogin := rec.Code == http.StatusSeeOther && (location == "/login" || strings.HasPrefix(location, "/login?"))
	nothing := rec.Code == http.StatusNoContent && rec.Body.Len() == 0 // OPTIONS
	if rec.Code < 400 && !toLogin && !nothing && !s.readable(target, b) {
		s.t.Errorf("%s %s (%s, override %q): %d to %q: %s", method, target, r.Permission, override, rec.Code, location,
			excerpt(rec.Body.String()))
	}
}

// readable reports whether a target, resolved as a browser or a proxy might, is
// a page that this browser may read anyway.
func (s *site) readable(target string, b *browser) bool {
	if len(b.cookies) == 0 {
		return strings.HasPrefix(target, static.Prefix) && !strings.Contains(target, "..")
	}
	path, _, _ := strings.Cut(target, "?")
	path, _, _ = strings.Cut(path, "#")
	for _, r := range s.server.Routes() {
		if r.Method == http.MethodGet && auth.RoleViewer.Can(r.Permission) && matches(r.Path, strings.TrimPrefix(path, "http://127.0.0.1")) {
			return true
		}
	}
	return false
}

// matches reports whether a path is of a route's pattern.
func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !strings.HasPrefix(want[i], ":") && want[i] != got[i] {
			return false
		}
	}
	return true
}
