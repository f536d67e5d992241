package orm

import (
	"errors"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
)

// unchanged is the assertion that the statement before changed one row.
const unchanged = "one row changed"

// Changed returns a statement for a batch that fails, and so undoes the whole
// batch, unless the statement before it changed exactly one row. what names the
// row, for the log.
func Changed(what string) d1.Stmt { return d1.Assertion{Name: unchanged, Detail: what}.Changed() }

// IsUnchanged reports whether a batch failed at a Changed statement: the row was
// not there, or no longer as the condition wanted it.
func IsUnchanged(err error) bool { return d1.FailedAt(err, unchanged) }

// IsDuplicate reports whether a write failed because a UNIQUE value is taken.
func IsDuplicate(err error) bool {
	e, ok := errors.AsType[*d1.Error](err)
	return ok && strings.HasPrefix(e.Text, "UNIQUE constraint failed")
}
