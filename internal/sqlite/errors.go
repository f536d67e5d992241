package sqlite

import (
	"fmt"
	"strings"

	driver "zombiezen.com/go/sqlite"

	"github.com/kuratchi/dashboard/internal/sqlite/bounds"
)

// Error is a refusal of the engine in D1's words.
type Error struct {
	// Text is for instance `near "x": syntax error at offset 0: SQLITE_ERROR`.
	Text string
	// Offset is where in the statement, in bytes, or -1.
	Offset int
	// Short is what the statement ran out of, where that was bounded here.
	Short Shortage
	// Limit is how much memory it could have had, in bytes, 0 for all there is.
	Limit int64
}

func (e *Error) Error() string { return e.Text }

// failure turns the driver's error into D1's words: SQLite's message, the offset
// where there is one, the code, and the extended code where it says more.
func (c *Conn) failure(err error) error {
	code := driver.ErrCode(err)
	if err := c.shortage(code.ToPrimary()); err != nil {
		return err
	}
	if code.ToPrimary() == driver.ResultInterrupt {
		return &Error{Text: "interrupted: SQLITE_INTERRUPT", Offset: -1}
	}
	offset := c.raw.offset()
	at := ""
	if offset >= 0 {
		at = fmt.Sprintf(" at offset %d", offset)
	}
	if words := c.denied; words != "" {
		c.denied = ""
		if strings.Contains(words, "%s") {
			words = fmt.Sprintf(words, at)
		}
		return &Error{Text: words, Offset: offset}
	}
	primary := code.ToPrimary().String()
	text := c.raw.message() + at + ": " + primary
	if code != code.ToPrimary() {
		text += " (extended: " + codeName(code) + ")"
	}
	return &Error{Text: text, Offset: offset}
}

// shortage returns the error of a statement that ran out of something, else nil.
func (c *Conn) shortage(code driver.ResultCode) error {
	if code != driver.ResultNoMem && code != driver.ResultFull && code != driver.ResultInterrupt {
		return nil
	}
	short, limit := c.account.Short(), c.account.Limit()
	onDisk := short == bounds.Temporary || short == bounds.Disk
	switch {
	case code == driver.ResultFull && !onDisk:
		return c.idsUsedUp()
	case code != driver.ResultFull && onDisk:
		return nil
	}
	text := shortageText(short, limit)
	if text == "" {
		return nil
	}
	return &Error{Text: text, Offset: -1, Short: short, Limit: limit}
}

// constraintDatatype is younger than the driver's list of names.
const constraintDatatype = driver.ResultCode(3091)

func codeName(code driver.ResultCode) string {
	if code == constraintDatatype {
		return "SQLITE_CONSTRAINT_DATATYPE"
	}
	return code.String()
}

// idsUsedUp is the error of an insert into an AUTOINCREMENT table whose last id is
// the largest there is. SQLite answers it as a full disk, which only a file can
// tell of. The table is named when it can be found: a statement that is undone may
// have been in the transaction that wrote that id.
func (c *Conn) idsUsedUp() error {
	e := &Error{Text: "a table has used up its ids, the last one is " + lastID + ": SQLITE_FULL", Offset: -1}
	was := c.mode
	c.mode = trusted
	defer func() { c.mode = was }()
	st, _, err := c.db.PrepareTransient("SELECT min(name) FROM sqlite_sequence WHERE seq = " + lastID + " HAVING count(*) = 1")
	if err != nil {
		return e
	}
	defer func() { _ = st.Finalize() }()
	if row, err := st.Step(); err == nil && row {
		e.Text = "the table " + st.ColumnText(0) + " has used up its ids, the last one is " + lastID + ": SQLITE_FULL"
	}
	return e
}

const lastID = "9223372036854775807"
