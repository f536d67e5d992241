package controlplane

import (
	"context"
	"errors"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

// SessionTable remembers sessions, each with the form that waits in it.
type SessionTable struct{ *core }

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
func (t SessionTable) CreateSession(ctx context.Context, x auth.Session, es ...audit.Entry) error {
	b := t.change()
	if t.steady() {
		b.add(t.table("sessions").Where(orm.Lt("created_at", x.CreatedAt.Add(-auth.AbsoluteTimeout-auth.DraftLifetime))).DeleteStmt())
	}
	return b.insert("sessions", orm.Values{
		"hash": x.Hash, "operator_id": x.Operator, "created_at": x.CreatedAt, "last_seen": x.LastSeen, "ip": d1.OptStr(x.IP),
		"user_agent": d1.OptStr(x.UserAgent), "draft_path": d1.OptStr(x.DraftPath), "draft": d1.OptStr(x.Draft),
	}).audit(es...).run(ctx, nil, nil)
}

// Session returns the session with that hash, ended or not.
func (t SessionTable) Session(ctx context.Context, hash string) (auth.Session, error) {
	r, err := t.row(ctx, "sessions", "hash", hash)
	if err != nil {
		return auth.Session{}, named(err, "There is no such session.")
	}
	return session(r), nil
}

// SessionsOf returns an operator's sessions that aren't revoked and began after
// since, the last used first.
func (t SessionTable) SessionsOf(ctx context.Context, o id.Operator, since time.Time) ([]auth.Session, error) {
	rows, err := t.table("sessions").Where(orm.Eq("operator_id", o), orm.Eq("revoked_at", nil), orm.Gt("created_at", since)).
		OrderBy("-last_seen").Limit(200).Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, session), nil
}

// TouchSession notes use of a session that isn't revoked; time never goes back.
func (t SessionTable) TouchSession(ctx context.Context, hash string, at time.Time) error {
	n, err := t.table("sessions").Where(orm.Eq("hash", hash), orm.Eq("revoked_at", nil), orm.Lte("last_seen", at)).
		Update(ctx, orm.Values{"last_seen": at})
	if err != nil || n > 0 {
		return err
	}
	x, err := t.Session(ctx, hash)
	if err != nil || !x.RevokedAt.IsZero() {
		return noSession
	}
	return nil
}

// RevokeSession ends a session; the first time counts.
func (t SessionTable) RevokeSession(ctx context.Context, hash string, at time.Time, es ...audit.Entry) error {
	err := t.change().update("sessions", orm.Values{"revoked_at": at, "draft": nil, "draft_path": nil},
		orm.Eq("hash", hash), orm.Eq("revoked_at", nil)).audit(es...).run(ctx, noSession, nil)
	if errors.Is(err, noSession) {
		_, err = t.Session(ctx, hash)
	}
	return err
}

// RevokeSessionsOf ends all sessions of an operator and returns how many lived.
func (t SessionTable) RevokeSessionsOf(ctx context.Context, o id.Operator, at time.Time, es ...audit.Entry) (int, error) {
	b := t.change().add(t.table("sessions").Where(orm.Eq("operator_id", o), orm.Eq("revoked_at", nil)).
		UpdateStmt(orm.Values{"revoked_at": at, "draft": nil, "draft_path": nil})).audit(es...)
	if b.err != nil {
		return 0, b.err
	}
	results, err := t.conn.Batch(ctx, b.ss)
	if err != nil {
		return 0, err
	}
	return int(results[0].Meta.Changes), nil
}

// SaveDraft keeps a form with a session that isn't revoked; two empty strings
// remove it.
func (t SessionTable) SaveDraft(ctx context.Context, hash, path, form string) error {
	n, err := t.table("sessions").Where(orm.Eq("hash", hash), orm.Eq("revoked_at", nil)).
		Update(ctx, orm.Values{"draft_path": d1.OptStr(path), "draft": d1.OptStr(form)})
	if err == nil && n == 0 {
		return noSession
	}
	return err
}
