package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	driver "zombiezen.com/go/sqlite"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Damage is what of a file is damaged.
type Damage struct {
	// Words are SQLite's.
	Words string
}

func (d *Damage) Error() string { return "sqlite: the file is damaged: " + d.Words }

// noDamage is what SQLite finds in a file that is whole: rows that break a constraint or
// have another type than their column's, which some files from outside have, and what the
// modules of virtual tables say of their content, which depends on how they read texts.
var noDamage = regexp.MustCompile(`^(NULL|NUMERIC|TEXT|non-[A-Z]+) value in |^CHECK constraint failed in |` +
	`^malformed inverted index for FTS|^unable to validate the inverted index for FTS|^In RTree `)

// maxFindings is more than there are: SQLite would stop at 100, and some are no damage.
const maxFindings = "1000000000"

// maxCell is how long a value may be, which is SQLite's own limit: a file from outside has
// values beyond D1's.
const maxCell = 1_000_000_000

// Check reads all of the database and returns nil when it is whole, a [Damage] when it
// isn't, and another error when that can't be told, because ctx has ended for instance. It
// reads one snapshot, beside which others read and write. Rows that break a constraint are
// no damage, and what an index on an expression holds that was written by another SQLite
// isn't looked at. It must not be called between Begin and End.
func (c *Conn) Check(ctx context.Context) error {
	defer c.unseen(ctx)()
	defer c.db.Limit(driver.LimitLength, c.db.Limit(driver.LimitLength, maxCell))
	if _, err := once(c.db, "PRAGMA ignore_check_constraints=ON"); err != nil {
		return c.failure(err)
	}
	defer func() { _, _ = once(c.db, "PRAGMA ignore_check_constraints=OFF") }()
	err := c.quickCheck(maxFindings)
	if lacks(err) {
		return c.checkTables()
	}
	return c.damage(err)
}

// lacks reports whether a check could not be compiled, because a table needs what this
// engine hasn't: a collation, a tokenizer, a function.
func lacks(err error) bool {
	_, damaged := errors.AsType[*Damage](err)
	return !damaged && driver.ErrCode(err).ToPrimary() == driver.ResultError
}

// checkTables checks the tables that need nothing this engine lacks.
func (c *Conn) checkTables() error {
	var names []string
	const tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
	err := each(c.db, tables, func(name string) { names = append(names, name) })
	if err != nil {
		return c.damage(err)
	}
	for _, name := range names {
		if err := c.quickCheck(sqltext.QuoteText(name)); err != nil && !lacks(err) {
			return c.damage(err)
		}
	}
	return nil
}

// quickCheck returns nil, a Damage, or the driver's error.
func (c *Conn) quickCheck(of string) error {
	first, n := "", 0
	err := each(c.db, "PRAGMA quick_check("+of+")", func(words string) {
		if words == "ok" || noDamage.MatchString(words) {
			return
		}
		for line := range strings.Lines(words) { // those of the pages are one text
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "*** in database ") || line == "" {
				continue
			}
			if n++; first == "" {
				first = line[:min(len(line), maxWords)]
			}
		}
	})
	switch {
	case err != nil || n == 0:
		return err
	case n > 1:
		first += fmt.Sprintf(", and %d more like that", n-1)
	}
	return &Damage{Words: first}
}

// maxWords is how much of a finding is told.
const maxWords = 300

// damage makes a Damage of what SQLite answers when it can't even read a file.
func (c *Conn) damage(err error) error {
	if _, ok := errors.AsType[*Damage](err); err == nil || ok {
		return err
	}
	switch driver.ErrCode(err).ToPrimary() {
	case driver.ResultCorrupt, driver.ResultNotADB:
		return &Damage{Words: c.raw.message()}
	}
	return c.failure(err)
}

// each runs a statement that isn't kept, and hands out the texts of its first column.
func each(db *driver.Conn, sql string, do func(text string)) (err error) {
	st, _, err := db.PrepareTransient(sql)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() {
		if ferr := st.Finalize(); err == nil {
			err = ferr
		}
	}()
	for {
		row, err := st.Step()
		if err != nil || !row {
			return err
		}
		do(st.ColumnText(0))
	}
}

// CheckFile is Check for a file, with what a log beside it holds.
func CheckFile(path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	db, err := openDriver(path, driver.OpenReadOnly)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	c, err := newCopyConn(db)
	if err != nil {
		return err
	}
	return errors.Join(c.Check(context.Background()), c.Close())
}

// CheckCopy is Check for a file that OpenCopy opens.
func CheckCopy(ctx context.Context, path string) error {
	c, err := OpenCopy(path)
	if err != nil {
		return err
	}
	return errors.Join(c.Check(ctx), c.Close())
}
