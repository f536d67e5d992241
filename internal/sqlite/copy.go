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
func (c *Conn) CopyTo(ctx context.Context, path string) (err error) {
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
	// The transaction holds one snapshot, so that writing doesn't start the copy anew.
	if err := c.Begin(ctx, Read); err != nil {
		return err
	}
	defer func() { _ = c.End(false) }()
	if err := c.run("SELECT 1 FROM sqlite_master LIMIT 1"); err != nil {
		return err
	}
	if err := c.copyPages(ctx, to, c.db); err != nil {
		return err
	}
	return exec(to, "PRAGMA journal_mode=DELETE") // WAL is a property of the file
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

// CheckFile returns nil when a file is a database that is whole.
func CheckFile(path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	c, err := openDriver(path, driver.OpenReadOnly)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() { _ = closeDriver(c) }()
	st, _, err := c.PrepareTransient("PRAGMA quick_check(1)")
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() { _ = st.Finalize() }()
	if _, err := st.Step(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if words := st.ColumnText(0); words != "ok" {
		return fmt.Errorf("sqlite: the file is damaged: %s", words)
	}
	return nil
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
