package fleet_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// hanging is a place that answers no call until it is let go.
type hanging struct {
	d1.Provider
	answers chan struct{}
}

type hangingConn struct {
	d1.Conn
	answers chan struct{}
}

func wait(ctx context.Context, answers chan struct{}) error {
	select {
	case <-answers:
		return nil
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.Unavailable, "Cloudflare doesn't answer.")
	}
}

func (h *hanging) Open(ctx context.Context, id string) (d1.Conn, error) {
	c, err := h.Provider.Open(ctx, id)
	return &hangingConn{c, h.answers}, err
}

func (h *hanging) Delete(ctx context.Context, id string) error {
	if err := wait(ctx, h.answers); err != nil {
		return err
	}
	return h.Provider.Delete(ctx, id)
}

func (c *hangingConn) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	if err := wait(ctx, c.answers); err != nil {
		return nil, err
	}
	return c.Conn.Query(ctx, s)
}

func (c *hangingConn) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if err := wait(ctx, c.answers); err != nil {
		return nil, err
	}
	return c.Conn.Batch(ctx, ss)
}

// cutApply leaves a plan of a database as a kill right after its batch does.
func (w *world) cutApply(name string) fleet.Plan {
	w.t.Helper()
	ctx := w.t.Context()
	p := w.approved(name)
	p.State, p.AppliedBy, p.AppliedAt = fleet.PlanApplying, ada.Email, now()
	_, conn, err := w.Fleet.Open(ctx, ada, name)
	must(w.t, err)
	_, err = migrate.Apply(ctx, conn, &p.Body, migrate.Attempt{ID: string(p.ID), Actor: ada.Email, At: now()})
	must(w.t, err)
	must(w.t, w.store.UpdatePlan(ctx, p, fleet.PlanApproved, nil))
	return p
}

// twoPlaces has a database in the data folder and one on D1.
func twoPlaces(t *testing.T) (w *world, here, there fleet.Database) {
	w, _ = newCloudWorld(t)
	here = w.provision(provision.Input{OrgName: "Acme", Name: "here", Schema: "app", Version: 1, Request: "a"})
	there = w.provision(provision.Input{Org: "acme", Name: "there", Place: fleet.D1, Schema: "app", Version: 1, Request: "b"})
	return w, here, there
}

// TestAPlaceThatHangsKeepsNobodyWaiting: the start asks no place; the data folder is
// settled and used while D1 says nothing; a stop meanwhile is clean; and when D1
// answers, what became of the plan is known.
func TestAPlaceThatHangsKeepsNobodyWaiting(t *testing.T) {
	w, here, there := twoPlaces(t)
	plans := map[string]fleet.Plan{here.Name: w.cutApply(here.Name), there.Name: w.cutApply(there.Name)}
	state := func(name string) fleet.PlanState {
		p, err := w.Change.Plans.Plan(t.Context(), ada, plans[name].ID)
		must(t, err)
		return p.State
	}
	answers := make(chan struct{})
	w.places(func(p places) places { p.cloud = &hanging{p.cloud, answers}; return p })
	must(t, w.Recover(t.Context())) // would never return
	if got := len(w.Fleet.Settler.Unsettled(ada)); got != 2 {
		t.Fatalf("%d unsettled", got)
	}

	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); w.Run(ctx) }()
	until(t, func() bool { return len(w.Fleet.Settler.Unsettled(ada)) == 1 })
	if u := w.Fleet.Settler.Unsettled(ada)[0]; u.Database != there.Name || !u.Held || u.What == "" || state(here.Name) != fleet.PlanApplied {
		t.Errorf("%+v, the plan here is %s", u, state(here.Name))
	}
	w.exec(here.Name, "insert into users(id, email) values (1, 'a@x')")
	stop()
	<-ran
	if got := state(there.Name); got != fleet.PlanApplying {
		t.Errorf("after the stop the plan is %s", got)
	}

	close(answers)
	w.Fleet.Settler.Settle(t.Context())
	if got := state(there.Name); got != fleet.PlanApplied || len(w.Fleet.Settler.Unsettled(ada)) > 0 {
		t.Errorf("the plan is %s, unsettled is %v", got, w.Fleet.Settler.Unsettled(ada))
	}
}

func until(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come to that")
		}
	}
}

// TestWhatIsNotSettledIsReadAndNotChanged, with the reason, and only that database.
func TestWhatIsNotSettledIsReadAndNotChanged(t *testing.T) {
	w, here, there := twoPlaces(t)
	ctx := t.Context()
	w.exec(there.Name, "insert into users(id, email) values (1, 'a@x')")
	point, err := w.Keep.Points.KeepPoint(ctx, ada, there.Name)
	must(t, err)
	p := w.cutApply(there.Name)
	must(t, w.Recover(ctx))
	if got := w.value(there.Name, "select email from users"); got != "a@x" {
		t.Errorf("read: %s", got)
	}
	_, conn, err := w.Fleet.Open(ctx, ada, there.Name)
	must(t, err)
	insert := d1.Exec("insert into users(id, email) values (2, 'b@x')")
	for what, do := range map[string]func(name string) error{
		"query":   func(string) error { _, err := conn.Query(ctx, insert); return err },
		"batch":   func(string) error { _, err := conn.Batch(ctx, []d1.Stmt{d1.Query("select 1"), insert}); return err },
		"keep":    func(name string) error { _, err := w.Keep.Points.KeepPoint(ctx, ada, name); return err },
		"restore": func(name string) error { _, err := w.Keep.Points.RestoreTo(ctx, ada, name, point.ID); return err },
		"delete":  func(name string) error { return w.Keep.Delete(ctx, ada, name) },
		"archive": func(name string) error { return w.Keep.Archive(ctx, ada, name) },
		"move":    func(name string) error { return w.Keep.Moves.Move(ctx, ada, name, fleet.Embedded) },
	} {
		if err := do(there.Name); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "a plan was being applied") {
			t.Errorf("%s: %v", what, err)
		}
	}
	w.exec(here.Name, "insert into users(id, email) values (1, 'a@x')")
	_, err = w.Keep.Points.KeepPoint(ctx, ada, here.Name)
	must(t, err)

	w.Fleet.Settler.Settle(ctx)
	if p, err = w.Change.Plans.Plan(ctx, ada, p.ID); err != nil || p.State != fleet.PlanApplied {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := conn.Query(ctx, insert); err != nil { // the very handle
		t.Error(err)
	}
	must(t, w.Keep.Delete(ctx, ada, there.Name))
}

