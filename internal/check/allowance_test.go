package check_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// allowance says where a rule isn't kept yet, and how far. It only shrinks: the
// test fails where there is more, and where there is less than it allows.
type allowance map[string]int

// compare holds what was found against the allowance called name, and prints the
// table that would be right. where has the places of what was found.
func (a allowance) compare(t *testing.T, name string, found allowance, where map[string][]string) {
	t.Helper()
	maps.DeleteFunc(found, func(_ string, n int) bool { return n == 0 })
	if maps.Equal(a, found) {
		return
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(found)) {
		if found[key] > a[key] {
			t.Errorf("%s: %d, and %d are allowed\n\t%s", key, found[key], a[key], strings.Join(where[key], "\n\t"))
		}
		lines = append(lines, fmt.Sprintf("\t%q: %d,\n", key, found[key]))
	}
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if found[key] < a[key] {
			t.Errorf("%s: %d, and %s still allows %d", key, found[key], name, a[key])
		}
	}
	t.Logf("the tree is now:\nvar %s = allowance{\n%s}", name, strings.Join(lines, ""))
}
