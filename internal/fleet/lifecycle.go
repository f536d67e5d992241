package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
)

// withClaim runs fn on a database in one of the given states that nobody else
// works on. It isn't stopped by the browser that asked.
func (f *Fleet) withClaim(ctx context.Context, name string, states []State, fn func(context.Context, Database) error) error {
	d, err := f.store.Database(ctx, name)
	if err != nil {
		return err
	}
	if err := f.CheckSettled(d); err != nil {
		return err
	}
	if !f.claim(d.ID) {
		if f.background.Err() != nil {
			return errStopping
		}
		return fault.New(fault.Conflict, "Somebody works on %s already. Try again in a moment.", d.Name)
	}
	defer f.release(d.ID)
	ctx = context.WithoutCancel(ctx)
	if d, err = f.store.Database(ctx, name); err != nil { // as it is now that it is ours
		return err
	}
	if slices.Contains(states, d.State) {
		return f.withLease(ctx, d, fn)
	}
	return fault.New(fault.Conflict, "That can't be done now: the database %s is %s.", d.Name, d.State)
}

// Archive takes a ready database out of use: nobody reads or writes it through
// the dashboard until Unarchive. Nothing of it changes.
func (f *Fleet) Archive(ctx context.Context, a auth.Actor, name string) error {
	return f.withClaim(ctx, name, []State{Ready}, func(ctx context.Context, d Database) error {
		e := f.databaseEntry(a, audit.DatabaseArchive, audit.Done, d)
		d.State, d.ArchivedAt, d.UpdatedAt = Archived, e.At, e.At
		return f.store.UpdateDatabase(ctx, d, Ready, e)
	})
}

// Unarchive puts an archived database back into use.
func (f *Fleet) Unarchive(ctx context.Context, a auth.Actor, name string) error {
	return f.withClaim(ctx, name, []State{Archived}, func(ctx context.Context, d Database) error {
		e := f.databaseEntry(a, audit.DatabaseUnarchive, audit.Done, d)
		d.State, d.UpdatedAt = Ready, e.At
		return f.store.UpdateDatabase(ctx, d, Archived, e)
	})
}

// Delete removes a ready or archived database. It is out of use first; then its
// last state is kept and it leaves the provider. A stop in between is finished
// by Recover.
func (f *Fleet) Delete(ctx context.Context, a auth.Actor, name string) error {
	return f.withClaim(ctx, name, []State{Ready, Archived}, func(ctx context.Context, d Database) error {
		if d.MoveOrigin.ID != "" {
			return fault.New(fault.Conflict, "The database %s was moved, and the old one is still kept. Let that go first.", d.Name)
		}
		if err := f.clearMove(ctx, a, &d); err != nil {
			return err
		}
		if err := f.checkKept(ctx, d); err != nil {
			return err
		}
		told := f.withProgress(ctx, d)
		return f.withGateClosed(told, a, d, Work{Kind: WorkDelete}, func() error { return f.deleteDatabase(told, a, d) })
	})
}

func (f *Fleet) deleteDatabase(ctx context.Context, a auth.Actor, d Database) error {
	if err := f.checkRemovable(ctx, d); err != nil {
		return err
	}
	from := d.State
	intent := f.databaseEntry(a, audit.DatabaseDelete, audit.Intent, d)
	d.State, d.DeletedAt, d.UpdatedAt = Deleted, intent.At, intent.At
	d.PurgeAt = intent.At.Add(KeptFor)
	if err := f.store.UpdateDatabase(ctx, d, from, intent); err != nil {
		return err
	}
	failpoint.Hit("delete:marked")
	return f.finishDelete(ctx, a, d, intent.ID)
}

// finishDelete is retireDatabase with what failed recorded; Run then tries again.
func (f *Fleet) finishDelete(ctx context.Context, a auth.Actor, d Database, intent string) error {
	err := f.retireDatabase(ctx, a, d, intent)
	if err == nil {
		return nil
	}
	e := endedBy(f.databaseEntry(a, audit.DatabaseDelete, audit.Failed, d), err)
	e.Intent = intent
	e.Detail += " It is out of use; that is tried again."
	f.reopenDelete(d)
	return errors.Join(err, f.store.Record(ctx, e))
}

