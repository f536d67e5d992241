package controlplane

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

// LeaseTable remembers who works on a database as a whole.
type LeaseTable struct{ *core }

// TakeLease makes holder the one who works on a database, until then. A lease that
// somebody has is fault.Conflict; one whose end is further ahead than that of the lease
// that is asked for has ended, see [clock.Open]. The row stays for good, so that the fence
// grows; it is also at least the time in milliseconds, so that it grows past what a
// control plane that was put back to an older copy has forgotten.
func (t LeaseTable) TakeLease(ctx context.Context, d id.Database, holder string, until time.Time) (fleet.Lease, error) {
	now := t.now()
	l := fleet.Lease{Holder: holder, Fence: now.UnixMilli(), Until: until}
	r, err := t.table("leases").Where(orm.Eq("id", d)).First(ctx)
	if fault.Is(err, fault.NotFound) {
		taken := fault.New(fault.Conflict, "Somebody else was faster and works on it now.")
		return l, t.change().insert("leases", orm.Values{"id": d, "holder": holder, "fence": l.Fence, "expires_at": until}).run(ctx, nil, taken)
	}
	if err != nil {
		return l, err
	}
	// Whoever has it may have moved its end on since now, but not since the row was read.
	if held := r.Time("expires_at"); clock.Open(held, t.now(), until.Sub(now)) {
		return l, fault.New(fault.Conflict, "Another copy of the dashboard (%s) works on it, at the longest until %s unless it "+
			"goes on.", r.Text("holder"), held.UTC().Format("15:04:05 UTC"))
	}
	l.Fence = max(l.Fence, r.Int("fence")+1)
	return l, t.moveLease(ctx, d, r.Int("fence"), orm.Values{"holder": holder, "fence": l.Fence, "expires_at": until})
}

// KeepLease moves the end of a lease. One that somebody else has by now is
// fault.Conflict.
func (t LeaseTable) KeepLease(ctx context.Context, d id.Database, l fleet.Lease) error {
	return t.moveLease(ctx, d, l.Fence, orm.Values{"expires_at": l.Until})
}

func (t LeaseTable) moveLease(ctx context.Context, d id.Database, fence int64, v orm.Values) error {
	lost := fault.New(fault.Conflict, "Somebody else works on it by now.")
	return t.change().update("leases", v, orm.Eq("id", d), orm.Eq("fence", fence)).run(ctx, lost, nil)
}

// EndLeases ends all leases, whatever the clock says: for the start of a program that
// knows it is alone.
func (t LeaseTable) EndLeases(ctx context.Context) error {
	ended := fleet.Lease{}.Ended().Until
	return t.change().add(t.table("leases").Where(orm.Gt("expires_at", ended)).UpdateStmt(orm.Values{"expires_at": ended})).run(ctx, nil, nil)
}
