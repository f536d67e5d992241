package handlers_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/kuratchi/dashboard/internal/id"
)

func newDatabaseID() id.Database { return id.New[id.Database]() }

// browser sends requests as a browser on this site does. It keeps cookies by
// hand, because Go's jar would not send a Secure one over http to 127.0.0.1,
// and follows no redirect.
type browser struct {
	s       *site
	cookies []*http.Cookie
	headers http.Header
}

func (s *site) browser() *browser { return &browser{s: s, headers: http.Header{}} }

// with returns the same browser sending one more header; "" removes it.
func (b *browser) with(key, value string) *browser {
	c := *b
	c.headers = b.headers.Clone()
	c.headers.Set(key, value)
	return &c
}

// htmx returns the same browser asking for a part of a page.
func (b *browser) htmx() *browser {
	return b.with("HX-Request", "true").with("HX-Request-Type", "partial")
}

// answer is a response, read whole.
type answer struct {
	t      *testing.T
	path   string
	status int
	header http.Header
	body   string
}

func (a answer) location() string { return a.header.Get("Location") }

func (a answer) doc() *html.Node {
	a.t.Helper()
	doc, err := html.Parse(strings.NewReader(a.body))
	must(a.t, err)
	return doc
}

// is checks the status and that the body holds each of the words.
func (a answer) is(status int, words ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.path, a.status, status, excerpt(a.body))
	}
	text := a.body
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		text = textOf(a.doc())
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			a.t.Fatalf("%s: %q is not in: %s", a.path, w, excerpt(text))
		}
	}
	return a
}

func excerpt(s string) string {
	if i := strings.Index(s, "<main"); i > 0 {
		s = s[i:]
	}
	return strings.Join(strings.Fields(s[:min(len(s), 1500)]), " ")
}

func (b *browser) get(path string) answer {
	b.s.t.Helper()
	return b.send("GET", path, "", nil)
}

// post sends a form as a form of this site does.
func (b *browser) post(path string, form url.Values) answer {
	b.s.t.Helper()
	return b.send("POST", path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{
		DialContext:       (&net.Dialer{}).DialContext,
		DisableKeepAlives: true, // nothing is left for the leak check
	},
}

func (b *browser) send(method, path, contentType string, body io.Reader) answer {
	b.s.t.Helper()
	req, err := http.NewRequestWithContext(b.s.t.Context(), method, b.s.url+path, body)
	must(b.s.t, err)
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for key, values := range b.headers {
		if req.Header.Del(key); values[0] != "" {
			req.Header[key] = values
		}
	}
	res, err := client.Do(req)
	must(b.s.t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	must(b.s.t, err)
	b.keep(res.Cookies())
	a := answer{t: b.s.t, path: method + " " + path, status: res.StatusCode, header: res.Header, body: string(text)}
	checkAnswer(a)
	return a
}

func (b *browser) keep(set []*http.Cookie) {
	for _, c := range set {
		var kept []*http.Cookie
		for _, old := range b.cookies {
			if old.Name != c.Name {
				kept = append(kept, old)
			}
		}
		if c.MaxAge >= 0 && c.Value != "" {
			kept = append(kept, c)
		}
		b.cookies = kept
	}
}

// login signs in through the page.
func (b *browser) login(email, password, next string) answer {
	b.s.t.Helper()
	return b.post("/login", url.Values{"email": {email}, "password": {password}, "next": {next}})
}