// retireDatabase keeps the last state of a database that is marked as deleted and removes it
// from the provider. It can be done again.
func (f *Fleet) retireDatabase(ctx context.Context, a auth.Actor, d Database, intent string) error {
	p, err := f.provider(d).Retire(ctx, d.ProviderID)
	if fault.Is(err, fault.NotFound) { // it left already, and only that isn't recorded
		if p, err = f.lastPoint(ctx, d); fault.Is(err, fault.NotFound) {
			return f.forgetMissing(ctx, a, d, intent)
		}
	}
	if err != nil {
		return err
	}
	failpoint.Hit("delete:retired")
	e := f.databaseEntry(a, audit.DatabaseDelete, audit.Done, d)
	d.FinalPoint, d.Size = p.ID, p.Size
	d.ProviderID, d.UpdatedAt = "", e.At
	e.Intent, e.Detail = intent, fmt.Sprintf("its last state, %d bytes, is kept until %s", p.Size, d.PurgeAt.Format("2006-01-02 15:04 UTC"))
	if p.Damage != "" {
		e.Detail += ", as it is: " + p.Damage
	}
	return f.store.UpdateDatabase(ctx, d, Deleted, e)
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

// forgetMissing ends the removal of a database whose file is gone and of which no copy is
// there: nothing can be brought back, so nothing is waited for.
func (f *Fleet) forgetMissing(ctx context.Context, a auth.Actor, d Database, intent string) error {
	if err := f.forgetPoints(ctx, d, ""); err != nil {
		return err
	}
	e := f.databaseEntry(a, audit.DatabaseDelete, audit.Done, d)
	e.Intent, e.Detail = intent, "its file was gone already and no copy of it is there, so nothing is kept"
	return f.store.Purge(ctx, d, e)
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
	return f.withClaim(ctx, name, []State{Deleted}, func(ctx context.Context, d Database) error {
		if d.FinalPoint == "" {
			return fault.New(fault.Conflict, "The database %s is still being removed. Try again in a moment.", d.Name)
		}
		intent := f.databaseEntry(a, audit.DatabaseRevive, audit.Intent, d)
		if err := f.store.Record(ctx, intent); err != nil {
			return err
		}
		done := f.databaseEntry(a, audit.DatabaseRevive, audit.Done, d)
		done.Intent = intent.ID
		point := d.FinalPoint
		err := f.trackWork(a, d, Work{Kind: WorkRevive}, func() error { return f.revive(ctx, &d, done) })
		if err != nil {
			return errors.Join(err, f.store.Record(ctx, endedBy(done, err)))
		}
		if err := f.forgetFinal(ctx, d, point); err != nil { // the database itself holds it now
			f.log.Warn("forget", "point", point, "error", err)
		}
		f.recordCheck(ctx, d)
		return nil
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
func (f *Fleet) revive(ctx context.Context, d *Database, done audit.Entry) error {
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
		if uerr := f.removeCreated(ctx, *d, d.DeletedAt); uerr != nil {
			f.log.Warn("revive", "database", d.Name, "error", uerr)
		}
		return err
	}
	failpoint.Hit("revive:restored")
	d.State, d.FinalPoint, d.UpdatedAt = Ready, "", f.now()
	return f.store.UpdateDatabase(ctx, *d, Deleted, done)
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
	e := f.databaseEntry(a, audit.DatabasePurge, audit.Done, d)
	e.Detail = "deleted at " + d.DeletedAt.Format("2006-01-02 15:04 UTC")
	return f.store.Purge(ctx, d, e)
}

// RenameOrg gives an organization another name; its short name stays.
func (f *Fleet) RenameOrg(ctx context.Context, a auth.Actor, slug, name string) (Org, error) {
	o, err := f.store.Org(ctx, slug)
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
	e := f.entry(a, audit.OrgRename, audit.Done)
	e.Org, e.Target, e.Detail = o.Slug, o.Name, "was "+was
	return o, f.store.RenameOrg(ctx, o, e)
}

// DeleteOrg removes an organization, and its databases with it if that is
// wanted: each by Delete, so that their last states are kept. One that has
// databases otherwise is fault.Conflict. When a database can't be deleted, the
// organization and the databases after it stay.
func (f *Fleet) DeleteOrg(ctx context.Context, a auth.Actor, slug string, withDatabases bool) error {
	o, err := f.store.Org(ctx, slug)
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
	e := f.entry(a, audit.OrgDelete, audit.Done)
	o.DeletedAt = e.At
	e.Org, e.Target, e.Detail = o.Slug, o.Name, "with "+databasesWords(len(names))
	return f.store.DeleteOrg(ctx, o, e)
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
