package fleet_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// names are the databases the provider has.
func (w *world) names() string {
	w.t.Helper()
	infos, err := w.engine.List(w.t.Context())
	must(w.t, err)
	var names []string
	for _, i := range infos {
		names = append(names, i.Name)
	}
	return strings.Join(names, " ")
}

// purged lets a deleted database's time run out.
func (w *world) purged(name string) {
	w.t.Helper()
	d := w.database(name)
	d.PurgeAt = now()
	must(w.t, w.store.UpdateDatabase(w.t.Context(), d, fleet.Deleted))
	must(w.t, w.Keep.PurgeExpired(w.t.Context()))
	if _, err := w.Fleet.Database(w.t.Context(), ada, name); !fault.Is(err, fault.NotFound) {
		w.t.Fatalf("%s is not purged: %v", name, err)
	}
}

// cutRevival does what a revival does until the program is killed.
func (w *world) cutRevival(name string, after string) {
	w.t.Helper()
	ctx, d := w.t.Context(), w.database(name)
	must(w.t, w.store.Record(ctx, audit.Entry{ID: "01", At: now(), Actor: "ada", Action: audit.DatabaseRevive,
		Outcome: audit.Intent, Database: name}))
	info, err := w.engine.Create(ctx, d1.CreateInput{Name: name})
	must(w.t, err)
	if after == "created" {
		return
	}
	point := d.FinalPoint
	d.ProviderID = info.ID
	must(w.t, w.store.UpdateDatabase(ctx, d, fleet.Deleted))
	if after == "restored" {
		must(w.t, w.engine.Restore(ctx, info.ID, point))
	}
}

func TestNobodyGetsWhatAnUnfinishedRevivalMade(t *testing.T) {
	for _, after := range []string{"created", "recorded", "restored"} {
		t.Run(after, func(t *testing.T) {
			w := newWorld(t, nil)
			w.provision(provision.Input{OrgName: "A", Name: "acme", Schema: "app", Version: 1})
			w.exec("acme", "insert into users values (1, 'ada@acme.test')")
			must(t, w.Keep.Delete(t.Context(), ada, "acme"))
			w.cutRevival("acme", after)
			w.recover() // it is no delete that has to be finished
			if d := w.database("acme"); d.State != fleet.Deleted || d.FinalPoint == "" {
				t.Fatalf("after the start: %+v", d)
			}
			w.purged("acme")
			if got := w.names(); got != "" {
				t.Fatalf("the purge left %s", got)
			}
			w.provision(provision.Input{OrgName: "B", Name: "acme"})
			if got := w.value("acme", "select count(*) from sqlite_master where name = 'users'"); got != "0" {
				t.Error("the new database has the old one's table")
			}
		})
	}
}

func TestAnUnfinishedRevivalIsDoneAgain(t *testing.T) {
	for _, after := range []string{"created", "recorded", "restored"} {
		t.Run(after, func(t *testing.T) {
			w := newWorld(t, nil)
			w.provision(provision.Input{OrgName: "A", Name: "acme", Schema: "app", Version: 1})
			w.exec("acme", "insert into users values (1, 'ada@acme.test')")
			must(t, w.Keep.Delete(t.Context(), ada, "acme"))
			w.cutRevival("acme", after)
			w.recover()
			must(t, w.Keep.Revive(t.Context(), ada, "acme"))
			if got := w.value("acme", "select email from users"); got != "ada@acme.test" || w.names() != "acme" {
				t.Errorf("%s in %s", got, w.names())
			}
		})
	}
}

// fullDisk can't restore.
type fullDisk struct{ d1.Provider }

func (fullDisk) Restore(context.Context, string, string) error {
	return fault.New(fault.Unavailable, "The disk is full.")
}

func TestARevivalThatFailsLeavesNothing(t *testing.T) {
	w := newWorld(t, func(p d1.Provider) d1.Provider { return fullDisk{p} })
	w.provision(provision.Input{OrgName: "A", Name: "acme"})
	must(t, w.Keep.Delete(t.Context(), ada, "acme"))
	if err := w.Keep.Revive(t.Context(), ada, "acme"); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	d := w.database("acme")
	if w.names() != "" || d.State != fleet.Deleted || d.FinalPoint == "" {
		t.Errorf("left %q, %+v", w.names(), d)
	}
	if got := w.Fleet.Holds.Work(d.ID); !got.Is(fleet.OpRevive) || got.Running() || got.Error != "The disk is full." {
		t.Errorf("work %+v", got)
	}
}

