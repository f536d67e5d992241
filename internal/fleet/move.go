package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Counterpart is a database of the same name at another place: one that is being
// filled, or the old one after a move.
type Counterpart struct {
	Place string
	// ID is its id there, "" before it was made.
	ID string
	At time.Time
	// Mark is the bookmark of the one that was left on D1, as it was copied: another
	// one now says that somebody wrote to it since. It is "" elsewhere.
	Mark string
}

// Move takes a database to another place: its content is copied, compared, and only
// then the fleet goes there. The old one stays where it is until RemoveOrigin. While it goes
// on nobody reads or writes the database through the dashboard; on D1 others can, and
// what they write before the end fails the move (see checkUnwritten), and what they write
// to the old one later is told by OriginChanged. Whatever fails leaves the database
// where it was, and nothing in the new place.
func (f *Fleet) Move(ctx context.Context, a auth.Actor, name, place string) error {
	return f.Do(ctx, a, name, OpMove, func(ctx context.Context, d Database) (Job, error) {
		if err := f.checkMovable(ctx, a, &d, place); err != nil {
			return Job{}, err
		}
		var next Database
		return Job{Job: operation.Job{
			About: audit.Entry{Target: place, Detail: "from " + d.Provider},
			Begin: func(ctx context.Context, intent audit.Entry) error {
				d.MoveTarget = Counterpart{Place: place, At: intent.At}
				defer failpoint.Hit("move:intent")
				return f.store.UpdateDatabase(ctx, d, Ready, intent)
			},
			Work: func(ctx context.Context, out *audit.Entry) error {
				compared := ""
				var err error
				next, compared, err = f.copyToPlace(ctx, &d, place)
				out.Detail = compared + "; the old one is kept at " + d.Provider
				return err
			},
			End: func(ctx context.Context, e audit.Entry, err error) error {
				if err == nil {
					next.MoveTarget, next.UpdatedAt = Counterpart{}, e.At
					err = f.store.UpdateDatabase(ctx, next, Ready, e)
					failpoint.Hit("move:switched")
				}
				if err != nil {
					return f.undoMove(ctx, d, e, err)
				}
				return nil
			},
		}}, nil
	})
}

// checkMovable refuses a move that can't be, before anything is made.
func (f *Fleet) checkMovable(ctx context.Context, a auth.Actor, d *Database, place string) error {
	if d.Provider == place {
		return fault.New(fault.Invalid, "The database %s lives there already.", d.Name)
	}
	if d.MoveOrigin.ID != "" {
		return fault.New(fault.Conflict, "The database %s was moved before, and the old one is still kept. Let that go first.", d.Name)
	}
	if err := f.clearMove(ctx, a, d); err != nil {
		return err
	}
	if place != Embedded && place != D1 {
		return fault.New(fault.Invalid, "There is no place %q for databases.", place)
	}
	if _, err := f.providers.Provider(place); err != nil {
		return err
	}
	if place == D1 {
		return f.checkD1(ctx, *d)
	}
	return nil
}

// copyToPlace copies the content to the new place and compares both. What it made is noted
// in d.Moving.
func (f *Fleet) copyToPlace(ctx context.Context, d *Database, place string) (next Database, compared string, err error) {
	next = *d
	next.Provider, next.ProviderID = place, ""
	from, to := f.provider(*d), f.provider(next)
	mark, err := f.bookmark(ctx, *d)
	if err != nil {
		return next, "", err
	}
	d1.Report(ctx, "copying the database", 0, 0)
	file, err := from.Copy(ctx, d.ProviderID, "")
	if err != nil {
		return next, "", err
	}
	defer func() { _ = file.Close() }()
	d1.Report(ctx, "making the database in its new place", 0, 0)
	info, err := to.Create(ctx, d1.CreateInput{Name: d.Name, Location: d.Location, Jurisdiction: d.Jurisdiction, Replication: d.Replication})
	if err != nil {
		return next, "", err
	}
	d.MoveTarget.ID, next.ProviderID = info.ID, info.ID
	if err := f.store.UpdateDatabase(ctx, *d, Ready); err != nil {
		return next, "", err
	}
	failpoint.Hit("move:made")
	if _, err := to.Fill(ctx, info.ID, d1.FillInput{Path: file.Name()}); err != nil {
		return next, "", err
	}
	failpoint.Hit("move:filled")
	if compared, err = f.compareCopy(ctx, *d, next, file.Size()); err != nil {
		return next, "", err
	}
	next.MoveOrigin = Counterpart{Place: d.Provider, ID: d.ProviderID, At: f.now()}
	if next.MoveOrigin.Mark, err = f.checkUnwritten(ctx, *d, mark, file); err != nil {
		return next, "", err
	}
	failpoint.Hit("move:compared")
	return next, compared, nil
}

func (f *Fleet) compareCopy(ctx context.Context, d, next Database, size int64) (string, error) {
	source, err := f.provider(d).Visit(ctx, d.ProviderID)
	if err != nil {
		return "", err
	}
	defer func() { _ = source.Close() }()
	target, err := f.provider(next).Visit(ctx, next.ProviderID)
	if err != nil {
		return "", err
	}
	defer func() { _ = target.Close() }()
	return compareDatabases(ctx, source, target, size)
}

// bookmark returns what tells on D1 whether anybody wrote to a database, else "". The
// embedded engine is written to through the dashboard alone, which waits meanwhile.
func (f *Fleet) bookmark(ctx context.Context, d Database) (string, error) {
	if d.Provider != D1 {
		return "", nil
	}
	p, err := f.provider(d).Keep(ctx, d.ProviderID)
	return p.ID, err
}

