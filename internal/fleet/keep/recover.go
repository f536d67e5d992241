package keep

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fleet"
)

func (k *Keeper) reopenDelete(d fleet.Database) {
	a := auth.SystemActor("recover")
	k.fleet.Settler.Reopen(d, d.Provider, fleet.ClearsDelete, fleet.OpDelete,
		func(ctx context.Context) error { return k.settleDelete(ctx, a, d.Name) })
}

// settleDelete finishes a delete that was announced.
func (k *Keeper) settleDelete(ctx context.Context, a auth.Actor, name string) error {
	d, err := k.store.Database(ctx, name)
	if err != nil {
		return err
	}
	return k.fleet.Holds.TryClaim(d, func() error {
		if d, err = k.store.Database(ctx, name); err != nil || d.State != fleet.Deleting {
			return err
		}
		intent, err := k.store.OpenIntent(ctx, audit.DatabaseDelete, d.Name)
		if err != nil {
			return err
		}
		return k.fleet.Door.Finish(ctx, a, fleet.OpDelete.Kind, intent, (&deletion{keeper: k, database: d}).job())
	})
}

// settleMove ends a move that was cut short: the database is where the control plane
// says. Only the last part keeps others away: the new place may take long to answer.
func (mv *Moves) settleMove(ctx context.Context, a auth.Actor, name string) error {
	d, err := mv.store.Database(ctx, name)
	if err != nil || d.MoveTarget.Place == "" {
		return err
	}
	if err := mv.removeMoveTarget(ctx, d); err != nil {
		return err
	}
	return mv.fleet.Holds.TryClaim(d, func() error {
		now, err := mv.store.Database(ctx, name)
		if err != nil || now.MoveTarget != d.MoveTarget {
			return err
		}
		return mv.recordBrokenMove(ctx, a, now)
	})
}
