package controlplane_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
)

func newStore(t *testing.T) (*controlplane.Store, d1.Conn, *controltest.Clock) {
	t.Helper()
	c := controltest.NewClock(time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC))
	f := controltest.New(t, c.Now, nil)
	return f.Store, f.Control, c
}

func TestANewerVersionIsRefusedAndNotTouched(t *testing.T) {
	_, conn, c := newStore(t)
	if _, err := conn.Query(t.Context(), d1.Exec("update kuratchi_schema_state set version = version + 1, "+
		"schema_hash = 'newer'")); err != nil {
		t.Fatal(err)
	}
	before, _ := migrate.Inspect(t.Context(), conn)
	for name, open := range map[string]func(context.Context, d1.Conn, func() time.Time) (*controlplane.Store,
		error){"open": controlplane.Open, "attach": controlplane.Attach} {
		if _, err := open(t.Context(), conn, c.Now); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	after, _ := migrate.Inspect(t.Context(), conn)
	if before.Fingerprint() != after.Fingerprint() {
		t.Error("the newer database was changed")
	}
}

func TestOpeningTwiceChangesNothing(t *testing.T) {
	_, conn, c := newStore(t)
	if _, err := controlplane.Open(t.Context(), conn, c.Now); err != nil {
		t.Fatal(err)
	}
	if _, err := controlplane.Attach(t.Context(), conn, c.Now); err != nil {
		t.Fatal(err)
	}
	ledger, err := migrate.Ledger(t.Context(), conn)
	if err != nil || len(ledger) != 1 {
		t.Errorf("%d in the ledger, %v", len(ledger), err)
	}
	empty, err := local.OpenFile(t.TempDir() + "/empty.db")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = empty.Close() }()
	if _, err := controlplane.Attach(t.Context(), empty, c.Now); !fault.Is(err, fault.Conflict) {
		t.Errorf("attached to an empty file: %v", err)
	}
}

func owner(n string) auth.Operator {
	return auth.Operator{ID: id.New[id.Operator](), Email: n + "@acme.test", Role: auth.RoleOwner,
		CreatedAt: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)}
}

