package local_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// harm changes the bytes of a file that nobody has open.
func (f *folder) harm(path string, how func([]byte) []byte) {
	f.t.Helper()
	if err := os.WriteFile(path, how(f.bytes(path)), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// harms are ways in which a file is damaged that SQLite can open, and ways in which it can't.
var harms = map[string]func([]byte) []byte{
	"a page of zeros": func(b []byte) []byte { clear(b[6*4096 : 7*4096]); return b },
	"cut off":         func(b []byte) []byte { return b[:len(b)/2/4096*4096] },
	"zeros":           func(b []byte) []byte { clear(b); return b },
	"a text":          func([]byte) []byte { return []byte(strings.Repeat("this is no database ", 500)) },
}

// TestADamagedDatabaseAtNight is what an operator needs: to be told, to keep what there is,
// and to go back to what was sound.
func TestADamagedDatabaseAtNight(t *testing.T) {
	t.Parallel()
	for name, how := range harms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			ctx := t.Context()
			acme := f.add("acme")
			sound := keep(t, f.Engine, acme.ID)
			if sound.Damage != "" || f.Condition(acme.ID).Damage != "" || f.Condition(acme.ID).At.IsZero() {
				t.Errorf("a sound one: %+v, %+v", sound, f.Condition(acme.ID))
			}
			f.stopped(func() { f.harm(f.path(acme), how) })
			damaged := f.bytes(f.path(acme))
			c, err := f.CheckFile(ctx, acme.ID)
			if err != nil || !strings.Contains(c.Damage, "The file of acme is damaged. SQLite says: ") || strings.Contains(c.Damage, f.dir) {
				t.Fatalf("the check says %+v, %v", c, err)
			}
			f.stopped(func() {})
			if got := f.Condition(acme.ID); got.Damage != c.Damage || got.At.IsZero() {
				t.Errorf("after a start it is %+v", got)
			}
			kept, err := f.Keep(ctx, acme.ID)
			if err != nil || kept.Damage == "" || !d1.IsDamaged(kept.ID) {
				t.Fatalf("keeping: %+v, %v", kept, err)
			}
			if got := f.bytes(f.pointPath(kept)); len(got) == 0 {
				t.Error("nothing was kept")
			}
			if err := f.Restore(ctx, acme.ID, kept.ID); !fault.Is(err, fault.Invalid) {
				t.Errorf("restoring what is damaged: %v", err)
			}
			if string(f.bytes(f.path(acme))) != string(damaged) {
				t.Error("what was refused has changed something")
			}
			ps, err := f.Points(ctx, acme.ID)
			if err != nil || len(ps) != 2 || ps[0].Damage == "" || ps[1].Damage != "" {
				t.Errorf("points %+v, %v", ps, err)
			}
			if err := f.Restore(ctx, acme.ID, sound.ID); err != nil {
				t.Fatal(err)
			}
			f.holds(acme, "acme")
			if _, err := f.query(acme, "insert into t values ('and written to')"); err != nil {
				t.Error(err)
			}
			if got := f.Condition(acme.ID); got.Damage != "" {
				t.Errorf("put back it is still %+v", got)
			}
			f.stopped(func() {})
			f.holds(acme, "acme")
			if got := f.owner(f.path(acme)); got != acme.ID {
				t.Errorf("put back it is %q's", got)
			}
		})
	}
}

func TestADamagedPointIsRefused(t *testing.T) {
	t.Parallel()
	for name, how := range harms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			acme := f.add("acme")
			p := keep(t, f.Engine, acme.ID)
			f.harm(f.pointPath(p), how)
			if _, err := f.query(acme, "insert into t values ('later')"); err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{"restoring": f.Restore(t.Context(), acme.ID, p.ID), "asking": f.CheckPoint(t.Context(), p.ID)} {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "This copy is damaged") {
					t.Errorf("%s: %v", what, err)
				}
			}
			if got, err := f.query(acme, "select group_concat(x) from t where x = 'later'"); err != nil || got != "later" {
				t.Errorf("the database changed: %q, %v", got, err)
			}
			file, err := f.Copy(t.Context(), acme.ID, p.ID) // for what can be saved
			if err != nil {
				t.Fatal(err)
			}
			_ = file.Close()
		})
	}
}

