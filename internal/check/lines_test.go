package check_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxLine is how many characters a line of Go has, a tab being one.
const maxLine = 140

// routeTable is read by its columns: a line a route, however long.
const routeTable = "internal/handlers/routes.go"

// longLines are the packages that still have longer ones, with how many.
var longLines = allowance{}

func TestLinesStayShort(t *testing.T) {
	t.Parallel()
	found, where := allowance{}, map[string][]string{}
	for _, f := range goFiles(t) {
		if f.generated || f.path == routeTable {
			continue
		}
		n := 0
		for line := range strings.Lines(read(t, f.path)) {
			n++
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > maxLine {
				found[f.pkg]++
				where[f.pkg] = append(where[f.pkg], fmt.Sprintf("%s:%d", f.path, n))
			}
		}
	}
	longLines.compare(t, "longLines", found, where)
}
