package copier

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// settle reads what a source holds and takes out what can't come, or refuses it. more are
// obstacles that this way of copying adds.
func settle(ctx context.Context, src Source, o Options, more func(*Content) []Obstacle) (*Content, d1.Filled, error) {
	var filled d1.Filled
	c, err := src.Content(ctx)
	if err != nil {
		return nil, filled, err
	}
	obstacles, broken, err := c.judge(ctx)
	if err != nil {
		return nil, filled, stopped(ctx)
	}
	if more != nil {
		obstacles = append(obstacles, more(c)...)
	}
	if _, ok := src.(*File); ok { // elsewhere there is none
		reserved, err := reserved(ctx, src)
		if err != nil {
			return nil, filled, err
		}
		obstacles = append(obstacles, reserved...)
	}
	if o.Known {
		obstacles = slices.DeleteFunc(obstacles, func(o Obstacle) bool {
			if o.used {
				filled.Notes = append(filled.Notes, strings.TrimSuffix(o.String(), ".")+". It came as it is.")
			}
			return o.used
		})
	}
	if len(obstacles) > 0 && !o.LeaveOut {
		return nil, filled, refusal(obstacles)
	}
	if filled.LeftOut, err = c.leaveOut(ctx, src, obstacles); err != nil {
		return nil, filled, err
	}
	filled.Notes = append(filled.Notes, broken...)
	filled.Tables = len(c.Tables) + len(c.Virtual)
	return c, filled, nil
}

// leaveOut takes obstacles out of the content, and says of each what goes with it.
func (c *Content) leaveOut(ctx context.Context, src Source, obstacles []Obstacle) ([]string, error) {
	var out []string
	gone := map[Object]bool{}
	for _, o := range obstacles {
		gone[o.Object] = true
		s := strings.TrimSuffix(o.String(), ".")
		rows, err := c.count(ctx, src, o.Object)
		if err != nil {
			return nil, err
		}
		switch {
		case rows >= 0:
			s += fmt.Sprintf("; rows left out with it: %d", rows)
		case o.Kind == "table":
			s += "; its rows are left out with it, and can't be counted"
		}
		if own := c.named(o.Object); own != "" {
			s += "; what it keeps its content in comes as ordinary tables: " + own
		}
		out = append(out, s+".")
	}
	c.without(func(o Object) bool { return gone[o] })
	return out, nil
}

// named are the tables that a virtual one of a module the engine lacks has by its name:
// the engine can't tell that they belong to it.
func (c *Content) named(o Object) string {
	var names []string
	for _, t := range c.Tables {
		if o.Kind == "virtual table" && strings.HasPrefix(sqltext.Fold(t.Name), sqltext.Fold(o.Name)+"_") {
			names = append(names, t.Name)
		}
	}
	return strings.Join(names, ", ")
}

// count returns how many rows of their own a table's, or a virtual table's, leaving out
// leaves out; -1 for what has none.
func (c *Content) count(ctx context.Context, src Source, o Object) (int64, error) {
	name := ""
	if o.Kind == "table" {
		name = o.Name
	}
	for _, v := range c.Virtual {
		if v.Object == o && len(v.Shadows) > 0 {
			name = v.texts()
		}
	}
	if name == "" {
		return -1, nil
	}
	rows, err := src.Query(ctx, d1.Select(1, "SELECT count(*) FROM "+sqltext.Quote(name)+" NOT INDEXED"))
	if err != nil && ctx.Err() == nil {
		return -1, nil //nolint:nilerr // its key needs what the engine lacks, so nobody can count
	}
	if err != nil {
		return -1, err
	}
	return rows[0][0][0].Int(), nil
}
