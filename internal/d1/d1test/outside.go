package d1test

import (
	"os/exec"
	"strings"
	"testing"
)

// Outside has the sqlite3 program run a text on a file, which it makes when there is none,
// and returns what it prints. It knows none of D1's rules, and is of another version of
// SQLite: files of other programs are like that.
func Outside(t testing.TB, path, text string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sqlite3", "-batch", "-bail", path) //nolint:gosec // a test's own file
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("sqlite3: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}
