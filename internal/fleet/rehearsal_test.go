package fleet_test

import (
	"context"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// slowCopy stops a copy half way.
type slowCopy struct {
	d1.Provider
	began, goOn chan struct{}
}

func (s *slowCopy) Copy(ctx context.Context, id, point string) (d1.File, error) {
	s.began <- struct{}{}
	select {
	case <-s.goOn:
		return s.Provider.Copy(ctx, id, point)
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "The copy was stopped.")
	}
}

func TestARehearsalIsSeenWhileItGoesOnAndAfterwards(t *testing.T) {
	s := &slowCopy{began: make(chan struct{}), goOn: make(chan struct{})}
	w := newWorld(t, func(p d1.Provider) d1.Provider { s.Provider = p; return s })
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p := w.approved(d.Name)
	if r := w.Change.Rehearsals.LastRehearsal(p.ID); !r.Since.IsZero() {
		t.Errorf("rehearsed before: %+v", r)
	}
	ended := make(chan error)
	go func() { ended <- w.Change.Rehearsals.Rehearse(context.Background(), ada, p.ID) }()
	<-s.began
	if r := w.Change.Rehearsals.LastRehearsal(p.ID); !r.Running() || r.By != ada.Email {
		t.Errorf("while it goes on: %+v", r)
	}
	if err := w.Change.Rehearsals.Rehearse(t.Context(), ada, p.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second one at once: %v", err)
	}
	s.goOn <- struct{}{}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if r := w.Change.Rehearsals.LastRehearsal(p.ID); r.Running() || r.Error != "" || r.Rehearsal.Failed != "" || len(r.Rehearsal.Tables) != 1 {
		t.Errorf("afterwards: %+v", r)
	}

	go func() { ended <- w.Change.Rehearsals.Rehearse(context.Background(), ada, p.ID) }()
	<-s.began
	w.Close() // ends it
	if err := <-ended; err == nil {
		t.Error("a stop did not end it")
	}
	if r := w.Change.Rehearsals.LastRehearsal(p.ID); r.Running() || r.Error == "" {
		t.Errorf("after a stop: %+v", r)
	}
}

// TestAPlanForAnEmptyDatabaseIsApplied starts from nothing, which a stored plan has to be
// read from too.
func TestAPlanForAnEmptyDatabaseIsApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Request: "f"})
	p := w.approved(d.Name)
	if p, err := w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash); err != nil || p.State != fleet.PlanApplied {
		t.Errorf("%+v %v", p, err)
	}
}
