package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// maxPinned is how much a database's log may grow while its file is checked: the check
// holds one moment, and until it ends the log can't begin anew.
const maxPinned = 64 << 20

// CheckFile reads all of a database's file on a connection of its own and remembers what it
// saw. It is broken off, as fault.Limited, when so much is written meanwhile that the log
// grows by 64 MB, and when the database leaves.
func (e *Engine) CheckFile(ctx context.Context, id string) (d1.Condition, error) {
	f, err := e.file(id)
	if err != nil {
		return d1.Condition{}, err
	}
	c := e.conn(id, f)
	inside, leave, err := e.handles.visit(ctx, id)
	if err != nil {
		return d1.Condition{}, c.fail(ctx, err)
	}
	defer leave()
	if err = checkOpen(inside, c.path, id); err != nil {
		if _, damaged := damageOf(err); !damaged {
			return d1.Condition{}, c.fail(ctx, err)
		}
	}
	return e.noteCheck(id, f, err), nil
}

func checkOpen(ctx context.Context, path, id string) error {
	db, err := openFile(path, sqlite.Options{ReadOnly: true, Statements: 1, Owner: id})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	inside, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go watchLog(inside, path+"-wal", cancel)
	err = db.Check(inside)
	if cause := context.Cause(inside); cause != nil && errors.Is(cause, errBusyLog) {
		return cause
	}
	return err
}

var errBusyLog = fault.New(fault.Limited,
	"So much was written while the file was checked that the check was broken off. It is tried again.")

// watchLog ends a check whose log grows beyond its bound.
func watchLog(ctx context.Context, log string, cancel context.CancelCauseFunc) {
	start := sizeOf(log)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if sizeOf(log) > start+maxPinned {
				cancel(errBusyLog)
				return
			}
		}
	}
}

func sizeOf(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// noteCheck remembers what a look at all of a database saw: err is nil or tells its damage.
func (e *Engine) noteCheck(id string, f file, err error) d1.Condition {
	c := d1.Condition{At: time.Now().UTC()}
	if words, damaged := damageOf(err); damaged {
		c.Damage = damageWords(f.name, words)
	}
	e.conditions.put(id, c)
	return c
}

// Condition returns what the last look at all of a database saw.
func (e *Engine) Condition(id string) d1.Condition { return e.conditions.get(id) }

// Stalest returns the database that wasn't looked at as a whole for longest.
func (e *Engine) Stalest(context.Context) (d1.Info, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	stalest, at := "", time.Time{}
	for id := range e.files {
		if c := e.conditions.get(id); stalest == "" || c.At.Before(at) || c.At.Equal(at) && id < stalest {
			stalest, at = id, c.At
		}
	}
	if stalest == "" {
		return d1.Info{}, nil
	}
	return e.info(stalest, e.files[stalest]), nil
}

// CheckPoint returns nil for a point whose file is whole.
func (e *Engine) CheckPoint(ctx context.Context, point string) error {
	path, err := e.pointFile(point)
	if err != nil {
		return err
	}
	words, damaged := "it was damaged when it was kept", d1.IsDamaged(point)
	if !damaged {
		err = sqlite.CheckCopy(ctx, path)
		words, damaged = damageOf(err)
		words = "SQLite says: " + words
	}
	switch {
	case damaged:
		return fault.Wrap(err, fault.Invalid, "This copy is damaged, so it can't be put back: %s. Nothing was changed. "+
			"Choose another restore point. This one can be downloaded, for what can be saved of it by hand.", words)
	case err != nil && ctx.Err() != nil:
		return fault.Wrap(err, fault.Limited, "The check of the copy was stopped. Nothing was changed.")
	case err != nil:
		return fault.Wrap(err, fault.Unavailable, "The copy can't be read. Nothing was changed. Check the disk.")
	}
	return nil
}

// checks is the folder that has a file for each database, of the moment of its last check:
// it holds its damage.
const checks = "checks"

// conditions are what the last checks saw. They outlive the program, so that a start
// neither forgets a damage nor begins anew with what was checked last. One that can't be
// written is only forgotten.
type conditions struct {
	dir  string
	mu   sync.Mutex // guards seen
	seen map[string]d1.Condition
}

// load reads the folder, once; it is called with mu.
func (c *conditions) load() {
	if c.seen != nil {
		return
	}
	c.seen = map[string]d1.Condition{}
	entries, _ := os.ReadDir(c.dir)
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			continue
		}
		seen := d1.Condition{At: info.ModTime().UTC()}
		if info.Size() > 0 {
			b, _ := os.ReadFile(filepath.Join(c.dir, entry.Name()))
			seen.Damage = string(b)
		}
		c.seen[entry.Name()] = seen
	}
}

// get returns what the last check saw. One by a clock that was ahead tells no time, so that
// the file is read again.
func (c *conditions) get(id string) d1.Condition {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load()
	seen := c.seen[id]
	if seen.At.After(time.Now().Add(clock.Skew)) {
		seen.At = time.Time{}
	}
	return seen
}

func (c *conditions) put(id string, seen d1.Condition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load()
	c.seen[id] = seen
	path := filepath.Join(c.dir, id)
	err := os.WriteFile(path, []byte(seen.Damage), 0o600)
	if errors.Is(err, fs.ErrNotExist) && os.Mkdir(c.dir, 0o700) == nil {
		_ = os.WriteFile(path, []byte(seen.Damage), 0o600)
	}
}

func (c *conditions) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load()
	delete(c.seen, id)
	_ = os.Remove(filepath.Join(c.dir, id))
}
