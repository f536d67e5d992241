package sqlite

import (
	"context"
	"fmt"

	driver "zombiezen.com/go/sqlite"
)

// ownerKey is the row of the hidden table that says whose file it is. D1 keeps rows of
// its own there, under other keys.
const ownerKey = "kuratchi:database"

// OwnerError says that a file is another database's than it was opened as.
type OwnerError struct {
	// Owner is the id of the database that the file says it is.
	Owner string
}

func (e *OwnerError) Error() string { return "sqlite: the file is that of database " + e.Owner }

// Owner returns the id of the database that the file is, "" for one that doesn't say. It
// must not be called between Begin and End.
func (c *Conn) Owner(ctx context.Context) (string, error) {
	defer c.unseen(ctx)()
	id, err := ownerOf(c.db)
	if err != nil {
		return "", c.failure(err)
	}
	return id, nil
}

// Own writes into the file which database it is, "" for none, in a transaction of its
// own. No statement of anybody's sees it. It must not be called between Begin and End.
func (c *Conn) Own(ctx context.Context, id string) error {
	defer c.unseen(ctx)()
	if _, err := once(c.db, "BEGIN IMMEDIATE"); err != nil {
		return c.failure(err)
	}
	err := setOwner(c.db, id)
	if err == nil {
		_, err = once(c.db, "COMMIT")
	}
	if err != nil {
		err = c.failure(err)
		c.db.SetInterrupt(nil)
		_ = c.rollBack()
	}
	return err
}

// checkOwner returns nil for a file that is the database's, or that doesn't say, and
// where nobody asked.
func (c *Conn) checkOwner(id string) (unsaid bool, err error) {
	if id == "" {
		return false, nil
	}
	owner, err := ownerOf(c.db)
	switch {
	case err != nil:
		return false, c.failure(err)
	case owner != "" && owner != id:
		return false, &OwnerError{Owner: owner}
	}
	return owner == "", nil
}

// take is Own for a file that doesn't say yet. It neither waits for the disk nor for
// others: what can't be written now, or is lost with the power, is the next opening's. The
// log it goes to is synced by the next commit, and before it is moved into the file.
func (c *Conn) take(id string) error {
	if err := c.run("PRAGMA synchronous=OFF"); err != nil {
		return err
	}
	c.db.SetBusyTimeout(0)
	_ = c.Own(context.Background(), id)
	c.db.SetBlockOnBusy()
	return c.run("PRAGMA synchronous=FULL")
}

// unseen has the statements until its end run as the package's own, which the
// authorizer lets pass, and ctx interrupt them.
func (c *Conn) unseen(ctx context.Context) (end func()) {
	was := c.mode
	c.mode = trusted
	c.db.SetInterrupt(ctx.Done())
	return func() {
		c.db.SetInterrupt(nil)
		c.mode = was
	}
}

// ownerOf reads whose file it is. Only the hidden table itself has that index: what has
// its name in a file from outside may be a view, and run for ever.
func ownerOf(db *driver.Conn) (string, error) {
	id, err := once(db, "SELECT value FROM _cf_KV INDEXED BY sqlite_autoindex__cf_KV_1 WHERE key = ?", ownerKey)
	if driver.ErrCode(err).ToPrimary() == driver.ResultError {
		return "", nil
	}
	return id, err
}

// setOwner writes whose file it is, in the transaction that is open.
func setOwner(db *driver.Conn, id string) error {
	if id == "" {
		owner, err := ownerOf(db)
		if err == nil && owner != "" {
			_, err = once(db, "DELETE FROM _cf_KV WHERE key = ?", ownerKey)
		}
		return err
	}
	_, err := once(db, hiddenTable)
	if err == nil {
		_, err = once(db, "INSERT INTO _cf_KV (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", ownerKey, id)
	}
	return err
}

// once runs a statement that isn't kept, and returns the text in its first row's first
// column.
func once(db *driver.Conn, sql string, args ...string) (text string, err error) {
	st, _, err := db.PrepareTransient(sql)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	defer func() {
		if ferr := st.Finalize(); err == nil {
			err = ferr
		}
	}()
	for i, a := range args {
		st.BindText(i+1, a)
	}
	row, err := st.Step()
	if row {
		text = st.ColumnText(0)
	}
	return text, err
}
