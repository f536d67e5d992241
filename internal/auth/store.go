package auth

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/sessions"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

// StoreOptions changes how a [Store] works. Its zero value is right for
// deployments behind https and for http on localhost.
type StoreOptions struct {
	// Insecure uses [InsecureCookieName] without Secure, for plain http on
	// another address than localhost. Whoever sees the traffic can take over a
	// session then.
	Insecure bool
	// Now is the clock, nil for time.Now.
	Now func() time.Time
	// Log is told when use of a session could not be written down, nil for
	// slog.Default.
	Log *slog.Logger
}

// Store is a gorilla [sessions.Store] with one session, the signed-in
// operator's. Get, New and Save are gorilla's interface; the other methods are
// built on them and are what a handler uses. They read the record once a
// request, and must be given the request the handler has, by one goroutine at a
// time. The Store itself is safe for concurrent use.
//
// Values put into the gorilla session by others are not kept; Save refuses
// them instead of losing them.
type Store struct {
	records SessionRecords
	opts    StoreOptions
}

var _ sessions.Store = (*Store)(nil)

// NewStore returns a store over those records.
func NewStore(records SessionRecords, opts StoreOptions) *Store {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	return &Store{records: records, opts: opts}
}

// CookieName returns the name of this store's cookie.
func (s *Store) CookieName() string {
	if s.opts.Insecure {
		return InsecureCookieName
	}
	return CookieName
}

// now is in UTC and whole milliseconds, which every storage keeps.
func (s *Store) now() time.Time { return s.opts.Now().UTC().Truncate(time.Millisecond) }

// stateKey is where a gorilla session's Values hold the *state.
type stateKey struct{}

// state is what a request's session cookie turned out to mean.
type state struct {
	// sent is whether the request had a cookie, of any value.
	sent bool
	// found is whether it named a session that isn't revoked, expired or not.
	found bool
	// alive is whether that session signs its operator in.
	alive  bool
	record Session
	// entries are what Save puts into the audit log with the change it makes.
	entries []audit.Entry
}

func stateOf(gs *sessions.Session) *state {
	if st, ok := gs.Values[stateKey{}].(*state); ok {
		return st
	}
	return &state{}
}

// Get returns the request's session from gorilla's registry, and reads it with
// New the first time. Name must be [Store.CookieName].
func (s *Store) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads the request's session. IsNew is true if nobody is signed in by it;
// an id that is malformed, unknown, expired or revoked is never adopted. The
// session isn't nil even if the error, which is that of the records, isn't.
func (s *Store) New(r *http.Request, name string) (*sessions.Session, error) {
	gs := sessions.NewSession(s, name)
	gs.Options = cookieOptions(s.opts.Insecure)
	gs.IsNew = true
	if name != s.CookieName() {
		return gs, fault.New(fault.Internal, "no session is called %q", name)
	}
	plain, sent := readCookie(r, name)
	st := &state{sent: sent}
	gs.Values[stateKey{}] = st
	if plain == "" {
		return gs, nil
	}
	record, err := s.records.Session(r.Context(), HashToken(plain))
	if fault.Is(err, fault.NotFound) {
		return gs, nil
	}
	if err != nil {
		return gs, err
	}
	// The comparison guards against records that find by less than the hash.
	if st.found = TokenMatches(plain, record.Hash) && record.RevokedAt.IsZero(); st.found {
		st.record, st.alive = record, record.Alive(s.now())
	}
	gs.IsNew = !st.alive
	return gs, nil
}

// Save does to the records and the cookie what was done to the session: it
// creates one that [Store.Login] made, revokes one whose Options.MaxAge is
// negative and clears its cookie, and leaves any other as it is. When the
// records fail, the cookie stays.
func (s *Store) Save(r *http.Request, w http.ResponseWriter, gs *sessions.Session) error {
	st := stateOf(gs)
	if len(gs.Values) > 1 {
		return fault.New(fault.Internal, "session %q holds values that are kept nowhere", gs.Name())
	}
	switch {
	case gs.Options.MaxAge < 0:
		return s.end(r.Context(), w, gs, st)
	case gs.IsNew && st.alive:
		if err := s.records.CreateSession(r.Context(), st.record, st.entries...); err != nil {
			return err
		}
		gs.IsNew = false
		writeCookie(w, sessions.NewCookie(gs.Name(), gs.ID, gs.Options))
	}
	return nil
}

func (s *Store) end(ctx context.Context, w http.ResponseWriter, gs *sessions.Session, st *state) error {
	if st.found {
		if err := s.revoke(ctx, st.record.Hash, st.entries...); err != nil {
			return err
		}
	}
	*st = state{}
	gs.ID, gs.IsNew = "", true
	writeCookie(w, sessions.NewCookie(gs.Name(), "", gs.Options))
	return nil
}

// revoke is fine with a session that is gone.
func (s *Store) revoke(ctx context.Context, hash string, es ...audit.Entry) error {
	err := s.records.RevokeSession(ctx, hash, s.now(), es...)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Revoke ends one session, an operator's own in another browser or, by an
// admin, anybody's. Whose it is has to be checked before. One that is unknown
// or ended already is no error, and then no entry is stored.
func (s *Store) Revoke(ctx context.Context, hash string, es ...audit.Entry) error {
	return s.revoke(ctx, hash, es...)
}

// RevokeAll ends every session of an operator and returns how many that were.
// It belongs to a changed password and to disabling (ASVS 7.4.2 and 7.4.3).
func (s *Store) RevokeAll(ctx context.Context, op id.Operator, es ...audit.Entry) (int, error) {
	return s.records.RevokeSessionsOf(ctx, op, s.now(), es...)
}

// Alive reads the records again and reports whether a session still signs its
// operator in, without counting as use. It is for streams that outlast their
// request's check.
func (s *Store) Alive(ctx context.Context, hash string) (bool, error) {
	record, err := s.records.Session(ctx, hash)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil && record.Alive(s.now()), err
}

func shorten(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "") }
