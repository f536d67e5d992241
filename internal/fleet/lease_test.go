package fleet_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// held stops a restore point half way, so that its lease is under way.
type held struct {
	d1.Provider
	began, goOn chan struct{}
}

func (h *held) Keep(ctx context.Context, id string) (d1.Point, error) {
	if h.began != nil {
		h.began <- struct{}{}
		<-h.goOn
	}
	return h.Provider.Keep(ctx, id)
}

func TestTwoProgramsDoNotWorkOnOneDatabase(t *testing.T) {
	h := &held{}
	w := newWorld(t, func(p d1.Provider) d1.Provider { h.Provider = p; return h })
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p := w.approved(d.Name)
	other := house.New(w.store, fleet.EmbeddedOnly{Engine: w.engine}, slog.New(slog.DiscardHandler), now)
	defer other.Close()

	h.began, h.goOn = make(chan struct{}), make(chan struct{})
	ended := make(chan error)
	go func() {
		_, err := w.Keep.Points.KeepPoint(context.Background(), ada, d.Name)
		ended <- err
	}()
	<-h.began
	_, err := other.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "Another copy of the dashboard") {
		t.Errorf("while another works on it: %v", err)
	}
	close(h.goOn)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if got, err := other.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash); err != nil || got.State != fleet.PlanApplied {
		t.Errorf("once it has ended: %+v %v", got, err)
	}
}

func TestALeaseEndsByItselfAndItsFenceGrows(t *testing.T) {
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	gone, err := w.store.TakeLease(t.Context(), d.ID, "gone", now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.TakeLease(t.Context(), d.ID, "next", now().Add(time.Minute)); !fault.Is(err, fault.Conflict) {
		t.Errorf("a lease that is held: %v", err)
	}
	if _, err := w.control.Query(t.Context(), d1.Exec("update leases set expires_at = 1")); err != nil { // its minute has gone by
		t.Fatal(err)
	}
	next, err := w.store.TakeLease(t.Context(), d.ID, "next", now().Add(time.Minute))
	if err != nil || next.Fence <= gone.Fence {
		t.Fatalf("%+v after %+v: %v", next, gone, err)
	}
	if err := w.store.KeepLease(t.Context(), d.ID, gone); !fault.Is(err, fault.Conflict) {
		t.Errorf("a lease that was lost could be kept: %v", err)
	}
	w.recover() // a start that is alone
	if last, err := w.store.TakeLease(t.Context(), d.ID, "last", now().Add(time.Minute)); err != nil || last.Fence <= next.Fence {
		t.Errorf("%+v %v", last, err)
	}
}
