package fleet_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// TestAPlanThatD1DidNotRunIsApprovedStill, where D1's answer says so itself: the same plan is
// applied by the same button once D1 takes it.
func TestAPlanThatD1DidNotRunIsApprovedStill(t *testing.T) {
	cloud := front.New(t, front.Options{})
	x := front.NewFaults(t, cloud)
	p, err := rest.New(rest.Options{Account: front.Account, Token: front.Token, BaseURL: x.URL, Dir: t.TempDir(), Poll: time.Millisecond,
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	must(t, err)
	w := newWorld(t, nil)
	w.cloud = p
	w.places(func(p places) places { return p })
	d := w.provision(provision.Input{OrgName: "Acme", Place: fleet.D1, Schema: "app", Version: 1, Request: "f"})
	plan := w.approved(d.Name)
	for _, f := range []front.Fault{front.Overloaded, front.Quota} {
		x.Next("", f) // the bookmark is told, the plan isn't taken
		got, err := w.Change.Plans.Apply(t.Context(), ada, plan.ID, plan.Hash)
		if err != nil || got.State != fleet.PlanApproved || !strings.Contains(got.Error, "approved as before") || !got.AppliedAt.IsZero() {
			t.Fatalf("%s: %+v %v", f, got, err)
		}
	}
	got, err := w.Change.Plans.Apply(t.Context(), ada, plan.ID, plan.Hash)
	if err != nil || got.State != fleet.PlanApplied || got.Error != "" {
		t.Fatalf("%+v %v", got, err)
	}
	if got := w.outcomes(audit.PlanApply); got != "done, intent, failed, intent, failed, intent" {
		t.Errorf("the audit log: %s", got)
	}
	if got := w.told(audit.PlanApply, audit.Failed); !strings.Contains(got, "approved as before") {
		t.Errorf("the audit log: %s", got)
	}
}

// silent is a place that does what it is asked and whose answers are lost.
type silent struct {
	d1.Provider
	on bool
}

func (s *silent) lose(err error) error {
	if s.on && err == nil {
		return fault.New(fault.Unknown, "The answer was lost.")
	}
	return err
}

func (s *silent) Restore(ctx context.Context, id, point string) error {
	return s.lose(s.Provider.Restore(ctx, id, point))
}

func (s *silent) Delete(ctx context.Context, id string) error {
	return s.lose(s.Provider.Delete(ctx, id))
}

// TestALostAnswerIsNoFailure: a failure in the audit log says that nothing was changed.
func TestALostAnswerIsNoFailure(t *testing.T) {
	w := newWorld(t, nil)
	s := &silent{Provider: w.engine}
	w.at(fleet.EmbeddedOnly{Engine: s})
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p, err := w.Keep.Points.KeepPoint(t.Context(), ada, d.Name)
	must(t, err)
	s.on = true
	if _, err := w.Keep.Points.RestoreTo(t.Context(), ada, d.Name, p.ID); !fault.Is(err, fault.Unknown) {
		t.Errorf("%v", err)
	}
	s.on = false
	must(t, w.Keep.Delete(t.Context(), ada, d.Name))
	s.on = true
	if err := w.Keep.Revive(t.Context(), ada, d.Name); !fault.Is(err, fault.Unknown) {
		t.Errorf("%v", err)
	}
	for _, action := range []audit.Action{audit.PointRestore, audit.DatabaseRevive} {
		if got := w.outcomes(action); got != "unknown, intent" {
			t.Errorf("%s: %s", action, got)
		}
	}
}

// TestAnUndoThatIsRefusedHasItsOutcome, and so has the provision that a stop cut short.
func TestAnUndoThatIsRefusedHasItsOutcome(t *testing.T) {
	w := newWorld(t, nil)
	s := &silent{Provider: w.engine}
	w.at(fleet.EmbeddedOnly{Engine: s})
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	from := d.State
	d.State = fleet.Failed // a provision that failed at its last step
	must(t, w.store.UpdateDatabase(t.Context(), d, from))
	s.on = true
	if err := w.Provision.Undo(t.Context(), ada, d.Name); !fault.Is(err, fault.Unknown) {
		t.Errorf("%v", err)
	}
	if got := w.outcomes(audit.DatabaseUndo); got != "unknown, intent" {
		t.Errorf("the undo: %s", got)
	}
}

// deaf is a place that doesn't take one of its databases away.
type deaf struct {
	d1.Provider
	keeps string
}

func (p *deaf) Retire(ctx context.Context, id string) (d1.Point, error) {
	if id == p.keeps {
		return d1.Point{}, fault.New(fault.Limited, "Too many calls.")
	}
	return p.Provider.Retire(ctx, id)
}

func TestADeletionOfAnOrganizationThatStopsHalfWayNamesWhatIsGone(t *testing.T) {
	w := newWorld(t, nil)
	p := &deaf{Provider: w.engine}
	w.at(fleet.EmbeddedOnly{Engine: p})
	w.provision(provision.Input{OrgName: "Acme", Name: "one", Request: "1"})
	p.keeps = w.provision(provision.Input{Org: "acme", Name: "two", Request: "2"}).ProviderID
	w.provision(provision.Input{Org: "acme", Name: "zoo", Request: "3"})
	want := "Acme was not deleted: that ended at its database two. Too many calls. Deleted before it: one. Untouched: zoo."
	if err := w.Keep.DeleteOrg(t.Context(), ada, "acme", true); !fault.Is(err, fault.Limited) || fault.Message(err) != want {
		t.Errorf("%v", fault.Message(err))
	}
	if d := w.database("zoo"); d.State != fleet.Ready {
		t.Errorf("%+v", d)
	}
}
