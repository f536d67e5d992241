package handlers_test

import (
	"html"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/web/static"
	"github.com/kuratchi/dashboard/web/templates/paths"
)

func key(n int64) string { return browse.EncodeKey([]d1.Value{d1.Int(n)}) }

func TestACellIsShownWhole(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	cell := func(id int64, column string) answer {
		return owner.get(paths.Cell("acme-org-001", "items", key(id), column))
	}
	cell(1, "data").is(http.StatusOK, "NULL")
	cell(1, "picture").is(http.StatusOK, "A BLOB is not shown", "Download")
	cell(2, "name").is(http.StatusOK, strings.TrimSpace(strings.Repeat("long text. ", 500)))
	if a := cell(3, "data").is(http.StatusOK, "application/json"); !strings.Contains(a.body, "{\n  &#34;n&#34;: [\n    3,\n    2\n  ]\n}") {
		t.Errorf("the JSON isn't formatted: %s", excerpt(a.body))
	}
	cell(3, "id").is(http.StatusOK, "3")
	s.exec(s.open("acme-org-001"), "delete from items where id = 2")
	cell(2, "name").is(http.StatusNotFound, "This row of items is gone.")
	owner.get(paths.Blob("acme-org-001", "items", key(2), "name")).is(http.StatusNotFound)
}

func TestABlobIsOnlyDownloaded(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	conn := s.open("acme-org-001")
	name := "sp\"a;c\r\né/../x.html"
	s.exec(conn, "create table "+quoted(name)+" (id integer primary key, "+quoted(name)+" blob)")
	s.exec(conn, "insert into "+quoted(name)+" values (1, ?1)", d1.BlobOf("<script>alert(1)</script>\x00\xff"))
	for path, want := range map[string][2]string{
		paths.Blob("acme-org-001", "items", key(1), "picture"): {"items-picture.bin", "\x89PNG\r\n\x1a\n\x00"},
		paths.Blob("acme-org-001", name, key(1), name):         {name + "-" + name + ".bin", "<script>alert(1)</script>\x00\xff"},
	} {
		a := owner.get(path).is(http.StatusOK)
		kind, params, err := mime.ParseMediaType(a.header.Get("Content-Disposition"))
		if err != nil || kind != "attachment" || params["filename"] != want[0] || len(a.header.Values("Content-Disposition")) != 1 {
			t.Errorf("Content-Disposition %q: %q, want the file %q", a.header.Values("Content-Disposition"), params, want[0])
		}
		if a.body != want[1] {
			t.Errorf("downloaded %q, want %q", a.body, want[1])
		}
		for h, want := range map[string]string{
			"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "no-store",
		} {
			if got := a.header.Get(h); got != want {
				t.Errorf("%s: %q, want %q", h, got, want)
			}
		}
	}
	s.as(auth.RoleViewer).get(paths.Blob("acme-org-001", "items", key(1), "picture")).is(http.StatusOK)
	s.browser().get(paths.Blob("acme-org-001", "items", key(1), "picture")).is(http.StatusSeeOther)
}

func TestFilesAreKeptByTheBrowserAndPagesAreNot(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	for name := range static.Names() {
		a := s.browser().get(static.Path(name)).is(http.StatusOK)
		if got := a.header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %q", name, got)
		}
		s.browser().with("If-None-Match", a.header.Get("ETag")).get(static.Path(name)).is(http.StatusNotModified)
	}
	for _, path := range []string{"/static/", "/static/app.css", "/static/../app.css", "/static/%2e%2e/go.mod",
		"/static//etc/passwd", "/static/..%2fgo.mod"} {
		s.browser().get(path).is(http.StatusNotFound)
	}
	for _, a := range []answer{
		owner.get("/"), owner.get("/nothing"), s.browser().get("/login"), s.browser().get("/"), s.browser().get("/healthz"),
		s.browser().get("/readyz"),
		owner.htmx().get("/databases/acme-provisioning"), owner.with("Sec-Fetch-Site", "cross-site").post("/orgs", nil),
		owner.send("OPTIONS", "/orgs", "", nil),
	} {
		for h, want := range map[string]string{
			"Cache-Control":              "no-store",
			"Referrer-Policy":            "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := a.header.Get(h); got != want {
				t.Errorf("%s: %s %q, want %q", a.path, h, got, want)
			}
		}
	}
}

// Pages of 2 MB, held for slow readers, filled the memory.
func TestALongCellIsShownInPart(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	long := strings.Repeat("x", 255_999) + "é" + strings.Repeat("y", 1_000_000)
	s.lab("(id, t) values (1, 'short')")
	show := func(v d1.Value) (a answer, part string) {
		s.exec(s.open("acme-org-001"), "update lab set t = ?1", v)
		a = owner.get(paths.Cell("acme-org-001", "lab", key(1), "t")).is(http.StatusOK)
		for _, e := range nodes(a.doc()) {
			if attr(e, "id") == "cell-text" {
				part = textOf(e)
			}
		}
		return a, part
	}
	a, part := show(d1.Str(long))
	a.holds("Only the first 256 kB of 1.26 MB are shown.", `href="`+html.EscapeString(paths.Blob("acme-org-001", "lab", key(1), "t"))+`"`)
	if part != long[:255_999] || strings.Contains(a.body, `data-copy-from="cell-text"`) {
		t.Errorf("%d bytes are shown, and offered for copying as the whole", len(part))
	}
	if a := owner.get(paths.Blob("acme-org-001", "lab", key(1), "t")).is(http.StatusOK); a.body != long {
		t.Errorf("%d bytes are downloaded", len(a.body))
	}
	for _, whole := range []string{strings.Repeat("z", 256_000), "[" + strings.Repeat("1,", 100_000) + "1]"} {
		if a, part := show(d1.Str(whole)); part != whole || strings.Contains(a.body, "Only the first") {
			t.Errorf("of %d bytes %d are shown", len(whole), len(part))
		}
	}
}

// The form carries what was typed; the list of conflicts only says what it is.
func TestAConflictShowsALongTypedValueInPart(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.lab("(id, t) values (1, 'a')")
	typed := strings.Repeat("w", 300_000)
	form := s.labForm(owner, "v.t", typed)
	s.exec(s.open("acme-org-001"), "update lab set t = 'b'")
	a := owner.post(lab+"/row", form).is(http.StatusConflict, "You typed", "… (300 kB)")
	if n := strings.Count(a.body, typed); n != 1 || len(a.body) > 400_000 {
		t.Errorf("the typed value is there %d times, on a page of %d bytes", n, len(a.body))
	}
	queue := `[{"key":"` + itemKey(1) + `","row":0,"cells":[{"column":"t","kind":"text","old":"a","as":"value","text":"` + typed + `"}]}]`
	if a := owner.htmx().post(lab+"/changes", url.Values{"changes": {queue}, "do": {"save"}}).
		is(http.StatusConflict, "… (300 kB)"); len(a.body) > 20_000 {
		t.Errorf("the queue's conflict is %d bytes", len(a.body))
	}
}
