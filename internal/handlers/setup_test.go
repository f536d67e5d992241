package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
)

// setupToken makes a token as the program does at its first start.
func (s *site) setupToken() string {
	s.t.Helper()
	plain, hash := auth.NewToken("")
	must(s.t, s.store.SetupToken(s.t.Context(), hash, s.clock.now().Add(15*time.Minute)))
	return plain
}

func claim(token, email string) url.Values {
	return url.Values{"token": {token}, "email": {email}, "password": {password}}
}

func (s *site) count(sql string) int64 {
	s.t.Helper()
	r, err := s.control.Query(s.t.Context(), d1.Query(sql))
	must(s.t, err)
	return r.Rows[0][0].Int()
}

func TestManyClaimsMakeOneOwner(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.setupToken()
	var wg sync.WaitGroup
	statuses := make([]int, 50)
	for i := range statuses {
		wg.Go(func() {
			statuses[i] = s.browser().post("/setup", claim(token, fmt.Sprintf("claim%d@example.com", i))).status
		})
	}
	wg.Wait()
	counts := map[int]int{}
	for _, status := range statuses {
		counts[status]++
	}
	if counts[http.StatusSeeOther] != 1 || counts[http.StatusNotFound] != 49 {
		t.Errorf("statuses %v, want one 303 and 49 404", counts)
	}
	if n := s.count("select count(*) from operators"); n != 1 {
		t.Errorf("%d owners", n)
	}
	if n := s.count("select count(*) from audit where action = 'setup.claim'"); n != 1 {
		t.Errorf("%d audit entries", n)
	}
	for range 20 { // for ever after, and never "too many attempts"
		s.browser().get("/setup?token=" + token).is(http.StatusNotFound)
		s.browser().get("/setup").is(http.StatusNotFound)
		s.browser().post("/setup", claim(token, "late@example.com")).is(http.StatusNotFound)
	}
	if wait := s.throttle.Check("", "127.0.0.1"); wait != 0 {
		t.Error("looking at the closed setup page delays signing in")
	}
}

func TestSetupSignsTheOwnerIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.setupToken()
	b := s.browser()
	for range 3 { // looking spends nothing
		a := b.get("/setup?token="+token).is(http.StatusOK, "Create the owner")
		if got := value(t, a.doc(), "token"); got != token {
			t.Errorf("the form has the token %q", got)
		}
	}
	a := b.post("/setup", url.Values{"token": {token}, "email": {"nobody"}, "password": {"short"}}).is(http.StatusUnprocessableEntity)
	if errorAt(a.doc(), "email") == "" || errorAt(a.doc(), "password") == "" || strings.Contains(a.body, `value="short"`) {
		t.Errorf("the form says: %s", excerpt(a.body))
	}
	if a := b.post("/setup", claim(token, " Owner@Example.com ")).is(http.StatusSeeOther); a.location() != "/" {
		t.Errorf("it leads to %q", a.location())
	}
	b.get("/").is(http.StatusOK, "Fleet", "owner@example.com")
	s.browser().get("/").is(http.StatusSeeOther)
	if strings.Contains(s.log.String(), token) {
		t.Error("the token is in the log")
	}
}

func TestSetupTokenExpires(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.setupToken()
	s.clock.add(15 * time.Minute)
	s.browser().get("/setup?token="+token).is(http.StatusNotFound, "dashboard setup-token")
	s.browser().post("/setup", claim(token, "a@example.com")).is(http.StatusNotFound)
	again := s.setupToken()
	s.browser().get("/setup?token=" + token).is(http.StatusNotFound)
	s.browser().get("/setup?token=" + again).is(http.StatusOK)
}

func TestWrongSetupTokensAreThrottled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.setupToken()
	for range auth.FreeFailures + 1 {
		s.browser().get("/setup?token=wrong").is(http.StatusNotFound)
	}
	a := s.browser().post("/setup", claim("wrong", "a@example.com")).is(http.StatusTooManyRequests, "Try again in 1 second")
	if a.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	s.browser().get("/setup?token=" + token).is(http.StatusOK) // who has the link doesn't wait
	s.browser().post("/setup", claim(token, "a@example.com")).is(http.StatusSeeOther)
}
