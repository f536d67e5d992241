package keep

import (
	"fmt"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
)

// filledWords say what a fill brought and what it didn't, for the audit log.
func filledWords(f d1.Filled) string {
	words := fmt.Sprintf("Tables: %d, rows: %d.", f.Tables, f.Rows)
	if len(f.LeftOut) > 0 {
		words += fmt.Sprintf(" Left out (%d): ", len(f.LeftOut)) + audit.Sentences(f.LeftOut, audit.MaxDetail/2)
	}
	if len(f.Notes) > 0 {
		words += fmt.Sprintf(" To know (%d): ", len(f.Notes)) + audit.Sentences(f.Notes, audit.MaxDetail/2)
	}
	return words
}
