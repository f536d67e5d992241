package keep

import (
	"context"
	"errors"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

// List returns a page of a database's restore points, the newest first.
func (po *Points) List(ctx context.Context, d fleet.Database, p fleet.Page) ([]fleet.RestorePoint, error) {
	return po.store.Points(ctx, fleet.PointFilter{Database: d.ID, Page: p})
}

// Count returns how many restore points a database has, and their bytes together.
func (po *Points) Count(ctx context.Context, d fleet.Database) (n int, size int64, err error) {
	return po.store.CountPoints(ctx, d.ID)
}

// Point returns one of a database's restore points, or fault.NotFound.
func (po *Points) Point(ctx context.Context, d fleet.Database, point string) (fleet.RestorePoint, error) {
	p, err := po.store.Point(ctx, d.ID, point)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "This restore point of %s is gone.", d.Name)
	}
	return p, err
}

// newestPoint returns the newest of the points, or fault.NotFound.
func (po *Points) newestPoint(ctx context.Context, filter fleet.PointFilter) (fleet.RestorePoint, error) {
	filter.Page = fleet.Page{Number: 1, Size: 1}
	ps, err := po.store.Points(ctx, filter)
	if err == nil && len(ps) == 0 {
		err = fault.New(fault.NotFound, "There is no such restore point.")
	}
	if err != nil {
		return fleet.RestorePoint{}, err
	}
	return ps[0], nil
}

// KeepPoint keeps the database as it is now, until the point is let go.
func (po *Points) KeepPoint(ctx context.Context, a auth.Actor, name string) (fleet.RestorePoint, error) {
	var p fleet.RestorePoint
	err := po.fleet.Do(ctx, a, name, fleet.OpKeep, func(_ context.Context, d fleet.Database) (fleet.Job, error) {
		return fleet.Job{Job: operation.Job{End: func(ctx context.Context, e audit.Entry, _ error) (err error) {
			p, err = po.MakePoint(ctx, d, fleet.RestorePoint{Kind: fleet.PointManual, CreatedBy: a.Email}, e)
			return err
		}}}, nil
	})
	return p, err
}

// MakePoint makes a restore point of the given kind and author, and gives up the oldest
// ones nobody asked for; not before a restore, which may be to one of them. Of a damaged
// database only what a restore would lose is kept, and any other point is fault.Conflict.
func (po *Points) MakePoint(ctx context.Context, d fleet.Database, p fleet.RestorePoint, es ...audit.Entry) (fleet.RestorePoint, error) {
	at := po.now() // what is written while it is copied isn't in it
	kept, err := po.fleet.Places.Of(d).Keep(ctx, d.ProviderID)
	if err != nil {
		return fleet.RestorePoint{}, err
	}
	if kept.Damage != "" && p.Kind != fleet.PointRestore {
		return fleet.RestorePoint{}, po.refuseDamaged(ctx, d, kept)
	}
	p.ID, p.CreatedAt, p.Database = id.At[string](at), at, d.ID
	p.Place, p.Mark, p.Size = d.Provider, kept.ID, kept.Size
	for i := range es {
		es[i].Target = p.ID
	}
	if err := po.store.CreatePoint(ctx, p, es...); err != nil {
		return p, errors.Join(err, po.fleet.Places.Of(d).Forget(ctx, kept.ID))
	}
	if p.Kind != fleet.PointRestore {
		po.prunePoints(ctx, d, "")
	}
	return p, nil
}

// prunePoints gives up the restore points beyond KeptPoints that nobody asked for, but
// never the one that is used now. Those of a damaged database are counted apart, so that no
// sound one goes for them. What can't be given up now is the next time.
func (po *Points) prunePoints(ctx context.Context, d fleet.Database, used string) {
	if err := po.forgetSurplus(ctx, d, used); err != nil {
		po.log.Warn("restore points", "database", d.Name, "error", err)
	}
}

