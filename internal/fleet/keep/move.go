package keep

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Move takes a database to another place: its content is copied, compared, and only
// then the fleet goes there. The old one stays where it is until RemoveOrigin. While it goes
// on nobody reads or writes the database through the dashboard; on D1 others can, and
// what they write before the end fails the move (see checkUnwritten), and what they write
// to the old one later is told by OriginChanged. Whatever fails leaves the database
// where it was, and nothing in the new place.
func (mv *Moves) Move(ctx context.Context, a auth.Actor, name, place string) error {
	return mv.fleet.Do(ctx, a, name, fleet.OpMove, func(ctx context.Context, d fleet.Database) (fleet.Job, error) {
		if err := mv.checkMovable(ctx, a, &d, place); err != nil {
			return fleet.Job{}, err
		}
		var next fleet.Database
		return fleet.Job{Job: operation.Job{
			About: audit.Entry{Target: place, Detail: "from " + d.Provider},
			Begin: func(ctx context.Context, intent audit.Entry) error {
				d.MoveTarget = fleet.Counterpart{Place: place, At: intent.At}
				defer failpoint.Hit("move:intent")
				return mv.store.UpdateDatabase(ctx, d, fleet.Ready, intent)
			},
			Work: func(ctx context.Context, out *audit.Entry) error {
				compared := ""
				var err error
				next, compared, err = mv.copyToPlace(ctx, &d, place)
				out.Detail = compared + "; the old one is kept at " + d.Provider
				return err
			},
			End: func(ctx context.Context, e audit.Entry, err error) error {
				if err == nil {
					next.MoveTarget, next.UpdatedAt = fleet.Counterpart{}, e.At
					err = mv.store.UpdateDatabase(ctx, next, fleet.Ready, e)
					failpoint.Hit("move:switched")
				}
				if err != nil {
					return mv.undoMove(ctx, d, e, err)
				}
				return nil
			},
		}}, nil
	})
}

// checkMovable refuses a move that can't be, before anything is made.
func (mv *Moves) checkMovable(ctx context.Context, a auth.Actor, d *fleet.Database, place string) error {
	if d.Provider == place {
		return fault.New(fault.Invalid, "The database %s lives there already.", d.Name)
	}
	if d.MoveOrigin.ID != "" {
		return fault.New(fault.Conflict, "The database %s was moved before, and the old one is still kept. Let that go first.", d.Name)
	}
	if err := mv.clearMove(ctx, a, d); err != nil {
		return err
	}
	if place != fleet.Embedded && place != fleet.D1 {
		return fault.New(fault.Invalid, "There is no place %q for databases.", place)
	}
	if _, err := mv.fleet.Places.Provider(place); err != nil {
		return err
	}
	if place == fleet.D1 {
		return mv.checkD1(ctx, *d)
	}
	return nil
}

// copyToPlace copies the content to the new place and compares both. What it made is noted
// in d.Moving.
func (mv *Moves) copyToPlace(ctx context.Context, d *fleet.Database, place string) (next fleet.Database, compared string, err error) {
	next = *d
	next.Provider, next.ProviderID = place, ""
	from, to := mv.fleet.Places.Of(*d), mv.fleet.Places.Of(next)
	mark, err := mv.bookmark(ctx, *d)
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
	if err := mv.store.UpdateDatabase(ctx, *d, fleet.Ready); err != nil {
		return next, "", err
	}
	failpoint.Hit("move:made")
	if _, err := to.Fill(ctx, info.ID, d1.FillInput{Path: file.Name()}); err != nil {
		return next, "", err
	}
	failpoint.Hit("move:filled")
	if compared, err = mv.compareCopy(ctx, *d, next, file.Size()); err != nil {
		return next, "", err
	}
	next.MoveOrigin = fleet.Counterpart{Place: d.Provider, ID: d.ProviderID, At: mv.now()}
	if next.MoveOrigin.Mark, err = mv.checkUnwritten(ctx, *d, mark, file); err != nil {
		return next, "", err
	}
	failpoint.Hit("move:compared")
	return next, compared, nil
}

func (mv *Moves) compareCopy(ctx context.Context, d, next fleet.Database, size int64) (string, error) {
	source, err := mv.fleet.Places.Of(d).Visit(ctx, d.ProviderID)
	if err != nil {
		return "", err
	}
	defer func() { _ = source.Close() }()
	target, err := mv.fleet.Places.Of(next).Visit(ctx, next.ProviderID)
	if err != nil {
		return "", err
	}
	defer func() { _ = target.Close() }()
	return compareDatabases(ctx, source, target, size)
}

