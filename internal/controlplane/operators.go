package controlplane

import (
	"context"
	"errors"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

func operator(r orm.Row) auth.Operator {
	return auth.Operator{
		ID: id.Operator(r.Text("id")), Email: r.Text("email"), Role: auth.Role(r.Text("role")),
		CreatedAt: r.Time("created_at"), DisabledAt: r.Time("disabled_at"),
	}
}

// Operator returns the operator with that id.
func (s *Store) Operator(ctx context.Context, o id.Operator) (auth.Operator, error) {
	r, err := s.row(ctx, "operators", "id", string(o))
	if err != nil {
		return auth.Operator{}, named(err, "There is no such operator.")
	}
	return operator(r), nil
}

// OperatorByEmail returns the operator with that address and the stored hash of
// the password.
func (s *Store) OperatorByEmail(ctx context.Context, email string) (auth.Operator, string, error) {
	r, err := s.table("operators").Where(orm.Eq("email", email)).First(ctx)
	if err != nil {
		return auth.Operator{}, "", named(err, "There is no operator %s.", email)
	}
	return operator(r), r.Text("password"), nil
}

// SetPassword stores an operator's new password hash and ends all sessions of
// the operator.
func (s *Store) SetPassword(ctx context.Context, o id.Operator, hash string, es ...audit.Entry) error {
	b := s.change().update("operators", orm.Values{"password": hash}, orm.Eq("id", o))
	b.add(s.table("sessions").Where(orm.Eq("operator_id", o), orm.Eq("revoked_at", nil)).
		UpdateStmt(orm.Values{"revoked_at": s.now(), "draft": nil, "draft_path": nil}))
	return b.audit(es...).run(ctx, fault.New(fault.NotFound, "There is no such operator."), nil)
}

// Rehash stores a password's hash under newer parameters; no session ends.
func (s *Store) Rehash(ctx context.Context, o id.Operator, hash string) error {
	_, err := s.table("operators").Where(orm.Eq("id", o)).Update(ctx, orm.Values{"password": hash})
	return err
}

const setupRow = "owner"

// Claimed reports whether the dashboard has an owner.
func (s *Store) Claimed(ctx context.Context) (bool, error) {
	n, err := s.table("operators").Count(ctx)
	return n > 0, err
}

// SetupToken stores the hash of a new setup token in place of an earlier one. A
// dashboard that has an owner is fault.Conflict.
func (s *Store) SetupToken(ctx context.Context, hash string, expires time.Time) error {
	claimed, err := s.Claimed(ctx)
	if err != nil {
		return err
	}
	if claimed {
		return fault.New(fault.Conflict, "This dashboard has an owner already, so there is nothing to set up.")
	}
	b := s.change()
	b.add(s.table("setup").Where(orm.Eq("id", setupRow), orm.Eq("claimed_at", nil)).DeleteStmt())
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
func (s *Store) SetupOpen(ctx context.Context, hash string) error {
	n, err := s.table("setup").Where(orm.Eq("token_hash", hash), setupOpen(s.now())).Count(ctx)
	if err == nil && n == 0 {
		return badToken
	}
	return err
}

// Claim spends the setup token and creates the owner in one batch: of any number
// of claims, one succeeds and the others get fault.NotFound.
func (s *Store) Claim(ctx context.Context, tokenHash string, o auth.Operator, password string, es ...audit.Entry) error {
	now := s.now()
	b := s.change().update("setup", orm.Values{"claimed_at": now},
		orm.Eq("token_hash", tokenHash), setupOpen(now))
	b.insert("operators", orm.Values{"id": o.ID, "email": o.Email, "role": o.Role, "password": password, "created_at": o.CreatedAt})
	return b.audit(es...).run(ctx, badToken, badToken)
}

func session(r orm.Row) auth.Session {
	return auth.Session{
		Hash: r.Text("hash"), Operator: id.Operator(r.Text("operator_id")), CreatedAt: r.Time("created_at"), LastSeen: r.Time("last_seen"),
		IP: r.Text("ip"), UserAgent: r.Text("user_agent"), RevokedAt: r.Time("revoked_at"), DraftPath: r.Text("draft_path"),
		Draft: r.Text("draft"),
	}
}

var noSession = fault.New(fault.NotFound, "There is no such session.")

// CreateSession stores a session, and removes those that ended long ago, if the clock can be
// trusted.
func (s *Store) CreateSession(ctx context.Context, x auth.Session, es ...audit.Entry) error {
	b := s.change()
	if s.steady() {
		b.add(s.table("sessions").Where(orm.Lt("created_at", x.CreatedAt.Add(-auth.AbsoluteTimeout-auth.DraftLifetime))).DeleteStmt())
	}
	return b.insert("sessions", orm.Values{
		"hash": x.Hash, "operator_id": x.Operator, "created_at": x.CreatedAt, "last_seen": x.LastSeen, "ip": d1.OptStr(x.IP),
		"user_agent": d1.OptStr(x.UserAgent), "draft_path": d1.OptStr(x.DraftPath), "draft": d1.OptStr(x.Draft),
	}).audit(es...).run(ctx, nil, nil)
}

// Session returns the session with that hash, ended or not.
func (s *Store) Session(ctx context.Context, hash string) (auth.Session, error) {
	r, err := s.row(ctx, "sessions", "hash", hash)
	if err != nil {
		return auth.Session{}, named(err, "There is no such session.")
	}
	return session(r), nil
}

// SessionsOf returns an operator's sessions that aren't revoked and began after
// since, the last used first.
func (s *Store) SessionsOf(ctx context.Context, o id.Operator, since time.Time) ([]auth.Session, error) {
	rows, err := s.table("sessions").Where(orm.Eq("operator_id", o), orm.Eq("revoked_at", nil), orm.Gt("created_at", since)).
		OrderBy("-last_seen").Limit(200).Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, session), nil
}

// TouchSession notes use of a session that isn't revoked; time never goes back.
func (s *Store) TouchSession(ctx context.Context, hash string, at time.Time) error {
	n, err := s.table("sessions").Where(orm.Eq("hash", hash), orm.Eq("revoked_at", nil), orm.Lte("last_seen", at)).
		Update(ctx, orm.Values{"last_seen": at})
	if err != nil || n > 0 {
		return err
	}
	x, err := s.Session(ctx, hash)
	if err != nil || !x.RevokedAt.IsZero() {
		return noSession
	}
	return nil
}

// RevokeSession ends a session; the first time counts.
func (s *Store) RevokeSession(ctx context.Context, hash string, at time.Time, es ...audit.Entry) error {
	err := s.change().update("sessions", orm.Values{"revoked_at": at, "draft": nil, "draft_path": nil},
		orm.Eq("hash", hash), orm.Eq("revoked_at", nil)).audit(es...).run(ctx, noSession, nil)
	if errors.Is(err, noSession) {
		_, err = s.Session(ctx, hash)
	}
	return err
}

// RevokeSessionsOf ends all sessions of an operator and returns how many lived.
func (s *Store) RevokeSessionsOf(ctx context.Context, o id.Operator, at time.Time, es ...audit.Entry) (int, error) {
	b := s.change().add(s.table("sessions").Where(orm.Eq("operator_id", o), orm.Eq("revoked_at", nil)).
		UpdateStmt(orm.Values{"revoked_at": at, "draft": nil, "draft_path": nil})).audit(es...)
	if b.err != nil {
		return 0, b.err
	}
	results, err := s.conn.Batch(ctx, b.ss)
	if err != nil {
		return 0, err
	}
	return int(results[0].Meta.Changes), nil
}

// SaveDraft keeps a form with a session that isn't revoked; two empty strings
// remove it.
func (s *Store) SaveDraft(ctx context.Context, hash, path, form string) error {
	n, err := s.table("sessions").Where(orm.Eq("hash", hash), orm.Eq("revoked_at", nil)).
		Update(ctx, orm.Values{"draft_path": d1.OptStr(path), "draft": d1.OptStr(form)})
	if err == nil && n == 0 {
		return noSession
	}
	return err
}
