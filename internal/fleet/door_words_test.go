package fleet_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// told is the target and the detail of the newest entry of an action that ended so.
func (w *world) told(action audit.Action, outcome audit.Outcome) string {
	w.t.Helper()
	es, err := w.store.Audit(w.t.Context(), audit.Filter{Action: action, Outcome: outcome, Limit: 1})
	must(w.t, err)
	if len(es) == 0 {
		return "nothing"
	}
	return es[0].Target + "|" + es[0].Detail
}

// The log says of every end what it came to.
func TestTheEndsAreToldInWords(t *testing.T) {
	t.Parallel()
	w, _ := newCloudWorld(t)
	p := &stubborn{Provider: w.engine, why: fault.New(fault.Limited, "Too many calls.")}
	b := &broken{Provider: p, open: fault.New(fault.Unavailable, "It does not answer.")}
	w.places(func(all places) places { all.engine = b; return all })
	is := func(action audit.Action, outcome audit.Outcome, want string) {
		t.Helper()
		begin, more := strings.CutSuffix(want, "…")
		if got := w.told(action, outcome); got != want && (!more || !strings.HasPrefix(got, begin)) {
			t.Errorf("%s %s: %q", action, outcome, got)
		}
	}
	ctx := t.Context()
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	is(audit.DatabaseProvision, audit.Failed, "|migrate: It does not answer.")
	if steps, err := w.Provision.Steps(ctx, d); err != nil || !slices.ContainsFunc(steps, func(s fleet.Step) bool {
		return s.Name == fleet.StepMigrate && s.State == fleet.StepFailed && s.Error == "It does not answer."
	}) {
		t.Errorf("%+v %v", steps, err)
	}
	b.open = nil
	end := w.refuse("new.outcome = 'intent'")
	if _, err := w.Provision.Resume(ctx, ada, d.Name); err == nil || w.Fleet.Holds.Busy(d.ID) {
		t.Errorf("resumed: %v", err)
	}
	end()
	end = w.refuse("new.action = 'database.provision' and new.outcome = 'done'")
	_, err := w.Provision.Resume(ctx, ada, d.Name)
	must(t, err)
	if d = w.settled(d.Name); d.State != fleet.Failed {
		t.Errorf("%+v", d)
	}
	end()
	is(audit.DatabaseProvision, audit.Intent, "|resumed")
	is(audit.DatabaseProvision, audit.Failed, "|register: …")
	_, err = w.Provision.Resume(ctx, ada, d.Name)
	must(t, err)
	d = w.settled(d.Name)

	point, err := w.Keep.Points.KeepPoint(ctx, ada, d.Name)
	must(t, err)
	is(audit.PointKeep, audit.Done, point.ID+"|")
	before, err := w.Keep.Points.RestoreTo(ctx, ada, d.Name, point.ID)
	must(t, err)
	is(audit.PointRestore, audit.Done, point.ID+"|the state before is kept as "+before.ID)
	f, err := w.Keep.Copies.Download(ctx, ada, d.Name, point.ID)
	must(t, err)
	must(t, f.Close())
	is(audit.DatabaseDownload, audit.Done, point.Mark+"|")

	if err := w.Keep.Delete(ctx, ada, d.Name); !fault.Is(err, fault.Limited) {
		t.Errorf("%v", err)
	}
	is(audit.DatabaseDelete, audit.Failed, "|Too many calls. It is out of use; that is tried again.")
	must(t, w.Keep.Unarchive(ctx, ada, d.Name))
	is(audit.DatabaseUnarchive, audit.Done, "|its deletion was given up")

	d = w.database(d.Name)
	end = w.refuse("new.action = 'database.move' and new.outcome = 'done'")
	if err := w.Keep.Moves.Move(ctx, ada, d.Name, fleet.D1); err == nil {
		t.Error("moved, and nobody knows")
	}
	end()
	if diff := cmp.Diff(d, w.database(d.Name)); diff != "" {
		t.Error(diff)
	}
	must(t, w.Keep.Moves.Move(ctx, ada, d.Name, fleet.D1))
	is(audit.DatabaseMove, audit.Intent, "d1|from embedded")
	is(audit.DatabaseMove, audit.Failed, "d1|…")
	if got := w.told(audit.DatabaseMove, audit.Done); !strings.HasSuffix(got, "; the old one is kept at embedded") {
		t.Error(got)
	}
	old := w.database(d.Name).MoveOrigin
	must(t, w.Keep.Moves.RemoveOrigin(ctx, ada, d.Name, true))
	is(audit.DatabaseLetGo, audit.Done, "embedded "+old.ID+"|with what was written to it since the move")

	_, err = w.Keep.Points.RestoreAt(ctx, ada, d.Name, now())
	must(t, err)
	ps := w.points(w.database(d.Name))
	if len(ps) == 0 || slices.ContainsFunc(ps, func(p fleet.RestorePoint) bool { return p.CreatedBy != ada.Email }) {
		t.Errorf("%+v", ps)
	}
	if got := w.told(audit.PointKeep, audit.Done); !strings.Contains(got, "|the bookmark of 2") ||
		!slices.ContainsFunc(ps, func(p fleet.RestorePoint) bool { return strings.HasPrefix(got, p.ID+"|") }) {
		t.Error(got)
	}
	es, err := w.store.Audit(ctx, audit.Filter{Limit: 1000})
	must(t, err)
	w.whole(es)
}

