package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/sessions"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

func TestARequestReadsItsSessionOnce(t *testing.T) {
	t.Parallel()
	s := newSite()
	r := s.request(s.mustLogin(t, "", opAnn))
	for range 3 {
		_, _, _ = s.Current(r)
		_, _, _ = s.TakeDraft(r)
	}
	if n := s.records.count("Session"); n != 1 {
		t.Errorf("%d reads", n)
	}
}

func TestFailingRecordsSignNobodyInOrOut(t *testing.T) {
	t.Parallel()
	down := fault.New(fault.Unavailable, "the database does not answer")
	calls := map[string]func(s *site, w http.ResponseWriter, r *http.Request) error{
		"Login": func(s *site, w http.ResponseWriter, r *http.Request) error {
			_, err := s.Login(w, r, opAnn, home)
			return err
		},
		"Logout":  func(s *site, w http.ResponseWriter, r *http.Request) error { return s.Logout(w, r) },
		"Clear":   func(s *site, w http.ResponseWriter, r *http.Request) error { return s.Clear(w, r) },
		"Current": func(s *site, _ http.ResponseWriter, r *http.Request) error { _, _, err := s.Current(r); return err },
		"Draft":   func(s *site, _ http.ResponseWriter, r *http.Request) error { return s.SaveDraft(r, "/x", "a=1") },
		"Take":    func(s *site, _ http.ResponseWriter, r *http.Request) error { _, _, err := s.TakeDraft(r); return err },
	}
	for method, names := range map[string][]string{
		"Session":       {"Login", "Logout", "Clear", "Current", "Draft", "Take"},
		"RevokeSession": {"Login", "Logout"},
		"CreateSession": {"Login"},
		"SaveDraft":     {"Draft", "Take"},
	} {
		for _, name := range names {
			s := newSite()
			cookie := s.mustLogin(t, "", opAnn)
			if err := s.SaveDraft(s.request(cookie), "/y", "b=2"); err != nil {
				t.Fatal(err)
			}
			s.records.fail(method, down)
			w, r := httptest.NewRecorder(), s.request(cookie)
			if err := calls[name](s, w, r); !errors.Is(err, down) {
				t.Errorf("%s with a failing %s: error %v", name, method, err)
			}
			if got := w.Header().Get("Set-Cookie"); got != "" {
				t.Errorf("%s with a failing %s: Set-Cookie %q", name, method, got)
			}
			s.records.fail(method, nil)
			if got := s.signedIn(t, cookie); got != (method != "CreateSession") {
				t.Errorf("%s with a failing %s: signed in after: %v", name, method, got)
			}
		}
	}
}

func TestAUseThatCannotBeWrittenIsLogged(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	s.records.fail("TouchSession", errors.New("disk full"))
	s.clock.pass(2 * time.Minute)
	if !s.signedIn(t, cookie) {
		t.Error("a page view failed for a write")
	}
	if log := s.log.String(); !strings.Contains(log, "disk full") || strings.Contains(log, cookie) {
		t.Errorf("log %q", log)
	}
	s.clock.pass(auth.IdleTimeout - 2*time.Minute)
	if s.signedIn(t, cookie) {
		t.Error("it outlived its last written use")
	}
}

func TestGorillasInterface(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	r := s.request(cookie)
	gs, err := s.Get(r, s.CookieName())
	if err != nil || gs.IsNew || gs.Store() != sessions.Store(s.Store) {
		t.Fatalf("Get: new %v, %v", gs.IsNew, err)
	}
	again, _ := sessions.GetRegistry(r).Get(s, s.CookieName())
	if again != gs {
		t.Error("the registry has another session")
	}
	w := httptest.NewRecorder()
	if err := sessions.Save(r, w); err != nil || len(w.Result().Cookies()) != 0 {
		t.Errorf("saving what did not change: %v, %v", err, w.Header())
	}
	gs.Values["theme"] = "dark"
	wantFault(t, gs.Save(r, w), fault.Internal, "")
	delete(gs.Values, "theme")
	gs.Options.MaxAge = -1
	w = httptest.NewRecorder()
	if err := gs.Save(r, w); err != nil || onlyCookie(t, w).MaxAge != -1 || !gs.IsNew || s.signedIn(t, cookie) {
		t.Errorf("deleting the gorilla way: %v, %v", err, w.Header())
	}

	r = s.request("")
	if gs, err := s.Get(r, s.CookieName()); err != nil || !gs.IsNew || gs.ID != "" {
		t.Errorf("without a cookie: new %v, id %q, %v", gs.IsNew, gs.ID, err)
	}
	w = httptest.NewRecorder()
	if err := sessions.Save(r, w); err != nil || len(w.Result().Cookies()) != 0 {
		t.Errorf("a visitor got a cookie: %v, %v", err, w.Header())
	}
	if gs, err := s.Get(r, "other"); gs == nil || err == nil {
		t.Errorf("another name: %v, %v; want a session and an error", gs, err)
	}
}

func TestAuditEntriesGoWithTheirChange(t *testing.T) {
	t.Parallel()
	s := newSite()
	in, out := audit.Entry{ID: "in"}, audit.Entry{ID: "out"}
	cookie := s.mustLogin(t, "", opAnn)
	s.records.fail("CreateSession", errors.New("disk full"))
	if _, err := s.Login(httptest.NewRecorder(), s.request(""), opAnn, home, in); err == nil || len(s.records.entries) > 0 {
		t.Errorf("a failed login: %v, entries %v", err, s.records.entries)
	}
	s.records.fail("CreateSession", nil)
	if _, err := s.Login(httptest.NewRecorder(), s.request(""), opAnn, home, in); err != nil || len(s.records.entries) != 1 {
		t.Errorf("a login: %v, entries %v", err, s.records.entries)
	}
	s.records.fail("RevokeSession", errors.New("disk full"))
	if err := s.Logout(httptest.NewRecorder(), s.request(cookie), out); err == nil || len(s.records.entries) != 1 {
		t.Errorf("a failed logout: %v, entries %v", err, s.records.entries)
	}
	s.records.fail("RevokeSession", nil)
	for range 2 { // the second has no session to end
		if err := s.Logout(httptest.NewRecorder(), s.request(cookie), out); err != nil {
			t.Error(err)
		}
	}
	if len(s.records.entries) != 2 || s.records.entries[1] != out {
		t.Errorf("entries %v", s.records.entries)
	}
}
