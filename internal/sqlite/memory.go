package sqlite

import (
	"fmt"

	"github.com/kuratchi/dashboard/internal/sqlite/bounds"
)

// Budget is memory for the statements of connections: so much for one, and
// together no more than that and 1 MB for each.
type Budget = bounds.Budget

// NewBudget returns a budget of so many bytes.
func NewBudget(bytes int64) *Budget { return bounds.NewBudget(bytes) }

// scratch is for all databases in memory together. One with 1,000 tables takes
// about 16 MB, see TestScratchHoldsALargeSchema.
var scratch = NewBudget(64 << 20)

// Shortage is what a statement has run out of.
type Shortage = bounds.Shortage

// What a statement can run out of.
const (
	ShortOfMemory    = bounds.Memory    // its budget
	ShortOfShare     = bounds.Shared    // the budget, of which others have the rest
	ShortOfTemporary = bounds.Temporary // room for temporary files
)

// MaxTemporary is what temporary files take together at most, in bytes.
const MaxTemporary = bounds.MaxTemporary

// shortageText is what a statement is refused with that has run out of something,
// "" where the engine's own words hold.
func shortageText(s Shortage, limit int64) string {
	switch s {
	case ShortOfMemory:
		if limit == 0 {
			return ""
		}
		return fmt.Sprintf("it needs more memory than %d MB: SQLITE_NOMEM", limit>>20)
	case ShortOfShare:
		return fmt.Sprintf("it needs more memory than others leave of %d MB: SQLITE_NOMEM", limit>>20)
	case ShortOfTemporary:
		return "it needs more temporary disk space than there is: SQLITE_FULL"
	}
	return ""
}
