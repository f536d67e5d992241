package fleet_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// places has D1 beside the engine.
type places struct{ engine, cloud d1.Provider }

func (p places) Provider(name string) (d1.Provider, error) {
	if name == fleet.D1 {
		return p.cloud, nil
	}
	return p.engine, nil
}

// newCloudWorld is a fleet with an account whose API is real D1's, by a front.
func newCloudWorld(t *testing.T) (*world, *front.Front) {
	t.Helper()
	cloud := front.New(t, front.Options{})
	p, err := rest.New(rest.Options{
		Account: front.Account, Token: front.Token, ReadToken: front.ReadToken, BaseURL: cloud.URL, Dir: t.TempDir(), Poll: time.Millisecond,
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, nil)
	w.cloud = p
	w.places(func(p places) places { return p })
	return w, cloud
}

// places gives the world a fleet with other places.
func (w *world) places(change func(places) places) { w.at(change(places{w.engine, w.cloud})) }

func (w *world) at(p fleet.Providers) {
	w.House = house.New(w.store, p, slog.New(slog.DiscardHandler), now)
	w.t.Cleanup(w.Close)
}

// TestADatabaseOnD1 goes the whole way of a database: made, migrated, put back,
// deleted and brought back.
func TestADatabaseOnD1(t *testing.T) {
	w, cloud := newCloudWorld(t)
	ctx := t.Context()
	for field, in := range map[string]provision.Input{
		"place": {OrgName: "Acme", Place: "moon"}, "jurisdiction": {OrgName: "Acme", Place: fleet.D1, Jurisdiction: "moon"},
		"replication": {OrgName: "Acme", Place: fleet.D1, Replication: "some"},
	} {
		if _, err := w.Provision.Start(ctx, ada, in); !fault.Is(err, fault.Invalid) || fault.FieldOf(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	d := w.provision(provision.Input{OrgName: "Acme", Place: fleet.D1, Jurisdiction: "eu", Replication: "auto",
		Schema: "app", Version: 1, Request: "f"})
	if d.State != fleet.Ready || d.Provider != fleet.D1 {
		t.Fatalf("%+v", d)
	}
	info, err := w.Fleet.Places.Info(ctx, d)
	if err != nil || info.Jurisdiction != "eu" || info.Replication != "auto" {
		t.Errorf("%+v %v", info, err)
	}
	w.exec(d.Name, "insert into users(id, email) values (9007199254740993, 'a@x')")

	p := w.approved(d.Name)
	before := len(cloud.Calls())
	if p, err = w.Change.Plans.Apply(ctx, ada, p.ID, p.Hash); err != nil || p.State != fleet.PlanApplied {
		t.Fatalf("%+v %v", p, err)
	}
	var ops []string
	for _, c := range cloud.Calls()[before:] {
		ops = append(ops, c.Op)
	}
	// A bookmark, the plan, and the look that says how it stands now.
	if got := strings.Join(ops, " "); got != "bookmark raw raw" {
		t.Errorf("applying took: %s", got)
	}
	if got := w.value(d.Name, "select id || role from users"); got != "9007199254740993member" {
		t.Errorf("afterwards: %s", got)
	}
	if p, err = w.Change.Plans.Plan(ctx, ada, p.ID); err != nil || p.Point == "" {
		t.Fatal(err)
	}
	if err := w.Change.Rehearsals.Rehearse(ctx, ada, p.ID); err != nil ||
		w.Change.Rehearsals.LastRehearsal(p.ID).Rehearsal.Failed == "" { // stale by now
		t.Errorf("%v %+v", err, w.Change.Rehearsals.LastRehearsal(p.ID))
	}

	point, err := w.Keep.Points.RestoreTo(ctx, ada, d.Name, p.Point)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.value(d.Name, "select count(*) from pragma_table_info('users')"); got != "2" {
		t.Errorf("put back: %s columns", got)
	}
	if _, err := w.Keep.Points.RestoreTo(ctx, ada, d.Name, point.ID); err != nil {
		t.Fatal(err)
	}
	if got := w.value(d.Name, "select role from users"); got != "member" {
		t.Errorf("the restore undone: %s", got)
	}

	file, err := w.Keep.Copies.Download(ctx, ada, d.Name, "")
	if err != nil || file.Size() == 0 {
		t.Fatalf("%v", err)
	}
	_ = file.Close()
	if err := w.Keep.Delete(ctx, ada, d.Name); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Fleet.Open(ctx, ada, d.Name); !fault.Is(err, fault.Conflict) {
		t.Errorf("open although deleted: %v", err)
	}
	if err := w.Keep.Revive(ctx, ada, d.Name); err != nil {
		t.Fatal(err)
	}
	if got := w.value(d.Name, "select id || role from users"); got != "9007199254740993member" {
		t.Errorf("brought back: %s", got)
	}
	d, err = w.Health.Check(ctx, ada, d.Name)
	if err != nil || d.Health != fleet.HealthOK || d.Version != 2 || d.Size == 0 {
		t.Errorf("%+v %v", d, err)
	}
}

// TestALookAtEveryDatabaseOnD1TakesACallEach: with our tables in them or without, made here
// or adopted. A program that has just started doesn't know where they are, and finds out.
func TestALookAtEveryDatabaseOnD1TakesACallEach(t *testing.T) {
	w, cloud := newCloudWorld(t)
	ctx := t.Context()
	for _, name := range []string{"one", "two"} {
		w.provision(provision.Input{OrgName: name, Name: name, Place: fleet.D1, Schema: "app", Version: 1, Request: name})
	}
	stranger := w.found(cloud, "stranger", usersOne)
	if done, err := w.Provision.Adoptions.Register(ctx, ada,
		provision.RegisterInput{IDs: []string{stranger}, Schema: "app", OrgName: "Three"}); err != nil ||
		done[0].Error != "" {
		t.Fatalf("%+v %v", done, err)
	}
	if d := w.database("stranger"); d.Schema != "app" {
		t.Fatalf("%+v", d)
	}
	ticks := &atomic.Int64{}
	start := func() *house.House {
		f := house.New(w.store, places{w.engine, w.cloud}, slog.New(slog.DiscardHandler), func() time.Time {
			return now().Add(time.Duration(ticks.Add(1)) * time.Millisecond) // no two moments are the same
		})
		t.Cleanup(f.Close)
		return f
	}
	first := start()
	for _, name := range []string{"one", "two", "stranger"} { // so that none is due by itself
		if _, err := first.Health.Check(ctx, ada, name); err != nil {
			t.Fatal(err)
		}
	}
	looks(t, first, cloud, 3, 3)
	looks(t, start(), cloud, 5, 3)
}

// looks checks all databases in the background, again and again, and compares the calls.
func looks(t *testing.T, f *house.House, cloud *front.Front, want ...int) {
	t.Helper()
	running, stop := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() { f.Run(running) })
	defer ended.Wait()
	defer stop()
	for i, n := range want {
		before := len(cloud.Calls())
		if err := f.Health.CheckAll(t.Context(), ada); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); !f.Health.SweepStart().IsZero(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the databases are not looked at")
			}
		}
		calls := cloud.Calls()[before:]
		if len(calls) != n {
			t.Errorf("look %d takes %d calls, want %d", i+1, len(calls), n)
		}
		for _, c := range calls {
			if c.Refused != "" {
				t.Errorf("%s of %s: %s", c.Op, c.Database, c.Refused)
			}
		}
	}
}

