package handlers_test

import (
	"mime"
	"net/http"
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
			"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "no-store",
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
	for _, path := range []string{"/static/", "/static/app.css", "/static/../app.css", "/static/%2e%2e/go.mod", "/static//etc/passwd", "/static/..%2fgo.mod"} {
		s.browser().get(path).is(http.StatusNotFound)
	}
	for _, a := range []answer{
		owner.get("/"), owner.get("/nothing"), s.browser().get("/login"), s.browser().get("/"), s.browser().get("/healthz"), s.browser().get("/readyz"),
		owner.htmx().get("/databases/acme-provisioning"), owner.with("Sec-Fetch-Site", "cross-site").post("/orgs", nil), owner.send("OPTIONS", "/orgs", "", nil),
	} {
		for h, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
			if got := a.header.Get(h); got != want {
				t.Errorf("%s: %s %q, want %q", a.path, h, got, want)
			}
		}
	}
}
