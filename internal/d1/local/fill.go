package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kuratchi/dashboard/internal/copier"
	"github.com/kuratchi/dashboard/internal/d1"
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
	return filled, e.replace(ctx, id, f, made)
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

// replace puts a file in the place of an empty database's. Nobody has that open then,
// and what was written to it in the meantime keeps it.
func (e *Engine) replace(ctx context.Context, id string, f file, made string) error {
	e.handles.forget(id)
	defer e.handles.readmit(id)
	path := e.path(id, f)
	alone := e.handles.sibling(Options{})
	c := &conn{handles: alone, key: id, name: f.name, path: path}
	err := errors.Join(checkEmpty(ctx, c), alone.close())
	if err != nil {
		return err
	}
	if err := settleLog(path); err != nil { // SQLite would read a log that stays as the new file's
		return fault.Wrap(err, fault.Unavailable, "The empty file of %s can't be put aside. Try again.", f.name)
	}
	for _, s := range strings.Fields(journals) {
		_ = os.Remove(path + s)
	}
	if err := os.Rename(made, path); err != nil {
		return fault.Wrap(err, fault.Unavailable, "The file of %s can't be put in its place. The database is still empty; try again.", f.name)
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// syncFolder makes the names in a folder survive a power loss, where the system can.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
