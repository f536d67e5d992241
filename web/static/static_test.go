package static_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/web/static"
)

// logicalNames are the names templates may use.
var logicalNames = []string{"app.css", "app.js", "editor.js", "icons.svg", "favicon.svg", "licenses.txt"}

func get(t *testing.T, target string, header ...string) *http.Response {
	t.Helper()
	return do(t, http.MethodGet, target, header...)
}

func do(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	req := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	static.Handler().ServeHTTP(rec, req)
	return rec.Result()
}

func mustRead(t *testing.T, r io.Reader) []byte {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestManifest(t *testing.T) {
	t.Parallel()
	names := static.Names()
	for _, logical := range logicalNames {
		if names[logical] == "" {
			t.Errorf("%s is missing from the manifest", logical)
		}
	}
	if len(names) != len(logicalNames) {
		t.Errorf("manifest has %d names, want %d: %v", len(names), len(logicalNames), names)
	}
}

func TestNamesCarryTheHashOfTheirContent(t *testing.T) {
	t.Parallel()
	for logical, name := range static.Names() {
		content := mustRead(t, get(t, static.Path(logical)).Body)
		sum := sha256.Sum256(content)
		ext := path.Ext(logical)
		want := strings.TrimSuffix(logical, ext) + "-" + hex.EncodeToString(sum[:])[:10] + ext
		if name != want {
			t.Errorf("%s is served as %s, want %s", logical, name, want)
		}
	}
}

func TestDistHoldsNothingElse(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"manifest.json": true}
	for _, name := range static.Names() {
		known[name] = true
	}
	entries, err := os.ReadDir("dist")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			t.Errorf("dist/%s is not in the manifest", entry.Name())
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	if got := static.Path("app.css"); !regexp.MustCompile(`^/static/app-[0-9a-f]{10}\.css$`).MatchString(got) {
		t.Errorf("Path(app.css) = %q", got)
	}
	if got, want := static.Path("missing.css"), "/static/missing.css"; got != want {
		t.Errorf("Path(missing.css) = %q, want %q", got, want)
	}
}

func TestHandlerHeaders(t *testing.T) {
	t.Parallel()
	for logical, contentType := range map[string]string{
		"app.css":      "text/css; charset=utf-8",
		"app.js":       "text/javascript; charset=utf-8",
		"editor.js":    "text/javascript; charset=utf-8",
		"icons.svg":    "image/svg+xml",
		"favicon.svg":  "image/svg+xml",
		"licenses.txt": "text/plain; charset=utf-8",
	} {
		res := get(t, static.Path(logical))
		want := map[string]string{
			"Content-Type":           contentType,
			"Cache-Control":          "public, max-age=31536000, immutable",
			"X-Content-Type-Options": "nosniff",
			"Vary":                   "Accept-Encoding",
			"Content-Encoding":       "",
		}
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", logical, res.StatusCode)
		}
		for name, value := range want {
			if got := res.Header.Get(name); got != value {
				t.Errorf("%s: %s = %q, want %q", logical, name, got, value)
			}
		}
	}
}

func TestGzipHoldsTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, logical := range logicalNames {
		plain := mustRead(t, get(t, static.Path(logical)).Body)
		res := get(t, static.Path(logical), "Accept-Encoding", "br, gzip;q=0.5")
		if got := res.Header.Get("Content-Encoding"); got != "gzip" {
			t.Errorf("%s: Content-Encoding = %q", logical, got)
			continue
		}
		r, err := gzip.NewReader(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if unpacked := mustRead(t, r); !bytes.Equal(unpacked, plain) {
			t.Errorf("%s: gzipped content differs", logical)
		}
	}
}

func TestGzipOnlyWhenAccepted(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"":                "",
		"identity":        "",
		"br":              "",
		"gzip;q=0":        "",
		"gzip; q=0.000":   "",
		"gzip;q=0, *":     "",
		"gzip;q=nonsense": "",
		"*;q=0":           "",
		"*":               "gzip",
		"GZIP":            "gzip",
		"deflate, gzip":   "gzip",
	} {
		res := get(t, static.Path("app.css"), "Accept-Encoding", accept)
		if got := res.Header.Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: Content-Encoding = %q, want %q", accept, got, want)
		}
	}
}

