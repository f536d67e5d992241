package controlplane_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

// watched is a connection that counts the statements it is asked, and does what a test
// wants done before and after the next one.
type watched struct {
	d1.Conn
	asked         atomic.Int64
	before, after func()
}

func (w *watched) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	w.asked.Add(1)
	if before := w.before; before != nil {
		w.before = nil
		before()
	}
	r, err := w.Conn.Query(ctx, s)
	if after := w.after; after != nil {
		w.after = nil
		after()
	}
	return r, err
}

func (w *watched) Version(ctx context.Context) (int64, error) {
	return w.Conn.(d1.Versioned).Version(ctx)
}

// unversioned is a connection as D1 has it.
type unversioned struct{ d1.Conn }

func exec(tb testing.TB, conn d1.Conn, sql string, args ...d1.Value) {
	tb.Helper()
	if _, err := conn.Query(tb.Context(), d1.Exec(sql, args...)); err != nil {
		tb.Fatalf("%.100s: %v", sql, err)
	}
}

// newWatched returns a store over a watched connection, and another connection to its
// file, by which another program writes. A database, an operator with a session and a
// schema are there.
func newWatched(t *testing.T) (s *controlplane.Store, w *watched, other d1.Conn) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "control.db")
	w, other = &watched{Conn: controltest.Conn(t, path)}, controltest.Conn(t, path)
	s, err := controlplane.Open(t.Context(), w, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"insert into operators (id, email, role, password, created_at) values ('o1', 'ada@acme.test', 'owner', 'none', 1)",
		"insert into sessions (hash, operator_id, created_at, last_seen) values ('h1', 'o1', 1, 1)",
		"insert into organizations (id, slug, name, created_at, created_by) values ('g1', 'acme', 'Acme', 1, 'x')",
		"insert into databases (id, name, org_id, org_slug, org_name, provider, schema_name, schema_version, state, created_at, " +
			"created_by, updated_at) values ('d1', 'acme-org-001', 'g1', 'acme', 'Acme', 'local', 'shop', 1, 'ready', 1, 'x', 1)",
		"insert into schemas (id, name, latest, created_at, updated_at) values ('s1', 'shop', 1, 1, 1)",
	} {
		exec(t, other, sql)
	}
	return s, w, other
}

// reads are the rows that are kept, each as a text of what a test changes.
var reads = map[string]func(context.Context, *controlplane.Store) (string, error){
	"session": func(ctx context.Context, s *controlplane.Store) (string, error) {
		x, err := s.Session(ctx, "h1")
		return fmt.Sprintf("%v %v", x.RevokedAt.IsZero(), x.LastSeen.UnixMilli()), err
	},
	"operator": func(ctx context.Context, s *controlplane.Store) (string, error) {
		o, err := s.Operator(ctx, "o1")
		return fmt.Sprintf("%v %v", o.Role, o.Disabled()), err
	},
	"database": func(ctx context.Context, s *controlplane.Store) (string, error) {
		d, err := s.Database(ctx, "acme-org-001")
		return fmt.Sprintf("%v %v %v", d.State, d.OrgName, d.Version), err
	},
	"schema": func(ctx context.Context, s *controlplane.Store) (string, error) {
		x, err := s.Schema(ctx, "shop")
		return fmt.Sprint(x.Latest), err
	},
}

