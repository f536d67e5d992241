package handlers_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHeadIsGetWithoutABody asks for every address of every GET route, as its owner and
// as nobody.
func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	addresses := s.addresses()
	for _, r := range s.server.Routes() {
		if r.Method != http.MethodGet {
			continue
		}
		if len(addresses[r.Path]) == 0 {
			t.Errorf("GET %s has no addresses to ask for", r.Path)
		}
		for _, path := range addresses[r.Path] {
			for _, b := range []*browser{owner, s.browser()} {
				b = b.with("Accept-Encoding", "identity") // Go's client asks GET alone for gzip
				get, head := b.send(http.MethodGet, path, "", nil), b.send(http.MethodHead, path, "", nil)
				if head.status != get.status || head.body != "" {
					t.Errorf("HEAD %s: %d with %d bytes, GET: %d", path, head.status, len(head.body), get.status)
				}
				if diff := cmp.Diff(lasting(get), lasting(head)); diff != "" {
					t.Errorf("headers of %s (-GET +HEAD):\n%s", path, diff)
				}
			}
		}
	}
	s.browser().send(http.MethodHead, "/nowhere", "", nil).is(http.StatusNotFound)
}

// lasting are the headers of an answer that another answer from the same address has
// too. Of a page, its length isn't: it says how long its reading took. Nor does HEAD say
// that there would be nothing: net/http can't tell from what it kept back.
func lasting(a answer) map[string][]string {
	h := maps.Clone(a.header)
	maps.DeleteFunc(h, func(key string, _ []string) bool {
		return slices.Contains([]string{"Date", "X-Request-Id", "Content-Security-Policy"}, key)
	})
	if h := http.Header(h); h.Get("Content-Type") == "text/html; charset=UTF-8" || h.Get("Content-Length") == "0" {
		h.Del("Content-Length")
	}
	return h
}
