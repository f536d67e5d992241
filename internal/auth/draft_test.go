package auth_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

const (
	draftPath = "/orgs/acme/edit?tab=2"
	draftForm = "name=Acme+%26+Co&note=%F0%9F%8C%B7"
)

// expiredWithDraft returns the cookie of a session that expired, and then was
// sent a form.
func expiredWithDraft(t *testing.T, s *site) string {
	t.Helper()
	cookie := s.mustLogin(t, "", opAnn)
	s.clock.pass(auth.IdleTimeout + time.Minute)
	r, w := s.request(cookie), httptest.NewRecorder()
	if _, ok, err := s.Current(r); ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := s.SaveDraft(r, draftPath, draftForm); err != nil {
		t.Fatal(err)
	}
	if err := s.Clear(w, r); err != nil || len(w.Result().Cookies()) != 0 {
		t.Fatalf("clearing took the cookie the draft hangs on: %v, %v", err, w.Header())
	}
	return cookie
}

func wantDraft(t *testing.T, s *site, cookie, path, form string) {
	t.Helper()
	gotPath, gotForm, err := s.TakeDraft(s.request(cookie))
	if gotPath != path || gotForm != form || err != nil {
		t.Errorf("draft %q %q, %v; want %q %q", gotPath, gotForm, err, path, form)
	}
}

func TestDraftComesBackOnceAfterSigningInAgain(t *testing.T) {
	t.Parallel()
	s := newSite()
	old := expiredWithDraft(t, s)
	if s.signedIn(t, old) {
		t.Error("a draft revived the session")
	}
	wantDraft(t, s, old, "", "") // not to whoever has the expired cookie
	fresh := s.mustLogin(t, old, opAnn)
	wantDraft(t, s, fresh, draftPath, draftForm)
	wantDraft(t, s, fresh, "", "")
	if row := s.records.row(auth.HashToken(old)); row.Draft != "" {
		t.Error("the draft stays with the old session")
	}
}

func TestDraftIsNotGivenToAnotherOperator(t *testing.T) {
	t.Parallel()
	s := newSite()
	old := expiredWithDraft(t, s)
	ben := s.mustLogin(t, old, opBen)
	wantDraft(t, s, ben, "", "")
	wantDraft(t, s, s.mustLogin(t, old, opAnn), "", "") // nor later to its own
	for _, row := range s.records.all() {
		if row.Draft != "" {
			t.Errorf("the draft is still with %s", row.Operator)
		}
	}
}

func TestDraftIsNotGivenToAnotherBrowser(t *testing.T) {
	t.Parallel()
	s := newSite()
	old := expiredWithDraft(t, s)
	wantDraft(t, s, s.mustLogin(t, "", opAnn), "", "")
	wantDraft(t, s, s.mustLogin(t, old, opAnn), draftPath, draftForm)
}

func TestDraftOfALiveSession(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	for _, form := range []string{"a=1", draftForm} { // the last one counts
		if err := s.SaveDraft(s.request(cookie), draftPath, form); err != nil {
			t.Fatal(err)
		}
	}
	next := s.mustLogin(t, cookie, opAnn)
	wantDraft(t, s, next, draftPath, draftForm)
}

func TestDraftsAreForgotten(t *testing.T) {
	t.Parallel()
	s := newSite()
	old := expiredWithDraft(t, s)
	s.clock.pass(auth.DraftLifetime)
	wantDraft(t, s, s.mustLogin(t, old, opAnn), "", "")
	old = expiredWithDraft(t, s)
	s.clock.pass(auth.DraftLifetime)
	wantFault(t, s.SaveDraft(s.request(old), draftPath, draftForm), fault.NotFound, "")
	w := httptest.NewRecorder()
	if err := s.Clear(w, s.request(old)); err != nil || onlyCookie(t, w).MaxAge != -1 {
		t.Errorf("the cookie outlives its draft: %v", err)
	}
}

func TestDraftsNeedASession(t *testing.T) {
	t.Parallel()
	s := newSite()
	unknown, _ := auth.NewToken("")
	revoked := s.mustLogin(t, "", opAnn)
	if err := s.Revoke(t.Context(), auth.HashToken(revoked)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "x", unknown, revoked} {
		wantFault(t, s.SaveDraft(s.request(id), draftPath, draftForm), fault.NotFound, "")
	}
	if n := s.records.count("SaveDraft"); n != 0 {
		t.Errorf("%d writes", n)
	}
}

func TestDraftLimits(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	largest := strings.Repeat("x", auth.MaxDraft)
	wantFault(t, s.SaveDraft(s.request(cookie), draftPath, largest+"x"), fault.Invalid, "")
	if err := s.SaveDraft(s.request(cookie), draftPath, largest); err != nil {
		t.Fatal(err)
	}
	wantDraft(t, s, cookie, draftPath, largest)
	for path, ok := range map[string]bool{
		"/":                    true,
		"/orgs?next=https://x": true,
		"":                     false,
		"orgs":                 false,
		"//evil.example":       false,
		`/\evil.example`:       false,
		"/\t/evil.example":     false,
		"https://evil.example": false,
		"javascript:alert(1)":  false,
		"/a\r\nSet-Cookie: x":  false,
		"/" + longPath(2047):   true,
		"/" + longPath(2048):   false,
	} {
		if got := s.SaveDraft(s.request(cookie), path, "a=1") == nil; got != ok {
			t.Errorf("path %.40q is accepted: %v", path, got)
		}
	}
}

func longPath(n int) string { return strings.Repeat("p", n) }
