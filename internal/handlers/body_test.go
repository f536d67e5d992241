package handlers_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/handlers"
)

// nothing is a body of zeros that takes no memory.
type nothing struct{}

func (nothing) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// zeros are n bytes of a body, sent in pieces without a length.
func zeros(n int64) io.Reader { return io.LimitReader(nothing{}, n) }

// fileForm is a form with one file, which comes after what a form has before it.
func fileForm(file io.Reader) (io.Reader, string) {
	const boundary = "frontier"
	head := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.db\"\r\n\r\n"
	return io.MultiReader(strings.NewReader(head), file, strings.NewReader("\r\n--"+boundary+"--\r\n")),
		"multipart/form-data; boundary=" + boundary
}

// posted is the head of a browser's POST, with more lines.
func (b *browser) posted(path string, lines ...string) string {
	get := strings.TrimSuffix(b.head(path), "\r\n")
	return strings.Replace(get, "GET ", "POST ", 1) + strings.Join(append(lines, "", ""), "\r\n")
}

// next reads the next answer of a connection.
func (s *site) next(r *bufio.Reader) (*http.Response, string) {
	s.t.Helper()
	res, err := http.ReadResponse(r, nil)
	must(s.t, err)
	text, err := io.ReadAll(res.Body)
	must(s.t, err)
	return res, string(text)
}

const formType = "Content-Type: application/x-www-form-urlencoded"

func TestWhatDeclaresTooMuchIsRefusedUnasked(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	for _, r := range s.server.Routes() {
		if r.Method != http.MethodPost || open(r) {
			continue
		}
		limit := max(r.Limit, handlers.MaxForm)
		c := s.dial(owner.posted(s.fill(r.Path), formType, "Expect: 100-continue", fmt.Sprintf("Content-Length: %d", limit+1)))
		res, text := s.next(bufio.NewReader(c))
		if res.StatusCode != http.StatusUnprocessableEntity || !res.Close || !strings.Contains(text, "larger than the") {
			t.Errorf("%s: %d, closed %v: %s", r.Path, res.StatusCode, res.Close, excerpt(text))
		}
		_ = c.Close()
	}
}

// hidden is another request, in what is sent as a body.
const hidden = "GET /healthz HTTP/1.1\r\nHost: dashboard\r\n\r\n"

func TestABodyIsNeverTakenForARequest(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	const path = "/orgs"
	for name, long := range map[string]int{"a little": handlers.MaxForm + 10, "all that is let go by": 3 << 20, "more": 40 << 20} {
		body := strings.Repeat(hidden, long/len(hidden)+1)
		for _, b := range []*browser{owner, s.browser()} {
			for _, chunked := range []bool{false, true} {
				head, tail := b.posted(path, formType, fmt.Sprintf("Content-Length: %d", len(body))), ""
				if chunked {
					head = b.posted(path, formType, "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n", len(body))
					tail = "\r\n0\r\n\r\n"
				}
				c := s.dial(head)
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					_, _ = io.WriteString(c, body+tail+hidden)
				}()
				r := bufio.NewReader(c)
				res, text := s.next(r)
				if res.StatusCode != http.StatusUnprocessableEntity && res.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s, chunked %v: %d: %s", name, chunked, res.StatusCode, excerpt(text))
				}
				answers := 0
				for ; ; answers++ {
					if answers == 1 {
						_ = c.(*net.TCPConn).CloseWrite()
					}
					res, err := http.ReadResponse(r, nil)
					if err != nil {
						break
					}
					_, _ = io.Copy(io.Discard, res.Body)
				}
				if want := map[bool]int{true: 0, false: 1}[res.Close]; answers != want {
					t.Errorf("%s, chunked %v, closed %v: %d more answers", name, chunked, res.Close, answers)
				}
				_ = c.Close()
				<-sent
			}
		}
	}
}