func TestFiftyClaimsMakeOneOwner(t *testing.T) {
	s, _, c := newStore(t)
	_, hash := auth.NewToken("")
	if err := s.SetupToken(t.Context(), hash, c.Now().Add(15*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := s.SetupOpen(t.Context(), hash); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 50 {
		wg.Go(func() {
			o := owner(strings.Repeat("x", i+1))
			e := audit.Entry{ID: id.New[string](), At: c.Now(), Actor: o.Email, Action: audit.SetupClaim, Outcome: audit.Done}
			err := s.Claim(context.Background(), hash, o, "phc", e)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	es, _ := s.Audit(t.Context(), audit.Filter{})
	if won != 1 || len(es) != 1 {
		t.Errorf("%d owners, %d audit entries", won, len(es))
	}
	if err := s.SetupOpen(t.Context(), hash); !fault.Is(err, fault.NotFound) {
		t.Errorf("the token still works: %v", err)
	}
	if err := s.SetupToken(t.Context(), hash, c.Now().Add(time.Hour)); !fault.Is(err, fault.Conflict) {
		t.Errorf("a token for a dashboard with an owner: %v", err)
	}
}

func TestASetupTokenExpiresAndIsReplaced(t *testing.T) {
	s, _, c := newStore(t)
	_, first := auth.NewToken("")
	_, second := auth.NewToken("")
	for _, h := range []string{first, second} {
		if err := s.SetupToken(t.Context(), h, c.Now().Add(15*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetupOpen(t.Context(), first); !fault.Is(err, fault.NotFound) {
		t.Errorf("the replaced token works: %v", err)
	}
	c.Pass(15 * time.Minute)
	if err := s.SetupOpen(t.Context(), second); !fault.Is(err, fault.NotFound) {
		t.Errorf("an expired token works: %v", err)
	}
	if err := s.Claim(t.Context(), second, owner("late"), "phc"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an expired token claims: %v", err)
	}
}

// claimed is a store with an owner.
func claimed(t *testing.T) (*controlplane.Store, *controltest.Clock, auth.Operator) {
	t.Helper()
	s, _, c := newStore(t)
	_, hash := auth.NewToken("")
	o := owner("ada")
	if err := s.SetupToken(t.Context(), hash, c.Now().Add(auth.SetupFor)); err != nil {
		t.Fatal(err)
	}
	if err := s.Claim(t.Context(), hash, o, "phc"); err != nil {
		t.Fatal(err)
	}
	return s, c, o
}

func TestSessionsEndWithThePassword(t *testing.T) {
	s, c, o := claimed(t)
	for _, h := range []string{"one", "two"} {
		if err := s.CreateSession(t.Context(),
			auth.Session{Hash: h, Operator: o.ID, CreatedAt: c.Now(), LastSeen: c.Now(), Draft: "a=b", DraftPath: "/x"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.TouchSession(t.Context(), "one", c.Now().Add(-time.Hour)); err != nil {
		t.Errorf("an older use: %v", err)
	}
	if x, _ := s.Session(t.Context(), "one"); !x.LastSeen.Equal(c.Now()) {
		t.Error("time went back")
	}
	if err := s.SetPassword(t.Context(), o.ID, "new"); err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{"one", "two"} {
		x, err := s.Session(t.Context(), h)
		if err != nil || x.RevokedAt.IsZero() || x.Draft != "" {
			t.Errorf("%+v %v", x, err)
		}
		if err := s.TouchSession(t.Context(), h, c.Now()); !fault.Is(err, fault.NotFound) {
			t.Errorf("a revoked session is touched: %v", err)
		}
		if err := s.SaveDraft(t.Context(), h, "/x", "a"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a revoked session keeps a form: %v", err)
		}
	}
	if err := s.SetPassword(t.Context(), "nobody", "new"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody's password: %v", err)
	}
	c.Pass(30 * 24 * time.Hour)
	if err := s.CreateSession(t.Context(), auth.Session{Hash: "three", Operator: o.ID, CreatedAt: c.Now(), LastSeen: c.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), "one"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a session of last month is kept: %v", err)
	}
}

// TestASessionChangesWithItsAuditEntry: the entry and what it tells of are one
// batch, so neither is there without the other.
func TestASessionChangesWithItsAuditEntry(t *testing.T) {
	s, c, o := claimed(t)
	entry := func(entryID string, a audit.Action) audit.Entry {
		return audit.Entry{ID: entryID, At: c.Now(), Operator: o.ID, Actor: o.Email, Action: a, Outcome: audit.Done, Target: o.Email}
	}
	one := auth.Session{Hash: "one", Operator: o.ID, CreatedAt: c.Now(), LastSeen: c.Now()}
	if err := s.CreateSession(t.Context(), one, entry("a", audit.SessionLogin)); err != nil {
		t.Fatal(err)
	}
	// An entry that can't be written, here for its id, takes the change with it.
	two := one
	two.Hash = "two"
	if err := s.CreateSession(t.Context(), two, entry("a", audit.SessionLogin)); err == nil {
		t.Error("a session was stored without its entry")
	}
	if _, err := s.Session(t.Context(), "two"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the session of a failed entry: %v", err)
	}
	if err := s.RevokeSession(t.Context(), "one", c.Now(), entry("a", audit.SessionLogout)); err == nil {
		t.Error("a session was revoked without its entry")
	}
	if _, err := s.RevokeSessionsOf(t.Context(), o.ID, c.Now(), entry("a", audit.SessionRevoke)); err == nil {
		t.Error("all sessions were revoked without the entry")
	}
	if x, err := s.Session(t.Context(), "one"); err != nil || !x.RevokedAt.IsZero() {
		t.Errorf("after failed entries: %+v %v", x, err)
	}
	// A change that changes nothing writes no entry.
	for _, entryID := range []string{"b", "c"} {
		if err := s.RevokeSession(t.Context(), "one", c.Now(), entry(entryID, audit.SessionLogout)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.RevokeSessionsOf(t.Context(), o.ID, c.Now(), entry("d", audit.SessionRevoke)); n != 0 || err != nil {
		t.Errorf("revoking what is revoked: %d %v", n, err)
	}
	list, err := s.Audit(t.Context(), audit.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.ID)
	}
	slices.Sort(got)
	if want := []string{"a", "b", "d"}; !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
}
