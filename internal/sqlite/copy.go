package sqlite

import (
	"context"
	"fmt"
	"os"

	driver "zombiezen.com/go/sqlite"
)

// copyPages is how many pages are copied between two looks at the context: 4 MB.
const copyPages = 1000

// CopyTo writes the database, as it is at one moment, to a new file that needs no
// journal beside it. Reading and writing go on meanwhile. On an error no file is
// left. It must not be called between Begin and End.
func (c *Conn) CopyTo(ctx context.Context, path string) error { return c.copyTo(ctx, path, nil) }

// CopyAs is CopyTo, and the copy is that of the database with that id, or of none for "".
func (c *Conn) CopyAs(ctx context.Context, path, id string) error {
	return c.copyTo(ctx, path, func(to *driver.Conn) error {
		if err := exec(to, "PRAGMA secure_delete=ON"); err != nil { // what was there isn't either
			return err
		}
		return setOwner(to, id)
	})
}

func (c *Conn) copyTo(ctx context.Context, path string, then func(*driver.Conn) error) (err error) {
	to, err := openDriver(path, driver.OpenReadWrite, driver.OpenCreate)
	if err != nil {
		return fmt.Errorf("sqlite: copy: %w", err)
	}
	defer func() {
		if cerr := closeDriver(to); err == nil {
			err = cerr
		}
		if err != nil {
			_ = os.Remove(path)
			_ = os.Remove(path + "-journal")
			return
		}
		err = syncFile(path)
	}()
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	// Nobody else sees the file yet, and it is synced as a whole at the end.
	if err := exec(to, "PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF"); err != nil {
		return err
	}
	if err := c.copySnapshot(ctx, to); err != nil {
		return err
	}
	if err := exec(to, "PRAGMA journal_mode=DELETE"); err != nil { // WAL is a property of the file
		return c.copyFailure(err)
	}
	if then == nil {
		return nil
	}
	if err := then(to); err != nil {
		return c.copyFailure(err)
	}
	return nil
}

// copySnapshot copies all pages. A transaction holds one snapshot, so that writing doesn't
// start the copy anew.
func (c *Conn) copySnapshot(ctx context.Context, to *driver.Conn) error {
	if err := c.Begin(ctx, Read); err != nil {
		return err
	}
	defer func() { _ = c.End(false) }()
	if err := c.run("SELECT 1 FROM sqlite_master LIMIT 1"); err != nil {
		return err
	}
	return c.copyPages(ctx, to, c.db)
}

// RestoreFrom makes the database's content that of a file CopyTo wrote, in one
// transaction: whole or not at all, whatever happens meanwhile. It must not be
// called between Begin and End, and nobody else may be writing.
func (c *Conn) RestoreFrom(ctx context.Context, path string) error {
	from, err := openImmutable(path) // nobody changes a copy
	if err != nil {
		return err
	}
	defer func() { _ = closeDriver(from) }()
	c.kept.clear()
	return c.copyPages(ctx, c.db, from)
}

// copyPages copies all of a database over another one.
func (c *Conn) copyPages(ctx context.Context, to, from *driver.Conn) error {
	b, err := driver.NewBackup(to, "main", from, "main")
	if err != nil {
		return fmt.Errorf("sqlite: copy: %w", err)
	}
	for more := true; more && err == nil; {
		if ctx.Err() != nil {
			err = &Error{Text: "interrupted: SQLITE_INTERRUPT", Offset: -1}
			break
		}
		more, err = b.Step(copyPages)
	}
	if cerr := b.Close(); err == nil {
		err = cerr
	}
	if _, ours := err.(*Error); err != nil && !ours { //nolint:errorlint // made above
		return c.copyFailure(err)
	}
	return err
}

// copyFailure gives a failed copy D1's form of words: a full disk is SQLITE_FULL.
func (c *Conn) copyFailure(err error) error {
	code := driver.ErrCode(err).ToPrimary()
	return &Error{Text: "copying failed: " + err.Error() + ": " + code.String(), Offset: -1}
}

func exec(c *driver.Conn, statements ...string) error {
	for _, sql := range statements {
		st, _, err := c.PrepareTransient(sql)
		if err != nil {
			return fmt.Errorf("sqlite: %s: %w", sql, err)
		}
		_, err = st.Step()
		if ferr := st.Finalize(); err == nil {
			err = ferr
		}
		if err != nil {
			return fmt.Errorf("sqlite: %s: %w", sql, err)
		}
	}
	return nil
}

// syncFile makes a file and its name survive a power loss.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
