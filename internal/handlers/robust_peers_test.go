package handlers_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/web/templates/paths"
)

// endless is a statement without an end.
const endless = "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) from c"

// dial sends something to the site and leaves the connection as it is then.
func (s *site) dial(sent string) net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	must(s.t, err)
	must(s.t, c.(*net.TCPConn).SetReadBuffer(4096))
	_, err = io.WriteString(c, sent)
	must(s.t, err)
	return c
}

// head is a whole request of a browser.
func (b *browser) head(path string) string {
	var cookies []string
	for _, c := range b.cookies {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: dashboard\r\nCookie: %s\r\n\r\n", path, strings.Join(cookies, "; "))
}

// Not in parallel: it counts goroutines.
func TestSlowAndHostilePeersLeaveNothingBehind(t *testing.T) {
	s := newSite(t)
	conn := s.bare("peers")
	s.exec(conn, "create table cells (id integer primary key, body text, raw blob)")
	s.exec(conn, "insert into cells values (1, ?1, null)", d1.Str(strings.Repeat("<>&\"", 400_000)))
	s.exec(conn, "insert into cells values (2, null, zeroblob(1900000))")
	b := s.as(auth.RoleOwner)
	ordinary := func() {
		t.Helper()
		for _, path := range []string{"/", paths.Table("peers", "cells"), paths.Structure("peers"), paths.SQL("peers"),
			"/schemas", "/healthz", "/readyz"} {
			b.get(path).is(http.StatusOK)
		}
	}
	ordinary()
	before := settled(0)

	var conns []net.Conn
	for i := range 200 {
		whole := b.head("/")
		conns = append(conns, s.dial(whole[:len(whole)*(i%10)/10]))
	}
	for i := range 50 {
		path := paths.Cell("peers", "cells", key(1), "body")
		if i%2 == 0 {
			path = paths.Blob("peers", "cells", key(2), "raw")
		}
		c := s.dial(b.head(path))
		conns = append(conns, c)
		must(t, c.SetReadDeadline(time.Now().Add(30*time.Second)))
		_, err := c.Read(make([]byte, 1)) // the answer has begun
		must(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	for range 8 { // more than go on at once
		running.Go(func() { post(ctx, b, paths.SQL("peers"), url.Values{"sql": {endless}}) })
	}
	for range 5 {
		ordinary()
	}
	if n := runtime.NumGoroutine(); n < before+250 {
		t.Errorf("%d goroutines with the peers, %d before: they aren't there", n, before)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	cancel()
	running.Wait()
	if after := settled(before); after > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, after, stacks[:runtime.Stack(stacks, true)])
	}
	ordinary()
	b.post(paths.SQL("peers"), url.Values{"sql": {"select 'free again'"}}).is(http.StatusOK, "free again")
}

// settled waits until there are no more than that many goroutines, and until
// their number stays the same for a while; it returns the number.
func settled(most int) int {
	last, since := 0, time.Now()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if n := runtime.NumGoroutine(); n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) > 300*time.Millisecond && (last <= most || most == 0) {
			break
		}
	}
	return last
}

// post sends a form whose answer is of no interest.
func post(ctx context.Context, b *browser, path string, form url.Values) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.s.t.Error(err)
		return
	}
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(req)
	if err != nil {
		return // it was cancelled
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
}