func TestADamagedDatabaseCanBeDeleted(t *testing.T) {
	t.Parallel()
	for name, how := range harms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			acme := f.add("acme")
			f.stopped(func() { f.harm(f.path(acme), how) })
			before := f.bytes(f.path(acme))
			p, err := f.Retire(t.Context(), acme.ID)
			if err != nil || p.Damage == "" || !d1.IsDamaged(p.ID) {
				t.Fatalf("%+v, %v", p, err)
			}
			if string(f.bytes(f.pointPath(p))) != string(before) {
				t.Error("it isn't kept as it was")
			}
			if _, err := f.Get(t.Context(), acme.ID); !fault.Is(err, fault.NotFound) {
				t.Errorf("it is still there: %v", err)
			}
			again, err := f.Create(t.Context(), d1.CreateInput{Name: "acme"})
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Restore(t.Context(), again.ID, p.ID); !fault.Is(err, fault.Invalid) {
				t.Errorf("brought back: %v", err)
			}
			if err := f.Forget(t.Context(), p.ID); err != nil {
				t.Error(err)
			}
			if left, _ := filepath.Glob(filepath.Join(f.dir, "copies", "*", "*")); len(left) > 0 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

// TestAFileWithoutAByteIsNoDatabase: SQLite takes it for a new one.
func TestAFileWithoutAByteIsNoDatabase(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	ctx := t.Context()
	acme := f.add("acme")
	p := keep(t, f.Engine, acme.ID)
	f.stopped(func() { f.harm(f.path(acme), func([]byte) []byte { return nil }) })
	for _, sql := range []string{"select 1", "create table u(x)"} {
		_, err := f.query(acme, sql)
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "its file is empty") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := f.Keep(ctx, acme.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("keeping: %v", err)
	}
	if c, err := f.CheckFile(ctx, acme.ID); err != nil || !strings.Contains(c.Damage, "0 bytes") {
		t.Errorf("%+v, %v", c, err)
	}
	if len(f.bytes(f.path(acme))) > 0 {
		t.Error("it was written to")
	}
	if err := f.Restore(ctx, acme.ID, p.ID); err != nil {
		t.Fatal(err)
	}
	f.holds(acme, "acme")
	// And it can be deleted.
	f.stopped(func() { f.harm(f.path(acme), func([]byte) []byte { return nil }) })
	if p, err := f.Retire(ctx, acme.ID); err != nil || p.Damage == "" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAFileThatIsGone(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	ctx := t.Context()
	acme := f.add("acme")
	p := keep(t, f.Engine, acme.ID)
	f.stopped(func() {})
	f.rename(f.path(acme), f.path(acme)+".away")
	if _, err := f.query(acme, "select 1"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	if _, err := f.Keep(ctx, acme.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("keeping: %v", err)
	}
	if err := f.Restore(ctx, acme.ID, p.ID); err != nil {
		t.Fatal(err)
	}
	f.holds(acme, "acme")
	f.stopped(func() {})
	f.rename(f.path(acme), f.path(acme)+".away")
	if _, err := f.Retire(ctx, acme.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("retiring: %v", err)
	}
	if _, err := f.Get(ctx, acme.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestTheStalestFileIsCheckedNextAlsoAfterAStart(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	ctx := t.Context()
	want := map[string]bool{}
	for _, name := range []string{"a", "b", "c"} {
		want[f.add(name).ID] = true
	}
	for range 3 {
		next, err := f.Stalest(ctx)
		if err != nil || !want[next.ID] || next.Size == 0 {
			t.Fatalf("%+v, %v", next, err)
		}
		delete(want, next.ID)
		if c, err := f.CheckFile(ctx, next.ID); err != nil || c.Damage != "" || c.At.IsZero() {
			t.Errorf("%+v, %v", c, err)
		}
		f.stopped(func() {})
	}
	first, err := f.Stalest(ctx)
	if err != nil || f.Condition(first.ID).At.IsZero() {
		t.Errorf("%+v, %v", first, err)
	}
}

// TestWhatAClockAheadHasCheckedIsCheckedAgain: after the others it would be the last until the
// clock has caught up.
func TestWhatAClockAheadHasCheckedIsCheckedAgain(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	ahead, other := f.add("ahead"), f.add("other")
	for _, info := range []d1.Info{ahead, other} {
		if _, err := f.CheckFile(t.Context(), info.ID); err != nil {
			t.Fatal(err)
		}
	}
	f.stopped(func() {
		next := time.Now().Add(365 * 24 * time.Hour)
		if err := os.Chtimes(filepath.Join(f.dir, "checks", ahead.ID), next, next); err != nil {
			t.Fatal(err)
		}
	})
	if next, err := f.Stalest(t.Context()); err != nil || next.ID != ahead.ID || !f.Condition(ahead.ID).At.IsZero() {
		t.Errorf("next is %+v, last checked at %s: %v", next, f.Condition(ahead.ID).At, err)
	}
	if c, err := f.CheckFile(t.Context(), ahead.ID); err != nil || c.At.IsZero() || f.Condition(ahead.ID).At.IsZero() {
		t.Errorf("checked again: %+v %v", c, err)
	}
}

// TestACheckEndsWhenItsDatabaseLeaves: nobody waits for it, and nothing of it is left.
func TestACheckEndsWhenItsDatabaseLeaves(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	acme := f.add("acme")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.CheckFile(gone, acme.ID); !fault.Is(err, fault.Limited) {
		t.Errorf("stopped: %v", err)
	}
	if !f.Condition(acme.ID).At.IsZero() {
		t.Error("what was stopped counts as seen")
	}
	ended := make(chan error)
	go func() {
		for {
			if _, err := f.CheckFile(context.Background(), acme.ID); err != nil {
				ended <- err
				return
			}
		}
	}()
	if _, err := f.Retire(t.Context(), acme.ID); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("it went on")
	}
	if got := f.Condition(acme.ID); !got.At.IsZero() {
		t.Errorf("left over: %+v", got)
	}
}
