package d1

import (
	"context"
	"strings"
	"time"
)

// Condition is what the last look at all of a database's file saw.
type Condition struct {
	// At is when, zero for never.
	At time.Time
	// Damage says what is damaged, a sentence, "" for a file that is whole.
	Damage string
}

// Checker is a Provider that can tell whether its databases' files are whole. D1 keeps
// that to itself.
type Checker interface {
	// CheckFile reads all of a database's file, beside whoever uses it, and returns what
	// it saw. It can be broken off; an error says that it can't be told.
	CheckFile(ctx context.Context, id string) (Condition, error)
	// CheckPoint returns nil for a point that can be put back, fault.Invalid for a damaged
	// one and fault.NotFound for one that isn't there.
	CheckPoint(ctx context.Context, point string) error
	// Condition returns what the last CheckFile saw, or what was seen since by other means.
	Condition(id string) Condition
	// Stalest returns the database whose file wasn't looked at for longest, "" for none.
	Stalest(ctx context.Context) (Info, error)
}

// DamagedMark ends the ID of a point that has a Damage, so that what only has the ID knows
// it too.
const DamagedMark = "-damaged"

// IsDamaged reports whether a point is that of a damaged database, by its ID.
func IsDamaged(point string) bool { return strings.HasSuffix(point, DamagedMark) }
