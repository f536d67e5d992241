package d1

import (
	"errors"
	"regexp"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
)

// ErrNotRun is in the chain of an error that says of itself that nothing of the call was
// run. A transport puts it there, or an error of its answers to errors.Is by it; who
// reads asks [NotRun].
var ErrNotRun = errors.New("nothing of it was run")

// NotRun reports that the answer itself says that nothing of a call was run, so that the
// same call may be made again later. It is true for
//
//   - what was refused at the door: the token (401, 403, codes 7403 and 10000), a database
//     that isn't there (404, 7404), the account's limit of calls and one database's queue
//     (429, "D1 DB is overloaded"), and the rows of a day (7500 with the quota's words);
//   - what never left here: no account or token, the budget of calls used up, a connection
//     that could not be made.
//
// It is false for all that is less sure: a lost, late or broken answer, 5xx and "internal
// error", a reset, a statement that was stopped, and whatever was run and rolled back. It
// is false for a refused statement too, wherever that was noticed: the same call would be
// refused again. And it is false for fault.Unknown anywhere in the chain: a question about a write
// that was begun may be refused at the door, the write was not.
func NotRun(err error) bool { return errors.Is(err, ErrNotRun) && !unknown(err) }

// unknown reports a fault.Unknown in the chain, under whatever it was wrapped in.
func unknown(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if f, ok := err.(*fault.Error); ok && f.Kind == fault.Unknown { //nolint:errorlint // each link is looked at
			return true
		}
		if all, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // as above
			for _, one := range all.Unwrap() {
				if unknown(one) {
					return true
				}
			}
		}
	}
	return false
}

// notRunWords begin D1's words for what it didn't begin. D1 counts the rows of a day
// before it runs a statement; that a database is full shows while one runs.
var notRunWords = regexp.MustCompile(`^(D1 DB is overloaded|Your account has exceeded D1's .*daily)`)

// Is answers to [ErrNotRun] for D1's words that say so.
func (e *Error) Is(target error) bool {
	return target == ErrNotRun && notRunWords.MatchString(e.Text) && !strings.Contains(e.Text, "SQLITE_")
}
