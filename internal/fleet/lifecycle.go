package fleet

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
	"github.com/kuratchi/dashboard/internal/operation"
)

// Archive takes a ready database out of use: nobody reads or writes it through
// the dashboard until Unarchive. Nothing of it changes.
func (f *Fleet) Archive(ctx context.Context, a auth.Actor, name string) error {
	return f.Do(ctx, a, name, OpArchive, func(_ context.Context, d Database) (Job, error) {
		return f.storing(d, func(d *Database, e audit.Entry) { d.State, d.ArchivedAt = Archived, e.At }), nil
	})
}

// Unarchive puts an archived database back into use, or one whose deletion didn't end and
// that is there still.
func (f *Fleet) Unarchive(ctx context.Context, a auth.Actor, name string) error {
	return f.Do(ctx, a, name, OpUnarchive, func(_ context.Context, d Database) (Job, error) {
		deleting := d.State == Deleting
		j := f.storing(d, func(d *Database, e audit.Entry) {
			d.State, d.DeletedAt, d.PurgeAt = Ready, time.Time{}, time.Time{}
		})
		if !deleting {
			return j, nil
		}
		j.About.Detail = "its deletion was given up"
		j.Check = func(ctx context.Context) error { return f.checkThere(ctx, d) }
		store := j.End
		j.End = func(ctx context.Context, e audit.Entry, err error) error {
			if err := store(ctx, e, err); err != nil {
				return err
			}
			f.settled(d, clearsDelete)
			return nil
		}
		return j, nil
	})
}