func TestWhatNobodyAskedForIsNotRead(t *testing.T) {
	// Not in parallel: it counts what the process allocates.
	s, owner := newFullSite(t)
	viewer, nobody := s.as(auth.RoleViewer), s.browser()
	allocated := func(do func()) int64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	const size = handlers.MaxRow
	form := func() io.Reader { return io.MultiReader(strings.NewReader("v.name="), zeros(size-100)) }
	send := func(b *browser, path string) answer {
		return b.send("POST", path, "application/x-www-form-urlencoded", form())
	}
	for name, a := range map[string]struct {
		b      *browser
		path   string
		status int
	}{
		"no session": {nobody, items + "/rows", http.StatusUnauthorized}, "a viewer": {viewer, items + "/rows", http.StatusForbidden},
		"no page": {nobody, "/nowhere", http.StatusNotFound}, "the login": {nobody, "/login", http.StatusUnprocessableEntity},
		"no form": {owner, "/databases/acme-org-001/import", http.StatusUnprocessableEntity},
	} {
		send(a.b, a.path).is(a.status)
		if n := allocated(func() { send(a.b, a.path).is(a.status) }); n > size/2 {
			t.Errorf("%s: %d bytes for a form of %d", name, n, size)
		}
	}
	s.server.AddRoute(handlers.Route{Method: "GET", Path: "/careless", Permission: auth.FleetRead, Handler: func(c handlers.Context) error {
		_ = c.FormValue("file")
		return c.NoContent(http.StatusNoContent)
	}})
	if n := allocated(func() {
		body, contentType := fileForm(zeros(size - 1000))
		owner.send("GET", "/careless", contentType, body).is(http.StatusNoContent)
	}); n > size/2 {
		t.Errorf("a page: %d bytes for a form of %d", n, size)
	}
	if n := allocated(func() {
		body, contentType := fileForm(zeros(16 * size))
		owner.send("POST", "/databases/acme-org-001/import", contentType, body).is(http.StatusConflict) // it holds something
	}); n > size {
		t.Errorf("%d bytes for a file of %d", n, 16*size)
	}
	s.noUploads()
}

// noUploads checks that no uploaded file is left.
func (s *site) noUploads() {
	s.t.Helper()
	s.eventually("uploads are gone", func() bool { return s.uploads() == 0 })
}

func (s *site) uploads() int {
	es, err := os.ReadDir(s.server.Uploads)
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return len(es)
}

func TestNoUploadIsLeftBehind(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	conn := s.bare("from")
	s.exec(conn, "create table t (a text)")
	s.bare("into")
	file := owner.post("/databases/from/download", nil).is(http.StatusOK).body
	small := handlers.Route{Method: http.MethodPost, Path: "/databases/:db/small", Permission: auth.DatabasesManage,
		Handler: s.server.Import, Limit: 1 << 20, Takes: true}
	s.server.AddRoute(small)
	send := func(path string, file io.Reader) answer {
		t.Helper()
		body, contentType := fileForm(file)
		defer s.noUploads()
		return owner.send("POST", path, contentType, body)
	}
	send("/databases/into/import", strings.NewReader("no database")).is(http.StatusUnprocessableEntity)
	send("/databases/into/small", zeros(1<<20)).is(http.StatusUnprocessableEntity, "larger than the 1 MB")
	send("/databases/none/import", strings.NewReader(file)).is(http.StatusNotFound)
	body := io.MultiReader(strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nbegun"), zeros(1000))
	owner.send("POST", "/databases/into/import", "multipart/form-data; boundary=x", body).is(http.StatusUnprocessableEntity, "can't be read")
	s.noUploads()
	owner.send("POST", "/databases/into/import", "multipart/form-data; boundary=x", strings.NewReader("--x--\r\n")).
		is(http.StatusUnprocessableEntity, "Choose a file")

	// A connection that breaks while the file comes.
	c := s.dial(owner.posted("/databases/into/import", "Content-Type: multipart/form-data; boundary=x", "Content-Length: 100000000"))
	_, err := io.WriteString(c, "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nbegun")
	must(t, err)
	s.eventually("the upload has begun", func() bool { return s.uploads() == 1 })
	_ = c.Close()
	s.noUploads()

	send("/databases/into/import", strings.NewReader(file)).is(http.StatusSeeOther)
	if got := s.text("into", "select name from sqlite_master where name = 't'"); got != "t" {
		t.Errorf("the database holds %q", got)
	}
}

func TestAnUploadThatStandsStillIsAnsweredInWords(t *testing.T) {
	t.Parallel()
	s := newSiteAt(t, "http://127.0.0.1:1/", account.Credentials{}, func(o *handlers.Options) { o.BlockTime = 200 * time.Millisecond })
	s.bare("into")
	owner := s.as(auth.RoleOwner)
	for path, contentType := range map[string]string{
		"/databases/into/import": "multipart/form-data; boundary=x",
		"/databases/into/sql":    "application/x-www-form-urlencoded",
	} {
		c := s.dial(owner.posted(path, "Content-Type: "+contentType, "Content-Length: 200000"))
		_, err := io.WriteString(c, "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nbegun")
		must(t, err)
		res, text := s.next(bufio.NewReader(c))
		if res.StatusCode != http.StatusUnprocessableEntity || !res.Close || !strings.Contains(text, "came too slowly") ||
			!strings.Contains(text, "</html>") {
			t.Errorf("%s: %d, closed %v: %s", path, res.StatusCode, res.Close, excerpt(text))
		}
		_ = c.Close()
	}
	s.noUploads()
}
