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
)

// stubborn is a place that takes no database away for as long as it says why.
type stubborn struct {
	d1.Provider
	why error
}

func (p *stubborn) Retire(ctx context.Context, id string) (d1.Point, error) {
	if p.why != nil {
		return d1.Point{}, p.why
	}
	return p.Provider.Retire(ctx, id)
}

// newStubborn is a world with a database that can't be deleted, and the try that said so.
func newStubborn(t *testing.T, why error) (*world, *stubborn, fleet.Database) {
	t.Helper()
	w := newWorld(t, nil)
	p := &stubborn{Provider: w.engine, why: why}
	w.at(fleet.EmbeddedOnly{Engine: p})
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	if err := w.Keep.Delete(t.Context(), ada, d.Name); !fault.Is(err, fault.KindOf(why)) {
		t.Fatalf("%v", err)
	}
	return w, p, w.database(d.Name)
}

// What can't be deleted now says so: it is being deleted, and neither gone nor in use.
func TestADeletionThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, why := range []error{
		fault.New(fault.Limited, "Too many calls."), fault.New(fault.Denied, "The token may not."),
		fault.New(fault.Unknown, "The answer was lost."),
	} {
		w, p, d := newStubborn(t, why)
		if d.State != fleet.Deleting || d.FinalPoint != "" || d.ProviderID == "" || d.PurgeAt.IsZero() {
			t.Errorf("%v: %+v", why, d)
		}
		if _, _, err := w.Fleet.Open(t.Context(), ada, d.Name); !fault.Is(err, fault.Conflict) ||
			!strings.Contains(fault.Message(err), "deletion was begun") {
			t.Errorf("%v", err)
		}
		open := w.Fleet.Settler.UnsettledOf(d.ID)
		if len(open) != 1 || !open[0].Held {
			t.Errorf("%+v", open)
		}
		if err := w.Keep.Delete(t.Context(), ada, d.Name); !fault.Is(err, fault.KindOf(why)) {
			t.Errorf("again: %v", err)
		}
		p.why = nil
		must(t, w.Keep.Delete(t.Context(), ada, d.Name))
		again := w.database(d.Name)
		if again.State != fleet.Deleted || again.FinalPoint == "" || !again.PurgeAt.Equal(d.PurgeAt) ||
			len(w.Fleet.Settler.UnsettledOf(d.ID)) != 0 {
			t.Errorf("%+v", again)
		}
		ended := string(audit.Failed)
		if fault.Is(why, fault.Unknown) {
			ended = string(audit.Unknown)
		}
		if got := w.outcomes(audit.DatabaseDelete); got != "done, intent, "+ended+", intent, "+ended+", intent" {
			t.Errorf("%v: %s", why, got)
		}
		must(t, w.Keep.Revive(t.Context(), ada, d.Name))
	}
}

func TestADeletionThatFailsIsGivenUp(t *testing.T) {
	t.Parallel()
	w, p, d := newStubborn(t, fault.New(fault.Limited, "Too many calls."))
	must(t, w.Keep.Unarchive(t.Context(), ada, d.Name))
	back := w.database(d.Name)
	if back.State != fleet.Ready || !back.DeletedAt.IsZero() || !back.PurgeAt.IsZero() || len(w.Fleet.Settler.UnsettledOf(d.ID)) != 0 {
		t.Errorf("%+v", back)
	}
	if work := w.Fleet.Holds.Work(d.ID); work.Op != nil {
		t.Errorf("what is over is still said: %+v", work)
	}
	if got := w.outcomes(audit.DatabaseUnarchive); got != "done" {
		t.Error(got)
	}
	// What looked into it before finds nothing to do.
	p.why = nil
	w.Fleet.Settler.Settle(t.Context())
	if now := w.database(d.Name); now.State != fleet.Ready {
		t.Errorf("%+v", now)
	}
	w.value(d.Name, "select count(*) from users")

	// One that is gone can't be.
	w, p, d = newStubborn(t, fault.New(fault.Unknown, "The answer was lost."))
	if _, err := p.Provider.Retire(t.Context(), d.ProviderID); err != nil {
		t.Fatal(err)
	}
	if err := w.Keep.Unarchive(t.Context(), ada, d.Name); !fault.Is(err, fault.Conflict) ||
		!strings.Contains(fault.Message(err), "is gone from where it lived") {
		t.Errorf("%v", err)
	}
	if now := w.database(d.Name); now.State != fleet.Deleting {
		t.Errorf("%+v", now)
	}
}

// The button that reads again settles what can be, and says what can't.
func TestWhatIsUnsettledIsReadAgainAtOnce(t *testing.T) {
	t.Parallel()
	w, p, d := newStubborn(t, fault.New(fault.Limited, "Too many calls."))
	if err := w.Fleet.SettleDatabase(t.Context(), ada, d.Name); !fault.Is(err, fault.Limited) {
		t.Errorf("%v", err)
	}
	if open := w.Fleet.Settler.UnsettledOf(d.ID); len(open) != 1 || open[0].Error != "Too many calls." {
		t.Errorf("%+v", open)
	}
	p.why = nil
	must(t, w.Fleet.SettleDatabase(t.Context(), ada, d.Name))
	if now := w.database(d.Name); now.State != fleet.Deleted {
		t.Errorf("%+v", now)
	}
	if got := w.outcomes(audit.FleetCheck); got != "done, unknown" {
		t.Error(got)
	}
	if err := w.Fleet.SettleDatabase(t.Context(), ada, d.Name); !fault.Is(err, fault.Conflict) {
		t.Errorf("nothing is open: %v", err)
	}
}

// A plan that failed is tried again as another plan: what was tried stays as it was.
func TestAPlanThatFailedIsTriedAgainUnderANewID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p := w.approved(d.Name)
	if _, err := w.Change.Plans.RetryPlan(t.Context(), ada, p.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("one that wasn't tried: %v", err)
	}
	approved := p.DecidedAt
	p.State, p.Error, p.DecidedAt = fleet.PlanFailed, "The answer was lost.", time.Time{}
	must(t, w.store.UpdatePlan(t.Context(), p, fleet.PlanApproved, nil))
	if _, err := w.Change.Plans.RetryPlan(t.Context(), ada, p.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("one that nobody approved: %v", err)
	}
	p.DecidedAt = approved
	must(t, w.store.UpdatePlan(t.Context(), p, fleet.PlanFailed, nil))
	again, err := w.Change.Plans.RetryPlan(t.Context(), ada, p.ID)
	must(t, err)
	if again.ID == p.ID || again.State != fleet.PlanApproved || again.Hash != p.Hash || again.DecidedBy != p.DecidedBy ||
		!again.DecidedAt.Equal(p.DecidedAt) || again.Error != "" {
		t.Errorf("%+v", again)
	}
	if _, err := w.Change.Plans.RetryPlan(t.Context(), ada, p.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("a new attempt waits already: %v", err)
	}
	done, err := w.Change.Plans.Apply(t.Context(), ada, again.ID, again.Hash)
	if err != nil || done.State != fleet.PlanApplied {
		t.Errorf("%+v %v", done, err)
	}
	if was, err := w.Change.Plans.Plan(t.Context(), ada, p.ID); err != nil || was.State != fleet.PlanFailed {
		t.Errorf("%+v %v", was, err)
	}
}
