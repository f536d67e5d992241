package keep

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/operation"
)

// SetReplication switches a database's read replicas: "auto" or "disabled". The
// embedded engine has none: fault.Invalid.
func (k *Keeper) SetReplication(ctx context.Context, a auth.Actor, name, mode string) error {
	if mode != "auto" && mode != "disabled" {
		return fault.New(fault.Invalid, "Read replication is auto or disabled.")
	}
	return k.fleet.Do(ctx, a, name, fleet.OpReplicate, func(_ context.Context, d fleet.Database) (fleet.Job, error) {
		p, ok := k.fleet.Places.Of(d).(d1.Replicator)
		if !ok {
			return fleet.Job{}, fault.New(fault.Invalid, "The database %s is not on D1, and only D1 has read replicas.", d.Name)
		}
		return fleet.Job{Job: operation.Job{About: audit.Entry{Detail: mode}, Work: func(ctx context.Context, out *audit.Entry) error {
			out.Detail = mode
			_, err := p.SetReplication(ctx, d.ProviderID, mode)
			return err
		}}}, nil
	})
}
