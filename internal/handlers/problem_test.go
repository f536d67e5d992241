package handlers_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/handlers"
)

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	for _, path := range []string{
		"/nothing", "/databases", "/databases/", "/databases/none", "/databases/none/structure", "/databases/none/sql",
		"/databases/none/migrations",
		"/databases/none/tables/items", "/databases/acme-org-001/tables/none", "/databases/acme-org-001/tables/~",
		"/databases/acme-org-001/tables/~!",
		"/databases/acme-org-001/tables/a.b", "/databases/acme-org-001/tables/%2e%2e", "/databases/acme-org-001/structure?table=none",
		"/databases/acme-org-001/tables/none/cell?key=AQI&column=id", "/databases/acme-org-001/tables/items/cell",
		"/databases/acme-org-001/tables/items/cell?key=AQI&column=none",
		"/databases/acme-org-001/tables/items/cell?key=!&column=id", "/databases/acme-org-001/tables/items/blob?key=AQ&column=id",
		"/databases/acme-org-001/migrations?schema=none", "/databases/acme-org-001/migrations?schema=shop&version=x",
		"/orgs/none", "/plans/none", "/schemas/none",
		"/schemas/none/versions/new", "/schemas/shop/versions/9", "/schemas/shop/versions/0", "/schemas/shop/versions/x",
		"/schemas/shop/versions/99999999999999999999",
		"/schemas/shop/versions/", "/static/none.css", "/favicon.ico", "/robots.txt", "/?page=99", "/orgs?page=99", "/orgs/acme-inc?page=2",
	} {
		a := owner.get(path)
		if a.status != http.StatusNotFound {
			t.Errorf("%s: %d: %s", path, a.status, excerpt(a.body))
			continue
		}
		if strings.HasPrefix(path, "/static/") {
			continue
		}
		if id := a.header.Get("X-Request-Id"); !strings.Contains(a.body, id) || !strings.Contains(a.body, "Not found") {
			t.Errorf("%s: no words or no request id: %s", path, excerpt(a.body))
		}
	}
	for _, r := range s.server.Routes() { // and nothing can be done to it
		if r.Method == http.MethodPost && strings.Contains(r.Path, ":") {
			path := strings.NewReplacer(":db", "none", ":plan", "none", ":name", "none").Replace(r.Path)
			owner.post(path, url.Values{"sql": {"select 1"}, "source": {shop(1)}, "schema": {"shop"}, "version": {"1"}}).
				is(http.StatusNotFound, "Not found")
		}
	}
	owner.post("/databases/acme-org-001/plans", url.Values{"schema": {"shop"}, "version": {"99"}}).is(http.StatusNotFound)
	s.browser().get("/nothing").is(http.StatusNotFound, "There is no page at this address.", "Sign in")
	owner.post("/nothing", nil).is(http.StatusNotFound)
	owner.send("PUT", "/orgs", "text/plain", nil).is(http.StatusNotFound)
}

func TestAddressesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	_, owner := newFullSite(t)
	for _, path := range []string{
		"/?page=0", "/?page=abc", "/?page=-1", "/?page=99999999999999999999", "/?sort=nope", "/?sort=--name", "/orgs?page=0",
		"/orgs/acme-inc?page=x", "/orgs/acme-inc?sort=nope",
		"/databases/acme-org-001/tables/items?limit=9999", "/databases/acme-org-001/tables/items?limit=0",
		"/databases/acme-org-001/tables/items?limit=x",
		"/databases/acme-org-001/tables/items?f=garbage", "/databases/acme-org-001/tables/items?f=" + strings.Repeat("a&f=", 30),
		"/databases/acme-org-001/tables/items?sort=nope", "/databases/acme-org-001/tables/items?sort=~!",
		"/databases/acme-org-001/tables/items?after=garbage",
		"/databases/acme-org-001/tables/items?before=%00", "/databases/acme-org-001/tables/items?after=AQI&before=AQI",
		"/databases/acme-org-001/tables/items?cols=none",
		"/databases/acme-org-001/tables/items?cols=~!", "/databases/acme-org-001/tables/items?op=nope&column=id",
		"/databases/acme-org-001/tables/items?op=&column=none",
	} {
		a := owner.get(path)
		if a.status != http.StatusUnprocessableEntity || len(textOf(a.doc())) < 100 {
			t.Errorf("%.80s: %d: %s", path, a.status, excerpt(a.body))
		}
	}
	for _, path := range []string{"/?page=%zz", "/?q=%00%ff", "/?status=nope", "/?%", "/?a;b", "/orgs?q=%25_%5c'\"",
		"/databases/new?org=none&schema=none&version=x&location=none"} {
		if a := owner.get(path); a.status >= 500 || a.status != http.StatusOK && a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d: %s", path, a.status, excerpt(a.body))
		}
	}
	owner.get("/databases/acme-failed/structure").is(http.StatusConflict, "The database acme-failed is not ready: it is failed.")
}

func TestWhatIsTooLargeIsRefusedWhole(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	before := s.snapshot()
	const words = "larger than"
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, r := range s.server.Routes() {
		if r.Method != http.MethodPost || r.Permission == auth.SetupOnly || r.Takes {
			continue
		}
		limit := handlers.MaxForm
		if r.Limit > 0 {
			limit = int(r.Limit)
		}
		form := url.Values{
			"org_name": {"Large"}, "name": {"large-org-001"}, "sql": {"select 1"}, "source": {shop(4)}, "schema": {"shop"},
			"version": {"2"}, "confirm": {"acme-org-001"},
			"more": {long(limit)},
		}
		owner.post(s.fill(r.Path), form).is(http.StatusUnprocessableEntity, words)
		owner.htmx().post(s.fill(r.Path), form).is(http.StatusUnprocessableEntity, words)
		body, contentType := upload(t, "", long(limit))
		owner.send("POST", s.fill(r.Path), contentType, body).is(http.StatusUnprocessableEntity, words)
	}
	s.unchanged(before)
	owner.post("/databases/acme-org-001/sql", url.Values{"sql": {"select '" + long(90_000) + "'"}}).is(http.StatusOK, "1 row in")
	body, contentType := upload(t, "", long(2<<20))
	owner.send("POST", "/schemas/shop/versions", contentType, body).is(http.StatusUnprocessableEntity)
}

func TestWhatIsNoFormIsRefused(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	before := s.snapshot()
	for _, r := range s.server.Routes() {
		if r.Method != http.MethodPost || r.Permission == auth.SetupOnly {
			continue
		}
		for contentType, body := range map[string]string{
			"application/x-www-form-urlencoded": "org_name=%zz&sql=%",
			"multipart/form-data; boundary=x":   "--x\r\nContent-Disposition: form-data; name=\"org_name\"\r\n\r\ncut",
			"multipart/form-data":               "no boundary",
			"not a type; ;":                     "x",
		} {
			owner.send("POST", s.fill(r.Path), contentType, strings.NewReader(body)).is(http.StatusUnprocessableEntity, "can't be read")
		}
	}
	s.unchanged(before)
	for _, b := range []*browser{owner, owner.htmx()} {
		b.send("POST", "/orgs", "application/json", strings.NewReader(`{"org_name":"x"}`)).
			is(http.StatusUnprocessableEntity, "Give the organization a name")
	}
	s.unchanged(before)
}

// secret is what no page may show.
const secret = "open /srv/secret/control.db: select * from operators"

