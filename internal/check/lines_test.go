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
var longLines = allowance{
	"internal/account":         12,
	"internal/auth":            3,
	"internal/browse":          77,
	"internal/console":         35,
	"internal/controlplane":    34,
	"internal/d1":              20,
	"internal/d1/d1test":       19,
	"internal/d1/d1test/front": 4,
	"internal/d1/local":        28,
	"internal/d1/rest":         78,
	"internal/demo":            44,
	"internal/fleet":           68,
	"internal/migrate":         245,
	"internal/orm":             8,
	"internal/schema":          77,
	"internal/sqlite":          14,
	"internal/sqlite/bounds":   3,
	"internal/sqltext":         4,
}

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
