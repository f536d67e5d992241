package auth_test

import (
	"context"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

// records is auth.SessionRecords in memory, and counts what it is asked.
type records struct {
	mu      sync.Mutex
	rows    map[string]auth.Session
	calls   map[string]int
	failing map[string]error // by method
	entries []audit.Entry
}

func newRecords() *records {
	return &records{rows: map[string]auth.Session{}, calls: map[string]int{}, failing: map[string]error{}}
}

func (m *records) count(method string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls[method]
}

func (m *records) fail(method string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failing[method] = err
}

func (m *records) row(hash string) auth.Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rows[hash]
}

func (m *records) all() []auth.Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []auth.Session
	for _, s := range m.rows {
		list = append(list, s)
	}
	return list
}

// begin locks and counts a call; the caller unlocks.
func (m *records) begin(method string) error {
	m.mu.Lock()
	m.calls[method]++
	return m.failing[method]
}

// change changes a session that exists and, if live is asked for, isn't revoked.
func (m *records) change(method, hash string, live bool, f func(s *auth.Session)) error {
	err := m.begin(method)
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	s, ok := m.rows[hash]
	if !ok || live && !s.RevokedAt.IsZero() {
		return fault.New(fault.NotFound, "no such session")
	}
	f(&s)
	m.rows[hash] = s
	return nil
}

func (m *records) CreateSession(_ context.Context, s auth.Session, es ...audit.Entry) error {
	err := m.begin("CreateSession")
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	if _, ok := m.rows[s.Hash]; ok {
		return fault.New(fault.Conflict, "the session exists")
	}
	m.rows[s.Hash] = s
	m.entries = append(m.entries, es...)
	return nil
}

func (m *records) Session(_ context.Context, hash string) (auth.Session, error) {
	err := m.begin("Session")
	defer m.mu.Unlock()
	if err != nil {
		return auth.Session{}, err
	}
	s, ok := m.rows[hash]
	if !ok {
		return auth.Session{}, fault.New(fault.NotFound, "no such session")
	}
	return s, nil
}

func (m *records) TouchSession(_ context.Context, hash string, at time.Time) error {
	return m.change("TouchSession", hash, true, func(s *auth.Session) {
		if at.After(s.LastSeen) {
			s.LastSeen = at
		}
	})
}

func (m *records) RevokeSession(_ context.Context, hash string, at time.Time, es ...audit.Entry) error {
	return m.change("RevokeSession", hash, false, func(s *auth.Session) {
		if s.RevokedAt.IsZero() {
			m.entries = append(m.entries, es...)
		}
		revoke(s, at)
	})
}

func revoke(s *auth.Session, at time.Time) {
	if s.RevokedAt.IsZero() {
		s.RevokedAt = at
	}
	s.DraftPath, s.Draft = "", ""
}

func (m *records) SaveDraft(_ context.Context, hash, path, form string) error {
	return m.change("SaveDraft", hash, true, func(s *auth.Session) { s.DraftPath, s.Draft = path, form })
}

func (m *records) RevokeSessionsOf(_ context.Context, op id.Operator, at time.Time, es ...audit.Entry) (int, error) {
	err := m.begin("RevokeSessionsOf")
	defer m.mu.Unlock()
	if err != nil {
		return 0, err
	}
	m.entries = append(m.entries, es...)
	n := 0
	for hash, s := range m.rows {
		if s.Operator == op && s.RevokedAt.IsZero() {
			revoke(&s, at)
			m.rows[hash] = s
			n++
		}
	}
	return n, nil
}
