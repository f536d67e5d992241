package fleet_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// refuse has the audit log refuse the entries that a condition is true of, until the function
// that it returns is called.
func (w *world) refuse(when string) (end func()) {
	w.t.Helper()
	run := func(sql string) {
		_, err := w.control.Query(w.t.Context(), d1.Exec(sql))
		must(w.t, err)
	}
	run("create trigger refused before insert on audit when " + when + " begin select raise(abort, 'refused'); end")
	return func() { run("drop trigger refused") }
}

// act is something that is done to a database, and what has to be so before.
type act struct {
	before, do func(w *world, d fleet.Database) error
	intent     bool
}

func nothing(*world, fleet.Database) error { return nil }

var acts = map[string]act{
	"archive": {nothing, func(w *world, d fleet.Database) error { return w.Keep.Archive(w.t.Context(), ada, d.Name) }, false},
	"unarchive": {func(w *world, d fleet.Database) error { return w.Keep.Archive(w.t.Context(), ada, d.Name) },
		func(w *world, d fleet.Database) error { return w.Keep.Unarchive(w.t.Context(), ada, d.Name) }, false},
	"keep": {nothing, func(w *world, d fleet.Database) error {
		_, err := w.Keep.Points.KeepPoint(w.t.Context(), ada, d.Name)
		return err
	}, false},
	"forget": {func(w *world, d fleet.Database) error {
		_, err := w.Keep.Points.KeepPoint(w.t.Context(), ada, d.Name)
		return err
	}, func(w *world, d fleet.Database) error {
		return w.Keep.Points.ForgetPoint(w.t.Context(), ada, d.Name, w.oldest(d))
	}, false},
	"restore": {func(w *world, d fleet.Database) error {
		_, err := w.Keep.Points.KeepPoint(w.t.Context(), ada, d.Name)
		return err
	}, func(w *world, d fleet.Database) error {
		_, err := w.Keep.Points.RestoreTo(w.t.Context(), ada, d.Name, w.oldest(d))
		return err
	}, true},
	"download": {nothing, func(w *world, d fleet.Database) error {
		f, err := w.Keep.Copies.Download(w.t.Context(), ada, d.Name, "")
		if err != nil {
			return err
		}
		return f.Close()
	}, false},
	"delete": {nothing, func(w *world, d fleet.Database) error { return w.Keep.Delete(w.t.Context(), ada, d.Name) }, true},
	"revive": {func(w *world, d fleet.Database) error { return w.Keep.Delete(w.t.Context(), ada, d.Name) },
		func(w *world, d fleet.Database) error { return w.Keep.Revive(w.t.Context(), ada, d.Name) }, true},
	"move": {nothing, func(w *world, d fleet.Database) error { return w.Keep.Moves.Move(w.t.Context(), ada, d.Name, fleet.D1) }, true},
	"let go": {func(w *world, d fleet.Database) error { return w.Keep.Moves.Move(w.t.Context(), ada, d.Name, fleet.D1) },
		func(w *world, d fleet.Database) error {
			return w.Keep.Moves.RemoveOrigin(w.t.Context(), ada, d.Name, true)
		}, true},
	"undo": {func(w *world, d fleet.Database) error { return w.fail(d) },
		func(w *world, d fleet.Database) error { return w.Provision.Undo(w.t.Context(), ada, d.Name) }, true},
	"rename": {nothing, func(w *world, d fleet.Database) error {
		_, err := w.Fleet.Orgs.Rename(w.t.Context(), ada, d.OrgSlug, "Other")
		return err
	}, false},
}

// oldest is the id of the oldest restore point.
func (w *world) oldest(d fleet.Database) string {
	ps := w.points(d)
	return ps[len(ps)-1].ID
}

// fail leaves a database as a provision that failed at its last step does.
func (w *world) fail(d fleet.Database) error {
	from := d.State
	d.State = fleet.Failed
	return w.store.UpdateDatabase(w.t.Context(), d, from)
}

// What the log can't have is no success: without its intent nothing has begun, and without its
// outcome it can be done again.
func TestWhatTheLogCannotHaveIsNoSuccess(t *testing.T) {
	t.Parallel()
	w, _ := newCloudWorld(t)
	for name, a := range acts {
		for _, outcome := range []audit.Outcome{audit.Intent, audit.Done} {
			if outcome == audit.Intent && !a.intent {
				continue
			}
			org := strings.ReplaceAll(name+"-"+string(outcome), " ", "-")
			d := w.provision(provision.Input{OrgName: org, Name: org, Schema: "app", Version: 1, Request: org})
			must(t, a.before(w, d))
			before := w.database(d.Name)
			end := w.refuse("new.outcome = '" + string(outcome) + "' and new.org = '" + org + "'")
			if err := a.do(w, before); err == nil {
				t.Errorf("%s without its %s is a success", name, outcome)
			}
			if d := cmp.Diff(before, w.database(d.Name)); d != "" && (outcome == audit.Intent || !a.intent) {
				t.Errorf("%s without its %s: %s", name, outcome, d)
			}
			end()
			if err := a.do(w, before); err != nil {
				t.Errorf("%s after the log refused its %s: %v", name, outcome, err)
			}
		}
	}
	es, err := w.store.Audit(t.Context(), audit.Filter{Limit: 1000})
	must(t, err)
	w.whole(es)
}