// deafControl loses the answer to what stores the end of a move.
type deafControl struct {
	d1.Conn
	lost int
}

func (c *deafControl) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	r, err := c.Conn.Batch(ctx, ss)
	for _, s := range ss {
		if err == nil && slices.Contains(s.Args, d1.Str("done")) && slices.Contains(s.Args, d1.Str("database.move")) {
			c.lost++
			return nil, fault.New(fault.Unknown, "The answer was lost.")
		}
	}
	return r, err
}

// A move that is recorded isn't undone by who was told otherwise.
func TestTheEndsOfAMoveThatIsRecordedStay(t *testing.T) {
	t.Parallel()
	w, _ := newCloudWorld(t)
	c := &deafControl{Conn: w.control}
	store, err := controlplane.Open(t.Context(), c, now)
	must(t, err)
	w.store = store
	w.places(func(p places) places { return p })
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	if err := w.Keep.Moves.Move(t.Context(), ada, d.Name, fleet.D1); !fault.Is(err, fault.Unknown) || c.lost != 1 {
		t.Errorf("%v, %d lost", err, c.lost)
	}
	if d := w.database(d.Name); d.Provider != fleet.D1 {
		t.Errorf("%+v", d)
	}
	if got := w.value(d.Name, "select count(*) from users"); got != "0" {
		t.Error(got)
	}
}

// A plan is sent once its intent stands, which it names, under the fence of its lease, and is
// no success before its outcome stands.
func TestTheApplyStandsBetweenItsEntries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p := w.approved(d.Name)
	for _, outcome := range []audit.Outcome{audit.Intent, audit.Done} {
		end := w.refuse("new.outcome = '" + string(outcome) + "'")
		if _, err := w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash); err == nil {
			t.Errorf("applied without its %s", outcome)
		}
		end()
		now, err := w.Change.Plans.Plan(t.Context(), ada, p.ID)
		must(t, err)
		want := map[audit.Outcome]fleet.PlanState{audit.Intent: fleet.PlanApproved, audit.Done: fleet.PlanApplying}[outcome]
		if now.State != want {
			t.Errorf("without its %s it is %s", outcome, now.State)
		}
	}
	es, err := w.store.Audit(t.Context(), audit.Filter{Action: audit.PlanApply})
	must(t, err)
	if got, err := w.Change.Plans.Plan(t.Context(), ada, p.ID); err != nil || len(es) != 1 || got.Intent != es[0].ID {
		t.Errorf("%+v %v of %+v", got, err, es)
	}
	r, err := w.control.Query(t.Context(), d1.Query("select max(fence) from leases"))
	must(t, err)
	if got, want := w.value(d.Name, "select max(fence) from kuratchi_ledger"), r.Rows[0][0].Text(); got != want {
		t.Errorf("the ledger has the fence %s, the lease %s", got, want)
	}
}

// Whoever may not learns nothing, not even whether there is one.
func TestWhoMayNotLearnsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	viewer := ada
	viewer.Role = auth.RoleViewer
	if _, err := w.Fleet.Orgs.Rename(t.Context(), viewer, "none", "Other"); !fault.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
	if err := w.Keep.DeleteOrg(t.Context(), viewer, "none", true); !fault.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
	if _, err := w.Keep.Copies.Download(t.Context(), viewer, "none", ""); !fault.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
	if err := w.Keep.Archive(t.Context(), viewer, "none"); !fault.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
}

// A restore point that can't be recorded leaves no copy.
func TestTheEndsOfAPointThatIsNotRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	w.refuse("new.action = 'point.keep'")
	_, err := w.Keep.Points.KeepPoint(t.Context(), ada, d.Name)
	kept, listErr := w.engine.Points(t.Context(), d.ProviderID)
	if err == nil || listErr != nil || len(kept) != 0 {
		t.Errorf("%v, %+v %v", err, kept, listErr)
	}
}