func (po *Points) forgetSurplus(ctx context.Context, d fleet.Database, used string) error {
	// The newest first; thinned after each, there are seldom more than both kinds' newest.
	ps, err := po.store.Points(ctx, fleet.PointFilter{Database: d.ID, Unasked: true, Page: fleet.Page{Number: 1, Size: 4 * fleet.KeptPoints}})
	if err != nil {
		return err
	}
	kept := map[bool]int{}
	for _, p := range ps {
		if kept[p.Damaged()]++; kept[p.Damaged()] <= fleet.KeptPoints || p.ID == used {
			continue
		}
		if err := po.forgetPoint(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// forgetPoint gives up one restore point, and what it stands for where no other point
// stands for the same.
func (po *Points) forgetPoint(ctx context.Context, p fleet.RestorePoint, es ...audit.Entry) error {
	same, err := po.store.Points(ctx, fleet.PointFilter{Database: p.Database, Place: p.Place, Mark: p.Mark,
		Page: fleet.Page{Number: 1, Size: 2}})
	if err != nil {
		return err
	}
	if len(same) < 2 {
		if err := po.fleet.Places.Of(fleet.Database{Provider: p.Place}).Forget(ctx, p.Mark); err != nil {
			return err
		}
	}
	return po.store.DeletePoint(ctx, p, es...)
}

// forgetPoints gives up all restore points of a database, or those of one place.
func (po *Points) forgetPoints(ctx context.Context, d fleet.Database, place string) error {
	for {
		ps, err := po.store.Points(ctx, fleet.PointFilter{Database: d.ID, Place: place})
		if err != nil || len(ps) == 0 {
			return err
		}
		for _, p := range ps {
			if err := po.forgetPoint(ctx, p); err != nil {
				return err
			}
		}
	}
}

// ForgetPoint gives up a restore point.
func (po *Points) ForgetPoint(ctx context.Context, a auth.Actor, name, point string) error {
	return po.fleet.Do(ctx, a, name, fleet.OpForget, func(ctx context.Context, d fleet.Database) (fleet.Job, error) {
		p, err := po.Point(ctx, d, point)
		return fleet.Job{Job: operation.Job{About: audit.Entry{Target: p.ID}, End: func(ctx context.Context, e audit.Entry, _ error) error {
			return po.forgetPoint(ctx, p, e)
		}}}, err
	})
}

// checkPointPlace refuses a point of where the database lived before.
func checkPointPlace(d fleet.Database, p fleet.RestorePoint) error {
	if p.AtPlace(d) {
		return nil
	}
	return fault.New(fault.Conflict, "This restore point belongs to where %s lived before it was moved. Move it back to use it.", d.Name)
}

// TimeTravel is how far back D1 can go, on its paid plans; 7 days on the free one.
const TimeTravel = 30 * 24 * time.Hour

// PointAt returns the restore point of a moment: on D1 its bookmark, a call, which is no
// point of the database's list until it is used; on the embedded engine the newest point
// that is not younger. fault.NotFound where there is none, fault.Invalid for the future
// and for what is longer ago than D1 keeps. Nothing is changed.
func (po *Points) PointAt(ctx context.Context, a auth.Actor, name string, t time.Time) (fleet.RestorePoint, error) {
	if err := a.Reaches(); err != nil {
		return fleet.RestorePoint{}, err
	}
	d, err := po.store.Database(ctx, name)
	if err != nil {
		return fleet.RestorePoint{}, err
	}
	if err := po.fleet.CheckUsable(d); err != nil {
		return fleet.RestorePoint{}, err
	}
	return po.pointAt(ctx, d, t)
}

func (po *Points) pointAt(ctx context.Context, d fleet.Database, t time.Time) (fleet.RestorePoint, error) {
	when := t.UTC().Format("2006-01-02 15:04 UTC")
	now := po.now()
	switch {
	case t.After(now):
		return fleet.RestorePoint{}, fault.New(fault.Invalid, "%s is in the future. Choose an earlier moment.", when).At("at")
	case d.Provider == fleet.Embedded:
		return po.newestPointBefore(ctx, d, t)
	case now.Sub(t) > TimeTravel:
		return fleet.RestorePoint{}, fault.New(fault.Invalid, "%s is longer ago than D1 keeps: "+
			"30 days on paid plans, 7 on the free one. Choose a later moment.", when).At("at")
	}
	at, err := po.fleet.Places.Of(d).PointAt(ctx, d.ProviderID, t)
	if err != nil {
		return fleet.RestorePoint{}, err
	}
	p, err := po.newestPoint(ctx, fleet.PointFilter{Database: d.ID, Place: d.Provider, Mark: at.ID})
	if fault.Is(err, fault.NotFound) {
		p, err = fleet.RestorePoint{Database: d.ID, Place: d.Provider, Mark: at.ID, Kind: fleet.PointManual, CreatedAt: t.UTC()}, nil
	}
	return p, err
}

// newestPointBefore returns the newest restore point that isn't younger than t, but for those
// of a damaged database.
func (po *Points) newestPointBefore(ctx context.Context, d fleet.Database, t time.Time) (fleet.RestorePoint, error) {
	filter := fleet.PointFilter{Database: d.ID, Place: d.Provider, Until: t, Page: fleet.Page{Number: 1, Size: 100}}
	for {
		ps, err := po.store.Points(ctx, filter)
		if err != nil {
			return fleet.RestorePoint{}, err
		}
		for _, p := range ps {
			if !p.Damaged() {
				return p, nil
			}
		}
		if len(ps) < filter.Page.Size {
			return fleet.RestorePoint{}, fault.New(fault.NotFound,
				"No restore point of %s is as old as that. The embedded engine can go back only to points that were kept.", d.Name)
		}
		filter.Page.Number++
	}
}

// checkPoint returns nil for a point of the database that can be put back.
func (po *Points) checkPoint(ctx context.Context, d fleet.Database, p fleet.RestorePoint) error {
	if c, ok := po.fleet.Places.Of(d).(d1.Checker); ok {
		return c.CheckPoint(ctx, p.Mark)
	}
	return nil
}

// refuseDamaged says why a damaged database isn't kept. The point that was made of it is
// given up, and no other one.
func (po *Points) refuseDamaged(ctx context.Context, d fleet.Database, kept d1.Point) error {
	if err := po.fleet.Places.Of(d).Forget(ctx, kept.ID); err != nil {
		po.log.Warn("forget", "point", kept.ID, "error", err)
	}
	return fault.New(fault.Conflict, "No restore point was kept: %s The earlier ones are untouched.", kept.Damage)
}