// whole checks that each of the entries names its organization and database, and that each
// outcome of what has intents belongs to one of the same operation on the same database.
func (w *world) whole(es []audit.Entry) {
	w.t.Helper()
	intents := map[string]audit.Entry{}
	begun := map[audit.Action]bool{}
	for _, e := range es {
		if e.Outcome == audit.Intent {
			intents[e.ID], begun[e.Action] = e, true
		}
	}
	for _, e := range es {
		of := strings.Split(string(e.Action), ".")[0]
		if of != "database" && of != "point" {
			continue
		}
		if e.Org == "" || e.Database == "" || e.Actor == "" {
			w.t.Errorf("%+v", e)
		}
		if e.Outcome == audit.Intent || !begun[e.Action] {
			continue
		}
		if in := intents[e.Intent]; in.Action != e.Action || in.Database != e.Database || in.ID == "" || in.Target != e.Target {
			w.t.Errorf("%+v belongs to %+v", e, in)
		}
	}
}

// While a restore point is kept the database is claimed: others read and write beside it, by
// the handles that they have, and nothing else begins that claims it.
func TestWhatIsClaimedIsReadAndWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	h := &held{}
	w := newWorld(t, func(p d1.Provider) d1.Provider { h.Provider = p; return h })
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	_, conn, err := w.Fleet.Open(t.Context(), ada, d.Name)
	must(t, err)
	defer func() { _ = conn.Close() }()
	h.began, h.goOn = make(chan struct{}), make(chan struct{})
	ended := make(chan error)
	go func() {
		_, err := w.Keep.Points.KeepPoint(context.Background(), ada, d.Name)
		ended <- err
	}()
	<-h.began
	if got := w.Fleet.Holds.Work(d.ID); !got.Running() || !got.Is(fleet.OpKeep) || got.By != ada.Email {
		t.Errorf("%+v", got)
	}
	write := func() {
		if _, err := conn.Query(t.Context(), d1.Exec("insert into users(email) values ('a@x')")); err != nil {
			t.Error(err)
		}
	}
	write()
	err = w.Keep.Archive(t.Context(), ada, d.Name)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "Somebody works on") {
		t.Errorf("%v", err)
	}
	close(h.goOn)
	must(t, <-ended)
	write()
	must(t, w.Keep.Archive(t.Context(), ada, d.Name))
}

// A handle from before a restore answers nothing afterwards, whichever way it is asked.
func TestAHandleFromBeforeIsStaleInEveryCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p, err := w.Keep.Points.KeepPoint(t.Context(), ada, d.Name)
	must(t, err)
	_, conn, err := w.Fleet.Open(t.Context(), ada, d.Name)
	must(t, err)
	defer func() { _ = conn.Close() }()
	one := d1.Query("select 1")
	calls := map[string]func() error{
		"query": func() error { _, err := conn.Query(t.Context(), one); return err },
		"batch": func() error { _, err := conn.Batch(t.Context(), []d1.Stmt{one}); return err },
		"stream": func() error {
			rows, err := conn.Stream(t.Context(), one)
			if err != nil {
				return err
			}
			return rows.Close()
		},
	}
	if s, ok := conn.(d1.Stamper); ok {
		calls["stamped"] = func() error { _, _, err := s.Stamped(t.Context(), "", []d1.Stmt{one}); return err }
	} else {
		t.Error("the engine tells no stamp")
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s before: %v", name, err)
		}
	}
	_, err = w.Keep.Points.RestoreTo(t.Context(), ada, d.Name, p.ID)
	must(t, err)
	for name, call := range calls {
		if err := call(); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "Load the page again") {
			t.Errorf("%s afterwards: %v", name, err)
		}
	}
	if got := w.Fleet.Holds.Work(d.ID); got.Running() || !got.Is(fleet.OpRestore) || !got.Point.Equal(p.CreatedAt) || got.Error != "" {
		t.Errorf("%+v", got)
	}
}

// A program that stops says so.
func TestNothingBeginsInAProgramThatStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	w.Close()
	if err := w.Keep.Archive(t.Context(), ada, d.Name); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
}

