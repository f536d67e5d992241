package live

import (
	"context"
	"errors"
	"sync"

	"github.com/kuratchi/dashboard/internal/d1"
)

// Cache keeps catalogs, for databases where each call counts. What it kept is
// checked in the very call that reads the rows, so a page takes one call and is
// never of a schema that is gone. It is safe for concurrent use.
type Cache struct {
	mu   sync.Mutex // guards kept
	kept map[string]*kept
}

type kept struct {
	db  *Database
	raw *d1.Result
}

// cachedCatalogs is how many catalogs are kept; one of 40 tables takes some 100 kB.
const cachedCatalogs = 200

// errStale ends a page that began with a catalog that isn't true any more.
var errStale = errors.New("live: the schema changed since its catalog was kept")

// Read does f with a catalog of the database with that id. f must only read, by
// conn, and change nothing before it has: when the kept catalog turns out to be
// old, its error is dropped and it is done once more with a new one.
func (c *Cache) Read(ctx context.Context, id string, conn d1.Conn, f func(conn d1.Conn, db *Database) error) error {
	if k := c.get(id); k != nil {
		v := &verified{Conn: conn, want: k.raw}
		err := f(v, k.db)
		if err == nil || v.done && !errors.Is(err, errStale) {
			return err
		} // else what it says is of a catalog nobody has checked
	}
	raw, err := conn.Query(ctx, Catalog())
	if err != nil {
		return err
	}
	db := Of(raw.Rows)
	c.put(id, &kept{db: db, raw: raw})
	return f(conn, db)
}

func (c *Cache) get(id string) *kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept[id]
}

func (c *Cache) put(id string, k *kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= cachedCatalogs {
		c.kept = map[string]*kept{}
	}
	c.kept[id] = k
}

// verified is a connection whose first call also reads the catalog again.
type verified struct {
	d1.Conn
	want *d1.Result
	done bool
}

func (v *verified) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	rs, err := v.Batch(ctx, []d1.Stmt{s})
	if err != nil {
		return nil, err
	}
	return rs[0], nil
}

func (v *verified) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if v.done {
		return v.Conn.Batch(ctx, ss)
	}
	v.done = true
	rs, err := v.Conn.Batch(ctx, append([]d1.Stmt{Catalog()}, ss...))
	if e, ok := errors.AsType[*d1.Error](err); ok && e.Class == d1.Syntax {
		return nil, errStale // it names what may be gone; if it isn't, the second try says so
	}
	if err != nil {
		return nil, err
	}
	if !sameRows(rs[0].Rows, v.want.Rows) {
		return nil, errStale
	}
	return rs[1:], nil
}

func sameRows(a, b [][]d1.Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return false
		}
		for j := range a[i] {
			if a[i][j] != b[i][j] {
				return false
			}
		}
	}
	return true
}
