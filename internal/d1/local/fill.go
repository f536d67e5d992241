package local

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// PointAt returns the newest kept point that isn't younger than t.
func (e *Engine) PointAt(ctx context.Context, id string, t time.Time) (d1.Point, error) {
	f, err := e.file(id)
	if err != nil {
		return d1.Point{}, err
	}
	points, err := e.Points(ctx, id)
	if err != nil {
		return d1.Point{}, err
	}
	for _, p := range points {
		if !p.At.After(t) {
			return p, nil
		}
	}
	return d1.Point{}, fault.New(fault.NotFound,
		"No copy of the database %s is as old as that. The embedded engine can go back only to copies that were kept.", f.name)
}

// Fill writes a file's pages over an empty database's, in one transaction.
func (e *Engine) Fill(ctx context.Context, id string, in d1.FillInput) (d1.Filled, error) {
	f, err := e.file(id)
	if err != nil {
		return d1.Filled{}, err
	}
	if err := CheckFile(in.Path); err != nil {
		return d1.Filled{}, err
	}
	c := e.conn(id, f)
	empty, err := d1.IsEmpty(ctx, c)
	if err != nil {
		return d1.Filled{}, err
	}
	if !empty {
		return d1.Filled{}, fault.New(fault.Conflict,
			"The database %s isn't empty, so it can't be filled from a file. Make a new one for it.", f.name)
	}
	d1.Report(ctx, "copying the file", 0, 0)
	return d1.Filled{}, c.alone(ctx, sqlite.Write, func(db *sqlite.Conn) error {
		if err := db.RestoreFrom(ctx, in.Path); err != nil {
			return err
		}
		return db.Hide()
	})
}
