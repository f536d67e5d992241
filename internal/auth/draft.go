package auth

import (
	"net/http"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

const (
	// MaxDraft is the largest form that is kept, in bytes of its url-encoding:
	// far more than anybody types, far less than a row of D1 holds (2 MB).
	MaxDraft = 256 << 10
	// DraftLifetime is how long after its session was last used a draft can be
	// had back: over a weekend.
	DraftLifetime = 72 * time.Hour
	// maxDraftPath is in bytes.
	maxDraftPath = 2048
)

// SaveDraft keeps a form with the request's session, alive or expired, in place
// of one kept before. The path is where the form belongs, the path and query of
// a page of ours; the form is url-encoded. Never give it a form with a password
// or another secret.
//
// The error is [fault.Invalid] for a form over [MaxDraft] or a path that isn't
// local, [fault.NotFound] if the request has no session to keep it with, else
// that of the records. A session that was revoked or is expired for longer than
// [DraftLifetime] keeps nothing.
func (s *Store) SaveDraft(r *http.Request, path, form string) error {
	if len(form) > MaxDraft {
		return fault.New(fault.Invalid, "The form is larger than 256 KiB and can't be kept.")
	}
	if !isLocalPath(path) {
		return fault.New(fault.Invalid, "A form can only be kept for a page of the dashboard.")
	}
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return err
	}
	st := stateOf(gs)
	if !st.keeps(s.now()) {
		return fault.New(fault.NotFound, "There is no session to keep the form with. Sign in and fill it in again.")
	}
	if err := s.records.SaveDraft(r.Context(), st.record.Hash, path, form); err != nil {
		return err
	}
	st.record.DraftPath, st.record.Draft = path, form
	return nil
}

// Keeps reports whether the request has a session that [Store.SaveDraft] could keep a
// form with. The error is that of the records.
func (s *Store) Keeps(r *http.Request) (bool, error) {
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return false, err
	}
	return stateOf(gs).keeps(s.now()), nil
}

// TakeDraft gives the draft of the live session back and forgets it. Both
// strings are empty if there is none.
func (s *Store) TakeDraft(r *http.Request) (path, form string, err error) {
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return "", "", err
	}
	st := stateOf(gs)
	path, form = st.record.DraftPath, st.record.Draft
	if !st.alive || path == "" {
		return "", "", nil
	}
	if err := s.records.SaveDraft(r.Context(), st.record.Hash, "", ""); err != nil {
		return "", "", err
	}
	st.record.DraftPath, st.record.Draft = "", ""
	return path, form, nil
}

// draftFor returns the draft if it is that operator's.
func (st *state) draftFor(op id.Operator, now time.Time) (path, form string) {
	if !st.found || st.record.Operator != op || st.draftOver(now) {
		return "", ""
	}
	return st.record.DraftPath, st.record.Draft
}

func (st *state) keeps(now time.Time) bool { return st.found && !st.draftOver(now) }

func (st *state) draftOver(now time.Time) bool {
	return now.Sub(st.record.LastSeen) >= DraftLifetime
}

// isLocalPath reports whether a redirect to the path stays here. Browsers read
// "//host" and "/\host" as another host, and drop control characters.
func isLocalPath(p string) bool {
	if len(p) > maxDraftPath || !strings.HasPrefix(p, "/") {
		return false
	}
	if len(p) > 1 && (p[1] == '/' || p[1] == '\\') {
		return false
	}
	return !strings.ContainsFunc(p, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\\' })
}
