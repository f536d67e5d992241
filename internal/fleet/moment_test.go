package fleet_test

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// moment is when an event happened by its newest audit entry.
func (w *world) moment(action audit.Action, outcome audit.Outcome) time.Time {
	w.t.Helper()
	es, err := w.store.Audit(w.t.Context(), audit.Filter{Action: action, Outcome: outcome, Limit: 1})
	if err != nil || len(es) != 1 {
		w.t.Fatalf("%s %s: %d entries: %v", action, outcome, len(es), err)
	}
	return es[0].At
}

// Whatever is stored of one event has the time of its audit entry, though the clock
// goes on at every look at it.
func TestOneEventHasOneMoment(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t, nil), t.Context()
	w.Close()
	var ticks atomic.Int64
	start := now()
	tick := func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }
	w.House = house.New(w.store, fleet.EmbeddedOnly{Engine: w.engine}, slog.New(slog.DiscardHandler), tick)
	t.Cleanup(w.Close)
	same := func(what string, moment time.Time, times ...time.Time) {
		t.Helper()
		for _, at := range times {
			if !at.Equal(moment) {
				t.Errorf("%s: %s after its entry", what, at.Sub(moment))
			}
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1})
	org, err := w.Fleet.Orgs.Get(ctx, ada, "acme")
	must(err)
	same("provision", w.moment(audit.DatabaseProvision, audit.Intent), d.CreatedAt, org.CreatedAt, w.moment(audit.OrgCreate, audit.Done))
	same("registered", w.moment(audit.DatabaseProvision, audit.Done), d.UpdatedAt)

	p, err := w.Change.Plans.Propose(ctx, ada, d.Name, "app", 2)
	must(err)
	same("proposal", w.moment(audit.PlanCreate, audit.Done), p.CreatedAt)
	p, err = w.Change.Plans.Decide(ctx, ada, p.ID, change.Decision{Hash: p.Hash, Approve: true})
	must(err)
	same("approval", w.moment(audit.PlanApprove, audit.Done), p.DecidedAt)
	p, err = w.Change.Plans.Apply(ctx, ada, p.ID, p.Hash)
	must(err)
	same("apply", w.moment(audit.PlanApply, audit.Intent), p.AppliedAt)
	same("applied", w.moment(audit.PlanApply, audit.Done), w.database(d.Name).UpdatedAt)

	must(w.Health.CheckAll(ctx, ada))
	same("check of all", w.moment(audit.FleetCheck, audit.Done), w.Health.SweepStart())
	must(w.Keep.Archive(ctx, ada, d.Name))
	d = w.database(d.Name)
	same("archive", w.moment(audit.DatabaseArchive, audit.Done), d.ArchivedAt, d.UpdatedAt)
	must(w.Keep.Unarchive(ctx, ada, d.Name))
	same("unarchive", w.moment(audit.DatabaseUnarchive, audit.Done), w.database(d.Name).UpdatedAt)
	must(w.Keep.Delete(ctx, ada, d.Name))
	d = w.database(d.Name)
	same("delete", w.moment(audit.DatabaseDelete, audit.Intent), d.DeletedAt, d.PurgeAt.Add(-fleet.KeptFor))
	same("deleted", w.moment(audit.DatabaseDelete, audit.Done), d.UpdatedAt)
}
