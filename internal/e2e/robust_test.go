package e2e_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

// held is what the system says that a process holds.
type held struct {
	residentMB, threads, files int
}

func (h held) String() string {
	return fmt.Sprintf("%d MB, %d threads, %d files", h.residentMB, h.threads, h.files)
}

var statusLine = regexp.MustCompile(`(?m)^(VmRSS|Threads):\s+(\d+)`)

// holds reads what the program holds now.
func (p *program) holds() held {
	p.t.Helper()
	dir := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		p.t.Fatal(err)
	}
	fds, err := os.ReadDir(dir + "fd")
	if err != nil {
		p.t.Fatal(err)
	}
	h := held{files: len(fds)}
	for _, m := range statusLine.FindAllStringSubmatch(string(status), -1) {
		n, _ := strconv.Atoi(m[2])
		if m[1] == "VmRSS" {
			h.residentMB = n / 1000
		} else {
			h.threads = n
		}
	}
	return h
}

// raw sends something to the program and leaves the connection as it is then.
func (p *program) raw(sent string) net.Conn {
	p.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := io.WriteString(c, sent); err != nil {
		p.t.Fatal(err)
	}
	return c
}

// robust is the database of these tests.
const robust = "/databases/acme-org-001"

// ordinary are the pages that have to go on being answered.
var ordinary = []string{"/", robust, robust + "/tables/users", robust + "/tables/users?sort=name", robust + "/structure",
	robust + "/sql", "/schemas", "/readyz"}

// large are rows to read slowly, and a cell of 1.9 MB.
func large() []d1.Stmt {
	return []d1.Stmt{
		users(5000),
		d1.Exec("create table cells (id integer primary key, body text, raw blob)"),
		d1.Exec("insert into cells values (1, ?1, null)", d1.Str(strings.Repeat("<e> & \"x\"\n", 190_000))),
		d1.Exec("insert into cells (raw) values (randomblob(1900000)), (randomblob(1900000))"),
	}
}

// request is a whole request of the client, as a browser sends it.
func (c *client) request(method, path string, form url.Values) string {
	body := form.Encode()
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: dashboard\r\nCookie: %s\r\nContent-Type: "+
		"application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		method, path, c.cookie, len(body), body)
}

// slowReaders ask for what is large and read one byte of the answer: tables of 500
// rows, copies of the database, a page with a cell of 1.9 MB.
func (c *client) slowReaders(n int) []net.Conn {
	c.t.Helper()
	cell := url.Values{"key": {browse.EncodeKey([]d1.Value{d1.Int(1)})}, "column": {"body"}}
	asked := []string{
		c.request(http.MethodGet, robust+"/tables/users?limit=500", nil), c.request(http.MethodPost, robust+"/download", nil),
		c.request(http.MethodGet, robust+"/tables/users?limit=500", nil), c.request(http.MethodPost, robust+"/download", nil),
		c.request(http.MethodGet, robust+"/tables/cells/cell?"+cell.Encode(), nil),
	}
	var conns []net.Conn
	for i := range n {
		conn := c.p.raw(asked[i%len(asked)])
		_ = conn.(*net.TCPConn).SetReadBuffer(4096)
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		line := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(conn, line); err != nil || string(line) != "HTTP/1.1 200" {
			c.t.Fatalf("%.60s: %q %v", asked[i%len(asked)], line, err)
		}
		conns = append(conns, conn)
	}
	return conns
}

// pooled are the files that a busy database's pool goes on holding: a connection has
// three. What the 50 slow readers leak would be more.
const pooled = 24

