package copier

import (
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
)

// Against names what keeps an open database from being copied to D1 or from there, a
// sentence each. known is Options.Known. It reads the definitions alone, so rows that
// can't be copied are not among it.
func Against(ctx context.Context, conn d1.Conn, known bool) ([]string, error) {
	c, err := Read(ctx, opened{conn})
	if err != nil {
		return nil, err
	}
	obstacles, _, err := c.judge(ctx)
	if err != nil {
		return nil, stopped(ctx)
	}
	if known {
		obstacles = slices.DeleteFunc(obstacles, func(o Obstacle) bool { return o.used })
	}
	var out []string
	for _, o := range append(obstacles, append(c.unreadable(), c.tooLong()...)...) {
		out = append(out, o.String())
	}
	return out, nil
}

// opened is a database that is asked for its definitions.
type opened struct{ conn d1.Conn }

// Query runs reading statements in one transaction.
func (o opened) Query(ctx context.Context, ss ...d1.Stmt) ([][][]d1.Value, error) {
	got, err := o.conn.Batch(ctx, ss)
	if err != nil {
		return nil, err
	}
	out := make([][][]d1.Value, len(got))
	for i, g := range got {
		out[i] = g.Rows
	}
	return out, nil
}
