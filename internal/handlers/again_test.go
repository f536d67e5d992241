package handlers_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/handlers"
)

// again says of each kind whether its error is answered with the form that was sent.
var again = map[fault.Kind]bool{
	fault.Invalid: true, fault.Conflict: true, fault.Unavailable: true, fault.Limited: true,
	fault.NotFound: false, fault.Denied: false, fault.Unknown: false, fault.Internal: false,
}

func TestWhichErrorsShowTheFormAgain(t *testing.T) {
	t.Parallel()
	for kind, want := range again {
		if got := handlers.IsFormError(fault.New(kind, "x")); got != want {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
	}
	if handlers.IsFormError(nil) || handlers.IsFormError(errors.New("x")) {
		t.Error("no error, or one of nobody's, is a form's")
	}
}

// TestAFormThatDidNothingComesBackAsItWasFilledIn refuses the change that each form asks
// for, with every kind of error.
func TestAFormThatDidNothingComesBackAsItWasFilledIn(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	before := s.snapshot()
	for kind, comes := range again {
		s.broken.refuse(fault.New(kind, "It was refused, for a test."))
		for path, typed := range map[string]url.Values{
			"/databases":                         {"org": {"acme-inc"}, "name": {"acme-typed"}, "request": {"r"}},
			"/orgs":                              {"org_name": {"Typed Inc."}},
			"/orgs/acme-inc/rename":              {"org_name": {"Typed Inc."}},
			"/schemas":                           {"source": {strings.Replace(shop(1), "shop", "typed", 1)}},
			"/schemas/shop/versions":             {"source": {shop(4)}},
			"/databases/acme-org-001/sql/writes": {"sql": {"select 'typed'"}, "params": {"1"}, "writes": {"on"}},
		} {
			a := owner.post(path, typed)
			if a.status < 400 {
				t.Errorf("%s, %s: %d", a.path, kind, a.status)
			}
			for name, text := range typed {
				if name == "writes" || name == "request" {
					continue
				}
				e := byName(a.doc(), name)
				if e == nil != !comes {
					t.Errorf("%s, %s: the field %s is there: %v, want %v", a.path, kind, name, e != nil, comes)
				} else if comes && value(t, a.doc(), name) != text[0] {
					t.Errorf("%s, %s: %s holds %q, want what was typed", a.path, kind, name, value(t, a.doc(), name))
				}
			}
			if comes {
				a.is(status[kind], "It was refused, for a test.")
			}
		}
	}
	s.broken.refuse(nil)
	owner.post("/databases/acme-org-001/sql/cancel", url.Values{"run": {"ended"}}).is(http.StatusNotFound) // takes what was kept
	s.unchanged(before)
}

var status = map[fault.Kind]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.Conflict: http.StatusConflict,
	fault.Unavailable: http.StatusServiceUnavailable, fault.Limited: http.StatusTooManyRequests,
}

// TestAFormIsKeptWhereItsAnswerIsAnotherPage: what was typed comes back from the error's page.
func TestAFormIsKeptWhereItsAnswerIsAnotherPage(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.server.AddRoute(handlers.Route{Method: "POST", Path: "/databases/:db/lost", Permission: auth.DatabasesWrite, Keep: true,
		Form:    "/databases/:db/sql",
		Handler: func(handlers.Context) error { return fault.New(fault.Unknown, "Nobody knows, in a test.") }})
	for _, b := range []*browser{owner.htmx(), owner} { // each forgets what the one before kept
		a := b.post("/databases/acme-org-001/lost", url.Values{"sql": {"select 'typed'"}}).is(http.StatusBadGateway, "Nobody knows")
		back := slices.Contains(linksOf(a.doc(), "/"), "/databases/acme-org-001/sql")
		if back != (b == owner) || strings.Contains(a.body, "is kept") != back {
			t.Errorf("a link back: %v: %s", back, excerpt(a.body))
		}
	}
	if got := value(t, owner.get("/databases/acme-org-001/sql").doc(), "sql"); got != "select 'typed'" {
		t.Errorf("the form holds %q", got)
	}
	s.broken.refuse(fault.New(fault.NotFound, "It is gone, for a test."))
	a := owner.post("/schemas", url.Values{"source": {strings.Replace(shop(1), "shop", "typed", 1)}}).is(http.StatusNotFound, "It is gone")
	if strings.Contains(a.body, "is kept") {
		t.Error("what has no form any more is kept")
	}
}
