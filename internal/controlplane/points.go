package controlplane

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

func point(r orm.Row) fleet.RestorePoint {
	return fleet.RestorePoint{
		ID: r.Text("id"), Database: id.Database(r.Text("database_id")), Kind: fleet.PointKind(r.Text("kind")), Plan: id.Plan(r.Text("plan")),
		Size: r.Int("size"), CreatedAt: r.Time("created_at"), CreatedBy: r.Text("created_by"),
	}
}

// Points returns a database's restore points, the newest first.
func (s *Store) Points(ctx context.Context, d id.Database) ([]fleet.RestorePoint, error) {
	rows, err := s.table("restore_points").Where(orm.Eq("database_id", d)).OrderBy("-created_at", "-id").Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, point), nil
}

// CreatePoint stores a restore point.
func (s *Store) CreatePoint(ctx context.Context, p fleet.RestorePoint, es ...audit.Entry) error {
	return s.change().insert("restore_points", orm.Values{
		"id": p.ID, "database_id": p.Database, "kind": p.Kind, "plan": d1.OptStr(string(p.Plan)), "size": p.Size,
		"created_at": p.CreatedAt, "created_by": p.CreatedBy,
	}).audit(es...).run(ctx, nil, nil)
}

// DeletePoint forgets a restore point.
func (s *Store) DeletePoint(ctx context.Context, p fleet.RestorePoint, es ...audit.Entry) error {
	gone := fault.New(fault.NotFound, "This restore point is gone.")
	b := s.change()
	b.add(s.table("restore_points").Where(orm.Eq("id", p.ID)).DeleteStmt()).add(orm.Changed("restore_points"), nil)
	return b.audit(es...).run(ctx, gone, nil)
}
