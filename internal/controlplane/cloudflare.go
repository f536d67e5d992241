package controlplane

import (
	"context"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/orm"
)

// CloudflareAccount returns the account that is set up, its tokens sealed.
func (s *Store) CloudflareAccount(ctx context.Context) (account.Stored, error) {
	r, err := s.table("cloudflare").Where(orm.Eq("id", account.RowID)).First(ctx)
	if err != nil {
		return account.Stored{}, named(err, "No Cloudflare account is set up.")
	}
	return account.Stored{
		ID: r.Text("account_id"), Token: r.Text("token"), ReadToken: r.Text("read_token"), UpdatedAt: r.Time("updated_at"),
		UpdatedBy: r.Text("updated_by"),
	}, nil
}

// SaveCloudflareAccount stores the account in place of the one there is.
func (s *Store) SaveCloudflareAccount(ctx context.Context, a account.Stored, es ...audit.Entry) error {
	b := s.change().add(s.table("cloudflare").Where(orm.Eq("id", account.RowID)).DeleteStmt())
	return b.insert("cloudflare", orm.Values{
		"id": account.RowID, "account_id": a.ID, "token": a.Token, "read_token": d1.OptStr(a.ReadToken), "updated_at": a.UpdatedAt,
		"updated_by": a.UpdatedBy,
	}).audit(es...).run(ctx, nil, nil)
}

// ForgetCloudflareAccount removes the account.
func (s *Store) ForgetCloudflareAccount(ctx context.Context, e audit.Entry) error {
	gone := fault.New(fault.Conflict, "No Cloudflare account is set up.")
	b := s.change().add(s.table("cloudflare").Where(orm.Eq("id", account.RowID)).DeleteStmt()).add(orm.Changed("cloudflare"), nil)
	return b.audit(e).run(ctx, gone, nil)
}

// DatabasesOnD1 counts the databases that live on D1, or whose last state does, and
// those of which a move made or left one there. one is the id of one that is there, ""
// for none.
func (s *Store) DatabasesOnD1(ctx context.Context) (n int, one string, err error) {
	var there []orm.Cond
	for _, c := range onD1 {
		there = append(there, orm.Eq(c.place, fleet.D1))
		rows, err := s.table("databases").Where(orm.Eq(c.place, fleet.D1), orm.Ne(c.id, nil)).Select(c.id).Limit(1).Many(ctx)
		if err != nil {
			return 0, "", err
		}
		if one == "" && len(rows) > 0 {
			one = rows[0].Text(c.id)
		}
	}
	all, err := s.table("databases").Where(orm.Or(there...)).Count(ctx)
	return int(all), one, err
}

// onD1 are the columns that say where a database is, or where its like is made or left
// by a move, with those of its id there.
var onD1 = []struct{ place, id string }{{"provider", "provider_id"}, {"left_place", "left_id"}, {"moving_place", "moving_id"}}

// RegisteredNames returns the names of the databases with these ids on D1, by id; also of
// those that a move is making or left there.
func (s *Store) RegisteredNames(ctx context.Context, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for _, c := range onD1 {
		rows, err := s.table("databases").Where(orm.Eq(c.place, fleet.D1), orm.In(c.id, anys(ids)...)).Select(c.id, "name").Many(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.Text(c.id)] = r.Text("name")
		}
	}
	return out, nil
}
