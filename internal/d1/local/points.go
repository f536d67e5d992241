package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// Points are copies of a database's file, in a folder of the engine's own folder:
// copies/<database id>/<moment>.db. They outlive their database.

const copies = "copies"

var pointRule = regexp.MustCompile(`^[0-9a-f-]{36}/\d{8}T\d{9}Z-[0-9a-f]{8}$`)

// pointTime is how a point's name begins.
const pointTime = "20060102T150405"

// newPoint names a point and makes the folder it goes into.
func (e *Engine) newPoint(id string, f file) (d1.Point, error) {
	at := time.Now().UTC()
	p := d1.Point{ID: fmt.Sprintf("%s/%s%03dZ-%s", id, at.Format(pointTime), at.Nanosecond()/1e6, uuid.NewString()[:8]), At: at}
	if err := os.MkdirAll(filepath.Dir(e.pointPath(p.ID)), 0o700); err != nil {
		return p, fault.Wrap(err, fault.Unavailable, "The folder for copies of %s can't be made. Check the disk.", f.name)
	}
	return p, nil
}

// sweepCopies removes the copies that a killed program was still making.
func (e *Engine) sweepCopies() {
	halves, _ := filepath.Glob(filepath.Join(e.dir, copies, "*", "*"+unborn+"*"))
	for _, path := range halves {
		_ = os.Remove(path)
		_ = os.Remove(filepath.Dir(path)) // succeeds when nothing else is in it
	}
}

// Points lists the copies of a database.
func (e *Engine) Points(_ context.Context, id string) ([]d1.Point, error) {
	entries, err := os.ReadDir(filepath.Join(e.dir, copies, id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The folder of copies can't be read.")
	}
	var out []d1.Point
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), suffix)
		info, err := entry.Info()
		if p := id + "/" + name; ok && err == nil && pointRule.MatchString(p) {
			at, _ := time.Parse(pointTime+".000", name[:len(pointTime)]+"."+name[len(pointTime):len(pointTime)+3])
			out = append(out, d1.Point{ID: p, At: at, Size: info.Size()})
		}
	}
	slices.Reverse(out) // the names sort by age
	return out, nil
}

// Retire moves the database's file to its copies.
func (e *Engine) Retire(_ context.Context, id string) (d1.Point, error) {
	f, err := e.file(id)
	if err != nil {
		return d1.Point{}, err
	}
	p, err := e.newPoint(id, f)
	if err != nil {
		return p, err
	}
	e.handles.forget(id)
	e.mu.Lock()
	defer e.mu.Unlock()
	path := e.path(id, f)
	if err := settleLog(path); err != nil {
		e.handles.readmit(id)
		return p, fault.Wrap(err, fault.Unavailable,
			"The database %q could not be removed: its log can't be moved into its file. Nothing is lost; try again.", f.name)
	}
	if err := os.Rename(path, e.pointPath(p.ID)); err != nil {
		e.handles.readmit(id)
		return p, fault.Wrap(err, fault.Unavailable,
			"The database %q could not be removed: its file can't be moved. Nothing is lost; try again.", f.name)
	}
	for _, s := range strings.Fields(journals) {
		_ = os.Remove(path + s)
	}
	delete(e.files, id)
	if st, err := os.Stat(e.pointPath(p.ID)); err == nil {
		p.Size = st.Size()
	}
	return p, nil
}

// settleLog moves what is left of a closed database's log into its file. Closing
// does that; a file that was opened from elsewhere at that moment keeps its log.
func settleLog(path string) error {
	if st, err := os.Stat(path + "-wal"); err != nil || st.Size() == 0 {
		return nil //nolint:nilerr // no log is the ordinary case
	}
	c, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		return err
	}
	return errors.Join(c.Checkpoint(), c.Close())
}

// Keep copies the database's file.
func (e *Engine) Keep(ctx context.Context, id string) (d1.Point, error) {
	f, err := e.file(id)
	if err != nil {
		return d1.Point{}, err
	}
	p, err := e.newPoint(id, f)
	if err != nil {
		return p, err
	}
	path := e.pointPath(p.ID)
	if err := e.copyTo(ctx, id, f, path); err != nil {
		return p, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return p, fault.Wrap(err, fault.Unavailable, "The copy of %s can't be read.", f.name)
	}
	p.Size = st.Size()
	return p, nil
}

