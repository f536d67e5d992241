package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/handlers"
)

// told is an answer without what differs each time.
func told(a answer, email string) string {
	text := strings.ReplaceAll(a.body, nonceOf(a.header.Get("Content-Security-Policy")), "R")
	return strings.ReplaceAll(text, email, "E")
}

func TestAWrongPasswordSaysNothingAboutTheAddress(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	o, disabled := s.operator(auth.RoleOwner), s.operator(auth.RoleOwner)
	s.exec(s.control, "update operators set disabled_at = 1 where id = ?1", d1.Str(string(disabled.ID)))
	wrong := s.browser().login(o.Email, "not the password", "/").
		is(http.StatusUnprocessableEntity, "The e-mail address or the password is wrong.")
	for _, try := range []struct{ email, password string }{
		{"nobody@example.com", password}, {disabled.Email, password}, {"not an address", password}, {o.Email, ""},
	} {
		a := s.browser().login(try.email, try.password, "/").is(http.StatusUnprocessableEntity)
		if told(a, try.email) != told(wrong, o.Email) {
			t.Errorf("%s is answered differently: %s", try.email, excerpt(a.body))
		}
		if a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s gets a cookie", try.email)
		}
	}
	if got := strings.Join(s.actions(), "\n"); strings.Count(got, "session.login_failed failed") != 5 {
		t.Errorf("audit:\n%s", got)
	}
}

func TestGuessingIsThrottled(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	o := s.operator(auth.RoleOwner)
	for i := range auth.FreeFailures + 1 {
		s.browser().with("X-Forwarded-For", "198.51.100."+string(rune('1'+i))).login(o.Email, "wrong", "/").is(http.StatusUnprocessableEntity)
	}
	before := len(s.actions())
	for _, header := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"} {
		a := s.browser().with(header, "198.51.100.99").login(o.Email, password, "/orgs").
			is(http.StatusTooManyRequests, "Too many attempts. Try again in 1 second")
		if a.header.Get("Retry-After") != "1" || value(t, a.doc(), "next") != "/orgs" || value(t, a.doc(), "email") != o.Email {
			t.Errorf("%s: Retry-After %q, %s", header, a.header.Get("Retry-After"), excerpt(a.body))
		}
	}
	// the address waits too
	s.browser().with("X-Forwarded-For", "198.51.100.98").login("other@example.com", password, "/").is(http.StatusTooManyRequests)
	if len(s.actions()) != before {
		t.Error("a refused attempt is in the audit log")
	}
	s.clock.add(time.Second)
	s.browser().login(o.Email, password, "/").is(http.StatusSeeOther)
}

// elsewhere are spellings of addresses that browsers might take for another site.
var elsewhere = []string{
	"//evil.example", "///evil.example", "////evil.example/x", "https://evil.example", "http:evil.example",
	"HTTPS:/evil.example", `\\evil.example`, `/\evil.example`,
	`\/evil.example`, `/\/evil.example`, "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example",
	"/\r/evil.example", "/\x00/evil.example", "/\x0b/evil.example",
	"/\x7f/evil.example", "javascript:alert(1)", "data:text/html,x", "evil.example", "@evil.example", "/ok\r\nSet-Cookie: a=b",
	"?x", "#x", "", "/" + strings.Repeat("x", 3000),
}

func TestALoginLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	o := s.operator(auth.RoleViewer)
	for _, next := range elsewhere {
		if got := handlers.LocalPath(next); got != "/" {
			t.Errorf("%.40q leads to %q", next, got)
		}
		if a := s.browser().get("/login?" + url.Values{"next": {next}}.Encode()); value(t, a.doc(), "next") != "/" {
			t.Errorf("%.40q is in the form", next)
		}
		if a := owner.get("/login?" + url.Values{"next": {next}}.Encode()); a.status != http.StatusSeeOther || a.location() != "/" {
			t.Errorf("%.40q: signed in already, %d to %q", next, a.status, a.location())
		}
		if a := s.browser().login(o.Email, password, next); a.status != http.StatusSeeOther || a.location() != "/" {
			t.Errorf("%.40q: %d to %q", next, a.status, a.location())
		}
	}
	for _, next := range []string{"/", "/orgs", "/databases/acme-org-001/tables/items?sort=-price&f=a", "/orgs?q=//evil.example", "/é"} {
		if a := s.browser().login(o.Email, password, next); a.status != http.StatusSeeOther || a.location() != next {
			t.Errorf("%q: %d to %q", next, a.status, a.location())
		}
	}
}

func TestASessionIsNewAtLoginAndGoneAtLogout(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	o := s.operator(auth.RoleOwner)
	planted, _ := auth.NewToken("")
	b := s.browser()
	b.cookies = []*http.Cookie{{Name: auth.CookieName, Value: planted}}
	b.get("/").is(http.StatusSeeOther)
	a := b.login(o.Email, password, "/").is(http.StatusSeeOther)
	line := a.header.Get("Set-Cookie")
	for _, want := range []string{"__Host-kuratchi=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(line, want) {
			t.Errorf("the cookie %q has no %q", line, want)
		}
	}
	if strings.Contains(line, "Domain") || strings.Contains(line, "Max-Age") || strings.Contains(line, planted) {
		t.Errorf("the cookie is %q", line)
	}
	first := b.cookies[0].Value
	b.login(o.Email, password, "/").is(http.StatusSeeOther)
	second := b.cookies[0].Value
	old := s.browser()
	for _, dead := range []string{planted, first, "", "x", second + "x", strings.ToUpper(second)} {
		old.cookies = []*http.Cookie{{Name: auth.CookieName, Value: dead}}
		if dead != second {
			old.get("/").is(http.StatusSeeOther)
		}
	}
	old.cookies = []*http.Cookie{{Name: auth.CookieName, Value: second}}
	old.get("/").is(http.StatusOK)
	b.post("/logout", nil).is(http.StatusSeeOther)
	if len(b.cookies) != 0 {
		t.Errorf("the browser still has %v", b.cookies)
	}
	old.get("/").is(http.StatusSeeOther)
	old.post("/logout", nil).is(http.StatusUnauthorized)
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	b := s.as(auth.RoleOwner)
	for range 30 { // used all the time, until the twelve hours are over
		s.clock.add(auth.IdleTimeout - time.Minute)
		if b.get("/").status != http.StatusOK {
			break
		}
	}
	b.get("/").is(http.StatusSeeOther)
	b = s.as(auth.RoleOwner)
	for range 10 { // a poll is no use
		s.clock.add(auth.IdleTimeout / 5)
		b.htmx().get("/databases/acme-provisioning")
	}
	a := b.htmx().get("/databases/acme-provisioning").is(http.StatusUnauthorized)
	if a.header.Get("HX-Redirect") != "/login?next=%2Fdatabases%2Facme-provisioning" || a.body != "" {
		t.Errorf("a poll without a session leads to %q with %q", a.header.Get("HX-Redirect"), a.body)
	}
}
