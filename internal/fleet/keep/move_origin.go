package keep

import (
	"context"
	"errors"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/operation"
)

// OriginChanged reports whether the old one of a moved database may have been written
// to since it was copied: a call to D1, none elsewhere. Nobody else can write to one
// in the data folder.
func (mv *Moves) OriginChanged(ctx context.Context, d fleet.Database) (bool, error) {
	if d.MoveOrigin.ID == "" {
		return false, nil
	}
	mark, err := mv.bookmark(ctx, d.Origin())
	return mark != d.MoveOrigin.Mark, err
}

// RemoveOrigin removes the old database after a move, with the restore points it had there.
// One that was written to since it was copied is fault.Conflict, unless that is to be
// lost.
func (mv *Moves) RemoveOrigin(ctx context.Context, a auth.Actor, name string, lose bool) error {
	return mv.fleet.Do(ctx, a, name, fleet.OpLetGo, func(_ context.Context, d fleet.Database) (fleet.Job, error) {
		if d.MoveOrigin.ID == "" {
			return fleet.Job{}, fault.New(fault.Conflict, "Nothing of %s is kept elsewhere.", d.Name)
		}
		return fleet.Job{Job: operation.Job{
			About: audit.Entry{Target: d.MoveOrigin.Place + " " + d.MoveOrigin.ID},
			Work: func(ctx context.Context, out *audit.Entry) error {
				if lose {
					out.Detail = "with what was written to it since the move"
				}
				return mv.removeOrigin(ctx, d, lose)
			},
			End: func(ctx context.Context, e audit.Entry, err error) error {
				if err != nil {
					return errors.Join(err, mv.store.Record(ctx, e))
				}
				from := d.State
				d.MoveOrigin = fleet.Counterpart{}
				return mv.store.UpdateDatabase(ctx, d, from, e)
			},
		}}, nil
	})
}

// removeOrigin can be done again.
func (mv *Moves) removeOrigin(ctx context.Context, d fleet.Database, lose bool) error {
	written, err := mv.OriginChanged(ctx, d)
	switch {
	case fault.Is(err, fault.NotFound): // it is gone already
	case lose:
	case err != nil:
		return err
	case written:
		return fault.New(fault.Conflict, "The old database of %s was written to after it was copied, "+
			"or D1 can't say that it was not. What was written there is not in %s. Nothing was removed. "+
			"Look into it first, or say that it may be lost.", d.Name, d.Name).At("lose")
	}
	old := d.Origin()
	if err := mv.points.forgetPoints(ctx, d, old.Provider); err != nil {
		return err
	}
	if err := mv.fleet.Places.Of(old).Delete(ctx, old.ProviderID); !fault.Is(err, fault.NotFound) {
		return err
	}
	return nil
}
