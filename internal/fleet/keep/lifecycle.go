package keep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Archive takes a ready database out of use: nobody reads or writes it through
// the dashboard until Unarchive. Nothing of it changes.
func (k *Keeper) Archive(ctx context.Context, a auth.Actor, name string) error {
	return k.fleet.Do(ctx, a, name, fleet.OpArchive, func(_ context.Context, d fleet.Database) (fleet.Job, error) {
		return k.storing(d, func(d *fleet.Database, e audit.Entry) { d.State, d.ArchivedAt = fleet.Archived, e.At }), nil
	})
}

// Unarchive puts an archived database back into use, or one whose deletion didn't end and
// that is there still.
func (k *Keeper) Unarchive(ctx context.Context, a auth.Actor, name string) error {
	return k.fleet.Do(ctx, a, name, fleet.OpUnarchive, func(_ context.Context, d fleet.Database) (fleet.Job, error) {
		deleting := d.State == fleet.Deleting
		j := k.storing(d, func(d *fleet.Database, e audit.Entry) {
			d.State, d.DeletedAt, d.PurgeAt = fleet.Ready, time.Time{}, time.Time{}
		})
		if !deleting {
			return j, nil
		}
		j.About.Detail = "its deletion was given up"
		j.Check = func(ctx context.Context) error { return k.checkThere(ctx, d) }
		store := j.End
		j.End = func(ctx context.Context, e audit.Entry, err error) error {
			if err := store(ctx, e, err); err != nil {
				return err
			}
			k.fleet.Settler.Settled(d, fleet.ClearsDelete)
			return nil
		}
		return j, nil
	})
}

// checkThere returns nil for a database that its place has, whatever became of its deletion.
func (k *Keeper) checkThere(ctx context.Context, d fleet.Database) error {
	conn, err := k.fleet.Places.Of(d).Visit(ctx, d.ProviderID)
	if err == nil {
		_, err = conn.Query(ctx, d1.Query("select 1"))
		err = errors.Join(err, conn.Close())
	}
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Conflict, "The database %s is gone from where it lived, so it can't be put back into use. "+
			"Press “Try again”: that ends its deletion with the last state that is kept.", d.Name)
	}
	return err
}

// storing is a job that changes a database's row alone.
func (k *Keeper) storing(d fleet.Database, change func(d *fleet.Database, e audit.Entry)) fleet.Job {
	from := d.State
	return fleet.Job{Job: operation.Job{End: func(ctx context.Context, e audit.Entry, _ error) error {
		d.UpdatedAt = e.At
		change(&d, e)
		return k.store.UpdateDatabase(ctx, d, from, e)
	}}}
}

// Delete removes a ready or archived database. It is out of use first; then its last state is
// kept and it leaves the provider. What fails leaves it Deleting: Run tries that again, and so
// does another Delete, at once; Unarchive gives it up.
func (k *Keeper) Delete(ctx context.Context, a auth.Actor, name string) error {
	return k.fleet.Do(ctx, a, name, fleet.OpDelete, func(ctx context.Context, d fleet.Database) (fleet.Job, error) {
		if d.State != fleet.Deleting {
			if err := k.checkDeletable(ctx, a, &d); err != nil {
				return fleet.Job{}, err
			}
		}
		from, x := d.State, &deletion{keeper: k, database: d}
		j := x.job()
		j.Check = func(ctx context.Context) error { return k.checkRemovable(ctx, d) }
		j.Begin = func(ctx context.Context, intent audit.Entry) error {
			if from == fleet.Deleting {
				return k.store.Record(ctx, intent)
			}
			x.database.State, x.database.DeletedAt, x.database.UpdatedAt = fleet.Deleting, intent.At, intent.At
			x.database.PurgeAt = intent.At.Add(fleet.KeptFor)
			defer failpoint.Hit("delete:marked")
			return k.store.UpdateDatabase(ctx, x.database, from, intent)
		}
		j.End = func(ctx context.Context, e audit.Entry, err error) error {
			if err == nil {
				if err = x.end(ctx, e, nil); err == nil {
					k.fleet.Settler.Settled(d, fleet.ClearsDelete)
				} else { // done, and not recorded: Run records it
					k.reopenDelete(x.database)
				}
				return err
			}
			e.Detail += " It is out of use; that is tried again."
			k.reopenDelete(x.database)
			return errors.Join(err, k.store.Record(ctx, e))
		}
		return fleet.Job{Job: j}, nil
	})
}

