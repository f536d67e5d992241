package auth_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

var (
	opAnn = auth.Operator{ID: "01ann", Email: ann, Role: auth.RoleAdmin}
	opBen = auth.Operator{ID: "01ben", Email: "ben@example.com", Role: auth.RoleViewer}
)

// site is a store with its records, its clock and its log.
type site struct {
	*auth.Store
	records *records
	clock   *clock
	log     *bytes.Buffer
}

func newSite() *site { return newSiteWith(auth.StoreOptions{}) }

func newSiteWith(opts auth.StoreOptions) *site {
	s := &site{records: newRecords(), clock: newClock(), log: &bytes.Buffer{}}
	opts.Now, opts.Log = s.clock.now, slog.New(slog.NewTextHandler(s.log, nil))
	s.Store = auth.NewStore(s.records, opts)
	return s
}

// request returns a request whose session cookie is id, none if that is "".
func (s *site) request(id string) *http.Request {
	r := httptest.NewRequest("GET", "https://dash.example/", nil)
	r.Header.Set("User-Agent", "Browser/1.0")
	if id != "" {
		r.Header.Set("Cookie", s.CookieName()+"="+id)
	}
	return r
}

// mustLogin signs in on a browser with that cookie, and returns its new one.
func (s *site) mustLogin(t *testing.T, id string, op auth.Operator) string {
	t.Helper()
	w := httptest.NewRecorder()
	session, err := s.Login(w, s.request(id), op, home)
	if err != nil {
		t.Fatal(err)
	}
	fresh := onlyCookie(t, w).Value
	if session.Hash != auth.HashToken(fresh) || session.Operator != op.ID {
		t.Fatalf("session %+v is not the cookie's or not the operator's", session)
	}
	return fresh
}

// signedIn says whether a cookie signs in, on a request of its own.
func (s *site) signedIn(t *testing.T, id string) bool {
	t.Helper()
	_, ok, err := s.Current(s.request(id))
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func onlyCookie(t *testing.T, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies are set: %v", len(cookies), cookies)
	}
	return cookies[0]
}

func TestLoginMakesASession(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	got, ok, err := s.Current(s.request(cookie))
	if !ok || err != nil {
		t.Fatalf("Current = %v, %v", ok, err)
	}
	now := s.clock.now()
	want := auth.Session{Hash: auth.HashToken(cookie), Operator: opAnn.ID, CreatedAt: now, LastSeen: now, IP: home, UserAgent: "Browser/1.0"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, s.records.row(want.Hash)); d != "" {
		t.Error("stored:", d)
	}
	if dump := fmt.Sprint(s.records.all()); strings.Contains(dump, cookie) {
		t.Error("the records hold a usable id")
	}
}

func TestTheIDFromBeforeSigningInIsDeadAfter(t *testing.T) {
	t.Parallel()
	s := newSite()
	planted, _ := auth.NewToken("")
	first := s.mustLogin(t, planted, opAnn)
	second := s.mustLogin(t, first, opAnn)
	third := s.mustLogin(t, second, opBen)
	if first == planted || second == first || third == second {
		t.Fatal("an id was kept")
	}
	for name, id := range map[string]string{"planted": planted, "first": first, "second": second} {
		if s.signedIn(t, id) {
			t.Errorf("the %s id is alive", name)
		}
	}
	if !s.signedIn(t, third) {
		t.Error("the last id is dead")
	}
}

func TestReplayAfterLogout(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie, elsewhere := s.mustLogin(t, "", opAnn), s.mustLogin(t, "", opAnn)
	r := s.request(cookie)
	if _, ok, err := s.Current(r); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := s.Logout(httptest.NewRecorder(), r); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Current(r); ok || err != nil {
		t.Errorf("later in the same request: Current = %v, %v", ok, err)
	}
	if s.signedIn(t, cookie) {
		t.Error("the cookie works after logout")
	}
	if !s.signedIn(t, elsewhere) {
		t.Error("logout ended another browser's session")
	}
	if err := s.Logout(httptest.NewRecorder(), s.request(cookie)); err != nil {
		t.Errorf("logging out again: %v", err)
	}
}

func TestIdleExpiry(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	for range 5 { // use keeps it alive
		s.clock.pass(auth.IdleTimeout - time.Millisecond)
		if !s.signedIn(t, cookie) {
			t.Fatal("it ended while used")
		}
	}
	s.clock.pass(auth.IdleTimeout)
	if s.signedIn(t, cookie) {
		t.Error("it is alive after 30 idle minutes")
	}
	if s.signedIn(t, cookie) {
		t.Error("asking revived it")
	}
}

func TestAbsoluteExpiry(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	for used := time.Duration(0); used < auth.AbsoluteTimeout; used += 10 * time.Minute {
		if !s.signedIn(t, cookie) {
			t.Fatalf("it ended after %v of use", used)
		}
		s.clock.pass(10 * time.Minute)
	}
	if s.signedIn(t, cookie) {
		t.Error("it is alive after 12 hours")
	}
}

func TestUseIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	for range 60 { // two requests a second for a minute
		s.signedIn(t, cookie)
		s.signedIn(t, cookie)
		s.clock.pass(time.Second)
	}
	if n := s.records.count("TouchSession"); n != 0 {
		t.Errorf("%d writes in the first minute", n)
	}
	r := s.request(cookie)
	for range 3 {
		if got, ok, err := s.Current(r); !ok || err != nil || !got.LastSeen.Equal(s.clock.now()) {
			t.Errorf("Current = %v, %v, %v", got.LastSeen, ok, err)
		}
	}
	if n := s.records.count("TouchSession"); n != 1 {
		t.Errorf("%d writes, want 1", n)
	}
}

func TestPollsDoNotKeepASessionAlive(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	for range 29 {
		s.clock.pass(time.Minute)
		if _, ok, err := s.Peek(s.request(cookie)); !ok || err != nil {
			t.Fatalf("Peek = %v, %v", ok, err)
		}
		if ok, err := s.Alive(t.Context(), auth.HashToken(cookie)); !ok || err != nil {
			t.Fatalf("Alive = %v, %v", ok, err)
		}
	}
	s.clock.pass(time.Minute)
	if _, ok, _ := s.Peek(s.request(cookie)); ok {
		t.Error("polls kept it alive")
	}
	if ok, _ := s.Alive(t.Context(), auth.HashToken(cookie)); ok {
		t.Error("a stream kept it alive")
	}
	if ok, err := s.Alive(t.Context(), "unknown"); ok || err != nil {
		t.Errorf("an unknown session: Alive = %v, %v", ok, err)
	}
}

func TestRevokedSessionsAreDead(t *testing.T) {
	t.Parallel()
	s := newSite()
	a1, a2, b := s.mustLogin(t, "", opAnn), s.mustLogin(t, "", opAnn), s.mustLogin(t, "", opBen)
	if err := s.Revoke(t.Context(), auth.HashToken(a1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Revoke(t.Context(), auth.HashToken("unknown")); err != nil {
		t.Errorf("revoking nothing: %v", err)
	}
	if s.signedIn(t, a1) || !s.signedIn(t, a2) {
		t.Error("want the first dead and the second alive")
	}
	if n, err := s.RevokeAll(t.Context(), opAnn.ID); n != 1 || err != nil {
		t.Errorf("RevokeAll = %d, %v; want the one that was left", n, err)
	}
	if s.signedIn(t, a2) || !s.signedIn(t, b) {
		t.Error("want Ann's dead and Ben's alive")
	}
}

func TestRevokedBetweenReadingAndTouching(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	s.clock.pass(2 * time.Minute)
	r := s.request(cookie)
	if _, ok, _ := s.Peek(r); !ok {
		t.Fatal("dead too early")
	}
	if _, err := s.RevokeAll(t.Context(), opAnn.ID); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Current(r); ok || err != nil {
		t.Errorf("Current = %v, %v", ok, err)
	}
	if _, ok, _ := s.Peek(r); ok {
		t.Error("it came back in the same request")
	}
}

func TestConcurrentLogins(t *testing.T) {
	t.Parallel()
	s := newSite()
	old := s.mustLogin(t, "", opAnn)
	const n = 20
	fresh := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fresh[i] = s.mustLogin(t, old, opAnn) })
		wg.Go(func() { _, _, _ = s.Current(s.request(old)) })
	}
	wg.Wait()
	seen := map[string]bool{old: true}
	for _, id := range fresh {
		if seen[id] || !s.signedIn(t, id) {
			t.Errorf("session %q is not new or not alive", id)
		}
		seen[id] = true
	}
	if s.signedIn(t, old) {
		t.Error("the old id is alive")
	}
}

func TestDisabledOperatorsCannotSignIn(t *testing.T) {
	t.Parallel()
	s := newSite()
	op := opAnn
	op.DisabledAt = s.clock.now()
	w := httptest.NewRecorder()
	_, err := s.Login(w, s.request(""), op, home)
	wantFault(t, err, fault.Denied, "")
	if len(w.Result().Cookies()) != 0 || len(s.records.all()) != 0 {
		t.Error("a session was made")
	}
}

func TestUserAgentsAreShortened(t *testing.T) {
	t.Parallel()
	s := newSite()
	r := s.request("")
	r.Header.Set("User-Agent", strings.Repeat("x", 255)+"é"+strings.Repeat("y", 1<<16))
	session, err := s.Login(httptest.NewRecorder(), r, opAnn, home)
	if err != nil || session.UserAgent != strings.Repeat("x", 255) {
		t.Errorf("user agent of %d bytes, %v", len(session.UserAgent), err)
	}
}