func TestETagAnswersNotModified(t *testing.T) {
	t.Parallel()
	target := static.Path("app.js")
	plain := get(t, target).Header.Get("ETag")
	zipped := get(t, target, "Accept-Encoding", "gzip").Header.Get("ETag")
	if plain == zipped || plain == "" {
		t.Fatalf("plain ETag %s, gzipped ETag %s: want two", plain, zipped)
	}
	for tag, want := range map[string]int{
		plain:                    http.StatusNotModified,
		"W/" + plain:             http.StatusNotModified,
		`"other", ` + plain:      http.StatusNotModified,
		"*":                      http.StatusNotModified,
		zipped:                   http.StatusOK,
		strings.Trim(plain, `"`): http.StatusOK,
	} {
		res := get(t, target, "If-None-Match", tag)
		if res.StatusCode != want {
			t.Errorf("If-None-Match %s: status %d, want %d", tag, res.StatusCode, want)
		}
		if body := mustRead(t, res.Body); want == http.StatusNotModified && len(body) > 0 {
			t.Errorf("If-None-Match %s: 304 with a body", tag)
		}
	}
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	res := do(t, http.MethodHead, static.Path("app.css"))
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Length") == "" {
		t.Errorf("status %d, Content-Length %q", res.StatusCode, res.Header.Get("Content-Length"))
	}
	if body := mustRead(t, res.Body); len(body) > 0 {
		t.Errorf("HEAD answered %d bytes", len(body))
	}
}

func TestHandlerRefusesOtherMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		res := do(t, method, static.Path("app.css"))
		if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d, Allow %q", method, res.StatusCode, res.Header.Get("Allow"))
		}
	}
}

func TestHandlerAnswersOnlyForItsFiles(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"/static/", "/static", "/", "/static/app.css", "/static/manifest.json", "/static/dist/manifest.json",
		"/static/../static.go", "/static/%2e%2e/static.go", "/static//" + static.Names()["app.css"],
		"/other/" + static.Names()["app.css"], static.Path("app.css") + "/", static.Path("app.css") + "%00",
	} {
		res := get(t, target)
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", target, res.StatusCode)
		}
		if got := res.Header.Get("Cache-Control"); got != "" {
			t.Errorf("%s: Cache-Control = %q on a 404", target, got)
		}
		if got := res.Header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options = %q", target, got)
		}
	}
}

// TestSize keeps what every page loads small: 60 KB gzipped.
func TestSize(t *testing.T) {
	t.Parallel()
	total := int64(0)
	for _, logical := range logicalNames {
		res := get(t, static.Path(logical), "Accept-Encoding", "gzip")
		size := int64(len(mustRead(t, res.Body)))
		t.Logf("%-12s %7d bytes gzipped", logical, size)
		if logical == "app.css" || logical == "app.js" || logical == "icons.svg" {
			total += size
		}
	}
	t.Logf("%-12s %7d bytes gzipped", "every page", total)
	if limit := int64(60 << 10); total > limit {
		t.Errorf("every page loads %d bytes, want at most %d", total, limit)
	}
}

// TestNoForeignHosts finds addresses that don't belong into what is shipped or
// into the lock file: of package registries and of other machines.
func TestNoForeignHosts(t *testing.T) {
	t.Parallel()
	host := regexp.MustCompile(`https?://[^\s"'` + "`" + `<>)\\]*(registry|npmjs|yarnpkg|localhost|127\.0\.0\.1)[^\s"']*`)
	files := map[string][]byte{}
	for _, logical := range logicalNames {
		files[logical] = mustRead(t, get(t, static.Path(logical)).Body)
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := fs.ReadFile(os.DirFS("../assets"), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	for name, data := range files {
		if found := host.FindAll(data, 3); found != nil {
			t.Errorf("%s names %q", name, found)
		}
	}
	if bytes.Contains(files["package-lock.json"], []byte(`"resolved"`)) {
		t.Error("package-lock.json has resolved addresses: install with --omit-lockfile-registry-resolved")
	}
	for _, logical := range []string{"app.js", "editor.js"} {
		if bytes.Contains(files[logical], []byte("sourceMappingURL")) {
			t.Errorf("%s points at a source map that isn't served", logical)
		}
	}
}
