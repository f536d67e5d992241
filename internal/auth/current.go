package auth

import (
	"context"
	"net/http"

	"github.com/kuratchi/dashboard/internal/fault"
)

// Current returns the session that signs this request's operator in, false if
// there is none, and notes that it was used. Whether the operator still exists
// and isn't disabled is the caller's to check. The error is that of the records:
// whether there is a session is not known then. That use could not be written
// down is only logged; the session then ends earlier, not later.
func (s *Store) Current(r *http.Request) (Session, bool, error) {
	st, err := s.live(r)
	if err != nil || st == nil {
		return Session{}, false, err
	}
	if err := s.touch(r.Context(), st); err != nil {
		return Session{}, false, nil // revoked since it was read
	}
	return st.record, true, nil
}

// Peek is Current without counting as use. It is for requests a page makes on
// its own, such as polls, which must not keep a session alive at an empty desk.
func (s *Store) Peek(r *http.Request) (Session, bool, error) {
	st, err := s.live(r)
	if err != nil || st == nil {
		return Session{}, false, err
	}
	return st.record, true, nil
}

// live returns the state of a request whose session is alive, else nil.
func (s *Store) live(r *http.Request) (*state, error) {
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return nil, err
	}
	st := stateOf(gs)
	if !st.alive || !st.record.Alive(s.now()) {
		return nil, nil
	}
	return st, nil
}

// touch writes use down if TouchEvery has passed. Its error means that the
// session was revoked in between.
func (s *Store) touch(ctx context.Context, st *state) error {
	now := s.now()
	if now.Sub(st.record.LastSeen) < TouchEvery {
		return nil
	}
	err := s.records.TouchSession(ctx, st.record.Hash, now)
	if fault.Is(err, fault.NotFound) {
		st.found, st.alive = false, false
		return err
	}
	if err != nil {
		s.opts.Log.WarnContext(ctx, "use of a session was not written down", "error", err)
		return nil
	}
	st.record.LastSeen = now
	return nil
}
