package sqlite

import (
	"context"

	driver "zombiezen.com/go/sqlite"
)

// ownerKey is the row of the hidden table that says whose file it is. D1 keeps rows of
// its own there, under other keys.
const ownerKey = "kuratchi:database"

// Owner returns the id of the database that the file is, "" for one that doesn't say. It
// must not be called between Begin and End.
func (c *Conn) Owner(ctx context.Context) (string, error) {
	defer c.unseen(ctx)()
	id, err := c.past("SELECT value FROM _cf_KV WHERE key = ?", ownerKey)
	if driver.ErrCode(err).ToPrimary() == driver.ResultError {
		return "", nil // no such table, or one of somebody else's of that name
	}
	if err != nil {
		return "", c.failure(err)
	}
	return id, nil
}

// Own writes into the file which database it is, "" for none, in a transaction of its
// own. No statement of anybody's sees it. It must not be called between Begin and End.
func (c *Conn) Own(ctx context.Context, id string) error {
	defer c.unseen(ctx)()
	if _, err := c.past("BEGIN IMMEDIATE"); err != nil {
		return c.failure(err)
	}
	err := c.writeOwner(id)
	if err == nil {
		_, err = c.past("COMMIT")
	}
	if err != nil {
		err = c.failure(err)
		c.db.SetInterrupt(nil)
		_ = c.rollBack()
	}
	return err
}

func (c *Conn) writeOwner(id string) error {
	_, err := c.past(hiddenTable)
	switch {
	case err != nil:
	case id == "":
		_, err = c.past("DELETE FROM _cf_KV WHERE key = ?", ownerKey)
	default:
		_, err = c.past("INSERT INTO _cf_KV (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", ownerKey, id)
	}
	return err
}

// unseen has the statements until its end run as the package's own, which the
// authorizer lets pass, and ctx interrupt them: of a file from outside, what has the
// hidden table's name may be a view.
func (c *Conn) unseen(ctx context.Context) (end func()) {
	was := c.mode
	c.mode = trusted
	c.db.SetInterrupt(ctx.Done())
	return func() {
		c.db.SetInterrupt(nil)
		c.mode = was
	}
}

// past runs a statement that isn't kept, and returns the text in its first row's first
// column. The error is the driver's.
func (c *Conn) past(sql string, args ...string) (text string, err error) {
	st, _, err := c.db.PrepareTransient(sql)
	if err != nil {
		return "", err
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
