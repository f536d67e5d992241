package controlplane

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

// OperatorTable remembers who signs in.
type OperatorTable struct{ *core }

func operator(r orm.Row) auth.Operator {
	return auth.Operator{
		ID: id.Operator(r.Text("id")), Email: r.Text("email"), Role: auth.Role(r.Text("role")),
		CreatedAt: r.Time("created_at"), DisabledAt: r.Time("disabled_at"),
	}
}

// Operator returns the operator with that id.
func (t OperatorTable) Operator(ctx context.Context, o id.Operator) (auth.Operator, error) {
	r, err := t.row(ctx, "operators", "id", string(o))
	if err != nil {
		return auth.Operator{}, named(err, "There is no such operator.")
	}
	return operator(r), nil
}

// OperatorByEmail returns the operator with that address and the stored hash of
// the password.
func (t OperatorTable) OperatorByEmail(ctx context.Context, email string) (auth.Operator, string, error) {
	r, err := t.table("operators").Where(orm.Eq("email", email)).First(ctx)
	if err != nil {
		return auth.Operator{}, "", named(err, "There is no operator %s.", email)
	}
	return operator(r), r.Text("password"), nil
}

// SetPassword stores an operator's new password hash and ends all sessions of
// the operator.
func (t OperatorTable) SetPassword(ctx context.Context, o id.Operator, hash string, es ...audit.Entry) error {
	b := t.change().update("operators", orm.Values{"password": hash}, orm.Eq("id", o))
	b.add(t.table("sessions").Where(orm.Eq("operator_id", o), orm.Eq("revoked_at", nil)).
		UpdateStmt(orm.Values{"revoked_at": t.now(), "draft": nil, "draft_path": nil}))
	return b.audit(es...).run(ctx, fault.New(fault.NotFound, "There is no such operator."), nil)
}

// Rehash stores a password's hash under newer parameters; no session ends.
func (t OperatorTable) Rehash(ctx context.Context, o id.Operator, hash string) error {
	_, err := t.table("operators").Where(orm.Eq("id", o)).Update(ctx, orm.Values{"password": hash})
	return err
}
