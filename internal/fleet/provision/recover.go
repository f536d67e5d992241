package provision

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/operation"
)

func (pr *Provisioner) interruptProvisions(ctx context.Context, a auth.Actor) error {
	unfinished, err := pr.store.UnfinishedProvisions(ctx)
	if err != nil {
		return err
	}
	for _, d := range unfinished {
		intent, err := pr.store.OpenIntent(ctx, audit.DatabaseProvision, d.Name)
		if err != nil {
			return err
		}
		j := operation.Job{About: fleet.About(d), Work: func(_ context.Context, out *audit.Entry) error { return errInterrupted },
			End: func(ctx context.Context, e audit.Entry, _ error) error {
				d.State, d.UpdatedAt, d.Error = fleet.Interrupted, e.At, fault.Message(errInterrupted)
				return pr.store.UpdateDatabase(ctx, d, fleet.Provisioning, e)
			}}
		if err := pr.fleet.Door.Finish(ctx, a, fleet.OpProvision.Kind, intent, j); err != nil {
			return err
		}
	}
	return nil
}

var errInterrupted = fault.New(fault.Unknown, "The program was stopped while it worked on this. Nothing is lost: resume it, or undo it.")
