package fleet

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// SetReplication switches a database's read replicas: "auto" or "disabled". The
// embedded engine has none: fault.Invalid.
func (f *Fleet) SetReplication(ctx context.Context, a auth.Actor, name, mode string) error {
	if mode != "auto" && mode != "disabled" {
		return fault.New(fault.Invalid, "Read replication is auto or disabled.")
	}
	return f.withClaim(ctx, name, []State{Ready}, func(ctx context.Context, d Database) error {
		p, ok := f.provider(d).(d1.Replicator)
		if !ok {
			return fault.New(fault.Invalid, "The database %s is not on D1, and only D1 has read replicas.", d.Name)
		}
		intent := f.databaseEntry(a, audit.DatabaseReplicate, audit.Intent, d)
		intent.Detail = mode
		if err := f.store.Record(ctx, intent); err != nil {
			return err
		}
		e := f.databaseEntry(a, audit.DatabaseReplicate, audit.Done, d)
		e.Intent, e.Detail = intent.ID, mode
		_, err := p.SetReplication(ctx, d.ProviderID, mode)
		if err != nil {
			e = endedBy(e, err)
		}
		if rerr := f.store.Record(ctx, e); err == nil {
			err = rerr
		}
		return err
	})
}