func TestADatabaseNobodyHereMadeIsNeverTaken(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	info, err := w.engine.Create(ctx, d1.CreateInput{Name: "acme"}) // by somebody else in the account
	must(t, err)
	conn, err := w.engine.Open(ctx, info.ID)
	must(t, err)
	_, err = conn.Query(ctx, d1.Exec("create table secrets(x)"))
	must(t, err)
	d := w.provision(provision.Input{OrgName: "B", Name: "acme"})
	if d.State != fleet.Failed || d.ProviderID != "" || !strings.Contains(d.Error, "was not made for this") {
		t.Errorf("provisioned: %+v", d)
	}
	must(t, w.Provision.Undo(ctx, ada, "acme"))
	if w.names() != "acme" {
		t.Error("undoing removed somebody else's database")
	}

	// An empty one is taken only when it is as young as the wish for it.
	_, err = w.engine.Create(ctx, d1.CreateInput{Name: "old"})
	must(t, err)
	d = fleet.Database{ID: "d1", Name: "old", Org: d.Org, OrgSlug: "b", OrgName: "B", Provider: fleet.Embedded,
		State: fleet.Interrupted, CreatedAt: now().Add(fleet.KeptFor), CreatedBy: "ada", UpdatedAt: now()}
	must(t, w.store.CreateDatabase(ctx, nil, d))
	_, err = w.Provision.Resume(ctx, ada, "old")
	must(t, err)
	if d = w.settled("old"); d.State != fleet.Failed {
		t.Errorf("an older database was taken: %+v", d)
	}
}

func TestOnlyAProvisionIsResumedOrUndone(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	for _, name := range []string{"archived", "deleted"} {
		w.provision(provision.Input{OrgName: name, Name: name})
	}
	must(t, w.Keep.Archive(ctx, ada, "archived"))
	must(t, w.Keep.Delete(ctx, ada, "deleted"))
	for _, name := range []string{"archived", "deleted"} {
		before := w.database(name)
		if _, err := w.Provision.Resume(ctx, ada, name); !fault.Is(err, fault.Conflict) {
			t.Errorf("resumed what is %s: %v", name, err)
		}
		if err := w.Provision.Undo(ctx, ada, name); !fault.Is(err, fault.Conflict) {
			t.Errorf("undid what is %s: %v", name, err)
		}
		if after := w.database(name); after != before {
			t.Errorf("%s is %+v", name, after)
		}
	}
}

func TestRestoringToTheOldestAutomaticPoint(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	w.provision(provision.Input{OrgName: "Acme", Name: "acme", Schema: "app", Version: 1})
	manual, err := w.Keep.Points.KeepPoint(ctx, ada, "acme")
	must(t, err)
	w.exec("acme", "insert into users values (1, 'the oldest')")
	for range fleet.KeptPoints {
		_, err = w.Keep.Points.RestoreTo(ctx, ada, "acme", manual.ID)
		must(t, err)
	}
	ps, err := w.Keep.Points.List(ctx, w.database("acme"), fleet.Page{})
	must(t, err)
	oldest := ps[fleet.KeptPoints-1]
	for range 2 { // it stays, so it can be gone back to again
		_, err = w.Keep.Points.RestoreTo(ctx, ada, "acme", oldest.ID)
		must(t, err)
		if got := w.value("acme", "select group_concat(email) from users"); got != "the oldest" {
			t.Errorf("restored to %q", got)
		}
	}
	if ps, _ = w.Keep.Points.List(ctx, w.database("acme"), fleet.Page{}); len(ps) != fleet.KeptPoints+2 {
		t.Errorf("%d points: the newest %d, the one asked for, and the one gone back to", len(ps), fleet.KeptPoints)
	}
	if got := w.Fleet.Holds.Work(w.database("acme").ID); !got.Is(fleet.OpRestore) || got.Running() || got.Error != "" ||
		!got.Point.Equal(oldest.CreatedAt) || got.By != ada.Email {
		t.Errorf("work %+v", got)
	}
}

// slowKeep takes its time after the copy, and notes when it had it.
type slowKeep struct {
	d1.Provider
	copied time.Time
}

func (s *slowKeep) Keep(ctx context.Context, id string) (d1.Point, error) {
	p, err := s.Provider.Keep(ctx, id)
	s.copied = now()
	time.Sleep(20 * time.Millisecond)
	return p, err
}