// checkThere returns nil for a database that its place has, whatever became of its deletion.
func (f *Fleet) checkThere(ctx context.Context, d Database) error {
	conn, err := f.provider(d).Visit(ctx, d.ProviderID)
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
func (f *Fleet) storing(d Database, change func(d *Database, e audit.Entry)) Job {
	from := d.State
	return Job{Job: operation.Job{End: func(ctx context.Context, e audit.Entry, _ error) error {
		d.UpdatedAt = e.At
		change(&d, e)
		return f.store.UpdateDatabase(ctx, d, from, e)
	}}}
}

// Delete removes a ready or archived database. It is out of use first; then its last state is
// kept and it leaves the provider. What fails leaves it Deleting: Run tries that again, and so
// does another Delete, at once; Unarchive gives it up.
func (f *Fleet) Delete(ctx context.Context, a auth.Actor, name string) error {
	return f.Do(ctx, a, name, OpDelete, func(ctx context.Context, d Database) (Job, error) {
		if d.State != Deleting {
			if err := f.checkDeletable(ctx, a, &d); err != nil {
				return Job{}, err
			}
		}
		from, x := d.State, &deletion{fleet: f, database: d}
		j := x.job()
		j.Check = func(ctx context.Context) error { return f.checkRemovable(ctx, d) }
		j.Begin = func(ctx context.Context, intent audit.Entry) error {
			if from == Deleting {
				return f.store.Record(ctx, intent)
			}
			x.database.State, x.database.DeletedAt, x.database.UpdatedAt = Deleting, intent.At, intent.At
			x.database.PurgeAt = intent.At.Add(KeptFor)
			defer failpoint.Hit("delete:marked")
			return f.store.UpdateDatabase(ctx, x.database, from, intent)
		}
		j.End = func(ctx context.Context, e audit.Entry, err error) error {
			if err == nil {
				if err = x.end(ctx, e, nil); err == nil {
					f.settled(d, clearsDelete)
				} else { // done, and not recorded: Run records it
					f.reopenDelete(x.database)
				}
				return err
			}
			e.Detail += " It is out of use; that is tried again."
			f.reopenDelete(x.database)
			return errors.Join(err, f.store.Record(ctx, e))
		}
		return Job{Job: j}, nil
	})
}

// checkDeletable refuses a database that something else is still kept of, or whose last state
// can't be kept.
func (f *Fleet) checkDeletable(ctx context.Context, a auth.Actor, d *Database) error {
	if d.MoveOrigin.ID != "" {
		return fault.New(fault.Conflict, "The database %s was moved, and the old one is still kept. Let that go first.", d.Name)
	}
	if err := f.clearMove(ctx, a, d); err != nil {
		return err
	}
	return f.checkKept(ctx, *d)
}

// deletion is the removal of a database that is out of use: its last state is kept, and it
// leaves its place. It can be done again.
type deletion struct {
	fleet    *Fleet
	database Database
	kept     d1.Point
	missing  bool // neither it nor a copy of it is there
}

// job is the removal, with nothing recorded of what fails.
func (x *deletion) job() operation.Job {
	return operation.Job{About: about(x.database), Work: x.work, End: x.end}
}

func (x *deletion) work(ctx context.Context, out *audit.Entry) (err error) {
	f, d := x.fleet, x.database
	x.kept, err = f.provider(d).Retire(ctx, d.ProviderID)
	if fault.Is(err, fault.NotFound) { // it left already, and only that isn't recorded
		if x.kept, err = f.lastPoint(ctx, d); fault.Is(err, fault.NotFound) {
			x.missing = true // nothing can be brought back, so nothing is waited for
			out.Detail = "its file was gone already and no copy of it is there, so nothing is kept"
			return f.forgetPoints(ctx, d, "")
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
		return x.fleet.store.Purge(ctx, d, e)
	}
	d.State, d.FinalPoint, d.Size = Deleted, x.kept.ID, x.kept.Size
	d.ProviderID, d.UpdatedAt = "", e.At
	return x.fleet.store.UpdateDatabase(ctx, d, Deleting, e)
}

// checkRemovable refuses to remove another database's file, before that is announced. What
// can't be read can be removed.
func (f *Fleet) checkRemovable(ctx context.Context, d Database) error {
	if d.Provider != Embedded {
		return nil
	}
	conn, err := f.provider(d).Visit(ctx, d.ProviderID)
	if err != nil {
		return nil //nolint:nilerr // where it lives says that better
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Query(ctx, d1.Query("select 1")); fault.Is(err, fault.Conflict) {
		return err
	}
	return nil
}

func (f *Fleet) lastPoint(ctx context.Context, d Database) (d1.Point, error) {
	ps, err := f.provider(d).Points(ctx, d.ProviderID)
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
func (f *Fleet) Revive(ctx context.Context, a auth.Actor, name string) error {
	return f.Do(ctx, a, name, OpRevive, func(_ context.Context, d Database) (Job, error) {
		point := d.FinalPoint
		return Job{Job: operation.Job{
			Work: func(ctx context.Context, _ *audit.Entry) error { return f.revive(ctx, &d) },
			End: func(ctx context.Context, e audit.Entry, err error) error {
				if err != nil {
					return errors.Join(err, f.store.Record(ctx, e))
				}
				d.State, d.FinalPoint, d.UpdatedAt = Ready, "", e.At
				if err := f.store.UpdateDatabase(ctx, d, Deleted, e); err != nil {
					return err
				}
				if err := f.forgetFinal(ctx, d, point); err != nil { // the database itself holds it now
					f.log.Warn("forget", "point", point, "error", err)
				}
				return nil
			},
		}}, nil
	})
}

// forgetFinal gives up the last state of a database, unless that is a restore point of it too.
func (f *Fleet) forgetFinal(ctx context.Context, d Database, mark string) error {
	same, err := f.store.Points(ctx, PointFilter{Database: d.ID, Place: d.Provider, Mark: mark, Page: Page{Number: 1, Size: 1}})
	if err != nil || len(same) > 0 {
		return err
	}
	return f.provider(d).Forget(ctx, mark)
}

// revive records the id of the database it makes before it puts rows into it, so
// that a purge, and nobody else, finds what an interrupted attempt left.
func (f *Fleet) revive(ctx context.Context, d *Database) error {
	if d.ProviderID != "" { // of an attempt that didn't end, and which may hold rows by now
		if err := f.removeCreated(ctx, *d, d.DeletedAt); err != nil {
			return err
		}
	}
	info, err := f.createOnce(ctx, *d, d.DeletedAt)
	if err != nil {
		return err
	}
	failpoint.Hit("revive:created")
	d.ProviderID, d.UpdatedAt = info.ID, f.now()
	if err := f.store.UpdateDatabase(ctx, *d, Deleted); err != nil {
		return err
	}
	if err := f.provider(*d).Restore(ctx, info.ID, d.FinalPoint); err != nil { // a full disk must not stay full
		if left := f.removeCreated(ctx, *d, d.DeletedAt); left != nil {
			return leftBehind(err, fault.Wrap(left, fault.KindOf(left),
				"What was made of it could not be removed: %s Bringing it back again removes that first.", fault.Message(left)))
		}
		return err
	}
	failpoint.Hit("revive:restored")
	return nil
}

// PurgeExpired forgets the databases whose last state was kept long enough.
func (f *Fleet) PurgeExpired(ctx context.Context) error {
	expired, err := f.store.ExpiredDatabases(ctx, f.now())
	if err != nil {
		return err
	}
	a := auth.SystemActor("purge")
	var failed []error // one that can't be purged must not keep the others
	for _, d := range expired {
		if !f.claim(d.ID) {
			continue
		}
		if now, err := f.store.Database(ctx, d.Name); err == nil && now.ID == d.ID && now.State == Deleted { // it may have come back meanwhile
			failed = append(failed, f.purge(ctx, a, now))
		}
		f.release(d.ID)
	}
	return errors.Join(failed...)
}

// purge gives up what is kept, and what a revival that didn't end made of it,
// before it forgets where that is.
func (f *Fleet) purge(ctx context.Context, a auth.Actor, d Database) error {
	if err := f.removeCreated(ctx, d, d.DeletedAt); err != nil {
		return err
	}
	if err := f.forgetPoints(ctx, d, ""); err != nil {
		return err
	}
	if err := f.provider(d).Forget(ctx, d.FinalPoint); err != nil {
		return err
	}
	j := operation.Job{About: about(d), End: func(ctx context.Context, e audit.Entry, _ error) error { return f.store.Purge(ctx, d, e) }}
	j.About.Detail = "deleted at " + d.DeletedAt.Format("2006-01-02 15:04 UTC")
	return f.door.Do(ctx, a, OpPurge.Kind, j)
}

// RenameOrg gives an organization another name; its short name stays.
func (f *Fleet) RenameOrg(ctx context.Context, a auth.Actor, slug, name string) (Org, error) {
	o, err := f.orgFor(ctx, a, OpRenameOrg, slug)
	if err != nil {
		return o, err
	}
	was := o.Name
	if o.Name, err = orgName(name); err != nil {
		return o, err
	}
	if o.Name == was {
		return o, fault.New(fault.Invalid, "That is its name already.").At("org_name")
	}
	return o, f.door.Do(ctx, a, OpRenameOrg.Kind, operation.Job{About: audit.Entry{Org: o.Slug, Target: o.Name, Detail: "was " + was},
		End: func(ctx context.Context, e audit.Entry, _ error) error { return f.store.RenameOrg(ctx, o, e) }})
}

// DeleteOrg removes an organization, and its databases with it if that is
// wanted: each by Delete, so that their last states are kept. One that has
// databases otherwise is fault.Conflict. When a database can't be deleted, the
// organization and the databases after it stay.
func (f *Fleet) DeleteOrg(ctx context.Context, a auth.Actor, slug string, withDatabases bool) error {
	o, err := f.orgFor(ctx, a, OpDeleteOrg, slug)
	if err != nil {
		return err
	}
	names, err := f.databaseNames(ctx, o)
	if err != nil {
		return err
	}
	if len(names) > 0 && !withDatabases {
		return fault.New(fault.Conflict, "%s still has %s. Delete it together with them, or them first.", o.Name, databasesWords(len(names)))
	}
	for i, name := range names {
		if err := f.Delete(ctx, a, name); err != nil {
			return stoppedHalfWay(o, names, i, err)
		}
	}
	about := audit.Entry{Org: o.Slug, Target: o.Name, Detail: "with " + databasesWords(len(names))}
	return f.door.Do(ctx, a, OpDeleteOrg.Kind, operation.Job{About: about, End: func(ctx context.Context, e audit.Entry, _ error) error {
		o.DeletedAt = e.At
		return f.store.DeleteOrg(ctx, o, e)
	}})
}

// orgFor returns an organization to an actor who may do an operation on it: whoever may not
// learns nothing of it.
func (f *Fleet) orgFor(ctx context.Context, a auth.Actor, op *Operation, slug string) (Org, error) {
	if err := a.May(op.Needs); err != nil {
		return Org{}, err
	}
	return f.store.Org(ctx, slug)
}

// stoppedHalfWay says of the deletion of an organization that ended at its i-th database what
// is gone and what is not.
func stoppedHalfWay(o Org, names []string, i int, err error) error {
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
func (f *Fleet) databaseNames(ctx context.Context, o Org) ([]string, error) {
	var names []string
	for _, status := range []Status{"", Status(Archived)} {
		for page := 1; ; page++ {
			ds, n, err := f.store.Databases(ctx, Filter{Org: o.Slug, Status: status, Page: Page{Number: page, Size: 200}})
			if err != nil {
				return nil, err
			}
			for _, d := range ds {
				if d.State != Ready && d.State != Archived {
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
