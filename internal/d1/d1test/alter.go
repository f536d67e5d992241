package d1test

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// Alter writes other texts into a database's file, in pairs of old and new of the same
// length: so it holds what an engine of another make could have written into it, a module
// or a collation that this one doesn't have. The database must be closed.
func Alter(t testing.TB, path string, pairs ...string) {
	t.Helper()
	b, err := os.ReadFile(path) //nolint:gosec // a test's own path
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if len(pairs[i]) != len(pairs[i+1]) || !bytes.Contains(b, []byte(pairs[i])) {
			t.Fatalf("%q can't stand for %q, or isn't there", pairs[i+1], pairs[i])
		}
	}
	if err := os.WriteFile(path, []byte(strings.NewReplacer(pairs...).Replace(string(b))), 0o600); err != nil {
		t.Fatal(err)
	}
}
