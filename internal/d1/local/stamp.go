package local

import (
	"context"
	"fmt"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// Stamped runs reading statements in one transaction and says which schema they met.
// The stamp is SQLite's own number of the schema, with that of the handle: a file that
// was put in another's place, while nobody had it open, begins its numbers anew.
func (c *conn) Stamped(ctx context.Context, want d1.Stamp, ss []d1.Stmt) (results []*d1.Result, stamp d1.Stamp, err error) {
	for _, s := range ss {
		if s.Mode != d1.Read {
			return nil, "", fault.New(fault.Invalid, "Only reading statements can be stamped.")
		}
	}
	h, err := c.handles.acquire(c.key, c.path)
	if err != nil {
		return nil, "", c.fail(ctx, err)
	}
	defer c.handles.release(h)
	err = c.within(ctx, sqlite.Read, func(db *sqlite.Conn) error {
		version, err := db.SchemaVersion()
		if err != nil {
			return err
		}
		stamp = d1.Stamp(fmt.Sprintf("%d.%d", h.number, version))
		if want != "" && want != stamp {
			return nil
		}
		results, err = runAll(db, ss)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return results, stamp, nil
}
