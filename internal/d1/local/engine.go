package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Options tune an Engine.
type Options struct {
	// OpenDatabases is how many stay open at most; 0 means 128. An open one
	// costs about 0.14 MB.
	OpenDatabases int
	// IdleTimeout closes a database unused for so long; 0 means a minute.
	IdleTimeout time.Duration
	// Memory is what statements that only read may take, in bytes: one alone, and
	// all together but for 1 MB each; 0 means 64 MB. Those that write have
	// [WriteMemory] times as much.
	Memory     int64
	statements int
	// unlimited is for the dashboard's own records.
	unlimited bool
}

// WriteMemory is how much more memory a statement may take that writes: what it
// took so far is lost with it.
const WriteMemory = 4

// Engine keeps databases as files in one folder, each named
// "<name>.<id>.db"; a name holds no dot.
type Engine struct {
	dir     string
	handles *handles

	mu    sync.Mutex // guards files
	files map[string]file

	conditions conditions
}

type file struct {
	name    string
	created time.Time
}

const (
	suffix   = ".db"
	unborn   = ".new" // a file that is still being made
	journals = "-wal -shm -journal"
)

// Open returns an engine over a folder, which is made when missing. What an
// interrupted Create left behind is removed.
func Open(dir string, o Options) (*Engine, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The data folder %s can't be made. Check the path and its permissions.", dir)
	}
	e := &Engine{dir: dir, files: map[string]file{}, handles: newHandles(o), conditions: conditions{dir: filepath.Join(dir, checks)}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The data folder %s can't be read.", dir)
	}
	for _, entry := range entries {
		if strings.Contains(entry.Name(), unborn) {
			_ = os.Remove(filepath.Join(dir, entry.Name()))
			continue
		}
		name, id, ok := parseFile(entry.Name())
		if !ok {
			continue
		}
		f := file{name: name}
		if info, err := entry.Info(); err == nil {
			f.created = info.ModTime()
		}
		if at, ok := idTime(id); ok {
			f.created = at
		}
		e.files[id] = f
	}
	e.sweepCopies()
	return e, nil
}

// newID returns an id that tells when it was made, as a file's times don't.
func newID() (string, time.Time) {
	id := uuid.Must(uuid.NewV7())
	at, _ := idTime(id.String())
	return id.String(), at
}

func idTime(id string) (time.Time, bool) {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return time.Time{}, false
	}
	return time.Unix(u.Time().UnixTime()), true
}

// Close closes every open database, its log moved into its file.
func (e *Engine) Close() error { return e.handles.close() }

func parseFile(base string) (name, id string, ok bool) {
	rest, ok := strings.CutSuffix(base, suffix)
	if !ok {
		return "", "", false
	}
	return cutLast(rest)
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 1 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

func (e *Engine) path(id string, f file) string { return filepath.Join(e.dir, f.name+"."+id+suffix) }

// Create makes an empty database file. It appears whole or not at all.
func (e *Engine) Create(ctx context.Context, in d1.CreateInput) (d1.Info, error) {
	if err := d1.CheckName(in.Name); err != nil {
		return d1.Info{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range e.files {
		if sqltext.Same(f.name, in.Name) { // file systems may fold case
			return d1.Info{}, fault.New(fault.Conflict, "A database named %q exists already. Choose another name.", f.name).At("name")
		}
	}
	id, at := newID()
	f := file{name: in.Name, created: at}
	tmp := e.path(id, f) + unborn
	if err := makeFile(tmp, id); err != nil {
		return d1.Info{}, fault.Wrap(err, fault.Unavailable,
			"The database %q could not be made: its file can't be written. Check the disk.", in.Name)
	}
	if err := os.Rename(tmp, e.path(id, f)); err != nil {
		return d1.Info{}, fault.Wrap(err, fault.Unavailable, "The database %q could not be made: its file can't be renamed.", in.Name)
	}
	e.files[id] = f
	return e.info(id, f), nil
}

// makeFile makes a database that only this user can read; its journals get the
// same permissions from SQLite. It is the one with that id, or nobody's for "".
func makeFile(path, id string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	c, err := sqlite.Open(path, sqlite.Options{Create: true, Owner: id})
	if err != nil {
		return err
	}
	return errors.Join(c.Checkpoint(), c.Close())
}

func (e *Engine) info(id string, f file) d1.Info {
	info := d1.Info{ID: id, Name: f.name, CreatedAt: f.created, Tables: -1}
	for _, s := range []string{"", "-wal"} {
		if st, err := os.Stat(e.path(id, f) + s); err == nil {
			info.Size += st.Size()
		}
	}
	return info
}

func (e *Engine) file(id string) (file, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f, ok := e.files[id]
	if !ok {
		return file{}, fault.New(fault.NotFound, "There is no database with the id %s.", id)
	}
	return f, nil
}

// Get returns the database with that id.
func (e *Engine) Get(_ context.Context, id string) (d1.Info, error) {
	f, err := e.file(id)
	if err != nil {
		return d1.Info{}, err
	}
	return e.info(id, f), nil
}

// Find returns the database with exactly that name.
func (e *Engine) Find(_ context.Context, name string) (d1.Info, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, f := range e.files {
		if f.name == name {
			return e.info(id, f), nil
		}
	}
	return d1.Info{}, fault.New(fault.NotFound, "There is no database named %q.", name)
}

// List returns every database, by name.
func (e *Engine) List(context.Context) ([]d1.Info, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	infos := make([]d1.Info, 0, len(e.files))
	for id, f := range e.files {
		infos = append(infos, e.info(id, f))
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Name < infos[j].Name })
	return infos, nil
}

// Delete removes a database's files. Calls under way are finished first.
func (e *Engine) Delete(_ context.Context, id string) error {
	f, err := e.file(id)
	if err != nil {
		return err
	}
	e.handles.forget(id)
	if err := e.checkPlace(id, f); isForeign(err) {
		e.handles.readmit(id)
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	path := e.path(id, f)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		e.handles.readmit(id)
		return fault.Wrap(err, fault.Unavailable, "The database %q could not be deleted: its file can't be removed.", f.name)
	}
	for _, s := range strings.Fields(journals) {
		_ = os.Remove(path + s)
	}
	delete(e.files, id)
	e.conditions.drop(id)
	return nil
}

// Open returns a handle on a database. It opens the file at its first statement.
func (e *Engine) Open(_ context.Context, id string) (d1.Conn, error) {
	f, err := e.file(id)
	if err != nil {
		return nil, err
	}
	return e.conn(id, f), nil
}

func (e *Engine) conn(id string, f file) *conn {
	return &conn{handles: e.handles, key: id, name: f.name, path: e.path(id, f), nameOf: e.nameOf}
}

// Visit returns a handle whose files are closed with it.
func (e *Engine) Visit(_ context.Context, id string) (d1.Conn, error) {
	f, err := e.file(id)
	if err != nil {
		return nil, err
	}
	c := e.conn(id, f)
	c.handles, c.owns = e.handles.sibling(Options{OpenDatabases: 1, IdleTimeout: -1}), true
	return c, nil
}

// OpenFile returns a handle on a file outside of any folder, made when missing:
// the control plane's. Closing the handle closes the file.
func OpenFile(path string) (d1.Conn, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeFile(path, ""); err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "The file %s can't be made. Check the folder and its permissions.", path)
		}
	}
	hs := newHandles(Options{OpenDatabases: 1, IdleTimeout: -1, statements: 64, unlimited: true})
	return &conn{handles: hs, key: path, name: filepath.Base(path), path: path, owns: true, records: true}, nil
}
