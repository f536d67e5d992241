package auth

import (
	"net/http"
	"strings"

	"github.com/gorilla/sessions"
)

const (
	// CookieName is the session cookie's. Browsers take a cookie of the __Host-
	// kind only if it is Secure, has Path=/ and no Domain, so that no other host,
	// not even a subdomain, can plant one. Chromium also takes it from
	// http://localhost and http://127.0.0.1.
	CookieName = "__Host-kuratchi"
	// InsecureCookieName is its name over plain http, where a Secure cookie can't
	// be.
	InsecureCookieName = "kuratchi"
)

// cookieOptions has no Max-Age: the browser drops the cookie when it closes,
// and when it doesn't the server knows when a session ends. Lax still lets a
// link from elsewhere open a page, and no form from elsewhere post.
func cookieOptions(insecure bool) *sessions.Options {
	return &sessions.Options{Path: "/", Secure: !insecure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// readCookie returns the session id a request carries, "" if there is none that
// could be one, and whether there was any cookie of that name. Two cookies of
// one name come from two places, and neither is trusted.
func readCookie(r *http.Request, name string) (plain string, sent bool) {
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 || cookies[0].Quoted || !isToken(cookies[0].Value) {
		return "", len(cookies) > 0
	}
	return cookies[0].Value, true
}

// writeCookie sets a cookie in place of one that was set on this response
// before, as RFC 6265 section 4.1.1 wants no two of one name.
func writeCookie(w http.ResponseWriter, c *http.Cookie) {
	before := w.Header().Values("Set-Cookie")
	w.Header().Del("Set-Cookie")
	for _, line := range before {
		if !strings.HasPrefix(line, c.Name+"=") {
			w.Header().Add("Set-Cookie", line)
		}
	}
	http.SetCookie(w, c)
}
