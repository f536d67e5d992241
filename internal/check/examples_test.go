package check_test

import (
	"go/ast"
	"go/doc"
	"slices"
	"testing"
)

// shown are the packages that a program of others' could begin with. Each has an
// Example of the package as a whole that go test runs and whose output it compares.
var shown = []string{
	"internal/browse", "internal/d1/rest", "internal/database", "internal/migrate", "internal/orm", "internal/schema",
}

func TestPackagesShowHowTheyAreUsed(t *testing.T) {
	t.Parallel()
	tests := map[string][]*ast.File{}
	for _, f := range goFiles(t) {
		if f.isTest && slices.Contains(shown, f.pkg) {
			tests[f.pkg] = append(tests[f.pkg], f.syntax)
		}
	}
	for _, pkg := range shown {
		if !slices.ContainsFunc(doc.Examples(tests[pkg]...), func(e *doc.Example) bool {
			return e.Name == "" && e.Output != "" && !e.Unordered
		}) {
			t.Errorf("%s has no func Example with // Output: in its tests", pkg)
		}
	}
}
