package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

func form(change url.Values) url.Values {
	v := url.Values{"org": {"acme-inc"}, "org_name": {""}, "name": {"acme-org-050"}, "schema": {"shop"}, "version": {"1"},
		"location": {"weur"}, "request": {"req-1"}}
	maps.Copy(v, change)
	return v
}

func TestPressingTwiceMakesOneDatabase(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	page := owner.get("/databases/new").doc()
	request := value(t, page, "request")
	if request == "" || request == value(t, owner.get("/databases/new").doc(), "request") {
		t.Errorf("the form's id is %q", request)
	}
	var wg sync.WaitGroup
	answers := make([]answer, 8)
	for i := range answers {
		b := *owner // each press comes with the same cookie
		wg.Go(func() {
			answers[i] = b.post("/databases", form(url.Values{"name": {""}, "org": {""}, "org_name": {"Twice"}, "request": {request}}))
		})
	}
	wg.Wait()
	for _, a := range answers {
		if a.is(http.StatusSeeOther); a.location() != "/databases/twice-org-001" {
			t.Errorf("it led to %q", a.location())
		}
	}
	s.ready("twice-org-001")
	if n := s.count("select count(*) from databases where org_slug = 'twice'"); n != 1 {
		t.Errorf("%d databases", n)
	}
	if got := strings.Join(s.actions(), "\n"); strings.Count(got, "database.provision intent") != 5 ||
		strings.Count(got, "database.provision done") != 5 {
		t.Errorf("audit:\n%s", got) // the other four are the site's
	}
	owner.get("/databases/twice-org-001").is(http.StatusOK, "items")
}

func TestANameIsTakenOnce(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	owner.post("/databases", form(nil)).is(http.StatusSeeOther)
	s.ready("acme-org-050")
	before := s.snapshot()
	a := owner.post("/databases", form(url.Values{"request": {"req-2"}})).is(http.StatusConflict)
	if got := errorAt(a.doc(), "name"); !strings.Contains(got, `"acme-org-050" exists already`) {
		t.Errorf("at name: %q: %s", got, excerpt(a.body))
	}
	s.checkTyped(a, form(url.Values{"request": {"req-2"}}))
	s.unchanged(before)
}

// checkTyped checks that a form came back as it was sent.
func (s *site) checkTyped(a answer, sent url.Values) {
	s.t.Helper()
	doc := a.doc()
	for name, want := range sent {
		if got := value(s.t, doc, name); got != want[0] {
			s.t.Errorf("%s: %s came back as %q, not %q", a.path, name, got, want[0])
		}
	}
}

func TestAWrongFormSaysWhere(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	before := s.snapshot()
	for _, c := range []struct {
		field, value, words string
	}{
		{"name", "acme.org", `A name can't hold a ".": the parts of a database's token are separated by dots`},
		{"name", "-acme", "starting with a letter or digit"},
		{"name", strings.Repeat("a", 60), "at most"},
		{"name", `<b>"'`, "Use letters, digits"},
		{"org", "none", "There is no organization"},
		{"schema", "none", "There is no schema"},
		{"version", "9", "has no version 9"},
		{"version", "0", "whole number from 1"},
		{"version", "abc", "whole number from 1"},
		{"version", "99999999999999999999", "whole number from 1"},
		{"location", "mars", "There is no location"},
	} {
		t.Run(c.field+" "+c.value, func(t *testing.T) {
			s.t = t
			sent := form(url.Values{c.field: {c.value}})
			a := owner.post("/databases", sent).is(http.StatusUnprocessableEntity)
			if got := errorAt(a.doc(), c.field); !strings.Contains(got, c.words) {
				t.Errorf("at %s: %q, want %q: %s", c.field, got, c.words, excerpt(a.body))
			}
			if f := byName(a.doc(), c.field); attr(f, "aria-invalid") != "true" {
				t.Errorf("%s isn't marked as invalid", c.field)
			}
			if c.field != "name" && c.field != "version" { // a choice that isn't there can't be shown
				sent.Del(c.field)
			}
			s.checkTyped(a, sent)
		})
	}
	s.t = t
	sent := form(url.Values{"org": {""}, "org_name": {""}})
	a := owner.post("/databases", sent).is(http.StatusUnprocessableEntity)
	if errorAt(a.doc(), "org_name") == "" {
		t.Errorf("no name for a new organization: %s", excerpt(a.body))
	}
	s.checkTyped(a, sent)
	sent = form(url.Values{"org": {""}, "org_name": {"ACME, inc"}})
	a = owner.post("/databases", sent).is(http.StatusConflict)
	if errorAt(a.doc(), "org_name") == "" {
		t.Errorf("an organization that is there: %s", excerpt(a.body))
	}
	s.checkTyped(a, sent)
	s.unchanged(before)
}
