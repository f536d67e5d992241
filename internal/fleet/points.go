package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Points returns a page of a database's restore points, the newest first.
func (f *Fleet) Points(ctx context.Context, d Database, p Page) ([]RestorePoint, error) {
	return f.store.Points(ctx, PointFilter{Database: d.ID, Page: p})
}

// CountPoints returns how many restore points a database has, and their bytes together.
func (f *Fleet) CountPoints(ctx context.Context, d Database) (n int, size int64, err error) {
	return f.store.CountPoints(ctx, d.ID)
}

// Point returns one of a database's restore points, or fault.NotFound.
func (f *Fleet) Point(ctx context.Context, d Database, point string) (RestorePoint, error) {
	p, err := f.store.Point(ctx, d.ID, point)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "This restore point of %s is gone.", d.Name)
	}
	return p, err
}

// newestPoint returns the newest of the points, or fault.NotFound.
func (f *Fleet) newestPoint(ctx context.Context, filter PointFilter) (RestorePoint, error) {
	filter.Page = Page{Number: 1, Size: 1}
	ps, err := f.store.Points(ctx, filter)
	if err == nil && len(ps) == 0 {
		err = fault.New(fault.NotFound, "There is no such restore point.")
	}
	if err != nil {
		return RestorePoint{}, err
	}
	return ps[0], nil
}

// KeepPoint keeps the database as it is now, until the point is let go.
func (f *Fleet) KeepPoint(ctx context.Context, a auth.Actor, name string) (RestorePoint, error) {
	var p RestorePoint
	err := f.Do(ctx, a, name, OpKeep, func(_ context.Context, d Database) (Job, error) {
		return Job{Job: operation.Job{End: func(ctx context.Context, e audit.Entry, _ error) (err error) {
			p, err = f.keepPoint(ctx, d, RestorePoint{Kind: PointManual, CreatedBy: a.Email}, e)
			return err
		}}}, nil
	})
	return p, err
}

// keepPoint makes a restore point of the given kind and author, and gives up the oldest
// ones nobody asked for; not before a restore, which may be to one of them. Of a damaged
// database only what a restore would lose is kept, and any other point is fault.Conflict.
func (f *Fleet) keepPoint(ctx context.Context, d Database, p RestorePoint, es ...audit.Entry) (RestorePoint, error) {
	at := f.now() // what is written while it is copied isn't in it
	kept, err := f.provider(d).Keep(ctx, d.ProviderID)
	if err != nil {
		return RestorePoint{}, err
	}
	if kept.Damage != "" && p.Kind != PointRestore {
		return RestorePoint{}, f.refuseDamaged(ctx, d, kept)
	}
	p.ID, p.CreatedAt, p.Database = id.At[string](at), at, d.ID
	p.Place, p.Mark, p.Size = d.Provider, kept.ID, kept.Size
	for i := range es {
		es[i].Target = p.ID
	}
	if err := f.store.CreatePoint(ctx, p, es...); err != nil {
		return p, errors.Join(err, f.provider(d).Forget(ctx, kept.ID))
	}
	if p.Kind != PointRestore {
		f.prunePoints(ctx, d, "")
	}
	return p, nil
}

// prunePoints gives up the restore points beyond KeptPoints that nobody asked for, but
// never the one that is used now. Those of a damaged database are counted apart, so that no
// sound one goes for them. What can't be given up now is the next time.
func (f *Fleet) prunePoints(ctx context.Context, d Database, used string) {
	if err := f.forgetSurplus(ctx, d, used); err != nil {
		f.log.Warn("restore points", "database", d.Name, "error", err)
	}
}

