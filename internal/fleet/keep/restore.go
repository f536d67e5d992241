package keep

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

// RestoreTo puts a database back to one of its points. The state it leaves is
// kept as a point first, so that this can be undone; that point is returned.
func (po *Points) RestoreTo(ctx context.Context, a auth.Actor, name, point string) (fleet.RestorePoint, error) {
	return po.restoreDatabase(ctx, a, name, func(ctx context.Context, d fleet.Database) (fleet.RestorePoint, error) {
		p, err := po.Point(ctx, d, point)
		if err == nil {
			err = checkPointPlace(d, p)
		}
		return p, err
	})
}

// RestoreAt puts a database back to a moment, see PointAt. On D1 its bookmark becomes a
// point of the database.
func (po *Points) RestoreAt(ctx context.Context, a auth.Actor, name string, t time.Time) (fleet.RestorePoint, error) {
	return po.restoreDatabase(ctx, a, name, func(ctx context.Context, d fleet.Database) (fleet.RestorePoint, error) {
		p, err := po.pointAt(ctx, d, t)
		if err != nil || p.ID != "" { // one that is there already
			return p, err
		}
		j := operation.Job{About: fleet.About(d), End: func(ctx context.Context, e audit.Entry, _ error) error {
			p.CreatedBy, e.Target = a.Email, p.ID
			return po.store.CreatePoint(ctx, p, e)
		}}
		p.ID = id.At[string](po.now())
		j.About.Detail = "the bookmark of " + t.UTC().Format("2006-01-02 15:04:05 UTC")
		err = po.fleet.Door.Do(ctx, a, fleet.OpKeep.Kind, j)
		return p, err
	})
}

func (po *Points) restoreDatabase(ctx context.Context, a auth.Actor, name string,
	to func(context.Context, fleet.Database) (fleet.RestorePoint, error)) (before fleet.RestorePoint, err error) {
	err = po.fleet.Do(ctx, a, name, fleet.OpRestore, func(ctx context.Context, d fleet.Database) (fleet.Job, error) {
		p, err := to(ctx, d)
		if err != nil {
			return fleet.Job{}, err
		}
		kept := ""
		return fleet.Job{Point: p.CreatedAt, Job: operation.Job{
			About: audit.Entry{Target: p.ID},
			Check: func(ctx context.Context) (err error) {
				if err := po.checkPoint(ctx, d, p); err != nil {
					return err
				}
				before, err = po.MakePoint(ctx, d, fleet.RestorePoint{Kind: fleet.PointRestore, CreatedBy: a.Email})
				kept = "the state before is kept as " + before.ID
				if d.Provider == fleet.Embedded && fault.Is(err, fault.NotFound) { // the file is gone, or empty
					d, err = po.remakeMissing(ctx, d)
					kept = "there was no state before"
				}
				return err
			},
			Work: func(ctx context.Context, out *audit.Entry) error {
				failpoint.Hit("restore:intent")
				out.Detail = kept
				if err := po.fleet.Places.Of(d).Restore(ctx, d.ProviderID, p.Mark); err != nil {
					return err
				}
				failpoint.Hit("restore:done")
				po.prunePoints(ctx, d, p.ID)
				return nil
			},
		}}, nil
	})
	return before, err
}

// remakeMissing gives a database whose file is gone, and unknown to the engine since a start,
// an empty one to be put back into. It can be done again.
func (po *Points) remakeMissing(ctx context.Context, d fleet.Database) (fleet.Database, error) {
	if _, err := po.fleet.Places.Of(d).Get(ctx, d.ProviderID); !fault.Is(err, fault.NotFound) {
		return d, err
	}
	info, err := po.fleet.Places.CreateOnce(ctx, d, d.CreatedAt)
	if err != nil {
		return d, err
	}
	d.ProviderID, d.UpdatedAt = info.ID, po.now()
	return d, po.store.UpdateDatabase(ctx, d, d.State)
}