// copyTo writes a database's file; it appears whole or not at all.
func (e *Engine) copyTo(ctx context.Context, id string, f file, path string) error {
	c := e.conn(id, f)
	err := c.alone(ctx, sqlite.Read, func(db *sqlite.Conn) error { return db.CopyTo(ctx, path+unborn) })
	if err != nil {
		return err
	}
	if err := os.Rename(path+unborn, path); err != nil {
		return fault.Wrap(err, fault.Unavailable, "The copy of %s can't be renamed.", f.name)
	}
	return nil
}

// Restore copies a point's file over the database's, in one transaction.
func (e *Engine) Restore(ctx context.Context, id, point string) error {
	f, err := e.file(id)
	if err != nil {
		return err
	}
	path, err := e.pointFile(point)
	if err != nil {
		return err
	}
	return e.conn(id, f).alone(ctx, sqlite.Write, func(db *sqlite.Conn) error { return db.RestoreFrom(ctx, path) })
}

// Forget removes a point's file.
func (e *Engine) Forget(_ context.Context, point string) error {
	path, err := e.pointFile(point)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(err, fault.Unavailable, "A kept copy can't be removed. Check the disk.")
	}
	for _, s := range strings.Fields(journals) { // of whoever opened the copy by hand
		_ = os.Remove(path + s)
	}
	_ = os.Remove(filepath.Dir(path)) // succeeds for the last one
	return nil
}

// Copy returns the file of a point, or of the database as it is now: a copy that
// is gone when it is closed.
func (e *Engine) Copy(ctx context.Context, id, point string) (d1.File, error) {
	if point != "" {
		path, err := e.pointFile(point)
		if err != nil {
			return nil, err
		}
		return sqlite.OpenFile(path, false)
	}
	f, err := e.file(id)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(e.dir, id+"-"+uuid.NewString()+suffix+unborn) // what is left of one is removed by Open
	if err := e.conn(id, f).alone(ctx, sqlite.Read, func(db *sqlite.Conn) error { return db.CopyTo(ctx, path) }); err != nil {
		return nil, err
	}
	return sqlite.OpenFile(path, true)
}

func (e *Engine) pointPath(point string) string {
	return filepath.Join(e.dir, copies, filepath.FromSlash(point)+suffix)
}

// pointFile returns the path of a point that is there.
func (e *Engine) pointFile(point string) (string, error) {
	gone := fault.New(fault.NotFound, "This copy is gone.")
	if !pointRule.MatchString(point) {
		return "", gone
	}
	path := e.pointPath(point)
	if _, err := os.Stat(path); err != nil {
		return "", gone
	}
	return path, nil
}

// alone runs f with a connection outside of any transaction.
func (c *conn) alone(ctx context.Context, m sqlite.Mode, f func(*sqlite.Conn) error) error {
	h, err := c.handles.acquire(c.key, c.path)
	if err != nil {
		return c.fail(ctx, err)
	}
	defer c.handles.release(h)
	db, err := h.borrow(ctx, m)
	if err != nil {
		return c.fail(ctx, err)
	}
	defer h.give(db, m)
	if err := f(db); err != nil {
		return c.fail(ctx, err)
	}
	return nil
}

// CopyFile writes a copy of an engine's file, as it is at one moment, to a file
// that isn't there yet. Another process may be using the file.
func CopyFile(ctx context.Context, from, to string) error {
	if _, err := os.Stat(to); err == nil {
		return fault.New(fault.Conflict, "The file %s exists already. Nothing is overwritten; give another name.", to)
	}
	c, err := sqlite.Open(from, sqlite.Options{})
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "The file %s can't be read.", from)
	}
	err = c.CopyTo(ctx, to+unborn)
	if cerr := c.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(to+unborn, to)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "The copy %s can't be written. Check the disk and the folder's permissions.", to)
	}
	return nil
}

// CheckFile returns nil for a file that is a database and whole, else
// fault.Invalid.
func CheckFile(path string) error {
	if err := sqlite.CheckFile(path); err != nil {
		return fault.Wrap(err, fault.Invalid, "The file %s is no database that can be read.", path)
	}
	return nil
}
