package fleet

import (
	"context"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Lost is a database that its place doesn't know any more.
func Lost(d Database, err error) error {
	if d.Provider == Embedded {
		return fault.Wrap(err, fault.Unavailable, "The database %s can't be opened: its file is gone. "+
			"Restore a point of it, under Backups.", d.Name)
	}
	return fault.Wrap(err, fault.Unavailable, "The database %s is gone from where it lives. Restore a point of it, under Backups.", d.Name)
}

// Open returns a database with a handle on it. One that isn't ready is
// fault.Conflict, and so is every call by a handle whose database was moved, put
// back or removed since, and every write to one of which something isn't settled.
func (f *Fleet) Open(ctx context.Context, a auth.Actor, name string) (Database, d1.Conn, error) {
	if err := a.Reaches(); err != nil {
		return Database{}, nil, err
	}
	return f.OpenDatabase(ctx, name)
}

// OpenDatabase is Open for work of the fleet's own, whoever it is done for.
func (f *Fleet) OpenDatabase(ctx context.Context, name string) (Database, d1.Conn, error) {
	opened := f.Holds.gates.moment()
	d, err := f.store.Database(ctx, name)
	if err != nil {
		return d, nil, err
	}
	if err := f.CheckUsable(d); err != nil {
		return d, nil, err
	}
	conn, err := f.Places.Of(d).Open(ctx, d.ProviderID)
	if fault.Is(err, fault.NotFound) { // it may have left since its row was read
		if now, rerr := f.store.Database(ctx, name); rerr == nil {
			if uerr := f.CheckUsable(now); uerr != nil {
				return now, nil, uerr
			}
		}
		err = Lost(d, err)
	}
	if err != nil {
		return d, nil, err
	}
	return d, f.gate(conn, d, opened), nil
}

// CheckUsable returns nil for a database that can be read and written, else
// fault.Conflict. One that is worked on as a whole isn't: what was written meanwhile
// would be lost, and be in no restore point.
func (f *Fleet) CheckUsable(d Database) error {
	if w := f.Holds.Work(d.ID); w.Closes() != "" { // first: while it is removed its state says that only that was begun
		then := "Try again in a moment."
		if w.Is(OpDelete) {
			then = "Its last state can be brought back on its page."
		}
		return fault.New(fault.Conflict, "The database %s is being %s, by %s. Nothing was changed by you. %s", d.Name, w.Closes(), w.By, then)
	}
	switch d.State {
	case Ready:
		return nil
	case Archived:
		return fault.New(fault.Conflict, "The database %s is archived. Put it back into use first, on its Settings page.", d.Name)
	case Deleting:
		return fault.New(fault.Conflict, "The database %s is out of use: its deletion was begun, and has not ended. "+
			"Try that again or put it back into use, on its page.", d.Name)
	case Deleted:
		return fault.New(fault.Conflict, "The database %s was deleted. Its last state can be brought back until %s, on its page.",
			d.Name, d.PurgeAt.Format("2006-01-02 15:04 UTC"))
	}
	return fault.New(fault.Conflict, "The database %s is not ready: it is %s.", d.Name, d.State)
}
