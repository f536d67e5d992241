package check_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// strangers are texts that have no place in a published repository: addresses
// that packages were downloaded from, and folders of the machine on which a
// change was written.
var strangers = []struct {
	found *regexp.Regexp
	what  string
}{
	{regexp.MustCompile(spelled(`(?i)\b(registry\.`, `(npmjs|yarnpkg|terraform|docker)|npm\.pkg\.`, `github|proxy\.`,
		`golang\.org|sum\.`, `golang\.org|index\.`, `golang\.org|index\.`, `docker\.io|(\w+\.)?gcr\.`, `io/|ghcr\.`, `io|quay\.`,
		`io/|mcr\.`, `microsoft|files\.`, `pythonhosted|docker\.`, `io/)`)), "the address of a package registry"},
	{regexp.MustCompile(spelled(`\.\./`, `shared\b`)), "a folder outside the repository"},
	{regexp.MustCompile(spelled(`(^|[^\w.~/*-])/(`, `work|root|workspace|Users/[a-z]+|home/[a-z]+)/`)), "a folder of somebody's machine"},
}

func TestNoStrangers(t *testing.T) {
	t.Parallel()
	for _, p := range files(t, ``) {
		text := read(t, p)
		if isBinary(text) {
			continue
		}
		for _, s := range strangers {
			if m := s.found.FindStringIndex(text); m != nil {
				t.Errorf("%s:%d: %q is %s", p, lineOf(text, m[0]), text[m[0]:m[1]], s.what)
			}
		}
	}
}

// A lockfile with download addresses works only where those are reached; npm
// takes them from its settings when there are none.
func TestLockfilesHoldNoAddresses(t *testing.T) {
	t.Parallel()
	for _, p := range files(t, `(^|/)package-lock\.json$`) {
		var lock struct {
			Packages map[string]map[string]any
		}
		if err := json.Unmarshal([]byte(read(t, p)), &lock); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		for name, pkg := range lock.Packages {
			if at, ok := pkg["resolved"]; ok {
				t.Errorf("%s: %s is resolved to %v; npm writes none with omit-lockfile-registry-resolved", p, name, at)
			}
			if name != "" && pkg["integrity"] == nil {
				t.Errorf("%s: %s has no hash", p, name)
			}
		}
	}
	for _, p := range files(t, `(^|/)go\.mod$`) {
		text := read(t, p)
		if p == "bench/go.mod" { // measures the program beside it
			text = strings.Replace(text, "\nreplace "+module+" => ..\n", "\n", 1)
		}
		if strings.Contains(text, "\nreplace ") {
			t.Errorf("%s replaces a module", p)
		}
	}
}
