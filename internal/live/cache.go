package live

import (
	"context"
	"errors"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Cache keeps readings of databases. What it kept is checked in the very transaction
// that reads the rows, so a page takes no call more and is never of a schema that is
// gone: by the stamp of the schema where the engine tells it (d1.Stamper), else by the
// catalog, which is read again with the rows and compared. It is safe for concurrent
// use, and its zero value is empty.
type Cache struct {
	mu   sync.Mutex // guards kept
	kept *simplelru.LRU[string, *kept]
}

// kept is a reading with what tells whether it is still true.
type kept struct {
	db    *Database
	stamp d1.Stamp
	raw   [][]d1.Value // the catalog's rows, where there is no stamp
	// asked is what the database said about tables whose columns no text tells, views
	// above all: map[string][]d1.TableInfo. A view's columns are those of other tables,
	// but they change only with what the reading tells of.
	asked sync.Map
}

const (
	// cachedDatabases is how many readings are kept; one of 40 tables takes some 100 kB.
	cachedDatabases = 200
	// maxStale is how often a page begins anew because the schema changed under it.
	maxStale = 5
)

// errStale ends a page that began with a reading that isn't true any more.
var errStale = errors.New("live: the schema changed since it was read")

// Read does f with a reading of the database with that id. f must only read, by
// conn, and answer nothing before it has: when the reading turns out to be old, f's error
// is dropped and it is done once more with a new one.
func (c *Cache) Read(ctx context.Context, id string, conn d1.Conn, f func(conn d1.Conn, db *Database) error) error {
	return c.do(ctx, id, conn, maxStale, func(k *kept) verified { return k.verified(conn) }, f)
}

// Change does f, which changes rows by conn, with a reading of the database with that id.
// A batch of f that writes begins with Database.Unaltered: where that fails, and where a
// reading of f meets another schema, f is done once more with a new reading. After any other
// batch that writes it isn't, whatever else f says: the outcome is f's.
func (c *Cache) Change(ctx context.Context, id string, conn d1.Conn, f func(conn d1.Conn, db *Database) error) error {
	if _, ok := conn.(d1.Stamper); ok { // it is cheap to ask, and then nothing is tried in vain
		if _, err := c.Database(ctx, id, conn); err != nil {
			return err
		}
	}
	return c.do(ctx, id, conn, 2, func(k *kept) verified { return &changing{verified: k.verified(conn), conn: conn} }, f)
}

func (c *Cache) do(ctx context.Context, id string, conn d1.Conn, most int, open func(*kept) verified,
	f func(conn d1.Conn, db *Database) error) error {
	k, fresh := c.get(id), false
	for range most {
		if k == nil {
			var err error
			if k, err = c.load(ctx, id, conn); err != nil {
				return err
			}
			fresh = true
		}
		v := open(k)
		err := f(v, k.db)
		if err == nil || !v.stale() && (fresh || v.met()) {
			return err
		} // else what it says is of a schema nobody has checked
		if k, fresh = nil, v.instead() != nil; fresh { // where there is no stamp, it was read with the rows
			k = &kept{db: Of(v.instead()), raw: v.instead()}
			c.put(id, k)
		}
	}
	return fault.Wrap(errStale, fault.Conflict,
		"The schema of this database changes just now, again and again. Nothing was changed. Load the page again in a moment.")
}

// Database returns what the database with that id is now. Only what is read by Read
// is of the same moment.
func (c *Cache) Database(ctx context.Context, id string, conn d1.Conn) (*Database, error) {
	k := c.get(id)
	if s, ok := conn.(d1.Stamper); ok && k != nil && k.stamp != "" {
		_, stamp, err := s.Stamped(ctx, "", nil)
		if err != nil {
			return nil, err
		}
		if stamp == k.stamp {
			return k.db, nil
		}
	}
	k, err := c.load(ctx, id, conn)
	if err != nil {
		return nil, err
	}
	return k.db, nil
}

func (c *Cache) load(ctx context.Context, id string, conn d1.Conn) (*kept, error) {
	k := &kept{}
	var rs []*d1.Result
	var err error
	if s, ok := conn.(d1.Stamper); ok {
		rs, k.stamp, err = s.Stamped(ctx, "", []d1.Stmt{Catalog()})
	} else {
		rs, err = conn.Batch(ctx, []d1.Stmt{Catalog()})
	}
	if err != nil {
		return nil, err
	}
	k.db = Of(rs[0].Rows)
	if k.stamp == "" {
		k.raw = rs[0].Rows
	}
	c.put(id, k)
	return k, nil
}

func (c *Cache) get(id string) *kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		return nil
	}
	k, _ := c.kept.Get(id)
	return k
}

func (c *Cache) put(id string, k *kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept, _ = simplelru.NewLRU[string, *kept](cachedDatabases, nil) // fails only on a size of 0
	}
	c.kept.Add(id, k)
}
