package sqlite

import (
	"bufio"
	"errors"
	"io"
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

// maxLoaded is the longest statement that is read: one value of D1's longest in
// hexadecimal has 4 MB.
const maxLoaded = 64 << 20

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
