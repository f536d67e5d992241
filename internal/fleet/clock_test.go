package fleet_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// onClock has a world live by a clock that can be set.
func (w *world) onClock() *controltest.Clock {
	w.t.Helper()
	c := controltest.NewClock(now())
	store, err := controlplane.Open(w.t.Context(), w.control, c.Now)
	must(w.t, err)
	w.Close()
	w.store = store
	w.House = house.New(store, fleet.EmbeddedOnly{Engine: w.engine}, slog.New(slog.DiscardHandler), c.Now)
	w.t.Cleanup(w.Close)
	return c
}

// jump is a distance that a clock is set by, either way.
func jump(r *rand.Rand) time.Duration {
	by := clock.Jump + time.Duration(1+r.Int64N(int64(60*24*time.Hour)))
	if r.IntN(2) == 0 {
		return -by
	}
	return by
}

// TestTheNewestPointsAreKeptWhateverTheClockSays: of the points nobody asked for the ones that
// were kept last stay, and the state before a restore is the newest of them.
func TestTheNewestPointsAreKeptWhateverTheClockSays(t *testing.T) {
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Name: "acme", Schema: "app", Version: 1})
	c := w.onClock()
	asked, err := w.Keep.Points.KeepPoint(t.Context(), ada, d.Name)
	must(t, err)
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 1))
		var want []string
		for n := range fleet.KeptPoints + 4 {
			if r.IntN(2) == 0 {
				c.Set(jump(r))
			}
			c.Pass(time.Duration(r.IntN(1000)) * time.Minute)
			before, err := w.Keep.Points.RestoreTo(t.Context(), ada, d.Name, asked.ID)
			must(t, err)
			want = slices.Insert(want, 0, before.ID)
			var got []string
			for _, p := range w.points(d) {
				if p.Kind == fleet.PointRestore {
					got = append(got, p.ID)
				}
			}
			if kept := min(len(want), len(got)); len(got) != fleet.KeptPoints && seed > 0 || !slices.Equal(got[:kept], want[:kept]) {
				t.Fatalf("seed %d, after %d restores there are\n%q, kept last were\n%q", seed, n+1, got, want)
			}
		}
	}
}

// TestNothingIsPurgedWithinADayOfAJump: whatever the clock does, a deleted database goes for
// good only after its time has come and a day was seen to pass.
func TestNothingIsPurgedWithinADayOfAJump(t *testing.T) {
	w := newWorld(t, nil)
	for seed := range uint64(12) {
		name := fmt.Sprintf("acme-%d", seed)
		w.provision(provision.Input{OrgName: name, Name: name})
	}
	c := w.onClock()
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 2))
		name := fmt.Sprintf("acme-%d", seed)
		must(t, w.Keep.Delete(t.Context(), ada, name))
		watch := clock.New(clock.Options{Now: c.Now, Elapsed: c.Elapsed})
		w.Keep.PurgeWhile(watch.Steady)
		jumped, last, there := -clock.Day, time.Time{}, true
		look := func() {
			last = w.Keep.PurgeRound(t.Context(), last)
			_, err := w.Fleet.Database(t.Context(), ada, name)
			there = err == nil
			if err != nil && !fault.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
			if since := c.Elapsed() - jumped; !there && since < clock.Day {
				t.Fatalf("seed %d: purged %s after a jump", seed, since)
			}
		}
		look()
		for range 10 {
			if !there {
				break
			}
			c.Set(jump(r))
			jumped = c.Elapsed()
			look()
			for until := c.Elapsed() + time.Duration(r.Int64N(int64(30*time.Hour))); there && c.Elapsed() < until; {
				c.Pass(20 * time.Minute)
				look()
			}
		}
		if there { // it goes when its time has come and the clock is left alone
			d := w.database(name)
			by := d.PurgeAt.Sub(c.Now())
			if c.Set(max(0, by)); by > clock.Jump {
				jumped = c.Elapsed()
			}
			for range 1 + int(clock.Day/(20*time.Minute)) {
				look()
				c.Pass(20 * time.Minute)
			}
			if look(); there {
				t.Errorf("seed %d: never purged", seed)
			}
		}
	}
}

func TestNoExportIsDroppedWhileTheClockIsDoubted(t *testing.T) {
	w := newWorld(t, nil)
	first := w.provision(provision.Input{OrgName: "Acme", Name: "first"})
	second := w.provision(provision.Input{OrgName: "Beta", Name: "second"})
	c := w.onClock()
	steady := false
	w.Keep.PurgeWhile(func() bool { return steady })
	must(t, w.Keep.Copies.PrepareExport(t.Context(), ada, first.Name))
	for range 2 {
		c.Set(24 * time.Hour)
		must(t, w.Keep.Copies.PrepareExport(t.Context(), ada, second.Name))
		c.Set(-24 * time.Hour)
		if kept := !w.Keep.Copies.ReadyExport(first.ID).At.IsZero(); kept == steady {
			t.Errorf("trusted: %v, kept: %v", steady, kept)
		}
		steady = true
	}
}

// TestASweepOnAClockThatWasPutBack ends, and what was checked by the clock ahead is checked
// again.
func TestASweepOnAClockThatWasPutBack(t *testing.T) {
	w := newWorld(t, nil)
	names := make([]string, 11) // more than one round checks
	for i := range names {
		names[i] = fmt.Sprintf("acme-%d", i)
		w.provision(provision.Input{OrgName: names[i], Name: names[i]})
	}
	c := w.onClock()
	rounds := func() {
		for range 3 {
			w.Health.CheckRound(t.Context(), fleet.Embedded)
			w.Health.CheckRound(t.Context(), fleet.D1)
		}
	}
	must(t, w.Health.CheckAll(t.Context(), ada))
	rounds()
	must(t, w.Health.CheckAll(t.Context(), ada))
	c.Set(-time.Hour)
	rounds()
	if s := w.Health.SweepStart(); !s.IsZero() {
		t.Errorf("every database is being checked since %s, at %s", s, c.Now())
	}
	for _, name := range names {
		if at := w.database(name).CheckedAt; !at.Equal(c.Now()) {
			t.Errorf("%s was checked at %s, at %s", name, at, c.Now())
		}
	}
}
