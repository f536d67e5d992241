package sqlite

import (
	"fmt"
	"strings"

	driver "zombiezen.com/go/sqlite"
)

// Error is a refusal of the engine in D1's words.
type Error struct {
	// Text is for instance `near "x": syntax error at offset 0: SQLITE_ERROR`.
	Text string
	// Offset is where in the statement, in bytes, or -1.
	Offset int
}

func (e *Error) Error() string { return e.Text }

// failure turns the driver's error into D1's words: SQLite's message, the offset
// where there is one, the code, and the extended code where it says more.
func (c *Conn) failure(err error) error {
	code := driver.ErrCode(err)
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

// constraintDatatype is younger than the driver's list of names.
const constraintDatatype = driver.ResultCode(3091)

func codeName(code driver.ResultCode) string {
	if code == constraintDatatype {
		return "SQLITE_CONSTRAINT_DATATYPE"
	}
	return code.String()
}