func TestARowIsReadOnceWhileNothingIsCommitted(t *testing.T) {
	t.Parallel()
	s, w, other := newWatched(t)
	for name, read := range reads {
		first, err := read(t.Context(), s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		asked := w.asked.Load()
		for range 3 {
			if again, err := read(t.Context(), s); err != nil || again != first {
				t.Errorf("%s: %s, then %s, %v", name, first, again, err)
			}
		}
		if n := w.asked.Load() - asked; n != 0 {
			t.Errorf("%s was read %d more times", name, n)
		}
	}
	exec(t, other, "update schemas set latest = 2")
	asked := w.asked.Load()
	for name, read := range reads {
		if _, err := read(t.Context(), s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.asked.Load() - asked; n != int64(len(reads)) {
		t.Errorf("%d reads of %d rows after a commit", n, len(reads))
	}
}

func TestTheNextReadSeesAChange(t *testing.T) {
	t.Parallel()
	s, w, other := newWatched(t)
	for _, by := range []struct {
		who  string
		conn d1.Conn
	}{{"by this program", w}, {"by another one", other}} {
		for _, c := range []struct{ what, sql, undo, want string }{
			{"session", "update sessions set last_seen = 5", "update sessions set last_seen = 1", "true 5"},
			{"session", "update sessions set revoked_at = 2", "update sessions set revoked_at = null", "false 1"},
			{"operator", "update operators set role = 'viewer'", "update operators set role = 'owner'", "viewer false"},
			{"operator", "update operators set disabled_at = 2", "update operators set disabled_at = null", "owner true"},
			{"database", "update databases set org_name = 'New'", "update databases set org_name = 'Acme'", "ready New 1"},
			{"database", "update databases set archived_at = 2", "update databases set archived_at = null", "archived Acme 1"},
			{"database", "update databases set name = 'other'", "update databases set name = 'acme-org-001'", ""},
			{"schema", "update schemas set latest = 7", "update schemas set latest = 1", "7"},
		} {
			if _, err := reads[c.what](t.Context(), s); err != nil {
				t.Fatalf("%s: %v", c.what, err)
			}
			exec(t, by.conn, c.sql)
			if got, err := reads[c.what](t.Context(), s); c.want == "" && !fault.Is(err, fault.NotFound) ||
				c.want != "" && (err != nil || got != c.want) {
				t.Errorf("%s %s: %s, %v", c.sql, by.who, got, err)
			}
			exec(t, by.conn, c.undo)
		}
	}
}

// A commit may come at any moment of a read: before it, after it, before the row is kept.
func TestARowThatACommitCameBetweenIsNotKept(t *testing.T) {
	t.Parallel()
	for _, moment := range []string{"before the row is read", "after the row was read", "and somebody else was told of it"} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			s, w, other := newWatched(t)
			change := func() { exec(t, other, "update operators set role = 'viewer'") }
			switch moment {
			case "before the row is read":
				w.before = change
			case "after the row was read":
				w.after = change
			default:
				w.after = func() {
					change()
					if _, err := s.Schema(t.Context(), "shop"); err != nil {
						t.Error(err)
					}
				}
			}
			for range 2 { // the first of them is the one that the commit comes between
				if _, err := s.Operator(t.Context(), "o1"); err != nil {
					t.Fatal(err)
				}
			}
			if o, err := s.Operator(t.Context(), "o1"); err != nil || o.Role != auth.RoleViewer {
				t.Errorf("%v, %v", o.Role, err)
			}
		})
	}
}

func TestWithoutVersionsEveryRowIsRead(t *testing.T) {
	t.Parallel()
	_, w, _ := newWatched(t)
	s, err := controlplane.Attach(t.Context(), unversioned{w}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	asked := w.asked.Load()
	for range 3 {
		if _, err := s.Operator(t.Context(), "o1"); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.asked.Load() - asked; n != 3 {
		t.Errorf("3 reads asked %d statements", n)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	s, w, other := newWatched(t)
	exec(t, other, "update sessions set draft = ?1, draft_path = '/'", d1.Str(strings.Repeat("x", 5000)))
	exec(t, other, "with recursive n(i) as (select 1 union all select i + 1 from n "+
		"where i < 1000) insert into operators (id, email, role, password, created_at) "+
		"select 'p' || i, i || '@acme.test', 'viewer', 'none', 1 from n")
	again := func(read func() error) int64 {
		t.Helper()
		asked := w.asked.Load()
		if err := read(); err != nil {
			t.Fatal(err)
		}
		return w.asked.Load() - asked
	}
	session := func() error { _, err := s.Session(t.Context(), "h1"); return err }
	if n := again(session) + again(session); n != 2 {
		t.Error("a session with a long form is kept")
	}
	operator := func(n int) func() error {
		return func() error { _, err := s.Operator(t.Context(), id.Operator(fmt.Sprintf("p%d", n))); return err }
	}
	for n := range 1000 {
		if again(operator(n+1)) != 1 {
			t.Fatalf("operator %d was there before", n+1)
		}
	}
	if again(operator(1000)) != 0 || again(operator(1)) != 1 {
		t.Error("not the last ones are kept")
	}
	missing := func() error {
		if _, err := s.Operator(t.Context(), "nobody"); !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("nobody: %w", err)
		}
		return nil
	}
	if n := again(missing) + again(missing); n != 2 {
		t.Error("that a row is missing is kept")
	}
}

// Two programs write, and readers of one of them compare what they get with what had
// been answered when they asked.
func TestNoReadIsOlderThanWhatWasAnsweredBefore(t *testing.T) {
	t.Parallel()
	s, w, other := newWatched(t)
	const writes = 60
	var answered atomic.Int64
	var turn sync.Mutex // of the writers: answered is what both have written
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for _, conn := range []d1.Conn{w.Conn, other} {
		writers.Go(func() {
			for range writes {
				turn.Lock()
				n := answered.Load() + 1
				_, err := conn.Query(t.Context(), d1.Exec("update schemas set latest = ?1", d1.Int(n)))
				answered.Store(n)
				turn.Unlock()
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 3 {
		readers.Go(func() {
			for open := true; open; {
				select {
				case <-done:
					open = false
				default:
				}
				for range 20 { // most of them of a kept row
					before := answered.Load()
					x, err := s.Schema(t.Context(), "shop")
					if err != nil || int64(x.Latest) < before {
						t.Errorf("latest %d after %d was answered, %v", x.Latest, before, err)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}