// What is being brought back is not purged meanwhile, though its time is over.
func TestWhatIsBroughtBackIsNotPurgedMeanwhile(t *testing.T) {
	t.Parallel()
	s := &slowRestore{begun: make(chan struct{}), goOn: make(chan struct{})}
	w := newWorld(t, func(p d1.Provider) d1.Provider { s.Provider = p; return s })
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	must(t, w.Keep.Delete(t.Context(), ada, d.Name))
	d = w.database(d.Name)
	d.PurgeAt = d.DeletedAt
	must(t, w.store.UpdateDatabase(t.Context(), d, fleet.Deleted))
	ended := make(chan error)
	go func() { ended <- w.Keep.Revive(context.Background(), ada, d.Name) }()
	<-s.begun
	must(t, w.Keep.PurgeExpired(t.Context()))
	close(s.goOn)
	must(t, <-ended)
	if d := w.database(d.Name); d.State != fleet.Ready {
		t.Errorf("%+v", d)
	}
	if got := w.outcomes(audit.DatabasePurge); got != "" {
		t.Error(got)
	}
}

// What settles an open deletion settles it once that is recorded.
func TestADeletionIsOpenUntilItIsRecordedThatItWasGivenUp(t *testing.T) {
	t.Parallel()
	w, _, d := newStubborn(t, fault.New(fault.Limited, "Too many calls."))
	end := w.refuse("new.action = '" + string(audit.DatabaseUnarchive) + "'")
	if err := w.Keep.Unarchive(t.Context(), ada, d.Name); err == nil || len(w.Fleet.Settler.UnsettledOf(d.ID)) != 1 {
		t.Errorf("%v %+v", err, w.Fleet.Settler.UnsettledOf(d.ID))
	}
	end()
	must(t, w.Keep.Unarchive(t.Context(), ada, d.Name))
	if open := w.Fleet.Settler.UnsettledOf(d.ID); len(open) != 0 {
		t.Errorf("%+v", open)
	}
}

// paused stops whoever's context says so once it has read something.
type paused struct {
	d1.Conn
	read, goOn chan struct{}
}

type pausing struct{}

func (p *paused) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	r, err := p.Conn.Query(ctx, s)
	if ctx.Value(pausing{}) != nil {
		close(p.read)
		<-p.goOn
	}
	return r, err
}

// Who read the database's row while it was moved, and asks for a handle by it once that is
// over, gets one that is stale: it would write to the old place.
func TestWhoWorksWithARowOfTheMoveIsStale(t *testing.T) {
	t.Parallel()
	w, _ := newCloudWorld(t)
	p := &paused{Conn: w.control, read: make(chan struct{}), goOn: make(chan struct{})}
	store, err := controlplane.Open(t.Context(), p, now)
	must(t, err)
	w.store = store
	hold := &holding{begun: make(chan struct{}), goOn: make(chan struct{})}
	w.places(func(p places) places { hold.Provider = p.cloud; p.cloud = hold; return p })
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	moved, opened := make(chan error), make(chan error)
	go func() { moved <- w.Keep.Moves.Move(context.Background(), ada, d.Name, fleet.D1) }()
	<-hold.begun
	go func() {
		_, conn, err := w.Fleet.Open(context.WithValue(context.Background(), pausing{}, true), ada, d.Name)
		if err == nil {
			_, err = conn.Query(context.Background(), d1.Exec("insert into users(email) values ('lost')"))
			_ = conn.Close()
		}
		opened <- err
	}()
	<-p.read
	close(hold.goOn)
	must(t, <-moved)
	close(p.goOn)
	if err := <-opened; !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
}

// holding is a place that waits before it is filled.
type holding struct {
	d1.Provider
	begun, goOn chan struct{}
}

func (h *holding) Fill(ctx context.Context, id string, in d1.FillInput) (d1.Filled, error) {
	close(h.begun)
	<-h.goOn
	return h.Provider.Fill(ctx, id, in)
}

// slowRetire stands in a deletion until it is let go.
type slowRetire struct {
	d1.Provider
	begun, goOn chan struct{}
}

func (s *slowRetire) Retire(ctx context.Context, id string) (d1.Point, error) {
	close(s.begun)
	<-s.goOn
	return s.Provider.Retire(ctx, id)
}

// Whoever comes while a database is removed is told who removes it, not to try that again.
func TestWhoWorksWhereItIsRemovedIsTold(t *testing.T) {
	t.Parallel()
	s := &slowRetire{begun: make(chan struct{}), goOn: make(chan struct{})}
	w := newWorld(t, func(p d1.Provider) d1.Provider { s.Provider = p; return s })
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	ended := make(chan error)
	go func() { ended <- w.Keep.Delete(context.Background(), ada, d.Name) }()
	<-s.begun
	_, _, err := w.Fleet.Open(t.Context(), ada, d.Name)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "is being removed, by ada@acme.test") {
		t.Errorf("%v", err)
	}
	close(s.goOn)
	must(t, <-ended)
}
