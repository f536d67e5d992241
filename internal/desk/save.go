package desk

import (
	"context"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// Save sends a change of rows of a table: all of it or nothing happens, whoever leaves
// meanwhile. The error is that of [browse.Write.Run], or the audit log's.
func (d *Desk) Save(ctx context.Context, a auth.Actor, db fleet.Database, conn d1.Conn, table string, w *browse.Write) (
	browse.Written, error) {
	var done browse.Written
	err := d.bracket(ctx, a, db, OpRows, what{target: table, statement: w.SQL()}, func(ctx context.Context) (int64, error) {
		var err error
		done, err = w.Run(ctx, conn)
		return done.Changes, err
	})
	return done, err
}