func TestSlowAndHostilePeers(t *testing.T) {
	p, c := withRows(t, large()...)
	ask := func() {
		t.Helper()
		for _, path := range ordinary {
			c.must(http.MethodGet, path, nil)
		}
	}
	ask()
	before := p.holds()
	var half []net.Conn
	for i := range 200 {
		whole := c.request(http.MethodGet, "/", nil)
		half = append(half, p.raw(whole[:len(whole)*(i%10)/10]))
	}
	slow := c.slowReaders(50)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	for range 8 { // more than the console runs at once
		running.Go(func() { c.runs(ctx, robust+"/sql", endless) })
	}
	during := p.holds()
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); {
		ask()
		h := p.holds()
		during = held{max(during.residentMB, h.residentMB), max(during.threads, h.threads), max(during.files, h.files)}
	}
	t.Logf("before: %v; with the peers, at most: %v", before, during)
	if during.residentMB >= 200 || during.threads > 64 {
		t.Errorf("it holds %v", during)
	}
	for i, conn := range half { // it waits for a request's head for 5 s
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("half request %d is still waited for", i)
		}
	}
	cancel()
	running.Wait()
	for _, conn := range append(half, slow...) {
		_ = conn.Close()
	}
	ask()
	after := p.holds()
	for end := time.Now().Add(patience); after.files > before.files+pooled && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		after = p.holds()
	}
	if t.Logf("after: %v", after); after.files > before.files+pooled {
		t.Errorf("%d files are open, %d were before", after.files, before.files)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// runs runs a statement in the console until it ends or ctx does.
func (c *client) runs(ctx context.Context, path, sql string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.p.base+path, strings.NewReader(url.Values{"sql": {sql}}.Encode()))
	if err != nil {
		c.t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Cookie", c.cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return // it was cancelled
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
}

// tally counts the answers of a load.
type tally struct {
	mu             sync.Mutex
	whole, refused int
	wrong          []string
}

func (l *tally) add(status int, body string, err error, stopping bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil && status == http.StatusOK && (strings.HasSuffix(strings.TrimSpace(body), "</html>")):
		l.whole++
	case stopping && status == 0 && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)):
		l.refused++ // nobody listens, or a connection that waited for its next request was closed
	default:
		l.wrong = append(l.wrong, fmt.Sprintf("%d, %d bytes: %v", status, len(body), err))
	}
}

// waitFor waits until there were so many whole answers, or a wrong one.
func (l *tally) waitFor(whole int) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		l.mu.Lock()
		enough := l.whole >= whole || len(l.wrong) > 0
		l.mu.Unlock()
		if enough {
			return
		}
	}
}

// load asks for pages until it is refused.
func (c *client) load(h *http.Client, l *tally, stopping *atomic.Bool) {
	for i := 0; ; i++ {
		req, err := http.NewRequest(http.MethodGet, c.p.base+ordinary[i%(len(ordinary)-1)], nil) // all but /readyz, which says that it stops
		if err != nil {
			c.t.Error(err)
			return
		}
		req.Header.Set("Cookie", c.cookie)
		var body []byte
		status := 0
		res, err := h.Do(req)
		if err == nil {
			status = res.StatusCode
			body, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		l.add(status, string(body), err, stopping.Load())
		if status == 0 {
			return
		}
	}
}

func TestStoppingUnderLoadCutsNoAnswer(t *testing.T) {
	p, c := withRows(t, large()...)
	var stopping atomic.Bool
	var l tally
	var running sync.WaitGroup
	for i := range 20 {
		h := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: i%2 == 0, MaxIdleConnsPerHost: 1}}
		defer h.CloseIdleConnections()
		running.Go(func() { c.load(h, &l, &stopping) })
	}
	answer := make(chan string, 1)
	running.Go(func() { // takes a while
		_, _, body, err := c.do(http.MethodPost, robust+"/sql",
			url.Values{"sql": {"with recursive c(n) as (select 1 union all select n + 1 from c limit 2000000) " +
				"select 'counted ' || count(*) from c"}})
		answer <- fmt.Sprint(body, err)
	})
	copied := c.p.raw(c.request(http.MethodPost, robust+"/download", nil))
	defer func() { _ = copied.Close() }()
	l.waitFor(50)
	stopping.Store(true)
	read := make(chan error, 1)
	running.Go(func() { read <- wholeDownload(copied) })
	code := p.stop()
	running.Wait()
	t.Logf("%d whole answers, then %d times nobody", l.whole, l.refused)
	if code != 0 || len(l.wrong) > 0 || l.refused != 20 {
		t.Errorf("it ended with %d; %d wrong answers: %.1000q", code, len(l.wrong), l.wrong)
	}
	if a := <-answer; !strings.Contains(a, "counted 2000000") {
		t.Errorf("the statement under way was answered by %.2000s", a)
	}
	if err := <-read; err != nil {
		t.Errorf("the download under way: %v", err)
	}
	if strings.Contains(p.log.String(), "requests were cut off") {
		t.Error("it says that requests were cut off")
	}
}

// wholeDownload reads an answer and reports whether it was cut.
func wholeDownload(conn net.Conn) error {
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	n, err := io.Copy(io.Discard, res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || n < 5_000_000) {
		err = fmt.Errorf("%s, %d bytes", res.Status, n)
	}
	return err
}
