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

var pointRule = regexp.MustCompile(`^[0-9a-f-]{36}/\d{8}T\d{9}Z-[0-9a-f]{8}(-damaged)?$`)

// pointTime is how a point's name begins.
const pointTime = "20060102T150405"

// newPoint names a point and makes the folder it goes into. The name sorts after those that
// are there, also where the clock was put back since: the newest is found by it.
func (e *Engine) newPoint(id string, f file, damage string) (d1.Point, error) {
	at := time.Now().UTC()
	if earlier, err := e.Points(context.Background(), id); err == nil && len(earlier) > 0 {
		if after := earlier[0].At.Add(time.Millisecond); at.Before(after) {
			at = after
		}
	}
	name := fmt.Sprintf("%s/%s%03dZ-%s", id, at.Format(pointTime), at.Nanosecond()/1e6, uuid.NewString()[:8])
	p := d1.Point{ID: name, At: at, Damage: damage}
	if damage != "" {
		p.ID += d1.DamagedMark
	}
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
			out = append(out, d1.Point{ID: p, At: at, Size: info.Size(), Damage: damageKept(p)})
		}
	}
	slices.Reverse(out) // the names sort by age
	return out, nil
}

// damageKept says of a point that is named damaged that it is.
func damageKept(point string) string {
	if d1.IsDamaged(point) {
		return "It was damaged when it was kept."
	}
	return ""
}

// Keep copies the database's file, and checks the copy.
func (e *Engine) Keep(ctx context.Context, id string) (d1.Point, error) {
	f, err := e.file(id)
	if err != nil {
		return d1.Point{}, err
	}
	p, err := e.newPoint(id, f, "")
	if err != nil {
		return p, err
	}
	half := e.pointPath(p.ID) + unborn
	err = e.conn(id, f).alone(ctx, sqlite.Read, func(db *sqlite.Conn) error { return db.CopyTo(ctx, half) })
	if err == nil {
		err = sqlite.CheckCopy(ctx, half)
	}
	_, damaged := damageOf(err)
	switch {
	case errors.Is(err, errNoBytes), errors.Is(err, fs.ErrNotExist): // there is nothing to keep
		return p, fault.Wrap(err, fault.NotFound, "%s", fault.Message(err))
	case damaged:
		p.Damage = e.noteCheck(id, f, err).Damage
		p.ID += d1.DamagedMark
		err = e.keepBytes(id, f, half)
	case err == nil:
		e.noteCheck(id, f, nil)
	}
	if err == nil {
		err = os.Rename(half, e.pointPath(p.ID))
	}
	if err != nil {
		_ = os.Remove(half)
		return p, e.keepFault(ctx, f, err)
	}
	p.Size = sizeOf(e.pointPath(p.ID))
	return p, nil
}

func (e *Engine) keepFault(ctx context.Context, f file, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if ctx.Err() != nil {
		return fault.Wrap(err, fault.Limited, "Copying %s was stopped. Nothing was changed.", f.name)
	}
	return fault.Wrap(err, fault.Unavailable, "The copy of %s can't be made. Check the disk.", f.name)
}

// keepBytes makes half the copy of a damaged file: what SQLite could copy of it, of one
// moment, or else its bytes.
func (e *Engine) keepBytes(id string, f file, half string) error {
	if sizeOf(half) > 0 {
		return nil
	}
	_ = os.Remove(half)
	return copyBytes(e.path(id, f), half)
}

// temporary is a path for a file that is made beside a database's. What is left of one is
// removed by Open.
func (e *Engine) temporary(id string) string {
	return filepath.Join(e.dir, id+"-"+uuid.NewString()+suffix+unborn)
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

// Copy returns the file of a point, or of the database as it is now: a copy that is gone
// when it is closed and that is no database's, so that it can become any one's. A damaged
// point's is its own file.
func (e *Engine) Copy(ctx context.Context, id, point string) (d1.File, error) {
	to := e.temporary(id)
	if point != "" {
		return e.copyPoint(ctx, point, to)
	}
	f, err := e.file(id)
	if err != nil {
		return nil, err
	}
	if err := e.conn(id, f).alone(ctx, sqlite.Read, func(db *sqlite.Conn) error { return db.CopyAs(ctx, to, "") }); err != nil {
		return nil, err
	}
	return sqlite.OpenFile(to, true)
}

func (e *Engine) copyPoint(ctx context.Context, point, to string) (d1.File, error) {
	path, err := e.pointFile(point)
	if err != nil {
		return nil, err
	}
	if d1.IsDamaged(point) {
		return sqlite.OpenFile(path, false)
	}
	from, err := sqlite.OpenCopy(path)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The copy can't be read. Check the disk.")
	}
	defer func() { _ = from.Close() }()
	owner, err := from.Owner(ctx)
	if _, damaged := damageOf(err); damaged || err == nil && owner == "" {
		return sqlite.OpenFile(path, false)
	}
	if err == nil {
		err = from.CopyAs(ctx, to, "")
	}
	if _, damaged := damageOf(err); damaged { // what can't be read is still somebody's to save
		return sqlite.OpenFile(path, false)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The copy can't be read, or the disk is full. Free some space and try again.")
	}
	return sqlite.OpenFile(to, true)
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
