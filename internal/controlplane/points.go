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

// PointTable remembers restore points.
type PointTable struct{ *core }

func point(r orm.Row) fleet.RestorePoint {
	return fleet.RestorePoint{
		ID: r.Text("id"), Database: id.Database(r.Text("database_id")), Place: r.Text("place"), Mark: r.Text("mark"),
		Kind: fleet.PointKind(r.Text("kind")), Plan: id.Plan(r.Text("plan")), Size: r.Int("size"), CreatedAt: r.Time("created_at"),
		CreatedBy: r.Text("created_by"),
	}
}

// markPoints gives the points of a control plane before version 6 what was in their
// ids: a copy's name in the data folder, or on D1 the database's id, a bar and the
// bookmark. The ids stay, since plans and the audit log name them.
const markPoints = `update restore_points set
  place = iif(instr(id, database_id || '|') = 1, 'd1', 'embedded'),
  mark = iif(instr(id, database_id || '|') = 1, substr(id, length(database_id) + 2), id)
  where place is null`

func pointConds(f fleet.PointFilter) []orm.Cond {
	conds := []orm.Cond{orm.Eq("database_id", f.Database)}
	if f.Place != "" {
		conds = append(conds, orm.Eq("place", f.Place))
	}
	if f.Mark != "" {
		conds = append(conds, orm.Eq("mark", f.Mark))
	}
	if f.Unasked {
		conds = append(conds, orm.Ne("kind", fleet.PointManual))
	}
	if !f.Until.IsZero() {
		conds = append(conds, orm.Lte("created_at", f.Until))
	}
	return conds
}

// Points returns a page of a database's restore points, the newest first: in the order in
// which they were stored, whatever the clock said, since the one that was kept last must never
// be given up for an earlier one.
func (t PointTable) Points(ctx context.Context, f fleet.PointFilter) ([]fleet.RestorePoint, error) {
	rows, err := page(t.table("restore_points").Where(pointConds(f)...).OrderBy("-rowid"), f.Page).Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, point), nil
}

// Point returns one of a database's restore points.
func (t PointTable) Point(ctx context.Context, d id.Database, p string) (fleet.RestorePoint, error) {
	r, err := t.table("restore_points").Where(orm.Eq("id", p), orm.Eq("database_id", d)).First(ctx)
	if err != nil {
		return fleet.RestorePoint{}, named(err, "This restore point is gone.")
	}
	return point(r), nil
}

// CountPoints returns how many restore points a database has and how large they are
// together, in bytes.
func (t PointTable) CountPoints(ctx context.Context, d id.Database) (n int, size int64, err error) {
	r, err := t.conn.Query(ctx, d1.Query("select count(*), total(size) from restore_points where database_id = ?", d1.Str(string(d))))
	if err != nil {
		return 0, 0, err
	}
	return int(r.Rows[0][0].Int()), r.Rows[0][1].Int(), nil
}

// CreatePoint stores a restore point.
func (t PointTable) CreatePoint(ctx context.Context, p fleet.RestorePoint, es ...audit.Entry) error {
	return t.change().insert("restore_points", orm.Values{
		"id": p.ID, "database_id": p.Database, "place": p.Place, "mark": p.Mark, "kind": p.Kind, "plan": d1.OptStr(string(p.Plan)),
		"size":       p.Size,
		"created_at": p.CreatedAt, "created_by": p.CreatedBy,
	}).audit(es...).run(ctx, nil, nil)
}

// DeletePoint forgets a restore point.
func (t PointTable) DeletePoint(ctx context.Context, p fleet.RestorePoint, es ...audit.Entry) error {
	gone := fault.New(fault.NotFound, "This restore point is gone.")
	b := t.change()
	b.add(t.table("restore_points").Where(orm.Eq("id", p.ID)).DeleteStmt()).add(orm.Changed("restore_points"), nil)
	return b.audit(es...).run(ctx, gone, nil)
}
