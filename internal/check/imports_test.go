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

// values are the packages whose types templates print.
var values = []string{
	"internal/account", "internal/audit", "internal/browse", "internal/console", "internal/d1", "internal/fault", "internal/fleet", "internal/id",
	"internal/live", "internal/migrate", "internal/schema", "web/static", "web/templates/...",
}

// mayImport says what of ours each package may import outside its tests. Who is
// missing fails the test: a new room gets its line here. "..." at the end stands
// for everything below.
var mayImport = map[string][]string{
	"internal/failpoint": {},
	"internal/fault":     {},
	"internal/id":        {},
	"internal/sqltext":   {},
	"schemas":            {},
	"web/static":         {},

	"internal/config":    {"internal/fault"},
	"internal/vault":     {"internal/fault"},
	"internal/sqlite":    {"internal/fault", "internal/sqltext", "internal/sqlite/bounds"},
	"internal/schema":    {"internal/fault", "internal/sqltext"},
	"internal/d1":        {"internal/fault", "internal/sqltext"},
	"internal/d1/local":  {"internal/d1", "internal/fault", "internal/sqlite", "internal/sqltext"},
	"internal/d1/rest":   {"internal/d1", "internal/fault", "internal/sqltext", "internal/sqlite"},
	"internal/d1/d1test": {"internal/d1", "internal/fault"},

	"internal/d1/d1test/front": {"internal/d1/d1test", "internal/d1/rest", "internal/sqlite"},

	"internal/sqlite/bounds": {},

	"internal/live":     {"internal/d1", "internal/fault", "internal/schema", "internal/sqltext"},
	"internal/orm":      {"internal/d1", "internal/fault", "internal/live", "internal/schema", "internal/sqltext"},
	"internal/migrate":  {"internal/d1", "internal/fault", "internal/live", "internal/sqltext", "internal/schema", "internal/sqlite"},
	"internal/database": {"internal/d1", "internal/fault", "internal/migrate", "internal/orm", "internal/schema"},

	"internal/auth":  {"internal/audit", "internal/fault", "internal/id"},
	"internal/audit": {"internal/fault", "internal/id"},

	"internal/account": {
		"internal/audit", "internal/auth", "internal/config", "internal/d1", "internal/d1/rest", "internal/fault", "internal/id", "internal/vault",
	},
	"internal/fleet": {
		"internal/audit", "internal/auth", "internal/d1", "internal/database", "internal/failpoint", "internal/fault",
		"internal/id", "internal/live", "internal/migrate", "internal/orm", "internal/schema", "internal/sqltext",
	},
	"internal/demo": {"internal/auth", "internal/d1", "internal/fault", "internal/fleet", "schemas"},
	"internal/browse": {
		"internal/audit", "internal/auth", "internal/d1", "internal/database", "internal/fault", "internal/id",
		"internal/live", "internal/migrate", "internal/orm", "internal/schema", "internal/sqltext",
	},
	"internal/console": {
		"internal/audit", "internal/auth", "internal/d1", "internal/database", "internal/fault", "internal/id",
		"internal/live", "internal/migrate", "internal/orm", "internal/schema", "internal/sqlite", "internal/sqltext",
	},
	"internal/controlplane": {
		"internal/account", "internal/audit", "internal/auth", "internal/browse", "internal/console", "internal/d1", "internal/fault",
		"internal/fleet", "internal/id", "internal/migrate", "internal/orm", "internal/schema",
	},

	"web/templates/keys":    {},
	"web/templates/layout":  values,
	"web/templates/paths":   values,
	"web/templates/textual": values,
	"web/templates/ui":      values,
	"web/templates/views":   values,

	"internal/handlers/middleware": {"internal/auth", "internal/fault", "internal/id"},
	"internal/handlers": {
		"internal/account", "internal/audit", "internal/auth", "internal/browse", "internal/config", "internal/console",
		"internal/controlplane", "internal/d1", "internal/database", "internal/fault", "internal/fleet",
		"internal/handlers/middleware", "internal/id", "internal/live", "internal/migrate", "internal/orm", "internal/schema",
		"web/static", "web/templates/...",
	},

	"cmd/dashboard":   {"internal/...", "schemas", "web/..."},
	"bench":           {"bench/...", "internal/...", "schemas", "web/..."},
	"bench/csqlite":   {},
	"internal/check":  {},
	"internal/e2e":    {},
	"internal/builds": {},
}

// onlyIn says where packages that are kept to a few rooms may be imported.
// Tests may import them anywhere unless tests says that the rule is theirs too.
var onlyIn = []struct {
	imported *regexp.Regexp
	rooms    []string
	tests    bool
}{
	{regexp.MustCompile(`^(zombiezen\.com/|modernc\.org/)`), []string{"internal/sqlite", "internal/sqlite/bounds"}, true},
	{regexp.MustCompile(`^github\.com/labstack/`), []string{"internal/handlers", "internal/handlers/middleware", "cmd/dashboard"}, false},
	{regexp.MustCompile(`^github\.com/gorilla/`), []string{"internal/auth", "internal/handlers/middleware"}, false},
	{regexp.MustCompile(`^github\.com/cloudflare/cloudflare-go`), []string{"internal/d1/rest", "internal/d1/gateway"}, true},
	{regexp.MustCompile(`^os/exec$`), []string{"internal/d1/d1test", "bench"}, false},
	{regexp.MustCompile(`^(unsafe|C|github\.com/mattn/go-sqlite3)$`), []string{"bench/csqlite", "internal/sqlite/bounds"}, true},
	{regexp.MustCompile(`^(plugin|text/template|html/template)$`), nil, true},
	{regexp.MustCompile(`^(github\.com/google/go-cmp|pgregory\.net/rapid|go\.uber\.org/goleak|github\.com/chromedp)`), nil, false},
	{regexp.MustCompile(`^github\.com/getkin/kin-openapi`), []string{"internal/d1/d1test/front"}, true},
	{regexp.MustCompile(`^testing(/|$)`), []string{"internal/d1/d1test", "internal/d1/d1test/front"}, false},
}

func matches(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		below, deep := strings.CutSuffix(pattern, "...")
		return p == pattern || deep && (strings.HasPrefix(p, below) || p+"/" == below)
	})
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range goFiles(t) {
		allowed, known := mayImport[f.pkg]
		if !known && !seen[f.pkg] {
			t.Errorf("%s has no line in the table of imports", f.pkg)
		}
		seen[f.pkg] = true
		if f.isTest || !known {
			continue
		}
		for _, i := range f.syntax.Imports {
			to, _ := strconv.Unquote(i.Path.Value)
			if ours, ok := strings.CutPrefix(to, module+"/"); ok && !matches(allowed, ours) {
				t.Errorf("%s: %s may not import %s", f.at(i), f.pkg, ours)
			}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(mayImport)) {
		if !seen[pkg] {
			t.Errorf("the table of imports names %s, which isn't there", pkg)
		}
	}
}

func TestImportsOfOthersStayInTheirRooms(t *testing.T) {
	t.Parallel()
	for _, f := range goFiles(t) {
		for _, i := range f.syntax.Imports {
			to, _ := strconv.Unquote(i.Path.Value)
			for _, rule := range onlyIn {
				if (rule.tests || !f.isTest) && rule.imported.MatchString(to) && !slices.Contains(rule.rooms, f.pkg) {
					t.Errorf("%s: %s may not import %s, only %q may", f.at(i), f.pkg, to, rule.rooms)
				}
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
