package controlplane

import (
	"context"
	"slices"

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
		ID: r.Text("account_id"), Token: r.Text("token"), ReadToken: r.Text("read_token"), UpdatedAt: r.Time("updated_at"), UpdatedBy: r.Text("updated_by"),
	}, nil
}

// SaveCloudflareAccount stores the account in place of the one there is.
func (s *Store) SaveCloudflareAccount(ctx context.Context, a account.Stored, es ...audit.Entry) error {
	b := s.change().add(s.table("cloudflare").Where(orm.Eq("id", account.RowID)).DeleteStmt())
	return b.insert("cloudflare", orm.Values{
		"id": account.RowID, "account_id": a.ID, "token": a.Token, "read_token": d1.OptStr(a.ReadToken), "updated_at": a.UpdatedAt, "updated_by": a.UpdatedBy,
	}).audit(es...).run(ctx, nil, nil)
}

// ForgetCloudflareAccount removes the account.
func (s *Store) ForgetCloudflareAccount(ctx context.Context, e audit.Entry) error {
	gone := fault.New(fault.Conflict, "No Cloudflare account is set up.")
	b := s.change().add(s.table("cloudflare").Where(orm.Eq("id", account.RowID)).DeleteStmt()).add(orm.Changed("cloudflare"), nil)
	return b.audit(e).run(ctx, gone, nil)
}

// DatabasesOnD1 counts the databases that live on D1, or whose last state does.
func (s *Store) DatabasesOnD1(ctx context.Context) (int, error) {
	n, err := s.table("databases").Where(orm.Eq("provider", fleet.D1)).Count(ctx)
	return int(n), err
}

// Registered returns the names of the databases with these ids on D1, by id.
func (s *Store) Registered(ctx context.Context, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for part := range slices.Chunk(ids, d1.MaxParams/2) {
		values := make([]any, len(part))
		for i, id := range part {
			values[i] = id
		}
		rows, err := s.table("databases").Where(orm.Eq("provider", fleet.D1), orm.In("provider_id", values...)).Many(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.Text("provider_id")] = r.Text("name")
		}
	}
	return out, nil
}