// checkDeletable refuses a database that something else is still kept of, or whose last state
// can't be kept.
func (k *Keeper) checkDeletable(ctx context.Context, a auth.Actor, d *fleet.Database) error {
	if d.MoveOrigin.ID != "" {
		return fault.New(fault.Conflict, "The database %s was moved, and the old one is still kept. Let that go first.", d.Name)
	}
	if err := k.Moves.clearMove(ctx, a, d); err != nil {
		return err
	}
	return k.checkKept(ctx, *d)
}

// deletion is the removal of a database that is out of use: its last state is kept, and it
// leaves its place. It can be done again.
type deletion struct {
	keeper   *Keeper
	database fleet.Database
	kept     d1.Point
	missing  bool // neither it nor a copy of it is there
}

// job is the removal, with nothing recorded of what fails.
func (x *deletion) job() operation.Job {
	return operation.Job{About: fleet.About(x.database), Work: x.work, End: x.end}
}

func (x *deletion) work(ctx context.Context, out *audit.Entry) (err error) {
	f, d := x.keeper, x.database
	x.kept, err = f.fleet.Places.Of(d).Retire(ctx, d.ProviderID)
	if fault.Is(err, fault.NotFound) { // it left already, and only that isn't recorded
		if x.kept, err = f.lastPoint(ctx, d); fault.Is(err, fault.NotFound) {
			x.missing = true // nothing can be brought back, so nothing is waited for
			out.Detail = "its file was gone already and no copy of it is there, so nothing is kept"
			return f.Points.forgetPoints(ctx, d, "")
		}
	}
	if err != nil {
		return err
	}
	failpoint.Hit("delete:retired")
	out.Detail = fmt.Sprintf("its last state, %d bytes, is kept until %s", x.kept.Size, d.PurgeAt.Format("2006-01-02 15:04 UTC"))
	if x.kept.Damage != "" {
		out.Detail += ", as it is: " + x.kept.Damage
	}
	return nil
}

func (x *deletion) end(ctx context.Context, e audit.Entry, err error) error {
	d := x.database
	switch {
	case err != nil:
		return err
	case x.missing:
		return x.keeper.store.Purge(ctx, d, e)
	}
	d.State, d.FinalPoint, d.Size = fleet.Deleted, x.kept.ID, x.kept.Size
	d.ProviderID, d.UpdatedAt = "", e.At
	return x.keeper.store.UpdateDatabase(ctx, d, fleet.Deleting, e)
}

