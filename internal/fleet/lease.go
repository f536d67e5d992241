package fleet

import (
	"context"
	"os"
	"strconv"
	"time"

	"github.com/kuratchi/dashboard/internal/fault"
)

// Lease is the right to work on a database as a whole: nobody else has one at the
// same time. It ends by itself, since whoever has it may be gone.
type Lease struct {
	// Holder names the program that has it.
	Holder string
	// Fence is higher than that of every lease before. The database's ledger
	// refuses a lower one than it has seen, so that whoever slept through the end
	// of a lease changes nothing when it wakes.
	Fence int64
	Until time.Time
}

// Ended is the lease given back: it has ended whatever the clock says from now on.
func (l Lease) Ended() Lease {
	l.Until = time.UnixMilli(0).UTC()
	return l
}

// leaseTime is how long a lease lasts unless it is kept, and leaseRenewal how often it
// is while the work goes on: two of these may fail.
const (
	leaseTime    = time.Minute
	leaseRenewal = 20 * time.Second
)

// holderName is this program, for who else would work on the same database.
func holderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unnamed"
	}
	return host + ", process " + strconv.Itoa(os.Getpid())
}

// withLease does fn while this program has the lease of a database, and gives the
// lease back. When it is lost meanwhile, fn's context ends.
func (h *Holds) withLease(ctx context.Context, d Database, fn func(context.Context, Database) error) error {
	l, err := h.store.TakeLease(ctx, d.ID, h.holder, h.now().Add(leaseTime))
	if err != nil {
		return fault.Wrap(err, fault.KindOf(err), "%s can't be worked on now. %s", d.Name, fault.Message(err))
	}
	d.Fence = l.Fence
	held, lost := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.keepLease(held, d, l, lost)
	}()
	defer func() {
		lost(nil)
		<-ended
		if err := h.store.KeepLease(ctx, d.ID, l.Ended()); err != nil && !fault.Is(err, fault.Conflict) {
			h.log.Warn("lease", "database", d.Name, "error", err) // it ends by itself
		}
	}()
	return fn(held, d)
}

// keepLease moves the lease's end on until ctx ends.
func (h *Holds) keepLease(ctx context.Context, d Database, l Lease, lost context.CancelCauseFunc) {
	tick := time.NewTicker(leaseRenewal)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.Until = h.now().Add(leaseTime)
		switch err := h.store.KeepLease(ctx, d.ID, l); {
		case fault.Is(err, fault.Conflict):
			lost(err)
			return
		case err != nil && ctx.Err() == nil:
			h.log.Warn("lease", "database", d.Name, "error", err)
		}
	}
}
