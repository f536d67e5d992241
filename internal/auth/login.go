package auth

import (
	"net/http"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Login signs the operator in on this browser: a new id, a new record, a new
// cookie. The session the browser had, whoever's it was, is revoked before, so
// an id known from before signing in is worth nothing after. Call it also after
// a change of one's own password. It must come before the response's header is
// written. The audit entries are stored with the new session or not at all.
//
// The error is [fault.Denied] for a disabled operator, else that of the
// records; then nobody is signed in and the cookie is as it was.
func (s *Store) Login(w http.ResponseWriter, r *http.Request, op Operator, ip string, es ...audit.Entry) (*Session, error) {
	if op.Disabled() {
		return nil, fault.New(fault.Denied, "This operator is disabled. Ask an owner to enable it.")
	}
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return nil, err
	}
	old, now := stateOf(gs), s.now()
	path, form := old.draftFor(op.ID, now)
	if old.found {
		if err := s.revoke(r.Context(), old.record.Hash); err != nil {
			return nil, err
		}
	}
	plain, hash := NewToken("")
	record := Session{
		Hash: hash, Operator: op.ID, CreatedAt: now, LastSeen: now,
		IP: ip, UserAgent: shorten(r.UserAgent(), maxUserAgent),
		DraftPath: path, Draft: form,
	}
	gs.ID, gs.IsNew, gs.Options = plain, true, cookieOptions(s.opts.Insecure)
	gs.Values[stateKey{}] = &state{sent: true, found: true, alive: true, record: record, entries: es}
	if err := gs.Save(r, w); err != nil {
		gs.ID, gs.Values[stateKey{}] = "", &state{sent: old.sent}
		return nil, err
	}
	return &record, nil
}

// Logout revokes the request's session and clears the cookie. Without a session
// it only clears and stores no entry. If the records fail, the error is theirs, the session goes on
// and the cookie stays, so that trying again works.
func (s *Store) Logout(w http.ResponseWriter, r *http.Request, es ...audit.Entry) error {
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return err
	}
	gs.Options.MaxAge, stateOf(gs).entries = -1, es
	return gs.Save(r, w)
}

// Clear clears the cookie of a request whose session is dead, and does nothing
// if it is alive, if there is no cookie, or if an expired session keeps a draft,
// for which [Store.Login] needs the cookie. Call it where a browser is sent to
// sign in and not in the answer to a poll, which may arrive after a new cookie.
func (s *Store) Clear(w http.ResponseWriter, r *http.Request) error {
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return err
	}
	st, now := stateOf(gs), s.now()
	if path, _ := st.draftFor(st.record.Operator, now); !st.sent || st.alive || path != "" {
		return nil
	}
	return s.Logout(w, r)
}
