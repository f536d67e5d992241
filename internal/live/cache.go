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
	k := c.get(id)
	for range maxStale {
		fresh := k == nil
		if fresh {
			var err error
			if k, err = c.load(ctx, id, conn); err != nil {
				return err
			}
		}
		v := k.verified(conn)
		err := f(v, k.db)
		if err == nil || !v.stale() && (fresh || v.met()) {
			return err
		} // else what it says is of a schema nobody has checked
		k = nil
	}
	return fault.Wrap(errStale, fault.Conflict,
		"The schema of this database changes just now, again and again. Load the page again in a moment.")
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

// verified is a connection that checks a reading with what it reads.
type verified interface {
	d1.Conn
	// met reports whether the reading was true when something was read, stale
	// whether it once wasn't.
	met() bool
	stale() bool
}

func (k *kept) verified(conn d1.Conn) verified {
	if s, ok := conn.(d1.Stamper); ok && k.stamp != "" {
		return &stamped{Conn: conn, stamper: s, want: k.stamp}
	}
	return &compared{Conn: conn, want: k.raw}
}

// looked is what a verified connection has seen.
type looked struct{ same, other bool }

// failed notes an error that no change of the schema made.
func (l *looked) failed(err error) error {
	l.same = true
	return err
}

func (l *looked) met() bool   { return l.same }
func (l *looked) stale() bool { return l.other }

// see notes whether the schema was the same, and is errStale when it wasn't.
func (l *looked) see(same bool) error {
	l.same, l.other = l.same || same, l.other || !same
	if !same {
		return errStale
	}
	return nil
}

// stamped is a connection each of whose calls asks for the stamp.
type stamped struct {
	d1.Conn
	looked
	stamper d1.Stamper
	want    d1.Stamp
}

// Query runs one reading statement.
func (v *stamped) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	return first(v.Batch(ctx, []d1.Stmt{s}))
}

// Batch runs reading statements in one transaction.
func (v *stamped) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	rs, stamp, err := v.stamper.Stamped(ctx, v.want, ss)
	if err != nil {
		return nil, v.failed(err)
	}
	return rs, v.see(stamp == v.want)
}

// compared is a connection whose first call also reads the catalog again.
type compared struct {
	d1.Conn
	looked
	want [][]d1.Value
	done bool
}

// Query runs one statement.
func (v *compared) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	return first(v.Batch(ctx, []d1.Stmt{s}))
}

// Batch runs the statements in one transaction.
func (v *compared) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if v.done {
		return v.Conn.Batch(ctx, ss)
	}
	v.done = true
	rs, err := v.Conn.Batch(ctx, append([]d1.Stmt{Catalog()}, ss...))
	if e, ok := errors.AsType[*d1.Error](err); ok && e.Class == d1.Syntax {
		return nil, v.doubt(ctx, err)
	}
	if err != nil {
		return nil, v.failed(err)
	}
	if err := v.see(sameRows(rs[0].Rows, v.want)); err != nil {
		return nil, err
	}
	return rs[1:], nil
}

// doubt says of an error that names what may be gone whether it is of the schema that
// was read.
func (v *compared) doubt(ctx context.Context, failed error) error {
	r, err := v.Conn.Query(ctx, Catalog())
	if err != nil {
		return err
	}
	if err := v.see(sameRows(r.Rows, v.want)); err != nil {
		return err
	}
	return failed
}

func first(rs []*d1.Result, err error) (*d1.Result, error) {
	if err != nil {
		return nil, err
	}
	return rs[0], nil
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
