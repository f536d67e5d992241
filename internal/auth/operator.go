package auth

import (
	"time"

	"github.com/kuratchi/dashboard/internal/id"
)

// Operator is a person who signs in.
type Operator struct {
	ID id.Operator
	// Email is as [NormalizeEmail] returns it, and unique.
	Email     string
	Role      Role
	CreatedAt time.Time
	// DisabledAt is when the operator was shut out, zero for one who may sign
	// in. Operators are disabled, not deleted, so that history keeps its names.
	DisabledAt time.Time
}

// Disabled reports whether the operator was shut out.
func (o Operator) Disabled() bool { return !o.DisabledAt.IsZero() }
