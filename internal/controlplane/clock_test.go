package controlplane_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// withDatabase is a store with a database, d1.
func withDatabase(t *testing.T) (*controlplane.Store, d1.Conn, *controltest.Clock) {
	t.Helper()
	s, conn, c := newStore(t)
	exec(t, conn, "insert into organizations (id, slug, name, created_at, created_by) values ('g1', 'acme', 'Acme', 1, 'x')")
	exec(t, conn, "insert into databases (id, name, org_id, org_slug, org_name, provider, state, created_at, created_by, updated_at) "+
		"values ('d1', 'acme-org-001', 'g1', 'acme', 'Acme', 'embedded', 'ready', 1, 'x', 1)")
	return s, conn, c
}

func TestRestorePointsComeInTheOrderTheyWereStored(t *testing.T) {
	t.Parallel()
	s, _, c := withDatabase(t)
	want := make([]string, 6)
	for i := range want {
		id := fmt.Sprintf("%c", "dbafce"[i]) // ids begin with the time, so they don't grow either
		want[len(want)-1-i] = id
		p := fleet.RestorePoint{ID: id, Database: "d1", Place: fleet.Embedded, Mark: id, Kind: fleet.PointRestore,
			CreatedAt: c.Now(), CreatedBy: "x"}
		if err := s.CreatePoint(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		c.Set(time.Duration(i-3) * 40 * time.Hour)
	}
	for size, page := range map[int]fleet.Page{6: {}, 2: {Number: 1, Size: 2}} {
		ps, err := s.Points(t.Context(), fleet.PointFilter{Database: "d1", Unasked: true, Page: page})
		if err != nil || len(ps) != size {
			t.Fatal(ps, err)
		}
		for i, p := range ps {
			if p.ID != want[i] {
				t.Errorf("%d. of %d is %s, want %s", i, size, p.ID, want[i])
			}
		}
	}
}

func TestALeaseOnAClockThatWasPutBack(t *testing.T) {
	t.Parallel()
	s, _, c := withDatabase(t)
	take := func(holder string) (fleet.Lease, error) {
		return s.TakeLease(t.Context(), "d1", holder, c.Now().Add(time.Minute))
	}
	gone, err := take("gone")
	if err != nil {
		t.Fatal(err)
	}
	c.Set(-2 * time.Second) // as a time server does
	if _, err := take("next"); !fault.Is(err, fault.Conflict) {
		t.Errorf("a lease that is held: %v", err)
	}
	c.Set(-time.Hour)
	next, err := take("next")
	if err != nil || next.Fence <= gone.Fence {
		t.Fatalf("of an hour ahead: %+v %v", next, err)
	}
	if err := s.KeepLease(t.Context(), "d1", gone); !fault.Is(err, fault.Conflict) {
		t.Errorf("a lease that was lost is kept: %v", err)
	}
	if err := s.KeepLease(t.Context(), "d1", next.Ended()); err != nil {
		t.Fatal(err)
	}
	c.Set(-30 * time.Second) // what was given back stays so
	if _, err := take("other"); err != nil {
		t.Errorf("given back: %v", err)
	}
	if err := s.EndLeases(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Set(-30 * time.Second)
	if _, err := take("another"); err != nil {
		t.Errorf("ended by a start: %v", err)
	}
}

// TestALeaseIsNeverHeldByTwo: whatever the clock does, one of all that were given can be
// kept; and while it stands still or goes on, nobody takes a lease that hasn't ended.
func TestALeaseIsNeverHeldByTwo(t *testing.T) {
	t.Parallel()
	s, _, c := withDatabase(t)
	var leases []fleet.Lease
	rapid.Check(t, func(r *rapid.T) {
		newest := func() *fleet.Lease { return &leases[len(leases)-1] }
		var ends time.Time // of the newest, as it was kept last
		for range rapid.IntRange(1, 12).Draw(r, "events") {
			switch rapid.SampledFrom([]string{"take", "keep", "pass", "set", "end"}).Draw(r, "event") {
			case "take":
				now := c.Now()
				l, err := s.TakeLease(t.Context(), "d1", "x", now.Add(time.Minute))
				if err != nil {
					if !fault.Is(err, fault.Conflict) {
						r.Fatal(err)
					}
					if len(leases) > 0 && !ends.IsZero() && !ends.After(now) {
						r.Fatalf("one that ended at %s is held at %s", ends, now)
					}
					continue
				}
				if left := ends.Sub(now); left > 0 && left <= time.Minute {
					r.Fatalf("taken %s before its end", left)
				}
				if len(leases) > 0 && l.Fence <= newest().Fence {
					r.Fatalf("fence %d after %d", l.Fence, newest().Fence)
				}
				leases, ends = append(leases, l), l.Until
			case "keep":
				if len(leases) == 0 {
					continue
				}
				ends = c.Now().Add(time.Minute)
				newest().Until = ends
				if err := s.KeepLease(t.Context(), "d1", *newest()); err != nil {
					r.Fatal(err)
				}
			case "end":
				if len(leases) == 0 {
					continue
				}
				if err := s.KeepLease(t.Context(), "d1", newest().Ended()); err != nil {
					r.Fatal(err)
				}
				ends = newest().Ended().Until
			case "pass":
				c.Pass(time.Duration(rapid.IntRange(0, 120).Draw(r, "seconds")) * time.Second)
			case "set":
				c.Set(time.Duration(rapid.IntRange(-3000, 3000).Draw(r, "minutes")) * time.Minute)
			}
			for _, l := range leases[:max(0, len(leases)-1)] {
				if err := s.KeepLease(t.Context(), "d1", l); !fault.Is(err, fault.Conflict) {
					r.Fatalf("an earlier lease is kept: %v", err)
				}
			}
		}
		if len(leases) > 3 {
			leases = leases[len(leases)-3:]
		}
	})
}

func TestTheRightToWriteOnAClockThatIsSet(t *testing.T) {
	t.Parallel()
	s, conn, c := newStore(t)
	allow := func(session string) {
		t.Helper()
		if err := s.AllowWrites(t.Context(), session, "d1", c.Now().Add(auth.WritesFor)); err != nil {
			t.Fatal(err)
		}
	}
	may := func(what string, want bool) {
		t.Helper()
		until, err := s.WritesUntil(t.Context(), "one", "d1")
		if err != nil || until.IsZero() == want {
			t.Errorf("%s: until %v, %v", what, until, err)
		}
	}
	allow("one")
	may("allowed", true)
	c.Set(-2 * time.Second)
	may("put back a little", true)
	c.Set(-time.Hour)
	may("put back by an hour", false)
	c.Pass(time.Hour + auth.WritesFor)
	may("put right", true)
	c.Pass(2 * time.Second)
	may("ended", false)
	c.Set(-24 * time.Hour)
	may("put back after its end", false)
	allow("two") // takes away what can't be good any more
	if r, err := conn.Query(t.Context(), d1.Query("select id from write_switches")); err != nil || len(r.Rows) != 1 {
		t.Errorf("left: %v %v", r.Rows, err)
	}
	c.Pass(24 * time.Hour)
	may("after it was taken away", false)
}

func TestTheNewestTimeThatIsKnown(t *testing.T) {
	t.Parallel()
	s, conn, c := withDatabase(t)
	is := func(what string, newest, jumped time.Duration) { // since the start, -1 for none
		t.Helper()
		n, j, err := s.ClockSeen(t.Context(), c.Now().Add(-time.Hour))
		at := func(d time.Duration) time.Time {
			if d < 0 {
				return time.Time{}
			}
			return c.Now().Add(d)
		}
		if err != nil || !n.Equal(at(newest)) || !j.Equal(at(jumped)) {
			t.Errorf("%s: %v, %v, %v", what, n, j, err)
		}
	}
	entry := func(id string, a audit.Action, at time.Duration) {
		t.Helper()
		if err := s.Record(t.Context(), audit.Entry{ID: id, At: c.Now().Add(at), Actor: "x", Action: a, Outcome: audit.Done}); err != nil {
			t.Fatal(err)
		}
	}
	is("nothing", -1, -1)
	entry("1", audit.ClockJump, -2*time.Hour)
	entry("2", audit.OrgCreate, time.Minute)
	is("a jump of long ago", time.Minute, -1)
	exec(t, conn, "update databases set checked_at = ?", d1.Int(c.Now().Add(2*time.Minute).UnixMilli()))
	is("a check", 2*time.Minute, -1)
	exec(t, conn, "insert into operators (id, email, role, password, created_at) values ('o1', 'ada@acme.test', 'owner', 'none', 1)")
	if err := s.CreateSession(t.Context(), auth.Session{Hash: "h", Operator: "o1", CreatedAt: c.Now(),
		LastSeen: c.Now().Add(3 * time.Minute)}); err != nil {
		t.Fatal(err)
	}
	is("a session", 3*time.Minute, -1)
	entry("3", audit.ClockJump, 4*time.Minute)
	is("a jump", 4*time.Minute, 4*time.Minute)
}

func TestNoSessionIsRemovedWhileTheClockIsDoubted(t *testing.T) {
	t.Parallel()
	s, c, o := claimed(t)
	steady := false
	s.PurgeWhile(func() bool { return steady })
	signIn := func(hash string) {
		t.Helper()
		if err := s.CreateSession(t.Context(), auth.Session{Hash: hash, Operator: o.ID, CreatedAt: c.Now(), LastSeen: c.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	signIn("first")
	c.Pass(30 * 24 * time.Hour)
	signIn("second")
	if _, err := s.Session(t.Context(), "first"); err != nil {
		t.Errorf("while it is doubted: %v", err)
	}
	steady = true
	signIn("third")
	if _, err := s.Session(t.Context(), "first"); !fault.Is(err, fault.NotFound) {
		t.Errorf("once it is trusted: %v", err)
	}
}

func TestASetupLinkOnAClockThatWasPutBack(t *testing.T) {
	t.Parallel()
	s, _, c := newStore(t)
	_, hash := auth.NewToken("")
	if err := s.SetupToken(t.Context(), hash, c.Now().Add(auth.SetupFor)); err != nil {
		t.Fatal(err)
	}
	c.Set(-2 * time.Second)
	if err := s.SetupOpen(t.Context(), hash); err != nil {
		t.Errorf("put back a little: %v", err)
	}
	c.Set(-time.Hour)
	if err := s.SetupOpen(t.Context(), hash); !fault.Is(err, fault.NotFound) {
		t.Errorf("put back by an hour: %v", err)
	}
	if err := s.Claim(t.Context(), hash, owner("ada"), "phc"); !fault.Is(err, fault.NotFound) {
		t.Errorf("claimed: %v", err)
	}
}

func TestWhatAClockAheadHasCheckedIsDue(t *testing.T) {
	t.Parallel()
	s, _, c := withDatabase(t)
	due := func(want int) {
		t.Helper()
		if ds, err := s.DueDatabases(t.Context(), fleet.Embedded, c.Now().Add(-5*time.Minute), 10); err != nil || len(ds) != want {
			t.Errorf("%d databases are due, want %d: %v", len(ds), want, err)
		}
	}
	due(1)
	if err := s.SaveChecks(t.Context(), []fleet.Check{{Database: "d1", At: c.Now(), Health: fleet.HealthOK}}); err != nil {
		t.Fatal(err)
	}
	due(0)
	c.Set(-24 * time.Hour)
	due(1)
}
