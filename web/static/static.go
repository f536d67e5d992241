package static

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Prefix is the path below which the files are served.
const Prefix = "/static/"

//go:embed dist
var dist embed.FS

// types holds the content type of every kind of file that dist contains. They
// are spelled out because package mime asks the operating system, whose answer
// differs between machines.
var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// file is one served file.
type file struct {
	contentType string
	etag        string
	plain       []byte
	// gzipped compresses the file when it is first asked for: all of them would
	// take longer than the program takes to start.
	gzipped func() []byte
}

// assets is everything load reads.
type assets struct {
	names map[string]string // logical name to name in dist
	files map[string]file   // by name in dist
}

// load reads the embedded files, once, when the first page or
// file is asked for. The files are part of the program, so an error here is a
// build without assets: it leaves the maps empty, which the tests notice and
// which a reader sees as a page without style.
var load = sync.OnceValue(func() assets {
	loaded := assets{names: map[string]string{}, files: map[string]file{}}
	manifest, err := dist.ReadFile("dist/manifest.json")
	if err != nil || json.Unmarshal(manifest, &loaded.names) != nil {
		return loaded
	}
	for _, name := range loaded.names {
		plain, err := fs.ReadFile(dist, "dist/"+name)
		if err != nil {
			continue
		}
		loaded.files[name] = file{
			contentType: types[path.Ext(name)],
			etag:        strings.TrimSuffix(name, path.Ext(name)),
			plain:       plain,
			gzipped:     sync.OnceValue(func() []byte { return compress(plain) }),
		}
	}
	return loaded
})

// compress returns data as gzip, or nil where that wouldn't be smaller. Writing
// to a buffer doesn't fail.
func compress(data []byte) []byte {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(data); err != nil || w.Close() != nil || buf.Len() >= len(data) {
		return nil
	}
	return buf.Bytes()
}

// Path returns the path of the file with a logical name: "app.css" gives
// "/static/app-1cb527f975.css". A name that isn't in the manifest is a mistake
// in a template; it gives a path that is answered with 404, so that the page
// still shows and a test that follows its links fails.
func Path(name string) string {
	if hashed, ok := load().names[name]; ok {
		return Prefix + hashed
	}
	return Prefix + name
}

// Names returns the logical name of every file and the name it is served under.
func Names() map[string]string {
	names := make(map[string]string)
	for logical, hashed := range load().names {
		names[logical] = hashed
	}
	return names
}

// Handler serves the files below [Prefix] to GET and HEAD, compressed when the
// client accepts gzip. Everything else below the prefix is 404, another method
// is 405.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
			return
		}
		name, ok := strings.CutPrefix(r.URL.Path, Prefix)
		f, found := load().files[name]
		if !ok || !found {
			http.NotFound(w, r)
			return
		}
		serve(w, r, f)
	})
}

// serve answers with one of the two forms of a file. Each form has its own
// ETag, because a strong one promises identical bytes.
func serve(w http.ResponseWriter, r *http.Request, f file) {
	header := w.Header()
	body, etag := f.plain, `"`+f.etag+`"`
	header.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		if gzipped := f.gzipped(); gzipped != nil {
			body, etag = gzipped, `"`+f.etag+`-gzip"`
			header.Set("Content-Encoding", "gzip")
		}
	}
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("ETag", etag)
	if matches(r.Header.Values("If-None-Match"), etag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", f.contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	// A client that went away is the only error, and nobody is left to tell.
	_, _ = w.Write(body)
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110, 12.5.3). A quality of
// zero means "not this one"; "*" stands for every coding not named.
func acceptsGzip(values []string) bool {
	named, star := -1.0, -1.0
	for _, item := range strings.Split(strings.Join(values, ","), ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(item), ";")
		quality := 1.0
		if q, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q="); ok {
			parsed, err := strconv.ParseFloat(q, 64)
			if err != nil {
				continue
			}
			quality = parsed
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			named = quality
		case "*":
			star = quality
		}
	}
	if named >= 0 {
		return named > 0
	}
	return star > 0
}

// matches reports whether an If-None-Match header names the tag. The
// comparison is the weak one, as RFC 9110, 13.1.2 asks for.
func matches(values []string, etag string) bool {
	for _, item := range strings.Split(strings.Join(values, ","), ",") {
		item = strings.TrimPrefix(strings.TrimSpace(item), "W/")
		if item == etag || item == "*" {
			return true
		}
	}
	return false
}