func TestAPointIsAsOldAsItsState(t *testing.T) {
	var slow *slowKeep
	w := newWorld(t, func(p d1.Provider) d1.Provider { slow = &slowKeep{Provider: p}; return slow })
	w.provision(provision.Input{OrgName: "Acme", Name: "acme"})
	p, err := w.Keep.Points.KeepPoint(t.Context(), ada, "acme")
	must(t, err)
	if late := p.CreatedAt.Sub(slow.copied); late > 0 {
		t.Errorf("what was written in the %v after it was copied seems to be in it", late)
	}
}

// slowRestore stands in a restore until it is let go.
type slowRestore struct {
	d1.Provider
	begun, goOn chan struct{}
}

func (s *slowRestore) Restore(ctx context.Context, id, point string) error {
	close(s.begun)
	<-s.goOn
	return s.Provider.Restore(ctx, id, point)
}

func TestNothingIsWrittenWhileADatabaseIsPutBack(t *testing.T) {
	s := &slowRestore{begun: make(chan struct{}), goOn: make(chan struct{})}
	w := newWorld(t, func(p d1.Provider) d1.Provider { s.Provider = p; return s })
	w.provision(provision.Input{OrgName: "Acme", Name: "acme", Schema: "app", Version: 1})
	p, err := w.Keep.Points.KeepPoint(t.Context(), ada, "acme")
	must(t, err)
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := w.Keep.Points.RestoreTo(ctx, ada, "acme", p.ID)
		done <- err
	}()
	<-s.begun
	leave() // the browser goes away
	if _, _, err := w.Fleet.Open(t.Context(), ada, "acme"); !fault.Is(err, fault.Conflict) ||
		!strings.Contains(fault.Message(err), "is being put back") {
		t.Errorf("opened meanwhile: %v", err)
	}
	if got := w.Fleet.Holds.Work(w.database("acme").ID); !got.Running() || !got.Is(fleet.OpRestore) {
		t.Errorf("work %+v", got)
	}
	close(s.goOn)
	must(t, <-done)
	if got := w.value("acme", "select count(*) from users"); got != "0" {
		t.Error(got)
	}
}

// TestNoAnsweredWriteIsLostByADelete: whoever writes meanwhile is told, and what was
// written before is in the last state.
func TestNoAnsweredWriteIsLostByADelete(t *testing.T) {
	w := newWorld(t, nil)
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		w.provision(provision.Input{OrgName: name, Name: name, Schema: "app", Version: 1})
		writing := w.write(name)
		must(t, w.Keep.Delete(t.Context(), ada, name))
		n, err := writing()
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "removed") &&
			!strings.Contains(fault.Message(err), "was deleted") {
			t.Errorf("%v", err)
		}
		must(t, w.Keep.Revive(t.Context(), ada, name))
		if got := w.value(name, "select count(*) from users"); got != strconv.Itoa(n) {
			t.Errorf("%s rows of %d", got, n)
		}
	}
}

// write writes rows one after the other, by a handle that stays and by new ones, until
// both are refused. It returns once some are written; the function it returns waits
// for the end, and returns how many were answered and the last refusal of a new handle.
func (w *world) write(name string) (end func() (answered int, err error)) {
	w.t.Helper()
	_, stays, err := w.Fleet.Open(w.t.Context(), ada, name)
	if err != nil {
		w.t.Fatal(err)
	}
	row := d1.Exec("insert into users(email) values ('x')")
	var n atomic.Int64
	begun, by := make(chan struct{}, 2), make(chan error, 1)
	var both sync.WaitGroup
	loop := func(one func() error) (err error) {
		for i := 0; err == nil; i++ {
			if err = one(); err == nil {
				n.Add(1)
			}
			if i == 3 {
				begun <- struct{}{}
			}
		}
		return err
	}
	both.Go(func() {
		if err := loop(func() error {
			_, err := stays.Query(w.t.Context(), row)
			return err
		}); !fault.Is(err, fault.Conflict) {
			w.t.Errorf("by a handle of before: %v", err)
		}
	})
	both.Go(func() {
		by <- loop(func() error {
			_, conn, err := w.Fleet.Open(w.t.Context(), ada, name)
			if err == nil {
				_, err = conn.Query(w.t.Context(), row)
			}
			return err
		})
	})
	<-begun
	<-begun
	return func() (int, error) {
		both.Wait()
		return int(n.Load()), <-by
	}
}