// checkUnwritten returns the mark of a database that nobody wrote to since it was copied,
// else fault.Conflict. A bookmark may move without a write: then a second copy that is
// equal is as good.
func (f *Fleet) checkUnwritten(ctx context.Context, d Database, before string, file d1.File) (string, error) {
	now, err := f.bookmark(ctx, d)
	if err != nil || now == before {
		return now, err
	}
	again, err := f.provider(d).Copy(ctx, d.ProviderID, "")
	if err != nil {
		return "", err
	}
	defer func() { _ = again.Close() }()
	equal, err := equalFiles(file, again)
	if err == nil && !equal {
		err = fault.New(fault.Conflict, "Somebody wrote to %s while it was copied, so the copy is not all of it. "+
			"Nothing was changed. Stop what writes to it on D1, then move it.", d.Name)
	}
	return now, err
}

// equalFiles compares two copies.
func equalFiles(a, b d1.File) (bool, error) {
	sums := [2][]byte{}
	for i, f := range []d1.File{a, b} {
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return false, fault.Wrap(err, fault.Unavailable, "A copy can't be read. Check the disk.")
		}
		sums[i] = h.Sum(nil)
	}
	return bytes.Equal(sums[0], sums[1]), nil
}

// undoMove removes what a move that failed made, and notes that; it returns why the move
// failed. A move that was recorded isn't undone, though it may have been told otherwise.
func (f *Fleet) undoMove(ctx context.Context, d Database, e audit.Entry, cause error) error {
	now, err := f.store.Database(ctx, d.Name)
	if err != nil {
		return errors.Join(cause, err)
	}
	if now.Provider == d.MoveTarget.Place {
		return cause
	}
	if left := f.removeMoveTarget(ctx, d); left != nil { // noted in the database still
		err := leftBehind(cause, left)
		return errors.Join(err, f.store.Record(ctx, e.Ended(err)))
	}
	d.MoveTarget = Counterpart{}
	return errors.Join(cause, f.store.UpdateDatabase(ctx, d, Ready, e.Ended(cause)))
}

// nothingChanged is what an error says that isn't true of a work of several calls.
const nothingChanged = " Nothing was changed."

// leftBehind is why a work failed, with what it left and why that couldn't be removed.
func leftBehind(cause, left error) error {
	words := strings.ReplaceAll(fault.Message(cause)+" "+fault.Message(left), nothingChanged, "")
	return fault.Wrap(errors.Join(cause, left), fault.KindOf(cause), "%s", words).At(fault.FieldOf(cause))
}

// removeMoveTarget removes what a move made in the new place. It can be done again.
func (f *Fleet) removeMoveTarget(ctx context.Context, d Database) error {
	there := d
	there.Provider, there.ProviderID = d.MoveTarget.Place, d.MoveTarget.ID
	var err error
	if d.MoveTarget.ID != "" {
		if err = f.provider(there).Delete(ctx, d.MoveTarget.ID); fault.Is(err, fault.NotFound) {
			err = nil
		}
	} else {
		err = f.removeCreated(ctx, there, d.MoveTarget.At) // its id may be what was lost
	}
	if err != nil {
		made := "a database named " + d.Name
		if d.MoveTarget.ID != "" {
			made += ", with the id " + d.MoveTarget.ID
		}
		return fault.Wrap(err, fault.KindOf(err), "What was made in the new place could not be removed: %s It may have %s %s. "+
			"The next move, or the next start, tries again.", fault.Message(err), made, there.placeWords())
	}
	return nil
}

// clearMove ends a move that a place that didn't answer cut short: the database is where
// the control plane says, and what was made in the new place is removed. It does
// nothing for any other database, and one that Run is still looking into is
// fault.Conflict.
func (f *Fleet) clearMove(ctx context.Context, a auth.Actor, d *Database) error {
	if d.MoveTarget.Place == "" {
		return nil
	}
	if err := f.checkOpenWork(*d, func(*openWork) bool { return true }); err != nil {
		return err
	}
	if err := f.removeMoveTarget(ctx, *d); err != nil {
		return err
	}
	if err := f.recordBrokenMove(ctx, a, *d); err != nil {
		return err
	}
	d.MoveTarget = Counterpart{}
	return nil
}

// recordBrokenMove gives a move that was cut short its outcome: what it made is removed, and
// the database is where it was.
func (f *Fleet) recordBrokenMove(ctx context.Context, a auth.Actor, d Database) error {
	intent, err := f.store.OpenIntent(ctx, audit.DatabaseMove, d.Name)
	if err != nil {
		return err
	}
	if intent == "" { // it had its outcome, and what it made could not be removed then
		d.MoveTarget = Counterpart{}
		return f.store.UpdateDatabase(ctx, d, d.State)
	}
	j := operation.Job{About: about(d),
		Work: func(context.Context, *audit.Entry) error { return errMoveCut },
		End: func(ctx context.Context, e audit.Entry, _ error) error {
			d.MoveTarget = Counterpart{}
			return f.store.UpdateDatabase(ctx, d, d.State, e)
		}}
	j.About.Target = d.MoveTarget.Place
	return f.door.Finish(ctx, a, OpMove.Kind, intent, j)
}

var errMoveCut = fault.New(fault.Unavailable, "The move was cut short; the database is where it was.")
