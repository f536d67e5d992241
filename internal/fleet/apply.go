package fleet

import (
	"github.com/kuratchi/dashboard/internal/migrate"
)

// Attempt is the plan's one try, as the database's ledger has it.
func (p Plan) Attempt(fence int64) migrate.Attempt {
	return migrate.Attempt{ID: string(p.ID), Actor: p.AppliedBy, At: p.AppliedAt, Point: p.Point, Fence: fence}
}
