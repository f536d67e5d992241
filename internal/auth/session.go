package auth

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/id"
)

const (
	// IdleTimeout ends a session that long after it was last used (ASVS 7.3.1).
	// As use is noted once in TouchEvery, it can come that much earlier.
	IdleTimeout = 30 * time.Minute
	// AbsoluteTimeout ends a session that long after signing in, used or not
	// (ASVS 7.3.2).
	AbsoluteTimeout = 12 * time.Hour
	// WritesFor is how long a session may write to a database once that was allowed.
	WritesFor = 10 * time.Minute
	// SetupFor is how long a link for creating the owner is good.
	SetupFor = 15 * time.Minute
	// TouchEvery is how often use is written down at most, so that a page view is
	// not a write each time.
	TouchEvery = time.Minute
	// maxUserAgent is how many bytes of the User-Agent header are kept, enough to
	// tell one's browsers apart.
	maxUserAgent = 256
)

// Session is a signed-in browser, as it is kept on the server.
type Session struct {
	// Hash is the sha256 of the id in the cookie, as 64 hexadecimal digits, and
	// the primary key. The id itself is kept nowhere.
	Hash     string
	Operator id.Operator
	// CreatedAt and LastSeen are in UTC and whole milliseconds.
	CreatedAt time.Time
	LastSeen  time.Time
	// IP and UserAgent (at most 256 bytes) are of the sign-in. They are shown to
	// the operator and bind nothing.
	IP        string
	UserAgent string
	// RevokedAt is when the session was ended on purpose, else zero.
	RevokedAt time.Time
	// DraftPath and Draft are a form that waits to be given back: where it
	// belongs, and its fields url-encoded, at most MaxDraft bytes.
	DraftPath string
	Draft     string
}

// Expired reports whether the session timed out by then. One that began or was used
// later than now, by more than [clock.Skew], has: the clock was put back, and how much of
// its time is left isn't known. A clock that is put back to after the last use isn't
// noticed; the session then lives longer by as much, which is less than IdleTimeout. One
// that is put on ends sessions early, and those that weren't revoked meanwhile live again
// when it is put right.
func (s Session) Expired(now time.Time) bool {
	return !clock.Open(s.LastSeen.Add(IdleTimeout), now, IdleTimeout) ||
		!clock.Open(s.CreatedAt.Add(AbsoluteTimeout), now, AbsoluteTimeout)
}

// Alive reports whether the session still signs anybody in: neither timed out
// nor revoked.
func (s Session) Alive(now time.Time) bool { return s.RevokedAt.IsZero() && !s.Expired(now) }

// SessionRecords keeps sessions. Audit entries given with a change are stored
// with it or not at all, and not if nothing changed. It must be safe for concurrent use. A session
// may be deleted for good once [Session.CreatedAt] is over [DraftLifetime] plus
// [AbsoluteTimeout] ago.
type SessionRecords interface {
	// CreateSession stores a new session.
	CreateSession(ctx context.Context, s Session, es ...audit.Entry) error
	// Session returns a session whatever its state, or fault.NotFound.
	Session(ctx context.Context, hash string) (Session, error)
	// TouchSession sets LastSeen, but never to an earlier time. It must return
	// fault.NotFound and change nothing if the session is unknown or revoked.
	TouchSession(ctx context.Context, hash string, at time.Time) error
	// RevokeSession sets RevokedAt and empties the draft. Revoking again keeps
	// the first time and is no error; an unknown session is fault.NotFound.
	RevokeSession(ctx context.Context, hash string, at time.Time, es ...audit.Entry) error
	// SaveDraft replaces the draft of a session that isn't revoked, expired or
	// not; two empty strings remove it. Else it must return fault.NotFound.
	SaveDraft(ctx context.Context, hash, path, form string) error
	// RevokeSessionsOf does what RevokeSession does to every session of the
	// operator that isn't revoked, and returns how many that were. The
	// entries are stored even if that is none.
	RevokeSessionsOf(ctx context.Context, op id.Operator, at time.Time, es ...audit.Entry) (int, error)
}
