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

// CloudflareTable remembers the Cloudflare account.
type CloudflareTable struct{ *core }

// CloudflareAccount returns the account that is set up, its tokens sealed.
func (t CloudflareTable) CloudflareAccount(ctx context.Context) (account.Stored, error) {
	r, err := t.table("cloudflare").Where(orm.Eq("id", account.RowID)).First(ctx)
	if err != nil {
		return account.Stored{}, named(err, "No Cloudflare account is set up.")
	}
	return account.Stored{
		ID: r.Text("account_id"), Token: r.Text("token"), ReadToken: r.Text("read_token"), UpdatedAt: r.Time("updated_at"),
		UpdatedBy: r.Text("updated_by"),
	}, nil
}

// SaveCloudflareAccount stores the account in place of the one there is.
func (t CloudflareTable) SaveCloudflareAccount(ctx context.Context, a account.Stored, es ...audit.Entry) error {
	b := t.change().add(t.table("cloudflare").Where(orm.Eq("id", account.RowID)).DeleteStmt())
	return b.insert("cloudflare", orm.Values{
		"id": account.RowID, "account_id": a.ID, "token": a.Token, "read_token": d1.OptStr(a.ReadToken), "updated_at": a.UpdatedAt,
		"updated_by": a.UpdatedBy,
	}).audit(es...).run(ctx, nil, nil)
}

// ForgetCloudflareAccount removes the account.
func (t CloudflareTable) ForgetCloudflareAccount(ctx context.Context, e audit.Entry) error {
	gone := fault.New(fault.Conflict, "No Cloudflare account is set up.")
	b := t.change().add(t.table("cloudflare").Where(orm.Eq("id", account.RowID)).DeleteStmt()).add(orm.Changed("cloudflare"), nil)
	return b.audit(e).run(ctx, gone, nil)
}

// DatabasesOnD1 counts the databases that live on D1, or whose last state does, and
// those of which a move made or left one there. one is the id of one that is there, ""
// for none.
func (t CloudflareTable) DatabasesOnD1(ctx context.Context) (n int, one string, err error) {
	var there []orm.Cond
	for _, c := range onD1 {
		there = append(there, orm.Eq(c.place, fleet.D1))
		rows, err := t.table("databases").Where(orm.Eq(c.place, fleet.D1), orm.Ne(c.id, nil)).Select(c.id).Limit(1).Many(ctx)
		if err != nil {
			return 0, "", err
		}
		if one == "" && len(rows) > 0 {
			one = rows[0].Text(c.id)
		}
	}
	all, err := t.table("databases").Where(orm.Or(there...)).Count(ctx)
	return int(all), one, err
}

// onD1 are the columns that say where a database is, or where its like is made or left
// by a move, with those of its id there.
var onD1 = []struct{ place, id string }{{"provider", "provider_id"}, {"left_place", "left_id"}, {"moving_place", "moving_id"}}