func TestABrokenStoreTellsNothing(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	for _, err := range []error{errors.New(secret), fault.Wrap(errors.New(secret), fault.Unavailable, "The control plane does not answer.")} {
		want := http.StatusInternalServerError
		if fault.Is(err, fault.Unavailable) {
			want = http.StatusServiceUnavailable
		}
		s.broken.fail(err)
		for _, r := range s.server.Routes() {
			path := s.fill(r.Path)
			if strings.HasPrefix(path, "/static") || r.Path == "/healthz" {
				continue
			}
			for _, b := range []*browser{owner, owner.htmx()} {
				a := b.request(r.Method, path)
				if r.Path == "/readyz" {
					a.is(http.StatusServiceUnavailable)
				} else if a.is(want); !strings.Contains(a.body, a.header.Get("X-Request-Id")) {
					t.Errorf("%s: no request id: %s", a.path, excerpt(a.body))
				}
				if strings.Contains(a.body, "secret") || strings.Contains(a.body, "select") {
					t.Errorf("%s shows %s", a.path, excerpt(a.body))
				}
			}
		}
		owner.get("/healthz").is(http.StatusOK)
	}
	s.broken.fail(nil)
	owner.get("/").is(http.StatusOK) // and the session is still there
}

func TestAPanicIsAPage(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.server.AddRoute(handlers.Route{Method: "GET", Path: "/panic", Permission: auth.FleetRead,
		Handler: func(handlers.Context) error { panic(secret) }})
	for _, b := range []*browser{owner, owner.htmx()} {
		a := b.get("/panic").is(http.StatusInternalServerError, "Something went wrong")
		if id := a.header.Get("X-Request-Id"); !strings.Contains(a.body, id) || strings.Contains(a.body, "secret") ||
			!strings.Contains(s.log.String(), id) {
			t.Errorf("the page is %s", excerpt(a.body))
		}
	}
	if log := s.log.String(); !strings.Contains(log, "secret") || !strings.Contains(log, "problem_test.go") {
		t.Error("the log doesn't say where it was")
	}
}

func TestAnUploadNeverEndsOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir+"/none") // a file that is written there fails
	s, owner := newFullSite(t)
	s.t = t
	body, contentType := upload(t, shop(4), strings.Repeat(" ", 900_000)+shop(4))
	owner.send("POST", "/schemas/shop/versions", contentType, io.MultiReader(bytes.NewReader(body.Bytes()))).is(http.StatusSeeOther)
}

// TestEmptyAndErrorStatesDiffer: nothing there, nothing that matches, not allowed,
// an engine that fails (with its code, the request's id and a way to try again) and
// a limit (with its time) can't be taken for one another.
func TestEmptyAndErrorStatesDiffer(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.exec(s.open("acme-org-001"), "create table bare (id integer primary key)")
	failing := d1.Fail(d1.NewError("disk I/O error: SQLITE_IOERR (extended: SQLITE_IOERR_READ)"))
	s.server.AddRoute(handlers.Route{Method: "GET", Path: "/failing", Permission: auth.FleetRead,
		Handler: func(handlers.Context) error { return failing }})
	b := s.browser()
	for range 30 {
		b.login("nobody@example.com", "wrong password", "/")
	}
	pages := map[string]answer{
		"nothing there": owner.get("/databases/acme-org-001/tables/bare").is(http.StatusOK, "No rows", "The table is empty."),
		"no match":      owner.get(items+"?f=name:eq:nope").is(http.StatusOK, "No row matches", "Clear the filters"),
		"not allowed":   s.as(auth.RoleViewer).get("/databases/new").is(http.StatusForbidden, "Not allowed", "Your role, viewer"),
		"failing": owner.get("/failing").
			is(http.StatusServiceUnavailable, "It can't be reached", "The disk doesn't read or write its file; SQLite says: disk I/O error",
				"Try again", "request"),
		"limited": b.login("nobody@example.com", "wrong password", "/").is(http.StatusTooManyRequests, "Try again in", " at 09:30:"),
	}
	for name, a := range pages {
		_, main, _ := strings.Cut(a.body, "<main")
		for other, b := range pages {
			if _, twin, _ := strings.Cut(b.body, "<main"); name != other && main == twin {
				t.Errorf("%s and %s are one page", name, other)
			}
		}
	}
}
