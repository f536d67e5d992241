package controlplane

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

// SwitchTable remembers in which databases a session may write.
type SwitchTable struct{ *core }

func switchID(session string, d id.Database) string { return session + ":" + string(d) }

// AllowWrites lets a session write to a database from the console until then. A
// time that is not later than now takes that back.
func (t SwitchTable) AllowWrites(ctx context.Context, session string, d id.Database, until time.Time, es ...audit.Entry) error {
	b, now := t.change(), t.now()
	b.add(t.table("write_switches").Where(orm.Or(orm.Eq("id", switchID(session, d)), orm.Lte("expires_at", now),
		orm.Gt("expires_at", now.Add(auth.WritesFor+clock.Skew)))).DeleteStmt())
	if until.After(now) {
		b.insert("write_switches", orm.Values{"id": switchID(session, d), "expires_at": until})
	}
	return b.audit(es...).run(ctx, nil, nil)
}

// WritesUntil returns until when a session may write to a database, zero when it
// may not. What ends further ahead than [auth.WritesFor] has ended, see [clock.Open].
func (t SwitchTable) WritesUntil(ctx context.Context, session string, d id.Database) (time.Time, error) {
	r, err := t.table("write_switches").Where(orm.Eq("id", switchID(session, d))).First(ctx)
	if fault.Is(err, fault.NotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	until := r.Time("expires_at")
	if !clock.Open(until, t.now(), auth.WritesFor) {
		return time.Time{}, nil
	}
	return until, nil
}
