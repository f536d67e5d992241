package check_test

import (
	"strings"
	"testing"
)

// A batch that fails on purpose is told from one that failed: by an assertion of
// internal/d1, which every engine answers alike, and not by words of each package's own.
func TestBatchesFailOnPurposeByAnAssertion(t *testing.T) {
	t.Parallel()
	for _, f := range goFiles(t) {
		if f.isTest || f.pkg == "internal/d1" || strings.HasPrefix(f.pkg, "internal/d1/") {
			continue
		}
		text := read(t, f.path)
		if at := strings.Index(text, "json_extract('{}'"); at >= 0 {
			t.Errorf("%s:%d: a statement that fails on purpose, which a d1.Assertion is for", f.path, lineOf(text, at))
		}
	}
}
