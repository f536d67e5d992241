package check_test

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// architectureDoc has its rooms in the order in which they import each other.
const architectureDoc = "docs/architecture.md"

// rooms are the folders that a document's table of rooms names, row by row. The
// first name of a row is a path from the root, and a later one without a slash its
// neighbour.
func rooms(t *testing.T, p string) [][]string {
	t.Helper()
	_, table, _ := strings.Cut(read(t, p), "\n| Room |")
	table, _, _ = strings.Cut(table, "\n\n")
	var rows [][]string
	for _, cell := range firstCell.FindAllStringSubmatch(table, -1) {
		var row []string
		for _, m := range inCode.FindAllStringSubmatch(cell[1], -1) {
			name := m[1]
			if len(row) > 0 && !strings.Contains(name, "/") {
				name = path.Join(path.Dir(row[0]), name)
			}
			row = append(row, name)
		}
		rows = append(rows, row)
	}
	if len(rows) < 2 {
		t.Fatalf("%s has no table of rooms", p)
	}
	return rows[1:]
}

func TestTablesOfRoomsAreTheTree(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"README.md", architectureDoc} {
		named := map[string]int{}
		for _, room := range slices.Concat(rooms(t, p)...) {
			named[room]++
			if info, err := os.Stat(filepath.Join(root, filepath.FromSlash(room))); err != nil || !info.IsDir() {
				t.Errorf("%s: the table of rooms names %s, which isn't there", p, room)
			}
			if named[room] == 2 {
				t.Errorf("%s: the table of rooms names %s twice", p, room)
			}
		}
		for _, pkg := range slices.Sorted(maps.Keys(mayImport)) {
			if named[pkg] == 0 {
				t.Errorf("%s: the table of rooms doesn't name %s", p, pkg)
			}
		}
	}
}

// A room imports what stands above it, or in its own row.
func TestRoomsStandInTheOrderOfTheirImports(t *testing.T) {
	t.Parallel()
	above := map[string]bool{}
	for _, row := range rooms(t, architectureDoc) {
		for _, room := range row {
			above[room] = true
		}
		for _, room := range row {
			for _, to := range mayImport[room] {
				if !above[to] {
					t.Errorf("%s: %s imports %s, which stands below it in the table of rooms", architectureDoc, room, to)
				}
			}
		}
	}
}
