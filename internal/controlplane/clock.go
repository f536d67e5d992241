package controlplane

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
)

// PurgeWhile has the store ask, before it removes anything because of its age, whether the
// clock can be trusted; unasked it can. It must be called before the store is used.
func (s *Store) PurgeWhile(steady func() bool) { s.steady = steady }

const clockSQL = `select max(coalesce((select max(at) from audit), 0), coalesce((select max(checked_at) from databases), 0),
    coalesce((select max(last_seen) from sessions), 0)),
  (select max(at) from audit where at >= ? and action = ?)`

// ClockSeen returns the newest time that anything was noted at, and the newest since then at
// which a jump of the clock was; each zero for none.
func (s *Store) ClockSeen(ctx context.Context, since time.Time) (newest, jumped time.Time, err error) {
	r, err := s.conn.Query(ctx, d1.Query(clockSQL, d1.Int(since.UnixMilli()), d1.Str(string(audit.ClockJump))))
	if err != nil {
		return newest, jumped, err
	}
	for i, t := range []*time.Time{&newest, &jumped} {
		if at := r.Rows[0][i].Int(); at > 0 {
			*t = time.UnixMilli(at).UTC()
		}
	}
	return newest, jumped, nil
}