func TestAFleetMixesPlaces(t *testing.T) {
	w, _ := newCloudWorld(t)
	a := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "a"})
	b := w.provision(provision.Input{Org: "acme", Place: fleet.D1, Schema: "app", Version: 1, Request: "b"})
	for _, d := range []fleet.Database{a, b} {
		w.exec(d.Name, "insert into users(id, email) values (1, '"+d.Provider+"')")
		if got := w.value(d.Name, "select email from users"); got != d.Provider {
			t.Errorf("%s holds %s", d.Name, got)
		}
	}
	// Without the account those on D1 say so, and the others work.
	alone := house.New(w.store, fleet.EmbeddedOnly{Engine: w.engine}, slog.New(slog.DiscardHandler), now)
	defer alone.Close()
	if _, _, err := alone.Fleet.Open(t.Context(), ada, b.Name); !fault.Is(err, fault.Unavailable) ||
		!strings.Contains(fault.Message(err), "Cloudflare") {
		t.Errorf("%v", err)
	}
	if d, err := alone.Health.Check(t.Context(), ada, b.Name); err != nil || d.Health != fleet.HealthUnreachable {
		t.Errorf("%+v %v", d, err)
	}
	if d, err := alone.Health.Check(t.Context(), ada, a.Name); err != nil || d.Health != fleet.HealthOK {
		t.Errorf("%+v %v", d, err)
	}
}
