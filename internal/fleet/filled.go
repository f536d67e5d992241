package fleet

import (
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
)

// maxDetail is how much of what an import says is kept in the audit log, in bytes. A
// file can have thousands of objects that can't come.
const maxDetail = 4000

// filledWords say what a fill brought and what it didn't, for the audit log.
func filledWords(f d1.Filled) string {
	words := fmt.Sprintf("Tables: %d, rows: %d.", f.Tables, f.Rows)
	if len(f.LeftOut) > 0 {
		words += fmt.Sprintf(" Left out (%d): ", len(f.LeftOut)) + someOf(f.LeftOut, maxDetail/2)
	}
	if len(f.Notes) > 0 {
		words += fmt.Sprintf(" To know (%d): ", len(f.Notes)) + someOf(f.Notes, maxDetail/2)
	}
	return words
}

// someOf are sentences, as many as n bytes hold, and the number of the others.
func someOf(sentences []string, n int) string {
	var b strings.Builder
	for i, s := range sentences {
		if b.Len()+len(s) > n {
			return fmt.Sprintf("%s… and %d more.", b.String(), len(sentences)-i)
		}
		b.WriteString(s + " ")
	}
	return strings.TrimSuffix(b.String(), " ")
}

// cutDetail is a message of lines as sentences, as many as the audit log keeps.
func cutDetail(message string) string { return someOf(strings.Split(message, "\n"), maxDetail) }
