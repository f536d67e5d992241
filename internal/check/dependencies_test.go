package check_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var required = regexp.MustCompile(`(?m)^(?:require )?\s*([a-zA-Z0-9][^\s()]*\.[^\s()]*) (v\S+)`)

// requirements are the modules of a go.mod with their versions.
func requirements(t *testing.T, p string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, m := range required.FindAllStringSubmatch(read(t, p), -1) {
		found[m[1]] = m[2]
	}
	return found
}

// moduleOf is the module of go.mod that a package is in, "" for one of the
// standard library or of ours.
func moduleOf(modules map[string]string, pkg string) string {
	best := ""
	for m := range modules {
		if (pkg == m || strings.HasPrefix(pkg, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

// direct are the dependencies that somebody chose: modules our Go files import,
// those of bench/ too, the tools of tools/go.mod, and the packages of every
// package.json. Each with where it is asked for.
func direct(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	modules := requirements(t, "bench/go.mod")
	maps.Copy(modules, requirements(t, "go.mod"))
	delete(modules, module)
	for _, f := range goFiles(t) {
		for _, i := range f.syntax.Imports {
			to, _ := strconv.Unquote(i.Path.Value)
			if m := moduleOf(modules, to); m != "" {
				found[m] = f.at(i)
			}
		}
	}
	tools := requirements(t, "tools/go.mod")
	for _, line := range fieldsOfBlock(read(t, "tools/go.mod"), "tool (") {
		found[moduleOf(tools, line)] = "tools/go.mod"
	}
	for _, p := range files(t, `(^|/)package\.json$`) {
		var pkg struct{ Dependencies, DevDependencies, OptionalDependencies map[string]string }
		if err := json.Unmarshal([]byte(read(t, p)), &pkg); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		for _, list := range []map[string]string{pkg.Dependencies, pkg.DevDependencies, pkg.OptionalDependencies} {
			for name, version := range list {
				found[name] = p
				if !regexp.MustCompile(`^\d+\.\d+\.\d+(-[a-z]+)?$`).MatchString(version) {
					t.Errorf("%s: %s is not pinned: %q", p, name, version)
				}
			}
		}
	}
	return found
}

// fieldsOfBlock are the words of a block of go.mod.
func fieldsOfBlock(text, opening string) []string {
	_, rest, _ := strings.Cut(text, "\n"+opening)
	block, _, _ := strings.Cut(rest, "\n)")
	return strings.Fields(block)
}

const dependenciesDoc = "docs/dependencies.md"

// firstCell is the first column of a table's row; inCode a name in it.
var (
	firstCell = regexp.MustCompile(`(?m)^\|([^|]*)\|`)
	inCode    = regexp.MustCompile("`([^`]+)`")
)

// The document has a table with a row for each dependency, its name in code in
// the first column, and says why it is there.
func TestDependenciesAreExplained(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, cell := range firstCell.FindAllStringSubmatch(read(t, dependenciesDoc), -1) {
		for _, m := range inCode.FindAllStringSubmatch(cell[1], -1) {
			named[m[1]] = true
		}
	}
	chosen := direct(t)
	for _, name := range slices.Sorted(maps.Keys(chosen)) {
		if !named[name] {
			t.Errorf("%s doesn't name %s (%s)", dependenciesDoc, name, chosen[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if chosen[name] == "" {
			t.Errorf("%s names %s, which nothing depends on", dependenciesDoc, name)
		}
	}
}

// The program that generates has to be the version of the library that runs.
func TestToolsHaveTheProgramsVersions(t *testing.T) {
	t.Parallel()
	const templ = "github.com/a-h/templ"
	program, tools := requirements(t, "go.mod"), requirements(t, "tools/go.mod")
	if program[templ] != tools[templ] || program[templ] == "" {
		t.Errorf("go.mod has templ %s, tools/go.mod %s", program[templ], tools[templ])
	}
	var lines []string
	for _, p := range []string{"go.mod", "tools/go.mod", "bench/go.mod"} {
		lines = append(lines, regexp.MustCompile(`(?m)^go .*$`).FindString(read(t, p)))
	}
	if lines[0] != lines[1] || lines[0] != lines[2] {
		t.Errorf("go.mod, tools/go.mod and bench/go.mod want different versions: %q", lines)
	}
	image := regexp.MustCompile(`(?m)^FROM golang:(\d+\.\d+)`).FindStringSubmatch(read(t, "Dockerfile"))
	if image == nil || !strings.HasPrefix(lines[0]+".", "go "+image[1]+".") {
		t.Errorf("the Dockerfile builds with %q, go.mod wants %q", image, lines[0])
	}
}
