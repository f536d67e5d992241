package fleet

import (
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

// Claim takes a database for a provision of this process, and reports whether it
// was free and the program isn't stopping. It comes before the wish is stored, so
// that a database being provisioned is never seen without somebody at work.
func (h *Holds) Claim(d id.Database) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy[d] || h.background.Err() != nil {
		return false
	}
	h.busy[d] = true
	h.work.Add(1)
	return true
}

// Release gives a claim back.
func (h *Holds) Release(d id.Database) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.busy, d)
	h.work.Done()
}

// ErrStopping is what is answered while the program stops.
var ErrStopping = fault.New(fault.Unavailable, "The program is stopping. Nothing was changed; try again when it is back.")

// Busy reports whether a provision of that database is under way here.
func (h *Holds) Busy(d id.Database) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.busy[d]
}

// errWorkedOn says that somebody works on the database just now.
var errWorkedOn = fault.New(fault.Conflict, "Somebody works on it just now. Try again in a moment.")

// TryClaim does fn while nobody else works on the database as a whole.
func (h *Holds) TryClaim(d Database, fn func() error) error {
	if !h.Claim(d.ID) {
		return errWorkedOn
	}
	defer h.Release(d.ID)
	return fn()
}
