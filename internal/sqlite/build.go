package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"strings"

	driver "zombiezen.com/go/sqlite"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Builder makes a database file that nobody else sees yet, in one transaction. What its
// statements may do is what D1 allows, without D1's limits on sizes: the file they take
// rows from may be past those, and a row that is too large for D1 still has to come.
// Foreign keys and CHECKs are not enforced: rows may come before those they name, and come
// as they are.
type Builder struct {
	*Conn
	// Attached says that Copy can take rows out of the source.
	Attached bool
}

// sourceName is how the file a Builder copies from is attached.
const sourceName = "source"

// Build makes a database file of what fill does. source is the path of a file whose rows
// [Builder.Copy] can take, "" for none: a whole UTF-8 database without a log, that nobody
// changes meanwhile. Not every one can be attached: Builder.Attached says so. On an error no
// file is left.
func Build(ctx context.Context, path, source string, fill func(*Builder) error) (err error) {
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("sqlite: build: %s exists", path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: build: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("sqlite: build: %w", err)
	}
	defer func() {
		if err == nil {
			err = syncFile(path)
		}
		if err != nil {
			for _, s := range []string{"", "-wal", "-shm", "-journal"} {
				_ = os.Remove(path + s)
			}
		}
	}()
	c, err := Open(path, Options{Create: true, building: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	b := &Builder{Conn: c}
	if err := b.prepare(source); err != nil {
		return err
	}
	if err := c.Begin(ctx, Write); err != nil {
		return err
	}
	if err := fill(b); err != nil {
		_ = c.End(false)
		return err
	}
	if err := c.End(true); err != nil {
		return err
	}
	return c.run("PRAGMA journal_mode=DELETE") // so that the file needs none beside it
}

// prepare lifts the limits and attaches the source.
func (b *Builder) prepare(source string) error {
	b.long = true
	for l := range limits {
		if l != driver.LimitWorkerThreads { // each sorts in memory of its own
			b.db.Limit(l, math.MaxInt32) // the largest that SQLite was built for
		}
	}
	// The file is synced as a whole at the end, and nobody else sees it before.
	pragmas := []string{"foreign_keys=OFF", "ignore_check_constraints=ON", "journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"}
	for _, p := range pragmas {
		if err := b.run("PRAGMA " + p); err != nil {
			return err
		}
	}
	if source == "" {
		return nil
	}
	uri := url.URL{Scheme: "file", OmitHost: true, Path: source, RawQuery: "immutable=1&mode=ro"}
	// A view that says main.t is none of an attached file for SQLite, which reads nothing of it then.
	b.Attached = b.run("ATTACH "+sqltext.QuoteText(uri.String())+" AS "+sourceName) == nil
	return nil
}

// Copy fills a table of the file with all rows of the source's table of that name: the
// values of these columns, quoted. It returns how many rows there were.
func (b *Builder) Copy(table string, columns []string) (int64, error) {
	name, list := sqltext.Quote(table), strings.Join(columns, ", ")
	before := b.TotalChanges()
	// The WHERE keeps SQLite from copying pages: a generated column is computed anew. OR ABORT goes before
	// what the table does with a row it can't hold, which may be to leave it out, or another one.
	err := b.run("INSERT OR ABORT INTO main." + name + " (" + list + ") SELECT " + list + " FROM " + sourceName + "." + name + " WHERE 1")
	return b.TotalChanges() - before, err
}

// CopyShadow makes the content of a virtual table's own table that of the source's. The
// virtual table sees it when the file is opened again. It returns how many rows there were.
func (b *Builder) CopyShadow(table string, columns []string) (rows int64, err error) {
	err = b.WriteShadow(table, func() error {
		rows, err = b.Copy(table, columns)
		return err
	})
	return rows, err
}

// WriteShadow empties a virtual table's own table and lets write fill it again.
func (b *Builder) WriteShadow(table string, write func() error) error {
	if err := b.run("DELETE FROM main." + sqltext.Quote(table)); err != nil {
		return err
	}
	return write()
}

// Ask runs a query of the package's user over the file, whatever D1 allows: what broken
// rows there are. f gets each row.
func (b *Builder) Ask(sql string, f func(*Stmt)) error {
	was := b.mode
	b.mode = trusted
	defer func() { b.mode = was }()
	st, err := b.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close()
	for {
		row, err := st.Step()
		if err != nil || !row {
			return err
		}
		f(st)
	}
}
