package e2e_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/builds"
)

var localLink = regexp.MustCompile(`href="(/[^"#]*)`)

// TestTheProgramServesWhatEarlierBuildsMade starts it on each folder that is kept and
// reads every page it links to.
func TestTheProgramServesWhatEarlierBuildsMade(t *testing.T) {
	t.Parallel()
	for _, name := range builds.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := builds.Unpack(name, dir); err != nil {
				t.Fatal(err)
			}
			p := start(t, dir)
			c := &client{t: t, p: p}
			c.must(http.MethodPost, "/login", url.Values{"email": {builds.OwnerEmail}, "password": {builds.OwnerPassword}, "next": {"/"}})
			plans := 0
			for _, path := range crawl(c) {
				if strings.Contains(path, "/plans/") {
					plans++
				}
			}
			if plans < 5 {
				t.Errorf("only %d plans are linked to", plans)
			}
		})
	}
}

// maxCrawled bounds a walk: folders grow, and so may what they link to.
const maxCrawled = 150

// crawl reads pages by their links and returns their addresses. One that isn't there,
// or fails, fails the test.
func crawl(c *client) []string {
	c.t.Helper()
	seen, queue := map[string]bool{"/": true}, []string{"/", "/?status=deleted", "/?status=archived"}
	for i := 0; i < len(queue) && i < maxCrawled; i++ {
		status, _, body, err := c.do(http.MethodGet, queue[i], nil)
		if err != nil || status == http.StatusNotFound || status >= 500 {
			c.t.Errorf("GET %s: %d %v\n%.500s", queue[i], status, err, body)
		}
		for _, m := range localLink.FindAllStringSubmatch(body, -1) {
			link := strings.ReplaceAll(m[1], "&amp;", "&")
			if where, _, _ := strings.Cut(link, "?"); !seen[where] && !strings.HasPrefix(where, "/static/") {
				seen[where], queue = true, append(queue, link)
			}
		}
	}
	return queue
}
