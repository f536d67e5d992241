package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"
	"time"
)

// client is a signed-in client without a browser.
type client struct {
	t      testing.TB
	p      *program
	cookie string
	// begun, if it is set, is called when a request is under way in the program.
	begun func()
}

// do sends a request and returns the answer; err is set when the program died.
func (c *client) do(method, path string, form url.Values) (status int, location, body string, err error) {
	req, err := http.NewRequest(method, c.p.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", "", err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.cookie != "" {
		req.Header.Set("Cookie", c.cookie)
	}
	h := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if c.begun != nil { // the program asks for the form when it is about to read it
		req.Header.Set("Expect", "100-continue")
		req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{Got100Continue: c.begun}))
		h.Transport = &http.Transport{ExpectContinueTimeout: patience, DisableKeepAlives: true}
	}
	res, err := h.Do(req)
	if err != nil {
		return 0, "", "", err
	}
	defer func() { _ = res.Body.Close() }()
	for _, k := range res.Cookies() {
		if k.Value != "" {
			c.cookie = k.Name + "=" + k.Value
		}
	}
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header.Get("Location"), string(b), err
}

func (c *client) must(method, path string, form url.Values) (location, body string) {
	c.t.Helper()
	status, location, body, err := c.do(method, path, form)
	if err != nil || status >= 400 {
		c.t.Fatalf("%s %s: %d %v\n%.2000s", method, path, status, err, body)
	}
	return location, body
}

// claimOwner makes the owner and is then signed in.
func claimOwner(t testing.TB, p *program) *client {
	t.Helper()
	c := &client{t: t, p: p}
	_, token, _ := strings.Cut(p.setup, "token=")
	c.must(http.MethodPost, "/setup", url.Values{"token": {token}, "email": {ownerEmail}, "password": {ownerPassword}})
	return c
}

// signIn signs the owner in at another start of the program.
func signIn(t testing.TB, p *program) *client {
	t.Helper()
	c := &client{t: t, p: p}
	c.must(http.MethodPost, "/login", url.Values{"email": {ownerEmail}, "password": {ownerPassword}, "next": {"/"}})
	return c
}

// waitPage reads a page until it holds the words.
func (c *client) waitPage(path, words string) string {
	c.t.Helper()
	body := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		_, _, body, _ = c.do(http.MethodGet, path, nil)
		if strings.Contains(body, words) {
			return body
		}
	}
	c.t.Fatalf("%s never said %q:\n%.3000s", path, words, body)
	return ""
}

// rows counts a table's rows, by the console.
func (c *client) rows(database, table string) string {
	c.t.Helper()
	_, body := c.must(http.MethodPost, "/databases/"+database+"/sql", url.Values{"sql": {"select 'n=' || count(*) || ';' from " + table}})
	_, rest, _ := strings.Cut(body, "<td>n=")
	n, _, ok := strings.Cut(rest, ";")
	if !ok {
		c.t.Errorf("%s can't be counted:\n%.2000s", table, body)
	}
	return n
}
