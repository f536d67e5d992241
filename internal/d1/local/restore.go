package local

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// Restore copies a point's file over the database's, in one transaction. Where no database
// is in that place that could be written to, the file is replaced by a new one.
func (e *Engine) Restore(ctx context.Context, id, point string) error {
	f, err := e.file(id)
	if err != nil {
		return err
	}
	if err := e.CheckPoint(ctx, point); err != nil {
		return err
	}
	path, done, err := e.pointOf(ctx, id, point)
	if err != nil {
		return err
	}
	defer done()
	err = e.conn(id, f).alone(ctx, sqlite.Write, func(db *sqlite.Conn) error { return db.RestoreFrom(ctx, path) })
	if _, damaged := damageOf(err); damaged || errors.Is(err, fs.ErrNotExist) {
		err = e.restoreAnew(ctx, id, f, path)
	}
	if err != nil {
		return err
	}
	e.noteCheck(id, f, nil)
	return nil
}

// pointOf returns the path of a point's file that says that it is the database's, or says
// nothing and so becomes it when it is opened. That of another database, which was deleted,
// is copied for it first: the id must come in the transaction of the content.
func (e *Engine) pointOf(ctx context.Context, id, point string) (path string, done func(), err error) {
	path, err = e.pointFile(point)
	if err != nil {
		return "", nil, err
	}
	from, err := sqlite.OpenCopy(path)
	if err != nil {
		return "", nil, fault.Wrap(err, fault.Unavailable, "The copy can't be read. Nothing was changed. Check the disk.")
	}
	defer func() { _ = from.Close() }()
	owner, err := from.Owner(ctx)
	if err == nil && (owner == "" || owner == id) {
		return path, func() {}, nil
	}
	to := e.temporary(id)
	if err == nil {
		err = from.CopyAs(ctx, to, id)
	}
	if err != nil {
		return "", nil, fault.Wrap(err, fault.Unavailable, "The copy can't be copied. Nothing was changed. Check the disk.")
	}
	return to, func() { _ = os.Remove(to) }, nil
}

// restoreAnew puts a new file, made of a point's, in the database's place.
func (e *Engine) restoreAnew(ctx context.Context, id string, f file, path string) error {
	from, err := sqlite.OpenCopy(path)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "The copy can't be read. Nothing was changed. Check the disk.")
	}
	to := e.temporary(id)
	err = errors.Join(from.CopyAs(ctx, to, id), from.Close())
	if err == nil {
		err = e.replaceFile(id, f, to, nil)
	}
	if err != nil {
		_ = os.Remove(to)
		return e.keepFault(ctx, f, err)
	}
	return nil
}
