package auth_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/auth"
)

func TestCookieFlags(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		insecure   bool
		set, clear string
	}{
		"https": {
			false,
			"__Host-kuratchi=ID; Path=/; HttpOnly; Secure; SameSite=Lax",
			"__Host-kuratchi=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
		"plain http": {
			true,
			"kuratchi=ID; Path=/; HttpOnly; SameSite=Lax",
			"kuratchi=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; SameSite=Lax",
		},
	} {
		s := newSiteWith(auth.StoreOptions{Insecure: c.insecure})
		w := httptest.NewRecorder()
		if _, err := s.Login(w, s.request(""), opAnn, home); err != nil {
			t.Fatal(err)
		}
		cookie := onlyCookie(t, w).Value
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(cookie) {
			t.Errorf("%s: the cookie %q is not 256 bits of base64url", name, cookie)
		}
		if d := cmp.Diff(c.set, strings.Replace(w.Header().Get("Set-Cookie"), cookie, "ID", 1)); d != "" {
			t.Errorf("%s: set: %s", name, d)
		}
		w = httptest.NewRecorder()
		if err := s.Logout(w, s.request(cookie)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.clear, w.Header().Get("Set-Cookie")); d != "" {
			t.Errorf("%s: clear: %s", name, d)
		}
	}
}

func TestOneModeDoesNotTakeTheOthersCookie(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	r := s.request("")
	r.Header.Set("Cookie", auth.InsecureCookieName+"="+cookie)
	if _, ok, err := s.Current(r); ok || err != nil {
		t.Errorf("Current = %v, %v", ok, err)
	}
}

func TestTamperedCookies(t *testing.T) {
	t.Parallel()
	s := newSite()
	cookie := s.mustLogin(t, "", opAnn)
	hash := auth.HashToken(cookie)
	spare := string(cookie[42] + 1) // two bits of the last character say nothing
	for name, value := range map[string]string{
		"one short":       cookie[:42],
		"one more":        cookie + "A",
		"padded":          cookie + "=",
		"quoted":          `"` + cookie + `"`,
		"huge":            strings.Repeat("A", 1<<20),
		"not base64":      strings.Repeat("!", 43),
		"standard base64": strings.Repeat("+", 43),
		"hash":            hash,
		"spare bits":      cookie[:42] + spare,
		"twice":           cookie + "; " + s.CookieName() + "=" + cookie,
		"with another":    cookie + "; " + s.CookieName() + "=x",
		"traversal":       "../../etc/passwd",
	} {
		before := s.records.count("Session")
		if s.signedIn(t, value) {
			t.Errorf("%s: signed in", name)
		}
		if s.records.count("Session") != before {
			t.Errorf("%s: the records were asked", name)
		}
	}
	r := s.request("")
	r.Header.Set("Cookie", s.CookieName()+"=")
	if _, ok, err := s.Current(r); ok || err != nil {
		t.Errorf("empty: Current = %v, %v", ok, err)
	}
	if !s.signedIn(t, cookie) {
		t.Error("the real one is dead")
	}
}

func TestClearClearsDeadCookiesOnly(t *testing.T) {
	t.Parallel()
	s := newSite()
	unknown, _ := auth.NewToken("")
	revoked, expired := s.mustLogin(t, "", opAnn), s.mustLogin(t, "", opAnn)
	if err := s.Revoke(t.Context(), auth.HashToken(revoked)); err != nil {
		t.Fatal(err)
	}
	s.clock.pass(auth.IdleTimeout)
	alive := s.mustLogin(t, "", opAnn)
	for name, c := range map[string]struct {
		id      string
		cleared bool
	}{
		"none": {"", false}, "alive": {alive, false},
		"malformed": {"x", true}, "unknown": {unknown, true}, "revoked": {revoked, true}, "expired": {expired, true},
	} {
		w := httptest.NewRecorder()
		if err := s.Clear(w, s.request(c.id)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		line := w.Header().Get("Set-Cookie")
		if got := strings.Contains(line, "Max-Age=0"); got != c.cleared || !c.cleared && line != "" {
			t.Errorf("%s: Set-Cookie %q", name, line)
		}
	}
	if !s.signedIn(t, alive) {
		t.Error("clearing ended a live session")
	}
}

func TestAResponseSetsTheCookieOnce(t *testing.T) {
	t.Parallel()
	s := newSite()
	r, w := s.request("x"), httptest.NewRecorder()
	http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
	if err := s.Clear(w, r); err != nil {
		t.Fatal(err)
	}
	session, err := s.Login(w, r, opAnn, home)
	if err != nil {
		t.Fatal(err)
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 2 || cookies[0].Name != "theme" || auth.HashToken(cookies[1].Value) != session.Hash {
		t.Errorf("cookies %v", cookies)
	}
	if got, ok, err := s.Current(r); !ok || err != nil || got.Hash != session.Hash {
		t.Errorf("later in the same request: Current = %v, %v", ok, err)
	}
}

func FuzzCookie(f *testing.F) {
	plain, _ := auth.NewToken("")
	for _, v := range []string{plain, "", "=", plain + "=", `"` + plain + `"`, strings.Repeat("A", 43), "\x00",
		plain + "; __Host-kuratchi=" + plain} {
		f.Add(v)
	}
	shape := regexp.MustCompile(`^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$`)
	f.Fuzz(func(t *testing.T, value string) {
		s := newSite()
		if s.signedIn(t, value) {
			t.Fatal("signed in")
		}
		cookies := s.request(value).CookiesNamed(s.CookieName())
		if s.records.count("Session") == 1 && (len(cookies) != 1 || !shape.MatchString(cookies[0].Value)) {
			t.Errorf("%q reached the records", value)
		}
		if err := s.Clear(httptest.NewRecorder(), s.request(value)); err != nil {
			t.Error(err)
		}
	})
}
