package provision

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/health"
)

// Provisioner makes databases.
type Provisioner struct {
	// Adoptions takes databases over that are there.
	Adoptions *Adoptions

	room
	// background is the kernel's: no step begins after its end.
	background context.Context
}

// room is what everybody in this room has.
type room struct {
	fleet  *fleet.Fleet
	health *health.Watcher
	store  Store
	log    *slog.Logger
	now    func() time.Time
}

// Adoptions takes databases of the account over.
type Adoptions struct {
	room

	mu sync.Mutex // guards listed
	// listed are the account's databases as they were read last.
	listed accountList
}

// New returns a provisioner. The kernel's Close waits for what it does: it is a claim.
func New(f *fleet.Fleet, h *health.Watcher, store Store, log *slog.Logger, now func() time.Time) *Provisioner {
	r := room{fleet: f, health: h, store: store, log: log, now: now}
	return &Provisioner{room: r, Adoptions: &Adoptions{room: r}, background: f.Background()}
}

// Recover notes that what is being provisioned was interrupted.
func (pr *Provisioner) Recover(ctx context.Context) error {
	return pr.interruptProvisions(ctx, auth.SystemActor("recover"))
}
