package fleet

import (
	"context"
	"errors"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/operation"
)

// origin is a database as it is where it was before its move. On D1 others than the
// dashboard may go on writing to it there: their rows are in no other place.
func (d Database) origin() Database {
	d.Provider, d.ProviderID = d.MoveOrigin.Place, d.MoveOrigin.ID
	return d
}

// OriginChanged reports whether the old one of a moved database may have been written
// to since it was copied: a call to D1, none elsewhere. Nobody else can write to one
// in the data folder.
func (f *Fleet) OriginChanged(ctx context.Context, d Database) (bool, error) {
	if d.MoveOrigin.ID == "" {
		return false, nil
	}
	mark, err := f.bookmark(ctx, d.origin())
	return mark != d.MoveOrigin.Mark, err
}

// RemoveOrigin removes the old database after a move, with the restore points it had there.
// One that was written to since it was copied is fault.Conflict, unless that is to be
// lost.
func (f *Fleet) RemoveOrigin(ctx context.Context, a auth.Actor, name string, lose bool) error {
	return f.Do(ctx, a, name, OpLetGo, func(_ context.Context, d Database) (Job, error) {
		if d.MoveOrigin.ID == "" {
			return Job{}, fault.New(fault.Conflict, "Nothing of %s is kept elsewhere.", d.Name)
		}
		return Job{Job: operation.Job{
			About: audit.Entry{Target: d.MoveOrigin.Place + " " + d.MoveOrigin.ID},
			Work: func(ctx context.Context, out *audit.Entry) error {
				if lose {
					out.Detail = "with what was written to it since the move"
				}
				return f.removeOrigin(ctx, d, lose)
			},
			End: func(ctx context.Context, e audit.Entry, err error) error {
				if err != nil {
					return errors.Join(err, f.store.Record(ctx, e))
				}
				from := d.State
				d.MoveOrigin = Counterpart{}
				return f.store.UpdateDatabase(ctx, d, from, e)
			},
		}}, nil
	})
}

// removeOrigin can be done again.
func (f *Fleet) removeOrigin(ctx context.Context, d Database, lose bool) error {
	written, err := f.OriginChanged(ctx, d)
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
	old := d.origin()
	if err := f.forgetPoints(ctx, d, old.Provider); err != nil {
		return err
	}
	if err := f.provider(old).Delete(ctx, old.ProviderID); !fault.Is(err, fault.NotFound) {
		return err
	}
	return nil
}
