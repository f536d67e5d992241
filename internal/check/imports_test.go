package check_test

import (
	"maps"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport says what of ours each package imports outside its tests, and may. It
// is the tree exactly: who is missing fails the test, and so does an allowance
// that nobody uses.
var mayImport = map[string][]string{
	"internal/check":     {},
	"internal/clock":     {},
	"internal/config":    {},
	"internal/failpoint": {},
	"internal/fault":     {},
	"internal/id":        {},
	"internal/sqltext":   {},
	"schemas":            {},

	"internal/audit":     {"internal/fault", "internal/id"},
	"internal/auth":      {"internal/audit", "internal/clock", "internal/fault", "internal/id"},
	"internal/operation": {"internal/audit", "internal/auth", "internal/fault"},
	"internal/vault":     {"internal/fault"},

	"internal/sqlite":        {"internal/fault", "internal/sqlite/bounds", "internal/sqltext"},
	"internal/sqlite/bounds": {},
	"internal/schema":        {"internal/sqltext"},
	"internal/d1":            {"internal/fault", "internal/sqltext"},
	"internal/d1/local": {
		"internal/clock", "internal/copier", "internal/d1", "internal/failpoint", "internal/fault", "internal/sqlite",
		"internal/sqltext",
	},
	"internal/d1/rest":         {"internal/copier", "internal/d1", "internal/fault", "internal/sqlite", "internal/sqltext"},
	"internal/d1/d1test":       {"internal/d1", "internal/fault"},
	"internal/d1/d1test/front": {"internal/d1/d1test", "internal/d1/rest", "internal/sqlite", "internal/sqltext"},

	"internal/orm": {"internal/d1", "internal/fault", "internal/live", "internal/schema", "internal/sqltext"},
	"internal/migrate": {
		"internal/d1", "internal/fault", "internal/live", "internal/schema", "internal/shadow", "internal/sqlite",
		"internal/sqltext",
	},
	"internal/database": {"internal/d1", "internal/fault", "internal/migrate", "internal/orm", "internal/schema"},
	"internal/browse":   {"internal/d1", "internal/fault", "internal/live", "internal/orm", "internal/sqltext"},
	"internal/console": {
		"internal/d1", "internal/fault", "internal/live", "internal/migrate", "internal/shadow", "internal/sqlite",
		"internal/sqltext",
	},

	"internal/account": {
		"internal/audit", "internal/auth", "internal/config", "internal/d1", "internal/d1/rest", "internal/fault",
		"internal/operation", "internal/vault",
	},
	"internal/fleet": {
		"internal/audit", "internal/auth", "internal/d1", "internal/fault", "internal/id", "internal/live", "internal/migrate",
		"internal/operation", "internal/schema", "internal/sqltext",
	},
	"internal/fleet/health": {
		"internal/audit", "internal/auth", "internal/clock", "internal/d1", "internal/fault", "internal/fleet", "internal/live",
		"internal/operation", "internal/schema",
	},
	"internal/fleet/provision": {
		"internal/audit", "internal/auth", "internal/d1", "internal/failpoint", "internal/fault", "internal/fleet",
		"internal/fleet/health", "internal/id", "internal/live", "internal/migrate", "internal/operation",
	},
	"internal/fleet/keep": {
		"internal/audit", "internal/auth", "internal/copier", "internal/d1", "internal/failpoint", "internal/fault",
		"internal/fleet", "internal/fleet/health", "internal/id", "internal/live", "internal/operation", "internal/sqltext",
	},
	"internal/fleet/change": {
		"internal/audit", "internal/auth", "internal/d1", "internal/failpoint", "internal/fault", "internal/fleet",
		"internal/fleet/health", "internal/fleet/keep", "internal/id", "internal/live", "internal/migrate", "internal/operation",
		"internal/schema",
	},
	"internal/fleet/house": {
		"internal/d1", "internal/fleet", "internal/fleet/change", "internal/fleet/health", "internal/fleet/keep",
		"internal/fleet/provision",
	},
	"internal/desk": {
		"internal/audit", "internal/auth", "internal/browse", "internal/console", "internal/d1", "internal/fault",
		"internal/fleet", "internal/id", "internal/operation",
	},
	"internal/controlplane": {
		"internal/account", "internal/audit", "internal/auth", "internal/clock", "internal/d1", "internal/fault",
		"internal/fleet", "internal/id", "internal/migrate", "internal/orm", "internal/schema",
	},
	"internal/controlplane/controltest": {"internal/controlplane", "internal/d1", "internal/d1/local"},
	"internal/demo": {
		"internal/auth", "internal/d1", "internal/fault", "internal/fleet", "internal/fleet/change", "internal/fleet/house",
		"internal/fleet/provision", "internal/live", "internal/sqltext", "schemas",
	},

	"web/static":            {},
	"web/templates/keys":    {},
	"web/templates/paths":   {"internal/browse", "internal/id"},
	"web/templates/textual": {},
	"web/templates/ui":      {"web/static", "web/templates/textual"},
	"web/templates/layout":  {"web/static", "web/templates/keys", "web/templates/paths", "web/templates/ui"},
	"web/templates/views": {
		"internal/account", "internal/audit", "internal/browse", "internal/console", "internal/d1", "internal/fault",
		"internal/fleet", "internal/fleet/change", "internal/fleet/keep", "internal/fleet/provision", "internal/id",
		"internal/live", "internal/migrate", "internal/schema", "web/static", "web/templates/keys", "web/templates/layout",
		"web/templates/paths", "web/templates/textual", "web/templates/ui",
	},

	"internal/handlers/middleware": {"internal/auth", "internal/fault", "internal/id"},
	"internal/handlers": {
		"internal/account", "internal/audit", "internal/auth", "internal/browse", "internal/d1", "internal/desk", "internal/fault",
		"internal/fleet", "internal/fleet/change", "internal/fleet/house", "internal/fleet/provision",
		"internal/handlers/middleware", "internal/id", "internal/live", "internal/migrate", "internal/operation",
		"internal/schema", "web/static", "web/templates/layout", "web/templates/paths", "web/templates/textual",
		"web/templates/ui", "web/templates/views",
	},
	"cmd/dashboard": {
		"internal/account", "internal/audit", "internal/auth", "internal/clock", "internal/config", "internal/controlplane",
		"internal/d1", "internal/d1/local", "internal/demo", "internal/desk", "internal/fault", "internal/fleet",
		"internal/fleet/house", "internal/handlers", "internal/id", "internal/vault", "schemas", "web/templates/layout",
	},

	"internal/builds": {},
	"internal/e2e":    {},
	"bench/csqlite":   {},
	"bench": {
		"bench/csqlite", "internal/account", "internal/auth", "internal/browse", "internal/console", "internal/controlplane",
		"internal/d1", "internal/d1/local", "internal/desk", "internal/fleet", "internal/fleet/house", "internal/fleet/provision",
		"internal/handlers", "internal/handlers/middleware", "internal/id", "internal/migrate", "internal/schema",
		"internal/sqlite", "internal/vault", "schemas", "web/templates/layout",
	},
	"internal/live":   {"internal/d1", "internal/fault", "internal/schema", "internal/sqltext"},
	"internal/shadow": {"internal/d1", "internal/live", "internal/schema", "internal/sqlite", "internal/sqltext"},
	"internal/copier": {
		"internal/d1", "internal/failpoint", "internal/fault", "internal/schema", "internal/shadow", "internal/sqlite",
		"internal/sqltext",
	},
}

// onlyIn says where packages that are kept to a few rooms are imported, and may be.
// Tests may import them anywhere unless tests says that the rule is theirs too. A
// room in which nobody does fails the test.
var onlyIn = []struct {
	imported *regexp.Regexp
	rooms    []string
	tests    bool
}{
	{regexp.MustCompile(`^(zombiezen\.com/|modernc\.org/)`), []string{"internal/sqlite", "internal/sqlite/bounds"}, true},
	{regexp.MustCompile(`^github\.com/labstack/`), []string{"internal/handlers", "internal/handlers/middleware"}, false},
	{regexp.MustCompile(`^github\.com/gorilla/`), []string{"internal/auth"}, false},
	{regexp.MustCompile(`^github\.com/cloudflare/cloudflare-go`), []string{"internal/d1/rest"}, true},
	{regexp.MustCompile(`^os/exec$`), []string{"internal/d1/d1test", "bench"}, false},
	{regexp.MustCompile(`^(unsafe|C|github\.com/mattn/go-sqlite3)$`), []string{"bench/csqlite", "internal/sqlite/bounds"}, true},
	{regexp.MustCompile(`^(plugin|text/template|html/template)$`), nil, true},
	{regexp.MustCompile(`^(github\.com/google/go-cmp|pgregory\.net/rapid|go\.uber\.org/goleak|github\.com/chromedp)`), nil, false},
	{regexp.MustCompile(`^github\.com/getkin/kin-openapi`), []string{"internal/d1/d1test/front"}, true},
	{regexp.MustCompile(`^testing(/|$)`), []string{
		"internal/controlplane/controltest", "internal/d1/d1test", "internal/d1/d1test/front",
	}, false},
}

func matches(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		below, deep := strings.CutSuffix(pattern, "...")
		return p == pattern || deep && (strings.HasPrefix(p, below) || p+"/" == below)
	})
}

