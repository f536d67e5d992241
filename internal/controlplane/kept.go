package controlplane

import (
	"context"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/orm"
)

// What is kept takes 2 MB at most: the rows that a hundred people at work ask for
// again and again. A form that waits in a session is longer than that.
const (
	maxKeptRows = 256
	maxKeptRow  = 4 << 10 // bytes of a row's texts
)

// kept are rows that were read by a key, while nothing has been committed since.
//
// Each read asks for the control plane's version first. A row is read after that, so
// it is at least as new as the version it is kept under; and it is kept only if that
// version is still the newest that anybody was told, so what a commit came between is
// never kept as what is there after it. So no read gives an older row than one that
// asks the database, whoever has changed it, this program or another one.
type kept struct {
	conn d1.Versioned

	mu      sync.Mutex // guards what follows
	version int64
	rows    *simplelru.LRU[keptKey, orm.Row]
}

type keptKey struct{ table, column, value string }

// newKept returns nil for a database that can't tell whether it has changed.
func newKept(conn d1.Conn) *kept {
	v, ok := conn.(d1.Versioned)
	if !ok {
		return nil
	}
	rows, _ := simplelru.NewLRU[keptKey, orm.Row](maxKeptRows, nil) // fails only on a size of 0
	return &kept{conn: v, rows: rows}
}

// row returns the row of a table whose key is that value, or fault.NotFound, as it is
// when row is called or later.
func (c *core) row(ctx context.Context, table, key, value string) (orm.Row, error) {
	if c.kept == nil {
		return c.read(ctx, table, key, value)
	}
	version, err := c.kept.conn.Version(ctx)
	if err != nil { // a read says better what is wrong
		return c.read(ctx, table, key, value)
	}
	k := keptKey{table, key, value}
	if r, ok := c.kept.get(version, k); ok {
		return r, nil
	}
	r, err := c.read(ctx, table, key, value)
	if err == nil && c.size(table, r) <= maxKeptRow {
		c.kept.put(version, k, r)
	}
	return r, err
}

func (c *core) read(ctx context.Context, table, key, value string) (orm.Row, error) {
	return c.table(table).Where(orm.Eq(key, value)).First(ctx)
}

// size is how many bytes the texts of a row have.
func (c *core) size(table string, r orm.Row) int {
	t, ok := c.schema.Table(table)
	if !ok {
		return 0
	}
	n := 0
	for _, column := range t.Columns {
		n += r.Value(column.Name).Len()
	}
	return n
}

// get returns a row that is at least as new as that version.
func (k *kept) get(version int64, key keptKey) (orm.Row, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if version > k.version {
		k.version = version
		k.rows.Purge()
	}
	return k.rows.Get(key)
}

// put keeps a row that was read after that version was told.
func (k *kept) put(version int64, key keptKey, r orm.Row) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if version == k.version {
		k.rows.Add(key, r)
	}
}