// TestAMoveThatWasCutShortHoldsNoDatabaseHere: it is in the data folder whatever D1
// says, and what is done to it meanwhile isn't undone when D1 answers.
func TestAMoveThatWasCutShortHoldsNoDatabaseHere(t *testing.T) {
	w, here, _ := twoPlaces(t)
	ctx := t.Context()
	made, err := w.cloud.Create(ctx, d1.CreateInput{Name: here.Name})
	must(t, err)
	d := w.database(here.Name)
	d.MoveTarget = fleet.Counterpart{Place: fleet.D1, ID: made.ID, At: now()}
	must(t, w.store.UpdateDatabase(ctx, d, fleet.Ready,
		audit.Entry{ID: "00", At: now(), Action: audit.DatabaseMove, Outcome: audit.Intent, Database: d.Name}))
	answers := make(chan struct{})
	w.places(func(p places) places { p.cloud = &hanging{p.cloud, answers}; return p })
	must(t, w.Recover(ctx))
	looking := make(chan struct{})
	go func() { defer close(looking); w.Fleet.Settler.Settle(ctx) }()
	w.exec(here.Name, "insert into users(id, email) values (1, 'a@x')")
	p := w.approved(here.Name)
	if p, err = w.Change.Plans.Apply(ctx, ada, p.ID, p.Hash); err != nil || p.State != fleet.PlanApplied {
		t.Fatalf("%+v %v", p, err)
	}
	for what, err := range map[string]error{"move": w.Keep.Moves.Move(ctx, ada, here.Name, fleet.D1),
		"delete": w.Keep.Delete(ctx, ada, here.Name)} {
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "it was being moved") {
			t.Errorf("%s: %v", what, err)
		}
	}
	close(answers)
	<-looking
	d = w.database(here.Name)
	if d.MoveTarget.Place != "" || d.Provider != fleet.Embedded || d.Version != 2 || len(w.Fleet.Settler.Unsettled(ada)) > 0 {
		t.Errorf("%+v, unsettled %v", d, w.Fleet.Settler.Unsettled(ada))
	}
	if _, err := w.cloud.Get(ctx, made.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("what was made is still there: %v", err)
	}
	if got := w.outcomes(audit.DatabaseMove); got != "failed, intent" {
		t.Errorf("audit: %s", got)
	}
}

// TestWhatCannotBeReadIsRecordedOnce: a place that goes on saying nothing fills
// neither the audit log nor keeps a database that is gone.
func TestWhatCannotBeReadIsRecordedOnce(t *testing.T) {
	w, _, there := twoPlaces(t)
	p := w.cutApply(there.Name)
	w.places(func(p places) places { p.cloud = mutePlace{p.cloud}; return p })
	must(t, w.Recover(t.Context()))
	for range 3 {
		w.Fleet.Settler.Settle(t.Context())
	}
	if u := w.Fleet.Settler.Unsettled(ada); len(u) != 1 || u[0].Error == "" {
		t.Fatalf("%+v", u)
	}
	if got := w.outcomes(audit.PlanApply); got != "unknown" {
		t.Errorf("audit: %s", got)
	}
	if p, err := w.Change.Plans.Plan(t.Context(), ada, p.ID); err != nil || p.State != fleet.PlanUnknown {
		t.Errorf("%+v %v", p, err)
	}
	must(t, w.cloud.Delete(t.Context(), there.ProviderID)) // by somebody else
	w.Fleet.Settler.Settle(t.Context())
	if u := w.Fleet.Settler.Unsettled(ada); len(u) != 0 {
		t.Errorf("a database that is gone is held: %+v", u)
	}
}

// mutePlace opens databases that answer nothing.
type mutePlace struct{ d1.Provider }

func (m mutePlace) Open(ctx context.Context, id string) (d1.Conn, error) {
	c, err := m.Provider.Open(ctx, id)
	return muteConn{c}, err
}

type muteConn struct{ d1.Conn }

func (muteConn) Query(context.Context, d1.Stmt) (*d1.Result, error) {
	return nil, fault.New(fault.Unavailable, "Cloudflare doesn't answer.")
}

func (muteConn) Batch(context.Context, []d1.Stmt) ([]*d1.Result, error) {
	return nil, fault.New(fault.Unavailable, "Cloudflare doesn't answer.")
}
