package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// checkedAtOnce is how large a file may be that is checked before its database is removed,
// which should take seconds: what is larger goes by its last check.
const checkedAtOnce = 1 << 30

// Retire moves the database's file to its copies. One that is damaged moves as it is, its
// log beside it; where there is none, nothing is kept, which is fault.NotFound; and another
// database's stays where it is.
func (e *Engine) Retire(ctx context.Context, id string) (d1.Point, error) {
	f, err := e.file(id)
	if err != nil {
		return d1.Point{}, err
	}
	e.handles.forget(id)
	p, err := e.retire(ctx, id, f)
	if err != nil && !fault.Is(err, fault.NotFound) {
		e.handles.readmit(id)
		return p, err
	}
	e.mu.Lock()
	delete(e.files, id)
	e.mu.Unlock()
	e.conditions.drop(id)
	return p, err
}

func (e *Engine) retire(ctx context.Context, id string, f file) (d1.Point, error) {
	path := e.path(id, f)
	damage, err := e.settle(ctx, id, f)
	if err != nil {
		return d1.Point{}, err
	}
	p, err := e.newPoint(id, f, damage)
	if err != nil {
		return p, err
	}
	if damage != "" && sizeOf(path+"-wal") > 0 {
		_ = os.Rename(path+"-wal", e.pointPath(p.ID)+"-wal")
	}
	if err := os.Rename(path, e.pointPath(p.ID)); err != nil {
		return p, fault.Wrap(err, fault.Unavailable,
			"The database %q could not be removed: its file can't be moved. Nothing is lost; try again.", f.name)
	}
	for _, s := range strings.Fields(journals) {
		_ = os.Remove(path + s)
	}
	p.Size = sizeOf(e.pointPath(p.ID))
	return p, nil
}

// settle moves what is left of a closed database's log into its file, and says what is
// damaged in it.
func (e *Engine) settle(ctx context.Context, id string, f file) (damage string, err error) {
	path := e.path(id, f)
	c, err := openFile(path, sqlite.Options{Owner: id})
	if err == nil {
		if sizeOf(path) <= checkedAtOnce {
			err = c.Check(ctx)
		} else {
			damage = e.Condition(id).Damage
		}
		if err == nil && damage == "" {
			err = c.Checkpoint()
		}
		if cerr := c.Close(); err == nil {
			err = cerr
		}
	}
	if words, damaged := damageOf(err); damaged {
		return damageWords(f.name, words), nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", fault.Wrap(err, fault.NotFound, "The file of %s is gone, so there is nothing to keep of it.", f.name)
	}
	if isForeign(err) {
		return "", e.conn(id, f).fail(ctx, err)
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable,
			"The database %q could not be removed: its log can't be moved into its file. Nothing is lost; try again.", f.name)
	}
	return damage, nil
}
