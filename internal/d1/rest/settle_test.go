package rest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
)

var (
	lostAfter = []front.Fault{front.ResetAfter, front.HalfBody, front.BadGatewayAfter, front.InternalAfter,
		front.Truncated, front.ChangedType}
	lostBefore = []front.Fault{front.ResetBefore, front.BadGateway}
)

// lossy is a provider behind a network that can fail, which looks for a write for a short
// while only.
func lossy(t *testing.T, f *front.Front) (*rest.Provider, *front.Faults) {
	t.Helper()
	x := front.NewFaults(t, f)
	return provider(t, x.URL, func(o *rest.Options) { o.Pause, o.Settle = time.Millisecond, 200*time.Millisecond }), x
}

// TestWhatBecameOfAWriteIsRead where reading tells it: it was done, or it was not.
func TestWhatBecameOfAWriteIsRead(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	p, x := lossy(t, f)
	for _, fl := range lostAfter {
		name := "after-" + strings.ReplaceAll(string(fl), " ", "-")
		id := f.Add(name)
		x.Next(fl)
		if i, err := p.SetReplication(t.Context(), id, "auto"); err != nil || i.Replication != "auto" || i.Name != name {
			t.Errorf("%s: replication: %+v, %v", fl, i, err)
		}
		x.Next(fl)
		if err := p.Delete(t.Context(), id); err != nil {
			t.Errorf("%s: delete: %v", fl, err)
		}
		if _, err := p.Get(t.Context(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: it is there: %v", fl, err)
		}
		x.Next(fl) // whose it is can't be told by a name
		if _, err := p.Create(t.Context(), d1.CreateInput{Name: name}); !fault.Is(err, fault.Unknown) ||
			!strings.Contains(fault.Message(err), "a database of that name now") {
			t.Errorf("%s: create: %v", fl, err)
		}
	}
	for _, fl := range lostBefore {
		name := "before-" + strings.ReplaceAll(string(fl), " ", "-")
		id := f.Add(name)
		for what, err := range map[string]error{
			"replication": func() error { x.Next(fl); _, err := p.SetReplication(t.Context(), id, "auto"); return err }(),
			"delete":      func() error { x.Next(fl); return p.Delete(t.Context(), id) }(),
			"create": func() error {
				x.Next(fl)
				_, err := p.Create(t.Context(), d1.CreateInput{Name: name + "-2"})
				return err
			}(),
		} {
			if m := fault.Message(err); !fault.Is(err, fault.Unavailable) || !strings.Contains(m, "had not been done. Nothing was changed.") ||
				d1.NotRun(err) || fault.RefOf(err) == "" && fl == front.BadGateway {
				t.Errorf("%s: %s: %v", fl, what, err)
			}
		}
	}
	for op, want := range map[string]int{"edit": len(lostAfter), "delete": len(lostAfter), "create": len(lostAfter)} {
		if answered, effects := f.Count(op); answered != want || effects != want {
			t.Errorf("%s: %d of %d were done, want %d", op, effects, answered, want)
		}
	}
}

// TestWhatCannotBeReadStaysUnknown: the questions fail too, or nobody waits for them.
func TestWhatCannotBeReadStaysUnknown(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	p, x := lossy(t, f)
	for _, always := range []front.Fault{front.BadGateway, front.NotJSON, front.Overloaded} {
		id := f.Add("unread-" + strings.ReplaceAll(string(always), " ", "-"))
		x.Next(front.ResetAfter)
		x.Always(always)
		if err := p.Delete(t.Context(), id); !fault.Is(err, fault.Unknown) || d1.NotRun(err) {
			t.Errorf("%s: %v", always, err)
		}
		x.Always("")
	}
	stopped, stop := context.WithCancel(t.Context())
	ctx := d1.WithProgress(stopped, func(step string, _, _ int64) {
		if step == "reading what became of it" {
			stop()
		}
	})
	x.Next(front.ResetBefore)
	if err := p.Delete(ctx, f.Add("stopped")); !fault.Is(err, fault.Unknown) {
		t.Errorf("stopped: %v", err)
	}
}

// TestARestoreIsReadFromTheBookmarks as far as they tell.
func TestARestoreIsReadFromTheBookmarks(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	p, x := lossy(t, f)
	c := open(t, p, "acme")
	info, err := p.Find(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, c, "create table t(a)")
	point, err := p.Keep(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, c, "insert into t values (1)")
	for _, fl := range lostBefore {
		x.Next("", fl)
		if err := p.Restore(t.Context(), info.ID, point.ID); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "acme") {
			t.Errorf("%s: the bookmark is that of before: %v", fl, err)
		}
	}
	now, err := p.Keep(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	x.Next("", front.ResetBefore)
	if err := p.Restore(t.Context(), info.ID, now.ID); err != nil {
		t.Errorf("the bookmark is that of the point: %v", err)
	}
	// One that somebody's write moved is no sign of a restore, and that of a restore none
	// that nobody wrote.
	moves := d1.WithProgress(t.Context(), func(step string, _, _ int64) {
		if step == "reading what became of it" {
			exec(t, c, "insert into t values (2)")
		}
	})
	x.Next("", front.ResetBefore)
	if err := p.Restore(moves, info.ID, point.ID); !fault.Is(err, fault.Unknown) {
		t.Errorf("somebody wrote: %v", err)
	}
	x.Next("", front.ResetAfter)
	if err := p.Restore(t.Context(), info.ID, point.ID); !fault.Is(err, fault.Unknown) ||
		!strings.Contains(fault.Message(err), "Its bookmark has moved meanwhile") {
		t.Errorf("it was done: %v", err)
	}
	if _, effects := f.Count("restore"); effects != 1 {
		t.Errorf("%d restores", effects)
	}
}

// TestNoRetirementLosesTheOnlyCopy: the file goes only where Cloudflare said that the
// database stays.
func TestNoRetirementLosesTheOnlyCopy(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	p, x := lossy(t, f)
	for _, c := range []struct {
		fl   front.Fault
		gone bool
		kind fault.Kind
		kept int
	}{
		{front.ResetAfter, true, 0, 1}, {front.ResetBefore, false, fault.Unavailable, 1}, {front.Overloaded, false, fault.Unavailable, 0},
		{front.LimitedFor, false, fault.Limited, 0},
	} {
		id := f.Add(strings.ReplaceAll(string(c.fl), " ", "-"))
		ctx := d1.WithProgress(t.Context(), func(step string, _, _ int64) {
			if step == "deleting" {
				x.Next(c.fl)
			}
		})
		_, err := p.Retire(ctx, id)
		if c.gone != (err == nil) || err != nil && !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", c.fl, err)
		}
		if points, err := p.Points(t.Context(), id); err != nil || len(points) != c.kept {
			t.Errorf("%s: %d copies, %v", c.fl, len(points), err)
		}
	}
}
