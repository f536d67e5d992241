package controlplane

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
	"github.com/kuratchi/dashboard/internal/schema"
)

// core is what every table is read and written by.
type core struct {
	conn   d1.Conn
	db     *orm.DB
	schema *schema.Schema
	kept   *kept // nil where the database can't tell whether it has changed
	now    func() time.Time
	steady func() bool // whether the clock can be trusted with removing what is old
}

func newCore(conn d1.Conn, s *schema.Schema, now func() time.Time) *core {
	return &core{conn: conn, db: orm.New(conn, s), schema: s, kept: newKept(conn), now: now, steady: func() bool { return true }}
}

func (c *core) table(name string) orm.Query { return c.db.Table(name) }

// batch gathers the statements of one change; the first error wins.
type batch struct {
	c   *core
	ss  []d1.Stmt
	err error
}

func (c *core) change() *batch { return &batch{c: c} }

func (b *batch) add(st d1.Stmt, err error) *batch {
	if b.err == nil {
		b.err = err
	}
	b.ss = append(b.ss, st)
	return b
}

func (b *batch) insert(table string, v orm.Values) *batch {
	return b.add(b.c.table(table).InsertStmt(v))
}

// update changes exactly one row, or the whole batch fails.
func (b *batch) update(table string, v orm.Values, conds ...orm.Cond) *batch {
	return b.add(b.c.table(table).Where(conds...).UpdateStmt(v)).add(orm.Changed(table), nil)
}

func (b *batch) audit(es ...audit.Entry) *batch {
	for _, e := range es {
		b.insert("audit", auditValues(e))
	}
	return b
}

// run sends the batch. lost is what a failed condition means, taken what a
// duplicate means; nil leaves the error as it is.
func (b *batch) run(ctx context.Context, lost, taken error) error {
	if b.err != nil {
		return b.err
	}
	_, err := b.c.conn.Batch(ctx, b.ss)
	switch {
	case lost != nil && orm.IsUnchanged(err):
		return lost
	case taken != nil && orm.IsDuplicate(err):
		return taken
	}
	return err
}

// each makes what the rows stand for.
func each[T any](rows []orm.Row, of func(orm.Row) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = of(r)
	}
	return out
}

// anys are values for a condition.
func anys[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// named gives a missing row its name.
func named(err error, format string, args ...any) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, format, args...)
	}
	return err
}
