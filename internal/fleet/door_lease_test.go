package fleet_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// long is a place that keeps a restore point for as long as it is let.
type long struct {
	d1.Provider
	work func(context.Context) error
}

func (l *long) Keep(ctx context.Context, id string) (d1.Point, error) {
	if err := l.work(ctx); err != nil {
		return d1.Point{}, err
	}
	return l.Provider.Keep(ctx, id)
}

// The lease is kept while the work goes on, however long that is; when somebody else has it
// nevertheless, the work ends.
func TestTheLeaseIsKeptAndItsLossEndsTheWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &long{}
		w := newWorld(t, func(p d1.Provider) d1.Provider { l.Provider = p; return l })
		d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
		take := func() error {
			_, err := w.store.TakeLease(context.Background(), d.ID, "other", now().Add(time.Minute))
			return err
		}
		l.work = func(context.Context) error {
			time.Sleep(10 * time.Minute)
			if err := take(); !fault.Is(err, fault.Conflict) {
				t.Errorf("somebody else has it: %v", err)
			}
			return nil
		}
		_, err := w.Keep.Points.KeepPoint(t.Context(), ada, d.Name)
		must(t, err)

		l.work = func(ctx context.Context) error {
			_, err := w.control.Query(ctx, d1.Exec("update leases set expires_at = 1"))
			must(t, err)
			must(t, take())
			<-ctx.Done()
			return context.Cause(ctx)
		}
		if _, err := w.Keep.Points.KeepPoint(t.Context(), ada, d.Name); !fault.Is(err, fault.Conflict) {
			t.Errorf("%v", err)
		}
	})
}

// slow is a place whose handles answer a query when they are let.
type slow struct {
	d1.Provider
	on   bool
	goOn chan struct{}
}

func (s *slow) Open(ctx context.Context, id string) (d1.Conn, error) {
	c, err := s.Provider.Open(ctx, id)
	if s.on && err == nil {
		c = &slowConn{c, s.goOn}
	}
	return c, err
}

type slowConn struct {
	d1.Conn
	goOn chan struct{}
}

func (c *slowConn) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	<-c.goOn
	return c.Conn.Query(ctx, s)
}

// Work that has to be alone waits for the last of the calls that are under way, and says so.
func TestWhoWorksAloneWaitsForTheLastCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{goOn: make(chan struct{})}
		w := newWorld(t, func(p d1.Provider) d1.Provider { s.Provider = p; return s })
		d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
		p, err := w.Keep.Points.KeepPoint(t.Context(), ada, d.Name)
		must(t, err)
		s.on = true
		_, conn, err := w.Fleet.Open(t.Context(), ada, d.Name)
		must(t, err)
		s.on = false
		for range 2 {
			go func() {
				if _, err := conn.Query(t.Context(), d1.Query("select 1")); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		ended := make(chan error, 1)
		go func() {
			_, err := w.Keep.Points.RestoreTo(t.Context(), ada, d.Name, p.ID)
			ended <- err
		}()
		for range 2 {
			synctest.Wait()
			if got := w.Fleet.Holds.Work(d.ID); !got.Running() || got.Step != "waiting for what is under way" {
				t.Errorf("%+v", got)
			}
			s.goOn <- struct{}{}
		}
		must(t, <-ended)
		must(t, conn.Close())
	})
}

// losing is a place whose plans run while somebody else takes the lease, and whose answers are
// lost.
type losing struct {
	d1.Provider
	steal func()
}

func (l *losing) Open(ctx context.Context, id string) (d1.Conn, error) {
	c, err := l.Provider.Open(ctx, id)
	if l.steal != nil && err == nil {
		c = &losingConn{c, l.steal}
	}
	return c, err
}

type losingConn struct {
	d1.Conn
	steal func()
}

func (c *losingConn) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	r, err := c.Conn.Batch(ctx, ss)
	if err != nil || ctx.Done() == nil { // the ledger is read to the end
		return r, err
	}
	c.steal()
	<-ctx.Done()
	return nil, fault.New(fault.Unknown, "The answer was lost.")
}

// What became of a plan is read in the ledger also when the lease was lost meanwhile.
func TestTheApplyWhoseLeaseIsLostIsReadInTheLedger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &losing{}
		w := newWorld(t, func(p d1.Provider) d1.Provider { l.Provider = p; return l })
		d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
		p := w.approved(d.Name)
		l.steal = func() {
			_, err := w.control.Query(context.Background(), d1.Exec("update leases set expires_at = 1"))
			must(t, err)
			_, err = w.store.TakeLease(context.Background(), d.ID, "other", now().Add(time.Minute))
			must(t, err)
		}
		p, err := w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash)
		if err != nil || p.State != fleet.PlanApplied {
			t.Errorf("%+v %v", p, err)
		}
		if got := w.told(audit.PlanApply, audit.Done); !strings.HasSuffix(got, ", the answer was lost; the ledger has it") {
			t.Error(got)
		}
	})
}
