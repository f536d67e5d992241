package fleet_test

import (
	"context"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// idle is D1 with bookmarks that move only when somebody says so, as those of a
// database that nobody writes to may.
type idle struct {
	d1.Provider
	mark      d1.Point
	forgotten []string
}

func (i *idle) Keep(ctx context.Context, id string) (d1.Point, error) {
	if i.mark.ID != "" {
		return i.mark, nil
	}
	var err error
	i.mark, err = i.Provider.Keep(ctx, id)
	return i.mark, err
}

func (i *idle) PointAt(ctx context.Context, id string, _ time.Time) (d1.Point, error) {
	return i.Keep(ctx, id)
}

func (i *idle) Forget(ctx context.Context, point string) error {
	i.forgotten = append(i.forgotten, point)
	return i.Provider.Forget(ctx, point)
}

// bothPlaces runs a test on the embedded engine and on D1, where bookmarks stand still
// until the test says that somebody wrote.
func bothPlaces(t *testing.T, test func(t *testing.T, w *world, d fleet.Database, wrote func())) {
	t.Run("embedded", func(t *testing.T) {
		w := newWorld(t, nil)
		test(t, w, w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"}), func() {})
	})
	t.Run("d1", func(t *testing.T) {
		w, _ := newCloudWorld(t)
		still := &idle{Provider: w.cloud}
		w.places(func(p places) places { p.cloud = still; return p })
		d := w.provision(provision.Input{OrgName: "Acme", Place: fleet.D1, Schema: "app", Version: 1, Request: "f"})
		test(t, w, d, func() { still.mark = d1.Point{} })
	})
}

func (w *world) points(d fleet.Database) []fleet.RestorePoint {
	w.t.Helper()
	ps, err := w.Keep.Points.List(w.t.Context(), d, fleet.Page{Number: 1, Size: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return ps
}

// TestPointsOfAnIdleDatabase: a second point with no write between is a point of its
// own, and nothing that keeps one fails for the first.
func TestPointsOfAnIdleDatabase(t *testing.T) {
	bothPlaces(t, func(t *testing.T, w *world, d fleet.Database, wrote func()) {
		ctx := t.Context()
		w.exec(d.Name, "insert into users(id, email) values (1, 'a@x')")
		wrote()
		first, err := w.Keep.Points.KeepPoint(ctx, ada, d.Name)
		must(t, err)
		second, err := w.Keep.Points.KeepPoint(ctx, ada, d.Name)
		must(t, err)
		if first.ID == second.ID || d.Provider == fleet.D1 && first.Mark != second.Mark {
			t.Errorf("%+v\n%+v", first, second)
		}
		p := w.approved(d.Name)
		if p, err = w.Change.Plans.Apply(ctx, ada, p.ID, p.Hash); err != nil || p.State != fleet.PlanApplied {
			t.Fatalf("%+v %v", p, err)
		}
		wrote()
		if n := len(w.points(d)); n != 3 {
			t.Errorf("%d points", n)
		}
		// Giving one up leaves the others good.
		must(t, w.Keep.Points.ForgetPoint(ctx, ada, d.Name, first.ID))
		must(t, w.Keep.Points.ForgetPoint(ctx, ada, d.Name, p.Point))
		before, err := w.Keep.Points.RestoreTo(ctx, ada, d.Name, second.ID)
		must(t, err)
		if got := w.value(d.Name, "select count(*) from pragma_table_info('users')"); got != "2" {
			t.Errorf("put back: %s columns", got)
		}
		_, err = w.Keep.Points.RestoreTo(ctx, ada, d.Name, before.ID)
		must(t, err)
		if got := w.value(d.Name, "select role from users"); got != "member" {
			t.Errorf("the restore undone: %s", got)
		}
	})
}

// TestWhatTwoPointsShareStaysForTheSecond: what a point stands for is given up with the
// last one that stands for it.
func TestWhatTwoPointsShareStaysForTheSecond(t *testing.T) {
	w, _ := newCloudWorld(t)
	still := &idle{Provider: w.cloud}
	w.places(func(p places) places { p.cloud = still; return p })
	d := w.provision(provision.Input{OrgName: "Acme", Place: fleet.D1, Request: "f"})
	first, err := w.Keep.Points.KeepPoint(t.Context(), ada, d.Name)
	must(t, err)
	second, err := w.Keep.Points.KeepPoint(t.Context(), ada, d.Name)
	must(t, err)
	must(t, w.Keep.Points.ForgetPoint(t.Context(), ada, d.Name, first.ID))
	if len(still.forgotten) > 0 {
		t.Errorf("given up at the place: %v", still.forgotten)
	}
	must(t, w.Keep.Points.ForgetPoint(t.Context(), ada, d.Name, second.ID))
	if len(still.forgotten) != 1 || still.forgotten[0] != second.Mark || len(w.points(d)) > 0 {
		t.Errorf("given up at the place: %v, left %v", still.forgotten, w.points(d))
	}
}

// TestAMomentOfAnIdleDatabase: the bookmark of a moment becomes a point once.
func TestAMomentOfAnIdleDatabase(t *testing.T) {
	w, _ := newCloudWorld(t)
	still := &idle{Provider: w.cloud}
	w.places(func(p places) places { p.cloud = still; return p })
	d := w.provision(provision.Input{OrgName: "Acme", Place: fleet.D1, Request: "f"})
	for range 2 {
		_, err := w.Keep.Points.RestoreAt(t.Context(), ada, d.Name, now())
		must(t, err)
	}
	asked := 0
	for _, p := range w.points(d) {
		if p.Kind == fleet.PointManual {
			asked++
		}
	}
	if n, size, err := w.Keep.Points.Count(t.Context(), d); asked > 1 || n != len(w.points(d)) || size != 0 || err != nil {
		t.Errorf("%d asked for of %d, %d bytes, %v", asked, n, size, err)
	}
}
