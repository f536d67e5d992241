package views

import (
	"strings"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/textual"
)

// ImportEnd is how an import ended.
type ImportEnd struct {
	// Work is the import, zero for a form that was refused.
	Work fleet.Work
	// Error is why nothing came, a reason a line, "" for what did.
	Error string
	// Empty says that the database is known to be as empty as before.
	Empty bool
	// Unclear says that it isn't known whether anything came.
	Unclear bool
	// Helps says that leaving out what D1 can't have would help.
	Helps bool
}

// title is what became of it, where it isn't known that it came.
func (e ImportEnd) title() string {
	if e.Unclear {
		return fleet.OpImport.Unclear
	}
	return "Nothing was imported"
}

// maxReasons is how many lines of an end are shown.
const maxReasons = 200

// reasons are an error's lines: what they are about, and the others.
func (e ImportEnd) reasons() (about string, reasons []string) {
	about, rest, _ := strings.Cut(e.Error, "\n")
	for line := range strings.Lines(rest) {
		if line = strings.TrimLeft(strings.TrimSpace(line), "-• "); line != "" {
			reasons = append(reasons, line)
		}
	}
	return about, reasons
}

// some are the lines that are shown, and the number of the others.
func some(lines []string) ([]string, int) {
	n := min(len(lines), maxReasons)
	return lines[:n], len(lines) - n
}

// came says what an import brought.
func (e ImportEnd) came() string {
	f := e.Work.Filled
	return plural(f.Tables, "table") + " with " + textual.Plural(int(f.Rows), "row") + ", " + e.when()
}

// when says when an import ended, and who asked for it.
func (e ImportEnd) when() string {
	w := e.Work
	return "at " + full(w.Ended) + ", asked for by " + w.By + ". It took " + textual.Duration(w.Ended.Sub(w.Since)) + "."
}
