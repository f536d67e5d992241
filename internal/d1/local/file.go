package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// errNoBytes is an empty file in a database's place: SQLite takes it for a new database, and
// writes to it.
var errNoBytes = errors.New("local: the file has 0 bytes")

// openFile opens a database's file. One without a byte is no database, but for the
// dashboard's own, which is one that isn't filled yet.
func openFile(path string, o sqlite.Options) (*sqlite.Conn, error) {
	if o.Owner != "" {
		if st, err := os.Stat(path); err == nil && st.Size() == 0 {
			return nil, errNoBytes
		}
	}
	return sqlite.Open(path, o)
}

// checkPlace opens the file in a database's place, and returns why that can't be done.
func (e *Engine) checkPlace(id string, f file) error {
	c, err := openFile(e.path(id, f), sqlite.Options{ReadOnly: true, Statements: 1, Owner: id})
	if err != nil {
		return e.conn(id, f).fail(context.Background(), err)
	}
	return c.Close()
}

// isForeign reports whether a file is another database's.
func isForeign(err error) bool {
	_, ok := errors.AsType[*sqlite.OwnerError](err)
	return ok
}

// damageOf returns what an error says of a damaged file, in SQLite's words; ok is false for
// an error of another kind.
func damageOf(err error) (words string, ok bool) {
	if d, ok := errors.AsType[*sqlite.Damage](err); ok {
		return d.Words, true
	}
	if errors.Is(err, errNoBytes) {
		return "0 bytes", true
	}
	text := ""
	if e, ok := errors.AsType[*d1.Error](err); ok {
		text = e.Text
	} else if e, ok := errors.AsType[*sqlite.Error](err); ok {
		text = e.Text
	}
	if strings.Contains(text, "SQLITE_CORRUPT") || strings.Contains(text, "SQLITE_NOTADB") {
		return d1.Said(text), true
	}
	return "", false
}

// damageWords says what is known of a damaged database.
func damageWords(name, words string) string {
	if words == "0 bytes" {
		return fmt.Sprintf("The file of %s holds no database: 0 bytes.", name)
	}
	return fmt.Sprintf("The file of %s is damaged. SQLite says: %s. What can be read of it may be wrong. "+
		"Put the database back to a restore point from before.", name, strings.TrimSuffix(words, "."))
}

// nameOf returns the name of the database with that id, or what can be said of one that
// isn't here any more.
func (e *Engine) nameOf(id string) string {
	if f, err := e.file(id); err == nil {
		return f.name
	}
	if len(id) > shortID {
		id = "…" + id[len(id)-shortID:] // ids begin with their moment, and end by chance
	}
	return "a database that isn't here any more, with the id " + id
}

const shortID = 12

// replaceFile puts a file that is made already in a database's place, whatever is there,
// unless may, which runs when nobody has it open, returns an error.
func (e *Engine) replaceFile(id string, f file, by string, may func() error) error {
	e.handles.forget(id)
	defer e.handles.readmit(id)
	if may != nil {
		if err := may(); err != nil {
			return err
		}
	}
	path := e.path(id, f)
	for _, s := range strings.Fields(journals) { // a log of another file would be taken for its own
		if err := os.Remove(path + s); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.Wrap(err, fault.Unavailable, "The log of %s can't be removed. Nothing was changed; check the disk.", f.name)
		}
	}
	if err := os.Rename(by, path); err != nil {
		return fault.Wrap(err, fault.Unavailable, "The file of %s can't be replaced. Check the disk.", f.name)
	}
	syncFolder(e.dir)
	return nil
}

// copyBytes copies a file that SQLite can't read.
func copyBytes(from, to string) (err error) {
	src, err := os.Open(from) //nolint:gosec // the engine's own paths
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the same
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	if err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}
