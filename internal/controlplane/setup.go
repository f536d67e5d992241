package controlplane

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
)

// SetupTable remembers the link by which the owner comes to be.
type SetupTable struct{ *core }

const setupRow = "owner"

// Claimed reports whether the dashboard has an owner.
func (t SetupTable) Claimed(ctx context.Context) (bool, error) {
	n, err := t.table("operators").Count(ctx)
	return n > 0, err
}

// SetupToken stores the hash of a new setup token in place of an earlier one. A
// dashboard that has an owner is fault.Conflict.
func (t SetupTable) SetupToken(ctx context.Context, hash string, expires time.Time) error {
	claimed, err := t.Claimed(ctx)
	if err != nil {
		return err
	}
	if claimed {
		return fault.New(fault.Conflict, "This dashboard has an owner already, so there is nothing to set up.")
	}
	b := t.change()
	b.add(t.table("setup").Where(orm.Eq("id", setupRow), orm.Eq("claimed_at", nil)).DeleteStmt())
	return b.insert("setup", orm.Values{"id": setupRow, "token_hash": hash, "expires_at": expires}).
		run(ctx, nil, fault.New(fault.Conflict, "This dashboard was claimed meanwhile."))
}

var badToken = fault.New(fault.NotFound,
	"This setup link is not valid, or no longer. Run \"dashboard setup-token\" on the server for a new one.")

// setupOpen holds while a setup token can be used, see [clock.Open].
func setupOpen(now time.Time) orm.Cond {
	return orm.And(orm.Eq("id", setupRow), orm.Eq("claimed_at", nil), orm.Gt("expires_at", now),
		orm.Lte("expires_at", now.Add(auth.SetupFor+clock.Skew)))
}

// SetupOpen returns nil while the token with that hash can be used.
func (t SetupTable) SetupOpen(ctx context.Context, hash string) error {
	n, err := t.table("setup").Where(orm.Eq("token_hash", hash), setupOpen(t.now())).Count(ctx)
	if err == nil && n == 0 {
		return badToken
	}
	return err
}

// Claim spends the setup token and creates the owner in one batch: of any number
// of claims, one succeeds and the others get fault.NotFound.
func (t SetupTable) Claim(ctx context.Context, tokenHash string, o auth.Operator, password string, es ...audit.Entry) error {
	now := t.now()
	b := t.change().update("setup", orm.Values{"claimed_at": now},
		orm.Eq("token_hash", tokenHash), setupOpen(now))
	b.insert("operators", orm.Values{"id": o.ID, "email": o.Email, "role": o.Role, "password": password, "created_at": o.CreatedAt})
	return b.audit(es...).run(ctx, badToken, badToken)
}
