package fleet

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/operation"
)

// SetReplication switches a database's read replicas: "auto" or "disabled". The
// embedded engine has none: fault.Invalid.
func (f *Fleet) SetReplication(ctx context.Context, a auth.Actor, name, mode string) error {
	if mode != "auto" && mode != "disabled" {
		return fault.New(fault.Invalid, "Read replication is auto or disabled.")
	}
	return f.Do(ctx, a, name, OpReplicate, func(_ context.Context, d Database) (Job, error) {
		p, ok := f.provider(d).(d1.Replicator)
		if !ok {
			return Job{}, fault.New(fault.Invalid, "The database %s is not on D1, and only D1 has read replicas.", d.Name)
		}
		return Job{Job: operation.Job{About: audit.Entry{Detail: mode}, Work: func(ctx context.Context, out *audit.Entry) error {
			out.Detail = mode
			_, err := p.SetReplication(ctx, d.ProviderID, mode)
			return err
		}}}, nil
	})
}
