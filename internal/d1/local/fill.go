package local

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/kuratchi/dashboard/internal/copier"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// PointAt returns the newest kept point that isn't younger than t.
func (e *Engine) PointAt(ctx context.Context, id string, t time.Time) (d1.Point, error) {
	f, err := e.file(id)
	if err != nil {
		return d1.Point{}, err
	}
	points, err := e.Points(ctx, id)
	if err != nil {
		return d1.Point{}, err
	}
	for _, p := range points {
		if !p.At.After(t) {
			return p, nil
		}
	}
	return d1.Point{}, fault.New(fault.NotFound,
		"No copy of the database %s is as old as that. The embedded engine can go back only to copies that were kept.", f.name)
}

// Fill makes a file of what is in another one, and puts it in the place of an empty
// database's: whole or not at all, whatever happens meanwhile.
func (e *Engine) Fill(ctx context.Context, id string, in d1.FillInput) (d1.Filled, error) {
	f, err := e.file(id)
	if err != nil {
		return d1.Filled{}, err
	}
	if err := checkEmpty(ctx, e.conn(id, f)); err != nil {
		return d1.Filled{}, err
	}
	src, err := copier.OpenFile(in.Path)
	if err != nil {
		return d1.Filled{}, err
	}
	defer func() { _ = src.Close() }()
	made := e.path(id, f) + unborn + uuid.NewString() // what is left of one is removed by Open
	filled, err := copier.ToFile(ctx, src, made, copier.Options{LeaveOut: in.LeaveOut})
	if err != nil {
		return d1.Filled{}, err
	}
	defer func() { _ = os.Remove(made) }() // there after an error only
	if err := own(ctx, made, id); err != nil {
		return d1.Filled{}, fault.Wrap(err, fault.Unavailable, "The file of %s can't be written. Check the disk.", f.name)
	}
	failpoint.Hit("import:made")
	// What was written to it in the meantime keeps it.
	err = e.replaceFile(id, f, made, func() error { return e.stillEmpty(ctx, id, f) })
	failpoint.Hit("import:put")
	return filled, err
}

func checkEmpty(ctx context.Context, c *conn) error {
	empty, err := d1.IsEmpty(ctx, c)
	if err == nil && !empty {
		err = fault.New(fault.Conflict, "The database %s isn't empty, so it can't be filled from a file. Make a new one for it.", c.name)
	}
	return err
}

// own writes into a file which database it is to be. Its log is gone with the last close.
func own(ctx context.Context, path, id string) error {
	c, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		return err
	}
	return errors.Join(c.Own(ctx, id), c.Checkpoint(), c.Close())
}

// stillEmpty looks at a database that nobody else has open.
func (e *Engine) stillEmpty(ctx context.Context, id string, f file) error {
	alone := e.handles.sibling(Options{})
	c := &conn{handles: alone, key: id, name: f.name, path: e.path(id, f)}
	return errors.Join(checkEmpty(ctx, c), alone.close())
}

// syncFolder makes the names in a folder survive a power loss, where the system can.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
