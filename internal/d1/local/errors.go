package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// stmtError says which statement of a batch failed.
type stmtError struct {
	index int
	err   error
}

func (e *stmtError) Error() string { return e.err.Error() }
func (e *stmtError) Unwrap() error { return e.err }

// commitError gives a foreign key that is violated at the end of a batch D1's words.
func commitError(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok || d1.NewError(e.Text).Class != d1.Constraint {
		return err
	}
	return &sqlite.Error{Text: "Durable Object was reset and rolled back to its last known good state because the " +
		"application left the database in a state where constraints were violated: " + e.Text, Offset: -1}
}

// fail turns the engine's error into a fault that names the database where the
// words don't speak of the statement.
func (c *conn) fail(ctx context.Context, err error) error {
	if errors.Is(err, errRemoved) {
		return fault.Wrap(err, fault.Conflict,
			"The database %s was deleted a moment ago. Nothing was changed. Its page says what is kept of it.", c.name)
	}
	if errors.Is(err, fs.ErrNotExist) && !c.records {
		return c.broken(d1.NewError("the file is gone: SQLITE_CANTOPEN"), err)
	}
	if errors.Is(err, errNoBytes) {
		return c.broken(d1.NewError("the file is empty: SQLITE_NOTADB"), err)
	}
	if o, ok := errors.AsType[*sqlite.OwnerError](err); ok && c.nameOf != nil {
		return fault.Wrap(err, fault.Conflict, "The file in the place of %s is that of %s. Nothing was read from it or written to it. "+
			"Stop the program and put each file back in its place; the operating manual says how, and what to do if it was meant.",
			c.name, c.nameOf(o.Owner))
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok && c.records {
		return fault.Wrap(err, fault.Unavailable,
			"The dashboard can't open its own records, the file %s in the data folder. "+
				"Look at the disk and the file's permissions, then try again.", c.name)
	}
	if !ok {
		return fault.Wrap(err, fault.Unavailable, "The database %s does not answer. Nothing was changed.", c.name)
	}
	de := d1.NewError(e.Text)
	if de.Offset < 0 {
		de.Offset = e.Offset
	}
	if s, ok := errors.AsType[*stmtError](err); ok {
		de.Stmt = s.index
	}
	switch {
	case de.Class == d1.Interrupted && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.Wrap(de, fault.Limited, "The database %s did not answer within %s, so what was asked of it was stopped. "+
			"Nothing was changed. Ask for less at once, or try again later.", c.name, waited(ctx))
	case de.Class == d1.Interrupted:
		return fault.Wrap(de, fault.Limited, "What was asked of the database %s was stopped. Nothing was changed.", c.name)
	case e.Short != 0:
		return c.ranOut(de, e)
	case de.Class == d1.Broken && !c.records:
		return c.broken(de, err)
	case de.Class == d1.Storage || de.Class == d1.Broken || de.Class == d1.Busy:
		return fault.Wrap(de, fault.Unavailable, "%s", c.unusable(de))
	}
	return d1.Fail(de)
}

// timed is a context that has as long as D1 gives a statement, and knows since when.
func timed(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(ctx, beganKey{}, time.Now()), d1.MaxDuration)
}

type beganKey struct{}

// waited is how long whoever asked gave a database, in words.
func waited(ctx context.Context) string {
	began, ok := ctx.Value(beganKey{}).(time.Time)
	until, limited := ctx.Deadline()
	if !ok || !limited {
		return "the time it had"
	}
	return fmt.Sprintf("%d s", max(1, int(until.Sub(began).Round(time.Second)/time.Second)))
}

// unusable says what keeps a database from being used. Of the dashboard's own
// records it can't say that nothing was changed: what they were to tell of may
// have been done.
func (c *conn) unusable(de *d1.Error) string {
	full := strings.Contains(de.Text, "SQLITE_FULL")
	damaged := strings.Contains(de.Text, "SQLITE_CORRUPT") || strings.Contains(de.Text, "SQLITE_NOTADB")
	switch {
	case c.records && full:
		return "The disk is full, so the dashboard can't write its own records. Free some space on the disk of the data folder, " +
			"then look at what is there before you try again."
	case c.records:
		return fmt.Sprintf("The dashboard can't use its own records, the file %s in the data folder: %s. "+
			"Look at the disk and the file's permissions, then try again.", c.name, d1.Words(de.Text))
	case full:
		return fmt.Sprintf("The disk is full, so the database %s can't be written. Nothing was changed. "+
			"Free some space on the disk of the data folder, then try again.", c.name)
	case damaged:
		return damageWords(c.name, d1.Said(de.Text))
	}
	return fmt.Sprintf("The database %s can't be used now: %s. Nothing was changed.", c.name, d1.Words(de.Text))
}

// broken says that a database can't be read at all, and the way on: its restore points
// are files of their own.
func (c *conn) broken(de *d1.Error, cause error) error {
	return fault.Wrap(errors.Join(de, cause), fault.Unavailable, "The database %s can't be opened: %s. Nothing was changed. "+
		"Restore a point of it, under Backups.", c.name, d1.Words(de.Text))
}

// ranOut says what a statement has run out of, and what to do.
func (c *conn) ranOut(de *d1.Error, e *sqlite.Error) error {
	mb := e.Limit >> 20
	switch e.Short {
	case sqlite.ShortOfMemory:
		return fault.Wrap(de, fault.Invalid, "This needs more memory than the %d MB that one statement may take, "+
			"so it was stopped. Nothing was changed. Ask for less at once: fewer rows, or shorter values with substr(column, 1, 1000).", mb)
	case sqlite.ShortOfShare:
		return fault.Wrap(de, fault.Limited, "Other statements have taken the memory there is for all of them, %d MB, "+
			"so this one was stopped. Nothing was changed. Try again in a moment, or ask for less at once.", mb)
	}
	return fault.Wrap(de, fault.Invalid, "This needs more temporary files than the %d MB there are for all statements, "+
		"or than their disk has room for, so it was stopped. Nothing was changed. "+
		"Sort or compare fewer rows, or make an index that has them in order.", int64(sqlite.MaxTemporary)>>20)
}

func rowTooLarge(limit int) error {
	return fault.New(fault.Invalid,
		"A row of this result is larger than %d MB. Select less of it, for instance substr(column, 1, 1000).", limit/1_000_000)
}
