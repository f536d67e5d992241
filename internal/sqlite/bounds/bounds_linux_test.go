package bounds_test

import (
	"os"
	"strings"
	"testing"
)

// A file without a name is gone however the process ends.
func TestTemporaryFilesHaveNoName(t *testing.T) {
	c := open(t)
	st, err := first(t, c, sorted)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { st.Close(); _ = c.End(false) }()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	nameless := 0
	for _, e := range entries {
		path, err := os.Readlink("/proc/self/fd/" + e.Name())
		switch {
		case err != nil: // the one that lists them
		case strings.HasSuffix(path, "(deleted)"):
			nameless++
		case strings.Contains(path, "etilqs"):
			t.Errorf("%s has a name", path)
		}
	}
	if nameless == 0 {
		t.Error("there is no temporary file")
	}
}
