package fleet

import (
	"context"
	"errors"
	"sync"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

// gates keep calls away from a database that is worked on as a whole. Looking
// whether it may be used isn't enough: a handle that was opened before the work
// would write to what is copied, put back or gone already, and nobody would see it.
type gates struct {
	mu    sync.Mutex // guards what follows
	clock int64
	// shut is when a database's handles of before became stale.
	shut map[id.Database]int64
	// calls are the calls under way, with what to close when the last one has ended.
	calls map[id.Database]*calls
}

type calls struct {
	n    int
	gone chan struct{} // nil while nobody waits
}

func newGates() gates { return gates{shut: map[id.Database]int64{}, calls: map[id.Database]*calls{}} }

// moment is the moment a handle is opened at. It is asked for before the database's row
// is read.
func (g *gates) moment() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.clock
}

// enter begins a call by a handle, unless the handle is stale.
func (g *gates) enter(d id.Database, opened int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut[d] > opened {
		return false
	}
	if g.calls[d] == nil {
		g.calls[d] = &calls{}
	}
	g.calls[d].n++
	return true
}

func (g *gates) leave(d id.Database) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.calls[d]
	if c.n--; c.n > 0 {
		return
	}
	delete(g.calls, d)
	if c.gone != nil {
		close(c.gone)
	}
}

// close makes every handle of a database stale, and waits until the calls under way
// have ended. Those have limits of their own.
func (g *gates) close(ctx context.Context, d id.Database) error {
	g.mu.Lock()
	g.clock++
	g.shut[d] = g.clock
	c := g.calls[d]
	if c == nil {
		g.mu.Unlock()
		return nil
	}
	if c.gone == nil {
		c.gone = make(chan struct{})
	}
	g.mu.Unlock()
	d1.Report(ctx, "waiting for what is under way", 0, 0)
	select {
	case <-c.gone:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ErrStale is in the chain of what a stale handle answers.
var ErrStale = errors.New("the handle is older than the last work on its database")

// gatedConn is a handle that is good until its database is worked on as a whole.
type gatedConn struct {
	d1.Conn
	fleet    *Fleet
	database Database
	opened   int64
}

// gate returns a gated handle, which tells the stamp of the schema where conn does.
func (f *Fleet) gate(conn d1.Conn, d Database, opened int64) d1.Conn {
	g := &gatedConn{Conn: conn, fleet: f, database: d, opened: opened}
	if s, ok := conn.(d1.Stamper); ok {
		return &gatedStamper{gatedConn: g, stamper: s}
	}
	return g
}

// gatedStamper is a gated handle that can tell the stamp of the schema.
type gatedStamper struct {
	*gatedConn
	stamper d1.Stamper
}

// Stamped runs reading statements in one transaction.
func (g *gatedStamper) Stamped(ctx context.Context, want d1.Stamp, ss []d1.Stmt) ([]*d1.Result, d1.Stamp, error) {
	if err := g.enter(ss...); err != nil {
		return nil, "", err
	}
	defer g.leave()
	return g.stamper.Stamped(ctx, want, ss)
}

// enter begins a call with these statements; leave ends it.
func (g *gatedConn) enter(ss ...d1.Stmt) error {
	for _, s := range ss {
		if s.Mode == d1.Write {
			if err := g.fleet.Settler.CheckSettled(g.database); err != nil {
				return err
			}
		}
	}
	if !g.fleet.Holds.gates.enter(g.database.ID, g.opened) {
		return fault.Wrap(ErrStale, fault.Conflict,
			"The database %s was moved, put back or removed meanwhile. Nothing was changed by you. Load the page again.", g.database.Name)
	}
	return nil
}

func (g *gatedConn) leave() { g.fleet.Holds.gates.leave(g.database.ID) }

// Query runs one statement.
func (g *gatedConn) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	if err := g.enter(s); err != nil {
		return nil, err
	}
	defer g.leave()
	return g.Conn.Query(ctx, s)
}

// Batch runs the statements in one transaction.
func (g *gatedConn) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if err := g.enter(ss...); err != nil {
		return nil, err
	}
	defer g.leave()
	return g.Conn.Batch(ctx, ss)
}

// Stream runs one reading statement. Nobody waits for its end: it changes nothing,
// and its reader may be slow.
func (g *gatedConn) Stream(ctx context.Context, s d1.Stmt) (*d1.Rows, error) {
	if err := g.enter(); err != nil {
		return nil, err
	}
	defer g.leave()
	return g.Conn.Stream(ctx, s)
}