// checkRemovable refuses to remove another database's file, before that is announced. What
// can't be read can be removed.
func (k *Keeper) checkRemovable(ctx context.Context, d fleet.Database) error {
	if d.Provider != fleet.Embedded {
		return nil
	}
	conn, err := k.fleet.Places.Of(d).Visit(ctx, d.ProviderID)
	if err != nil {
		return nil //nolint:nilerr // where it lives says that better
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Query(ctx, d1.Query("select 1")); fault.Is(err, fault.Conflict) {
		return err
	}
	return nil
}

func (k *Keeper) lastPoint(ctx context.Context, d fleet.Database) (d1.Point, error) {
	ps, err := k.fleet.Places.Of(d).Points(ctx, d.ProviderID)
	if err == nil && len(ps) == 0 {
		err = fault.New(fault.NotFound, "The database is gone from its provider, and no copy of it is there.")
	}
	if err != nil {
		return d1.Point{}, err
	}
	if i := slices.IndexFunc(ps, func(p d1.Point) bool { return p.Damage == "" }); i > 0 {
		return ps[i], nil
	}
	return ps[0], nil
}

// Revive brings the last state of a deleted database back, under its name. It
// can be done again when it was interrupted.
func (k *Keeper) Revive(ctx context.Context, a auth.Actor, name string) error {
	return k.fleet.Do(ctx, a, name, fleet.OpRevive, func(_ context.Context, d fleet.Database) (fleet.Job, error) {
		point := d.FinalPoint
		return fleet.Job{Job: operation.Job{
			Work: func(ctx context.Context, _ *audit.Entry) error { return k.revive(ctx, &d) },
			End: func(ctx context.Context, e audit.Entry, err error) error {
				if err != nil {
					return errors.Join(err, k.store.Record(ctx, e))
				}
				d.State, d.FinalPoint, d.UpdatedAt = fleet.Ready, "", e.At
				if err := k.store.UpdateDatabase(ctx, d, fleet.Deleted, e); err != nil {
					return err
				}
				if err := k.forgetFinal(ctx, d, point); err != nil { // the database itself holds it now
					k.log.Warn("forget", "point", point, "error", err)
				}
				return nil
			},
		}}, nil
	})
}

// forgetFinal gives up the last state of a database, unless that is a restore point of it too.
func (k *Keeper) forgetFinal(ctx context.Context, d fleet.Database, mark string) error {
	same, err := k.store.Points(ctx, fleet.PointFilter{Database: d.ID, Place: d.Provider, Mark: mark, Page: fleet.Page{Number: 1, Size: 1}})
	if err != nil || len(same) > 0 {
		return err
	}
	return k.fleet.Places.Of(d).Forget(ctx, mark)
}

// revive records the id of the database it makes before it puts rows into it, so
// that a purge, and nobody else, finds what an interrupted attempt left.
func (k *Keeper) revive(ctx context.Context, d *fleet.Database) error {
	if d.ProviderID != "" { // of an attempt that didn't end, and which may hold rows by now
		if err := k.fleet.Places.RemoveCreated(ctx, *d, d.DeletedAt); err != nil {
			return err
		}
	}
	info, err := k.fleet.Places.CreateOnce(ctx, *d, d.DeletedAt)
	if err != nil {
		return err
	}
	failpoint.Hit("revive:created")
	d.ProviderID, d.UpdatedAt = info.ID, k.now()
	if err := k.store.UpdateDatabase(ctx, *d, fleet.Deleted); err != nil {
		return err
	}
	if err := k.fleet.Places.Of(*d).Restore(ctx, info.ID, d.FinalPoint); err != nil { // a full disk must not stay full
		if left := k.fleet.Places.RemoveCreated(ctx, *d, d.DeletedAt); left != nil {
			return leftBehind(err, fault.Wrap(left, fault.KindOf(left),
				"What was made of it could not be removed: %s Bringing it back again removes that first.", fault.Message(left)))
		}
		return err
	}
	failpoint.Hit("revive:restored")
	return nil
}

// PurgeExpired forgets the databases whose last state was kept long enough.
func (k *Keeper) PurgeExpired(ctx context.Context) error {
	expired, err := k.store.ExpiredDatabases(ctx, k.now())
	if err != nil {
		return err
	}
	a := auth.SystemActor("purge")
	var failed []error // one that can't be purged must not keep the others
	for _, d := range expired {
		if !k.fleet.Holds.Claim(d.ID) {
			continue
		}
		if now, err := k.store.Database(ctx, d.Name); err == nil && now.ID == d.ID &&
			now.State == fleet.Deleted { // it may have come back meanwhile
			failed = append(failed, k.purge(ctx, a, now))
		}
		k.fleet.Holds.Release(d.ID)
	}
	return errors.Join(failed...)
}

// purge gives up what is kept, and what a revival that didn't end made of it,
// before it forgets where that is.
func (k *Keeper) purge(ctx context.Context, a auth.Actor, d fleet.Database) error {
	if err := k.fleet.Places.RemoveCreated(ctx, d, d.DeletedAt); err != nil {
		return err
	}
	if err := k.Points.forgetPoints(ctx, d, ""); err != nil {
		return err
	}
	if err := k.fleet.Places.Of(d).Forget(ctx, d.FinalPoint); err != nil {
		return err
	}
	j := operation.Job{About: fleet.About(d), End: func(ctx context.Context, e audit.Entry, _ error) error { return k.store.Purge(ctx, d, e) }}
	j.About.Detail = "deleted at " + d.DeletedAt.Format("2006-01-02 15:04 UTC")
	return k.fleet.Door.Do(ctx, a, fleet.OpPurge.Kind, j)
}

// DeleteOrg removes an organization, and its databases with it if that is
// wanted: each by Delete, so that their last states are kept. One that has
// databases otherwise is fault.Conflict. When a database can't be deleted, the
// organization and the databases after it stay.
func (k *Keeper) DeleteOrg(ctx context.Context, a auth.Actor, slug string, withDatabases bool) error {
	o, err := k.fleet.Orgs.For(ctx, a, fleet.OpDeleteOrg, slug)
	if err != nil {
		return err
	}
	names, err := k.databaseNames(ctx, o)
	if err != nil {
		return err
	}
	if len(names) > 0 && !withDatabases {
		return fault.New(fault.Conflict, "%s still has %s. Delete it together with them, or them first.", o.Name, databasesWords(len(names)))
	}
	for i, name := range names {
		if err := k.Delete(ctx, a, name); err != nil {
			return stoppedHalfWay(o, names, i, err)
		}
	}
	about := audit.Entry{Org: o.Slug, Target: o.Name, Detail: "with " + databasesWords(len(names))}
	return k.fleet.Door.Do(ctx, a, fleet.OpDeleteOrg.Kind,
		operation.Job{About: about, End: func(ctx context.Context, e audit.Entry, _ error) error {
			o.DeletedAt = e.At
			return k.store.DeleteOrg(ctx, o, e)
		}})
}

// stoppedHalfWay says of the deletion of an organization that ended at its i-th database what
// is gone and what is not.
func stoppedHalfWay(o fleet.Org, names []string, i int, err error) error {
	return fault.Wrap(err, fault.KindOf(err),
		"%s was not deleted: that ended at its database %s. %s Deleted before it: %s. Untouched: %s.",
		o.Name, names[i], fault.Message(err), someNames(names[:i]), someNames(names[i+1:])).At(fault.FieldOf(err))
}

// someNames are the first of many names, and how many more there are.
func someNames(names []string) string {
	const most = 20
	switch more := len(names) - most; {
	case len(names) == 0:
		return "none"
	case more > 0:
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

func databasesWords(databases int) string {
	if databases == 1 {
		return "1 database"
	}
	return fmt.Sprintf("%d databases", databases)
}

// databaseNames returns the names of an organization's databases that aren't deleted. One
// that is no whole database yet is fault.Conflict.
func (k *Keeper) databaseNames(ctx context.Context, o fleet.Org) ([]string, error) {
	var names []string
	for _, status := range []fleet.Status{"", fleet.Status(fleet.Archived)} {
		for page := 1; ; page++ {
			ds, n, err := k.store.Databases(ctx, fleet.Filter{Org: o.Slug, Status: status, Page: fleet.Page{Number: page, Size: 200}})
			if err != nil {
				return nil, err
			}
			for _, d := range ds {
				if d.State != fleet.Ready && d.State != fleet.Archived {
					return nil, fault.New(fault.Conflict, "The database %s of %s is %s. Resume or undo its provision first.", d.Name, o.Name, d.State)
				}
				names = append(names, d.Name)
			}
			if page*200 >= n {
				break
			}
		}
	}
	return names, nil
}

// checkKept refuses to delete a database on D1 whose last state can't be kept. It is said
// before the database is out of use: afterwards nothing could be dropped any more.
func (k *Keeper) checkKept(ctx context.Context, d fleet.Database) error {
	if d.Provider != fleet.D1 {
		return nil
	}
	against, err := k.Moves.against(ctx, d)
	switch {
	case fault.Is(err, fault.NotFound): // it is gone: the deletion says so
		return nil
	case err == nil && len(against) > 0:
		err = fault.New(fault.Invalid,
			"The last state of %s can't be kept, so it was not deleted.\n%s\nDrop that first, then delete the database.",
			d.Name, strings.Join(against, "\n"))
	}
	return err
}

// purgeEvery is how often the background looks for copies that were kept long enough.
const purgeEvery = 10 * time.Minute

// PurgeWhile has the fleet ask, before it gives up anything because of its age, whether the
// clock can be trusted; unasked it can. It must be called before Run.
func (k *Keeper) PurgeWhile(steady func() bool) { k.steady, k.Copies.steady = steady, steady }

// PurgeRound is one round of Run: it purges, if the clock can be trusted and the last time is long enough ago, and
// returns the last time. The clock is asked in each round: a watch sees what it is there to see.
func (k *Keeper) PurgeRound(ctx context.Context, last time.Time) time.Time {
	steady, now := k.steady(), k.now()
	if !steady || now.Sub(last).Abs() < purgeEvery { // the last time may be one to come
		return last
	}
	if err := k.PurgeExpired(ctx); err != nil && ctx.Err() == nil {
		k.log.Error("purge", "error", err)
	}
	return now
}
