package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
)

// otherSession signs the audited owner in once more, elsewhere, and returns that
// session's hash.
func (s *site) otherSession() string {
	s.t.Helper()
	hash := auth.HashToken("elsewhere")
	s.exec(s.control, `insert into sessions (hash, operator_id, created_at, last_seen, ip, user_agent)
		select ?1, id, ?2, ?2, '192.0.2.7', 'Mozilla/5.0 (X11; Linux) Firefox/140.0' from operators where email = 'owner@example.com'`,
		d1.Str(hash), d1.Int(s.clock.now().UnixMilli()))
	return hash
}

func TestOnesOwnSessionsAreSeenAndEnded(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	o := s.operator(auth.RoleViewer)
	one, two := s.signedIn(o), s.signedIn(o)
	stranger := s.signedIn(s.operator(auth.RoleOwner))
	body := one.get("/account").body
	if n := strings.Count(body, `name="session"`); n != 2 || strings.Count(body, "this one") != 1 {
		t.Errorf("%d sessions are listed", n)
	}
	hashes := map[string]bool{}
	for _, part := range strings.Split(body, `name="session" value="`)[1:] {
		hashes[part[:strings.IndexByte(part, '"')]] = true
	}
	for hash := range hashes {
		stranger.post("/account/sessions/end", url.Values{"session": {hash}}).is(http.StatusNotFound)
	}
	two.get("/account").is(http.StatusOK)
	mine := ""
	_, after, _ := strings.Cut(two.get("/account").body, "this one")
	_, after, _ = strings.Cut(after, `name="session" value="`)
	mine = after[:strings.IndexByte(after, '"')]
	one.post("/account/sessions/end", url.Values{"session": {mine}}).is(http.StatusSeeOther)
	two.get("/account").is(http.StatusSeeOther)
	one.get("/account").is(http.StatusOK)
	one.post("/account/sessions/end", url.Values{"session": {mine}}).is(http.StatusNotFound)
	one.post("/account/sessions/end-all", nil).is(http.StatusSeeOther)
	if to := one.get("/account").location(); !strings.HasPrefix(to, "/login") {
		t.Errorf("signed out everywhere, it goes to %s", to)
	}
	stranger.get("/account").is(http.StatusOK)
}

func TestChangingThePasswordNeedsTheCurrentOneAndEndsOtherSessions(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	o := s.operator(auth.RoleOperator)
	one, two := s.signedIn(o), s.signedIn(o)
	change := func(b *browser, current, next string) answer {
		return b.post("/account/password", url.Values{"current": {current}, "password": {next}})
	}
	if a := change(one, "wrong", "a sentence that is new"); a.status != http.StatusUnprocessableEntity ||
		!strings.Contains(a.body, "The current password is wrong.") {
		t.Errorf("a wrong password: %d", a.status)
	}
	if a := change(one, password, "short"); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="password-error"`) {
		t.Errorf("a short one: %d", a.status)
	}
	two.get("/account").is(http.StatusOK)
	change(one, password, "a sentence that is new").is(http.StatusSeeOther)
	one.get("/account?done=password").is(http.StatusOK)
	two.get("/account").is(http.StatusSeeOther)
	for range 8 {
		change(one, "wrong", "a sentence that is newer")
	}
	if a := change(one, "a sentence that is new", "a sentence that is newer"); a.status != http.StatusTooManyRequests {
		t.Errorf("guessing isn't throttled: %d", a.status)
	}
}