func (f *Fleet) forgetSurplus(ctx context.Context, d Database, used string) error {
	// The newest first; thinned after each, there are seldom more than both kinds' newest.
	ps, err := f.store.Points(ctx, PointFilter{Database: d.ID, Unasked: true, Page: Page{Number: 1, Size: 4 * KeptPoints}})
	if err != nil {
		return err
	}
	kept := map[bool]int{}
	for _, p := range ps {
		if kept[p.Damaged()]++; kept[p.Damaged()] <= KeptPoints || p.ID == used {
			continue
		}
		if err := f.forgetPoint(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// forgetPoint gives up one restore point, and what it stands for where no other point
// stands for the same.
func (f *Fleet) forgetPoint(ctx context.Context, p RestorePoint, es ...audit.Entry) error {
	same, err := f.store.Points(ctx, PointFilter{Database: p.Database, Place: p.Place, Mark: p.Mark, Page: Page{Number: 1, Size: 2}})
	if err != nil {
		return err
	}
	if len(same) < 2 {
		if err := f.provider(Database{Provider: p.Place}).Forget(ctx, p.Mark); err != nil {
			return err
		}
	}
	return f.store.DeletePoint(ctx, p, es...)
}

// forgetPoints gives up all restore points of a database, or those of one place.
func (f *Fleet) forgetPoints(ctx context.Context, d Database, place string) error {
	for {
		ps, err := f.store.Points(ctx, PointFilter{Database: d.ID, Place: place})
		if err != nil || len(ps) == 0 {
			return err
		}
		for _, p := range ps {
			if err := f.forgetPoint(ctx, p); err != nil {
				return err
			}
		}
	}
}

// ForgetPoint gives up a restore point.
func (f *Fleet) ForgetPoint(ctx context.Context, a auth.Actor, name, point string) error {
	return f.Do(ctx, a, name, OpForget, func(ctx context.Context, d Database) (Job, error) {
		p, err := f.Point(ctx, d, point)
		return Job{Job: operation.Job{About: audit.Entry{Target: p.ID}, End: func(ctx context.Context, e audit.Entry, _ error) error {
			return f.forgetPoint(ctx, p, e)
		}}}, err
	})
}

// AtPlace reports whether the point is one of where the database lives now: a
// database that was moved has points of two places.
func (p RestorePoint) AtPlace(d Database) bool { return p.Place == d.Provider }

// checkPointPlace refuses a point of where the database lived before.
func checkPointPlace(d Database, p RestorePoint) error {
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
func (f *Fleet) PointAt(ctx context.Context, a auth.Actor, name string, t time.Time) (RestorePoint, error) {
	if err := a.Reaches(); err != nil {
		return RestorePoint{}, err
	}
	d, err := f.store.Database(ctx, name)
	if err != nil {
		return RestorePoint{}, err
	}
	if err := f.checkUsable(d); err != nil {
		return RestorePoint{}, err
	}
	return f.pointAt(ctx, d, t)
}

func (f *Fleet) pointAt(ctx context.Context, d Database, t time.Time) (RestorePoint, error) {
	when := t.UTC().Format("2006-01-02 15:04 UTC")
	now := f.now()
	switch {
	case t.After(now):
		return RestorePoint{}, fault.New(fault.Invalid, "%s is in the future. Choose an earlier moment.", when).At("at")
	case d.Provider == Embedded:
		return f.newestPointBefore(ctx, d, t)
	case now.Sub(t) > TimeTravel:
		return RestorePoint{}, fault.New(fault.Invalid, "%s is longer ago than D1 keeps: "+
			"30 days on paid plans, 7 on the free one. Choose a later moment.", when).At("at")
	}
	at, err := f.provider(d).PointAt(ctx, d.ProviderID, t)
	if err != nil {
		return RestorePoint{}, err
	}
	p, err := f.newestPoint(ctx, PointFilter{Database: d.ID, Place: d.Provider, Mark: at.ID})
	if fault.Is(err, fault.NotFound) {
		p, err = RestorePoint{Database: d.ID, Place: d.Provider, Mark: at.ID, Kind: PointManual, CreatedAt: t.UTC()}, nil
	}
	return p, err
}

// newestPointBefore returns the newest restore point that isn't younger than t, but for those
// of a damaged database.
func (f *Fleet) newestPointBefore(ctx context.Context, d Database, t time.Time) (RestorePoint, error) {
	filter := PointFilter{Database: d.ID, Place: d.Provider, Until: t, Page: Page{Number: 1, Size: 100}}
	for {
		ps, err := f.store.Points(ctx, filter)
		if err != nil {
			return RestorePoint{}, err
		}
		for _, p := range ps {
			if !p.Damaged() {
				return p, nil
			}
		}
		if len(ps) < filter.Page.Size {
			return RestorePoint{}, fault.New(fault.NotFound,
				"No restore point of %s is as old as that. The embedded engine can go back only to points that were kept.", d.Name)
		}
		filter.Page.Number++
	}
}

// RestoreTo puts a database back to one of its points. The state it leaves is
// kept as a point first, so that this can be undone; that point is returned.
func (f *Fleet) RestoreTo(ctx context.Context, a auth.Actor, name, point string) (RestorePoint, error) {
	return f.restoreDatabase(ctx, a, name, func(ctx context.Context, d Database) (RestorePoint, error) {
		p, err := f.Point(ctx, d, point)
		if err == nil {
			err = checkPointPlace(d, p)
		}
		return p, err
	})
}

// RestoreAt puts a database back to a moment, see PointAt. On D1 its bookmark becomes a
// point of the database.
func (f *Fleet) RestoreAt(ctx context.Context, a auth.Actor, name string, t time.Time) (RestorePoint, error) {
	return f.restoreDatabase(ctx, a, name, func(ctx context.Context, d Database) (RestorePoint, error) {
		p, err := f.pointAt(ctx, d, t)
		if err != nil || p.ID != "" { // one that is there already
			return p, err
		}
		j := operation.Job{About: about(d), End: func(ctx context.Context, e audit.Entry, _ error) error {
			p.CreatedBy, e.Target = a.Email, p.ID
			return f.store.CreatePoint(ctx, p, e)
		}}
		p.ID = id.At[string](f.now())
		j.About.Detail = "the bookmark of " + t.UTC().Format("2006-01-02 15:04:05 UTC")
		err = f.door.Do(ctx, a, OpKeep.Kind, j)
		return p, err
	})
}

func (f *Fleet) restoreDatabase(ctx context.Context, a auth.Actor, name string,
	to func(context.Context, Database) (RestorePoint, error)) (before RestorePoint, err error) {
	err = f.Do(ctx, a, name, OpRestore, func(ctx context.Context, d Database) (Job, error) {
		p, err := to(ctx, d)
		if err != nil {
			return Job{}, err
		}
		kept := ""
		return Job{Point: p.CreatedAt, Job: operation.Job{
			About: audit.Entry{Target: p.ID},
			Check: func(ctx context.Context) (err error) {
				if err := f.checkPoint(ctx, d, p); err != nil {
					return err
				}
				before, err = f.keepPoint(ctx, d, RestorePoint{Kind: PointRestore, CreatedBy: a.Email})
				kept = "the state before is kept as " + before.ID
				if d.Provider == Embedded && fault.Is(err, fault.NotFound) { // the file is gone, or empty
					d, err = f.remakeMissing(ctx, d)
					kept = "there was no state before"
				}
				return err
			},
			Work: func(ctx context.Context, out *audit.Entry) error {
				failpoint.Hit("restore:intent")
				out.Detail = kept
				if err := f.provider(d).Restore(ctx, d.ProviderID, p.Mark); err != nil {
					return err
				}
				failpoint.Hit("restore:done")
				f.prunePoints(ctx, d, p.ID)
				return nil
			},
		}}, nil
	})
	return before, err
}

// Download returns a database, or one of its restore points, as an SQLite file.
// The caller must Close it. An archived database can be downloaded too, and of a
// deleted one its last state.
func (f *Fleet) Download(ctx context.Context, a auth.Actor, name, point string) (d1.File, error) {
	if err := a.May(OpDownload.Needs); err != nil {
		return nil, err
	}
	d, err := f.store.Database(ctx, name)
	if err != nil {
		return nil, err
	}
	switch {
	case d.State == Deleted && point == "":
		point = d.FinalPoint
	case d.State != Ready && d.State != Archived:
		return nil, fault.New(fault.Conflict, "The database %s is %s; there is nothing to download.", d.Name, d.State)
	case point != "":
		p, err := f.Point(ctx, d, point)
		if err == nil {
			err = checkPointPlace(d, p)
		}
		if err != nil {
			return nil, err
		}
		point = p.Mark
	}
	file := d1.File(nil)
	if point == "" {
		file = f.takeExport(d.ID)
	}
	if file == nil {
		if file, err = f.provider(d).Copy(ctx, d.ProviderID, point); err != nil {
			return nil, err
		}
	}
	j := operation.Job{About: about(d), End: func(ctx context.Context, e audit.Entry, _ error) error { return f.store.Record(ctx, e) }}
	j.About.Target = point
	if err := f.door.Do(ctx, a, OpDownload.Kind, j); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