// imports are what a file imports: the paths, each with its place.
func (f goFile) imports() map[string]string {
	found := map[string]string{}
	for _, i := range f.syntax.Imports {
		to, _ := strconv.Unquote(i.Path.Value)
		found[to] = f.at(i)
	}
	return found
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	used := map[string]map[string]bool{}
	for _, f := range goFiles(t) {
		allowed, known := mayImport[f.pkg]
		if used[f.pkg] == nil {
			used[f.pkg] = map[string]bool{}
			if !known {
				t.Errorf("%s has no line in the table of imports", f.pkg)
			}
		}
		if f.isTest || !known {
			continue
		}
		for to, at := range f.imports() {
			ours, ok := strings.CutPrefix(to, module+"/")
			if ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s: %s may not import %s", at, f.pkg, ours)
			}
			used[f.pkg][ours] = true
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(mayImport)) {
		if used[pkg] == nil {
			t.Errorf("the table of imports names %s, which isn't there", pkg)
			continue
		}
		for _, to := range mayImport[pkg] {
			if !used[pkg][to] {
				t.Errorf("%s may import %s and doesn't: take it out of the table", pkg, to)
			}
		}
	}
}

func TestImportsOfOthersStayInTheirRooms(t *testing.T) {
	t.Parallel()
	type use struct {
		rule int
		room string
	}
	used := map[use]bool{}
	for _, f := range goFiles(t) {
		for to, at := range f.imports() {
			for n, rule := range onlyIn {
				if f.isTest && !rule.tests || !rule.imported.MatchString(to) {
					continue
				}
				if used[use{n, f.pkg}] = true; !slices.Contains(rule.rooms, f.pkg) {
					t.Errorf("%s: %s may not import %s, only %q may", at, f.pkg, to, rule.rooms)
				}
			}
		}
	}
	for n, rule := range onlyIn {
		for _, room := range rule.rooms {
			if !used[use{n, room}] {
				t.Errorf("%s may import %s and doesn't: take it out of the table", room, rule.imported)
			}
		}
	}
}

// The root package of cloudflare-go takes minutes and 1.5 GB to compile; its
// packages for one product each don't.
func TestCloudflareRootPackageIsNeverCompiled(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-deps", "-test", "./...")
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	whole := regexp.MustCompile(`^github\.com/cloudflare/cloudflare-go(/v\d+)?$`)
	for _, p := range strings.Fields(string(out)) {
		if whole.MatchString(p) {
			t.Errorf("the program or a test depends on %s", p)
		}
	}
}

// A package in whose code goroutines meet is run under the race detector.
func TestRaceDetectorSeesAllGoroutines(t *testing.T) {
	t.Parallel()
	var raced []string
	for _, p := range strings.Fields(makeVariable(t, "RACE")) {
		raced = append(raced, path.Clean(p))
	}
	for pkg, why := range concurrent(t) {
		if !matches(raced, pkg) {
			t.Errorf("%s: %s is not among RACE in the Makefile", why, pkg)
		}
	}
	for _, p := range raced {
		files(t, "^"+regexp.QuoteMeta(strings.TrimSuffix(p, "..."))+`.*_test\.go$`)
	}
}
