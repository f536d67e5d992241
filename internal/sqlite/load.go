package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	driver "zombiezen.com/go/sqlite"

	"github.com/kuratchi/dashboard/internal/sqlite/bounds"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// OpenCopy opens a file nobody changes, such as one CopyTo wrote, for reading. It
// leaves the file as it is and makes none beside it.
func OpenCopy(path string) (*Conn, error) {
	if err := errors.Join(errFunctions, bounds.Installed()); err != nil {
		return nil, err
	}
	db, err := openImmutable(path)
	if err != nil {
		return nil, err
	}
	return newCopyConn(db)
}

// newCopyConn is newConn for somebody's copy.
func newCopyConn(db *driver.Conn) (*Conn, error) {
	// Memory stands for "not a file of ours": no log is made in it.
	return newConn(db, Options{Memory: true, ReadOnly: true, copied: true})
}

// maxLoaded is the longest statement Load takes: one value of D1's longest in
// hexadecimal has 4 MB.
const maxLoaded = 64 << 20

// Load makes a database file of statements, in one transaction and under D1's
// rules about what a statement may do, without its limit on a statement's length.
// next returns io.EOF after the last. Statements that begin or end transactions
// are left out. Foreign keys are not enforced, since rows may come before those
// they name. On an error no file is left; a statement that fails is an *Error.
func Load(ctx context.Context, path string, next func() (string, error)) (err error) {
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("sqlite: load: %s exists", path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: load: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("sqlite: load: %w", err)
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
	c, err := Open(path, Options{Create: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	c.long = true
	c.db.Limit(driver.LimitSQLLength, maxLoaded)
	// The file is synced as a whole at the end, and nobody else sees it before.
	for _, sql := range []string{"PRAGMA foreign_keys=OFF", "PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF"} {
		if err := c.run(sql); err != nil {
			return err
		}
	}
	if err := c.Begin(ctx, Write); err != nil {
		return err
	}
	if err := c.loadAll(ctx, next); err != nil {
		_ = c.End(false)
		return err
	}
	if err := c.End(true); err != nil {
		return err
	}
	return c.run("PRAGMA journal_mode=DELETE") // so that the file needs none beside it
}

func (c *Conn) loadAll(ctx context.Context, next func() (string, error)) error {
	for {
		sql, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if endsTransaction(sql) {
			continue
		}
		if err := c.Exec(sql); err != nil {
			return err
		}
	}
}

func endsTransaction(sql string) bool {
	for t := range sqltext.Code(sql) {
		return t.Is("begin") || t.Is("commit") || t.Is("end") || t.Is("pragma")
	}
	return true
}

// blanks are what may stand before a statement. A byte order mark is one to the
// engine but part of a word to sqlite3_complete, which then sees no CREATE TRIGGER.
const blanks = " \t\r\n\f\v" + sqltext.Mark

// Statements returns a function that reads one statement after the other, each
// with the semicolon that ends it, and io.EOF after the last. It takes the memory
// of one statement; a text that ends within one is io.ErrUnexpectedEOF.
func Statements(r io.Reader) func() (string, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	return func() (string, error) {
		var b strings.Builder
		var quote byte // what ends the quoted text or comment we are in, 0 for none
		var last byte
		for {
			c, err := in.ReadByte()
			switch {
			case errors.Is(err, io.EOF) && (quote == 0 || quote == '\n') && isBlank(b.String()):
				return "", io.EOF
			case errors.Is(err, io.EOF):
				return "", io.ErrUnexpectedEOF
			case err != nil:
				return "", err
			case b.Len() > maxLoaded:
				return "", &Error{Text: "statement too long: SQLITE_TOOBIG", Offset: -1}
			}
			b.WriteByte(c)
			switch {
			case quote == '*': // a comment /* … */
				if c == '/' && last == '*' {
					quote, c = 0, 0
				}
			case quote != 0:
				if c == quote { // a doubled one opens it again at once
					quote = 0
				}
			case c == '\'' || c == '"' || c == '`':
				quote = c
			case c == '[':
				quote = ']'
			case c == '-' && last == '-':
				quote = '\n'
			case c == '*' && last == '/':
				quote, c = '*', 0
			case c == ';' && complete(strings.TrimLeft(b.String(), blanks)):
				return b.String(), nil
			}
			last = c
		}
	}
}
