package check_test

import (
	"regexp"
	"strings"
	"testing"
)

// An address of a page, or a piece of one, in quotes: what begins with a slash and a
// letter, or is a slash that something is put behind.
var address = regexp.MustCompile("[\"`]/[a-z]|[\"`]/[\"`] *\\+")

// Where addresses are written: the functions that make them, and the table of routes,
// whose patterns they have to fit (handlers' tests walk both).
var addressHomes = []string{"web/templates/paths/paths.go", "internal/handlers/routes.go"}

func TestAddressesComeFromPaths(t *testing.T) {
	t.Parallel()
	for _, p := range files(t, `^web/templates/.*\.(templ|go)$|^internal/handlers/.*\.go$`) {
		if strings.HasSuffix(p, "_templ.go") || strings.HasSuffix(p, "_test.go") || matches(addressHomes, p) {
			continue
		}
		for n, line := range strings.Split(read(t, p), "\n") {
			if code, _, _ := strings.Cut(line, "// "); address.MatchString(code) {
				t.Errorf("%s:%d: an address stands here; web/templates/paths makes them: %s", p, n+1, strings.TrimSpace(line))
			}
		}
	}
}

func TestAddressesAreSeen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`action="/databases"`: true, `paths.Plan(p) + "/apply"`: true, `paths.Plan(p) + "/" + verb`: true, "s := `/orgs`": true,
		`<input name="q"/>`: false, `paths.Plan(p)`: false, `strings.HasPrefix(next, "/")`: false, `"application/json"`: false,
	} {
		if address.MatchString(text) != want {
			t.Errorf("%s is an address: %v", text, !want)
		}
	}
}
