package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
)

// watched is a provider that counts what is asked of it and says when a stream
// has ended.
type watched struct {
	d1.Provider
	calls   atomic.Int64
	streams atomic.Int64 // that are going on
	// freed gets the time at which a stream's connection was free again; what
	// nobody takes is dropped.
	freed chan time.Time
}

// Get counts the call.
func (w *watched) Get(ctx context.Context, id string) (d1.Info, error) {
	w.calls.Add(1)
	return w.Provider.Get(ctx, id)
}

// Find counts the call.
func (w *watched) Find(ctx context.Context, name string) (d1.Info, error) {
	w.calls.Add(1)
	return w.Provider.Find(ctx, name)
}

// List counts the call.
func (w *watched) List(ctx context.Context) ([]d1.Info, error) {
	w.calls.Add(1)
	return w.Provider.List(ctx)
}

// Visit counts the call.
func (w *watched) Visit(ctx context.Context, id string) (d1.Conn, error) {
	w.calls.Add(1)
	return w.Provider.Visit(ctx, id)
}

// Open counts the call. Whatever a database is asked goes through its handle.
func (w *watched) Open(ctx context.Context, id string) (d1.Conn, error) {
	w.calls.Add(1)
	c, err := w.Provider.Open(ctx, id)
	return &watchedConn{Conn: c, w: w}, err
}

type watchedConn struct {
	d1.Conn
	w *watched
}

// Stamped passes on that the engine can tell the stamp of the schema: without it, each
// page would read the catalog, as on D1.
func (c *watchedConn) Stamped(ctx context.Context, want d1.Stamp, ss []d1.Stmt) ([]*d1.Result, d1.Stamp, error) {
	return c.Conn.(d1.Stamper).Stamped(ctx, want, ss) // the embedded engine's
}

// Stream says when it has ended.
func (c *watchedConn) Stream(ctx context.Context, s d1.Stmt) (*d1.Rows, error) {
	c.w.streams.Add(1)
	rows, err := c.Conn.Stream(ctx, s)
	if err != nil {
		c.w.free()
		return nil, err
	}
	next := func() ([]d1.Value, error) {
		if rows.Next() {
			return rows.Row(), nil
		}
		return nil, rows.Err()
	}
	return d1.NewRows(rows.Columns, next, func() d1.Meta {
		_ = rows.Close()
		c.w.free()
		return rows.Meta()
	}), nil
}

func (w *watched) free() {
	w.streams.Add(-1)
	select {
	case w.freed <- time.Now():
	default:
	}
}
