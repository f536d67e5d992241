package local

import (
	"context"
	"sync/atomic"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// watch asks whether a database has changed, on a connection that does nothing else.
// SQLite tells a connection of the commits of all others: since this one never
// commits, all that are made are among them, this process's too.
type watch struct {
	permit chan struct{} // the only one to use what follows
	conn   *sqlite.Conn  // nil until somebody asks
	seen   int64         // SQLite's number at the last time
	// version is what was answered. It is none of SQLite's, as those begin anew with
	// each connection.
	version int64
}

func newWatch() watch { return watch{permit: make(chan struct{}, 1)} }

// versions is the last one that was given, to any database: none is given twice.
var versions atomic.Int64

// Version returns the version of the database: see [d1.Versioned].
func (c *conn) Version(ctx context.Context) (int64, error) {
	h, err := c.handles.acquire(c.key, c.path)
	if err != nil {
		return 0, c.fail(ctx, err)
	}
	defer c.handles.release(h)
	version, err := h.watch.ask(ctx, h.path, h.owner)
	if err != nil {
		return 0, c.fail(ctx, err)
	}
	return version, nil
}

func (w *watch) ask(ctx context.Context, path, owner string) (int64, error) {
	select {
	case w.permit <- struct{}{}:
		defer func() { <-w.permit }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return 0, &sqlite.Error{Text: d1.InterruptedText, Offset: -1}
	}
	fresh := w.conn == nil
	if fresh {
		c, err := openFile(path, sqlite.Options{ReadOnly: true, Statements: 1, Owner: owner})
		if err != nil {
			return 0, err
		}
		c.DontWait() // nothing could end that
		w.conn = c
	}
	seen, err := w.conn.DataVersion()
	if err != nil {
		w.close() // the next one begins anew, with a version of its own
		return 0, err
	}
	if fresh || seen != w.seen {
		w.seen, w.version = seen, versions.Add(1)
	}
	return w.version, nil
}

// close runs when nobody asks.
func (w *watch) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}