// bookmark returns what tells on D1 whether anybody wrote to a database, else "". The
// embedded engine is written to through the dashboard alone, which waits meanwhile.
func (mv *Moves) bookmark(ctx context.Context, d fleet.Database) (string, error) {
	if d.Provider != fleet.D1 {
		return "", nil
	}
	p, err := mv.fleet.Places.Of(d).Keep(ctx, d.ProviderID)
	return p.ID, err
}

// checkUnwritten returns the mark of a database that nobody wrote to since it was copied,
// else fault.Conflict. A bookmark may move without a write: then a second copy that is
// equal is as good.
func (mv *Moves) checkUnwritten(ctx context.Context, d fleet.Database, before string, file d1.File) (string, error) {
	now, err := mv.bookmark(ctx, d)
	if err != nil || now == before {
		return now, err
	}
	again, err := mv.fleet.Places.Of(d).Copy(ctx, d.ProviderID, "")
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
func (mv *Moves) undoMove(ctx context.Context, d fleet.Database, e audit.Entry, cause error) error {
	now, err := mv.store.Database(ctx, d.Name)
	if err != nil {
		return errors.Join(cause, err)
	}
	if now.Provider == d.MoveTarget.Place {
		return cause
	}
	if left := mv.removeMoveTarget(ctx, d); left != nil { // noted in the database still
		err := leftBehind(cause, left)
		return errors.Join(err, mv.store.Record(ctx, e.Ended(err)))
	}
	d.MoveTarget = fleet.Counterpart{}
	return errors.Join(cause, mv.store.UpdateDatabase(ctx, d, fleet.Ready, e.Ended(cause)))
}

// leftBehind is why a work failed, with what it left and why that couldn't be removed.
func leftBehind(cause, left error) error {
	words := strings.ReplaceAll(fault.Message(cause)+" "+fault.Message(left), fleet.NothingChanged, "")
	return fault.Wrap(errors.Join(cause, left), fault.KindOf(cause), "%s", words).At(fault.FieldOf(cause))
}

// removeMoveTarget removes what a move made in the new place. It can be done again.
func (mv *Moves) removeMoveTarget(ctx context.Context, d fleet.Database) error {
	there := d
	there.Provider, there.ProviderID = d.MoveTarget.Place, d.MoveTarget.ID
	var err error
	if d.MoveTarget.ID != "" {
		if err = mv.fleet.Places.Of(there).Delete(ctx, d.MoveTarget.ID); fault.Is(err, fault.NotFound) {
			err = nil
		}
	} else {
		err = mv.fleet.Places.RemoveCreated(ctx, there, d.MoveTarget.At) // its id may be what was lost
	}
	if err != nil {
		made := "a database named " + d.Name
		if d.MoveTarget.ID != "" {
			made += ", with the id " + d.MoveTarget.ID
		}
		return fault.Wrap(err, fault.KindOf(err), "What was made in the new place could not be removed: %s It may have %s %s. "+
			"The next move, or the next start, tries again.", fault.Message(err), made, there.PlaceWords())
	}
	return nil
}

// clearMove ends a move that a place that didn't answer cut short: the database is where
// the control plane says, and what was made in the new place is removed. It does
// nothing for any other database, and one that Run is still looking into is
// fault.Conflict.
func (mv *Moves) clearMove(ctx context.Context, a auth.Actor, d *fleet.Database) error {
	if d.MoveTarget.Place == "" {
		return nil
	}
	if err := mv.fleet.Settler.CheckOpenWork(*d, func(*fleet.OpenWork) bool { return true }); err != nil {
		return err
	}
	if err := mv.removeMoveTarget(ctx, *d); err != nil {
		return err
	}
	if err := mv.recordBrokenMove(ctx, a, *d); err != nil {
		return err
	}
	d.MoveTarget = fleet.Counterpart{}
	return nil
}

// recordBrokenMove gives a move that was cut short its outcome: what it made is removed, and
// the database is where it was.
func (mv *Moves) recordBrokenMove(ctx context.Context, a auth.Actor, d fleet.Database) error {
	intent, err := mv.store.OpenIntent(ctx, audit.DatabaseMove, d.Name)
	if err != nil {
		return err
	}
	if intent == "" { // it had its outcome, and what it made could not be removed then
		d.MoveTarget = fleet.Counterpart{}
		return mv.store.UpdateDatabase(ctx, d, d.State)
	}
	j := operation.Job{About: fleet.About(d),
		Work: func(context.Context, *audit.Entry) error { return errMoveCut },
		End: func(ctx context.Context, e audit.Entry, _ error) error {
			d.MoveTarget = fleet.Counterpart{}
			return mv.store.UpdateDatabase(ctx, d, d.State, e)
		}}
	j.About.Target = d.MoveTarget.Place
	return mv.fleet.Door.Finish(ctx, a, fleet.OpMove.Kind, intent, j)
}

var errMoveCut = fault.New(fault.Unavailable, "The move was cut short; the database is where it was.")
