package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ada = auth.Actor{Operator: "op1", Role: auth.RoleOwner, Scope: auth.Everything, Email: "ada@acme.test", IP: "127.0.0.1",
	RequestID: "r1"}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// world is a fleet on real engines.
type world struct {
	*house.House
	t       *testing.T
	control d1.Conn
	store   *controlplane.Store
	engine  *local.Engine
	cloud   d1.Provider // of newCloudWorld
}

// broken wraps the provider of a world with faults.
type broken struct {
	d1.Provider
	create, open error
	// cut loses the answers of batches that ran.
	cut bool
}

func (b *broken) Create(ctx context.Context, in d1.CreateInput) (d1.Info, error) {
	if b.create != nil {
		return d1.Info{}, b.create
	}
	return b.Provider.Create(ctx, in)
}

func (b *broken) Open(ctx context.Context, id string) (d1.Conn, error) {
	if b.open != nil {
		return nil, b.open
	}
	c, err := b.Provider.Open(ctx, id)
	if b.cut && err == nil {
		return &cutConn{Conn: c}, nil
	}
	return c, err
}

type cutConn struct{ d1.Conn }

func (c *cutConn) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if _, err := c.Conn.Batch(ctx, ss); err != nil {
		return nil, err
	}
	return nil, fault.Wrap(errors.New("reset"), fault.Unknown, "The answer was lost.")
}

func newWorld(t *testing.T, wrap func(d1.Provider) d1.Provider) *world {
	t.Helper()
	f := controltest.New(t, now, nil)
	var provider d1.Provider = f.Engine
	if wrap != nil {
		provider = wrap(f.Engine)
	}
	w := &world{t: t, control: f.Control, store: f.Store, engine: f.Engine,
		House: house.New(f.Store, fleet.EmbeddedOnly{Engine: provider}, slog.New(slog.DiscardHandler), now)}
	t.Cleanup(w.Close)
	w.saveVersions(2)
	return w
}

const versionOne = `{"name":"app","version":1,"tables":{"users":{"id":"integer primary key","email":"text not null"}}}`
const versionTwo = `{"name":"app","version":2,"tables":{"users":{"id":"integer primary key","email":"text not null",` +
	`"role":"text not null default 'member'"}}}`

func (w *world) saveVersions(n int) {
	w.t.Helper()
	for _, src := range []string{versionOne, versionTwo}[:n] {
		if _, err := w.Change.Schemas.SaveVersion(w.t.Context(), ada, "", src); err != nil {
			w.t.Fatal(err)
		}
	}
}

// provision makes a database and waits until it stands.
func (w *world) provision(in provision.Input) fleet.Database {
	w.t.Helper()
	d, err := w.Provision.Start(w.t.Context(), ada, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.settled(d.Name)
}

// patience is how long something that has to happen is waited for: so long that only
// what never happens takes longer, however busy the machine is.
const patience = 4 * time.Minute

func (w *world) settled(name string) fleet.Database {
	w.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		d, err := w.Fleet.Database(w.t.Context(), ada, name)
		if err != nil {
			w.t.Fatal(err)
		}
		if d.State != fleet.Provisioning && !w.Fleet.Holds.Busy(d.ID) {
			return d
		}
	}
	w.t.Fatal("the provision does not end")
	return fleet.Database{}
}

// actions returns what the audit log says of a database, oldest first.
func (w *world) actions(database string) []string {
	w.t.Helper()
	es, err := w.store.Audit(w.t.Context(), audit.Filter{Database: database})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for i := len(es) - 1; i >= 0; i-- {
		out = append(out, string(es[i].Action)+" "+string(es[i].Outcome))
	}
	return out
}

func TestProvisionMakesOneDatabaseHoweverOftenItIsAsked(t *testing.T) {
	w := newWorld(t, nil)
	in := provision.Input{OrgName: "Acme Inc.", Schema: "app", Version: 1, Request: "form-1"}
	names := make([]string, 20)
	var wg sync.WaitGroup
	for i := range names {
		wg.Go(func() {
			d, err := w.Provision.Start(context.Background(), ada, in)
			if err != nil {
				t.Error(err)
			}
			names[i] = d.Name
		})
	}
	wg.Wait()
	for _, n := range names {
		if n != "acme-inc-org-001" {
			t.Errorf("one press made %q", n)
		}
	}
	d := w.settled("acme-inc-org-001")
	if d.State != fleet.Ready || d.Version != 1 {
		t.Errorf("%+v", d)
	}
	infos, _ := w.engine.List(t.Context())
	if len(infos) != 1 {
		t.Errorf("%d databases were made", len(infos))
	}
	if diff := cmp.Diff([]string{"database.provision intent", "database.provision done"}, w.actions(d.Name)); diff != "" {
		t.Error(diff)
	}
	steps, _ := w.Provision.Steps(t.Context(), d)
	for _, s := range steps {
		if s.State != fleet.StepDone || s.FinishedAt.Before(s.StartedAt) {
			t.Errorf("step %+v", s)
		}
	}
	if again := w.provision(provision.Input{Org: "acme-inc", Request: "form-2"}); again.Name != "acme-inc-org-002" || again.Version != 0 {
		t.Errorf("the next one is %+v", again)
	}
	for _, name := range []string{"acme-inc-org-001", "ACME-inc-org-001"} {
		if _, err := w.Provision.Start(t.Context(), ada,
			provision.Input{OrgName: "Other", Name: name, Request: "form-3"}); !fault.Is(err, fault.Conflict) || fault.FieldOf(err) != "name" {
			t.Errorf("a taken name: %v", err)
		}
	}
	if _, n, _ := w.Fleet.Orgs.List(t.Context(), ada, "", fleet.Page{Number: 1, Size: 10}); n != 1 {
		t.Error("a refused name left an organization")
	}
}

func TestProposedNamesDoNotCollide(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.Fleet.Orgs.Create(t.Context(), ada, "Acme"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			if _, err := w.Provision.Start(context.Background(), ada, provision.Input{Org: "acme", Request: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, n, _ := w.Fleet.Databases(t.Context(), ada, fleet.Filter{Org: "acme"}); n != 12 {
		t.Errorf("%d databases", n)
	}
}

func TestProvisionRefusesAtTheField(t *testing.T) {
	w := newWorld(t, nil)
	for name, c := range map[string]struct {
		in    provision.Input
		field string
	}{
		"a page's name":    {provision.Input{OrgName: "A", Name: "New"}, "name"},
		"dot":              {provision.Input{OrgName: "A", Name: "a.b"}, "name"},
		"no organization":  {provision.Input{Name: "x"}, "org_name"},
		"both":             {provision.Input{Org: "acme", OrgName: "A", Name: "x"}, "org_name"},
		"unsayable name":   {provision.Input{OrgName: "日本", Name: "x"}, "org_name"},
		"unseen character": {provision.Input{OrgName: "Ac\u202eme", Name: "x"}, "org_name"},
		"unknown org":      {provision.Input{Org: "nope", Name: "x"}, "org"},
		"unknown schema":   {provision.Input{OrgName: "A", Name: "x", Schema: "nope"}, "schema"},
		"unknown version":  {provision.Input{OrgName: "A", Name: "x", Schema: "app", Version: 9}, "version"},
		"unknown location": {provision.Input{OrgName: "A", Name: "x", Location: "moon"}, "location"},
	} {
		if _, err := w.Provision.Start(t.Context(), ada, c.in); !fault.Is(err, fault.Invalid) || fault.FieldOf(err) != c.field {
			t.Errorf("%s: %v at %q", name, err, fault.FieldOf(err))
		}
	}
	if _, n, _ := w.Fleet.Orgs.List(t.Context(), ada, "", fleet.Page{Number: 1, Size: 10}); n != 0 {
		t.Error("a refused form left an organization")
	}
}

func TestAFailedProvisionIsResumedOrUndone(t *testing.T) {
	var b *broken
	w := newWorld(t, func(p d1.Provider) d1.Provider {
		b = &broken{Provider: p, open: fault.New(fault.Unavailable, "The account does not answer.")}
		return b
	})
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Request: "f1"})
	if d.State != fleet.Failed || d.Error != "The account does not answer." {
		t.Fatalf("%+v", d)
	}
	if _, _, err := w.Fleet.Open(t.Context(), ada, d.Name); !fault.Is(err, fault.Conflict) {
		t.Errorf("a failed database opens: %v", err)
	}
	b.open = nil
	if _, err := w.Provision.Resume(t.Context(), ada, d.Name); err != nil {
		t.Fatal(err)
	}
	if d = w.settled(d.Name); d.State != fleet.Ready {
		t.Fatalf("after resuming: %+v", d)
	}
	if _, err := w.Provision.Resume(t.Context(), ada, d.Name); !fault.Is(err, fault.Conflict) {
		t.Errorf("resuming what stands: %v", err)
	}
	if err := w.Provision.Undo(t.Context(), ada, d.Name); !fault.Is(err, fault.Conflict) {
		t.Errorf("undoing what stands: %v", err)
	}

	b.create = fault.New(fault.Limited, "Too many databases.")
	d = w.provision(provision.Input{Org: "acme", Schema: "app", Request: "f2"})
	if d.State != fleet.Failed {
		t.Fatalf("%+v", d)
	}
	if err := w.Provision.Undo(t.Context(), ada, d.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Fleet.Database(t.Context(), ada, d.Name); !fault.Is(err, fault.NotFound) {
		t.Errorf("after undoing: %v", err)
	}
	if diff := cmp.Diff([]string{"database.provision intent", "database.provision failed", "database.provision_undo intent",
		"database.provision_undo done"}, w.actions(d.Name)); diff != "" {
		t.Error(diff)
	}
}

func TestAProvisionNobodyWorksOnCanBeResumed(t *testing.T) {
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Request: "f1"})
	d.State = fleet.Provisioning // as when a step's end could not be recorded
	if err := w.store.UpdateDatabase(t.Context(), d, fleet.Ready); err != nil {
		t.Fatal(err)
	}
	if err := w.store.SaveStep(t.Context(), d.ID,
		fleet.Step{Name: fleet.StepRegister, State: fleet.StepRunning, StartedAt: now()}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Provision.Resume(t.Context(), ada, d.Name); err != nil {
		t.Fatal(err)
	}
	if d = w.settled(d.Name); d.State != fleet.Ready {
		t.Errorf("%+v", d)
	}
}

func TestUndoKeepsADatabaseThatHoldsRows(t *testing.T) {
	var b *broken
	w := newWorld(t, func(p d1.Provider) d1.Provider { b = &broken{Provider: p}; return b })
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Request: "f1"})
	_, conn, err := w.Fleet.Open(t.Context(), ada, d.Name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Query(t.Context(), d1.Exec("insert into users(email) values ('a@x')")); err != nil {
		t.Fatal(err)
	}
	d.State = fleet.Interrupted
	if err := w.store.UpdateDatabase(t.Context(), d, fleet.Ready); err != nil {
		t.Fatal(err)
	}
	if err := w.Provision.Undo(t.Context(), ada, d.Name); !fault.Is(err, fault.Conflict) ||
		!strings.Contains(fault.Message(err), "holds rows in users") {
		t.Errorf("undo: %v", err)
	}
	if _, err := w.engine.Find(t.Context(), d.Name); err != nil {
		t.Errorf("the database is gone: %v", err)
	}
}

// plan proposes and approves the way to version 2.
func (w *world) approved(name string) fleet.Plan {
	w.t.Helper()
	p, err := w.Change.Plans.Propose(w.t.Context(), ada, name, "app", 2)
	if err != nil {
		w.t.Fatal(err)
	}
	if p, err = w.Change.Plans.Decide(w.t.Context(), ada, p.ID, change.Decision{Hash: p.Hash, Approve: true}); err != nil {
		w.t.Fatal(err)
	}
	return p
}

func TestAPlanIsProposedApprovedAndApplied(t *testing.T) {
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p, err := w.Change.Plans.Propose(t.Context(), ada, d.Name, "app", 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash); !fault.Is(err, fault.Conflict) {
		t.Errorf("applied without approval: %v", err)
	}
	if _, err := w.Change.Plans.Decide(t.Context(), ada, p.ID, change.Decision{Hash: "another", Approve: true}); !fault.Is(err,
		fault.Conflict) {
		t.Errorf("approved what was not seen: %v", err)
	}
	if p, err = w.Change.Plans.Decide(t.Context(), ada, p.ID, change.Decision{Hash: p.Hash, Approve: true}); err != nil || !p.SelfApproved() {
		t.Fatalf("%+v %v", p, err)
	}
	if p, err = w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash); err != nil || p.State != fleet.PlanApplied || p.Duration <= 0 {
		t.Fatalf("%+v %v", p, err)
	}
	if d, _ = w.Fleet.Database(t.Context(), ada, d.Name); d.Version != 2 {
		t.Errorf("recorded version %d", d.Version)
	}
	if _, err := w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash); !fault.Is(err, fault.Conflict) {
		t.Errorf("applied twice: %v", err)
	}
	if _, err := w.Change.Plans.Decide(t.Context(), ada, p.ID, change.Decision{Hash: p.Hash}); !fault.Is(err, fault.Conflict) {
		t.Errorf("rejected after applying: %v", err)
	}
	if _, err := w.Change.Plans.Propose(t.Context(), ada, d.Name, "app", 2); !fault.Is(err, fault.Invalid) {
		t.Errorf("a plan for nothing: %v", err)
	}
	want := []string{"database.provision intent", "database.provision done", "plan.create done", "plan.approve done",
		"plan.apply intent", "plan.apply done"}
	if diff := cmp.Diff(want, w.actions(d.Name)); diff != "" {
		t.Error(diff)
	}
	es, _ := w.store.Audit(t.Context(), audit.Filter{Database: d.Name, Limit: 2})
	if es[0].Intent != es[1].ID || !strings.Contains(es[1].Statement, "ADD COLUMN") {
		t.Errorf("the outcome does not refer to its intent: %+v", es)
	}
}

func TestOfManyAppliesOneRuns(t *testing.T) {
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p := w.approved(d.Name)
	var wg sync.WaitGroup
	var mu sync.Mutex
	applied, refused := 0, 0
	for range 8 {
		wg.Go(func() {
			_, err := w.Change.Plans.Apply(context.Background(), ada, p.ID, p.Hash)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				applied++
			case fault.Is(err, fault.Conflict):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, conn, _ := w.Fleet.Open(t.Context(), ada, d.Name)
	ledger, _ := migrate.Ledger(t.Context(), conn)
	if applied != 1 || refused != 7 || len(ledger) != 2 {
		t.Errorf("%d applied, %d refused, %d in the ledger", applied, refused, len(ledger))
	}
}

func TestAStalePlanChangesNothing(t *testing.T) {
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p := w.approved(d.Name)
	_, conn, _ := w.Fleet.Open(t.Context(), ada, d.Name)
	if _, err := conn.Query(t.Context(), d1.Exec("create table by_hand(a)")); err != nil {
		t.Fatal(err)
	}
	if look, err := w.Change.Plans.Look(t.Context(), p); !look.Stale || err != nil {
		t.Errorf("stale: %+v %v", look, err)
	}
	got, err := w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash)
	if err != nil || got.State != fleet.PlanFailed || !strings.Contains(got.Error, "changed since") {
		t.Errorf("%+v %v", got, err)
	}
	if d, _ = w.Fleet.Database(t.Context(), ada, d.Name); d.Version != 1 {
		t.Errorf("recorded version %d", d.Version)
	}
	ledger, err := migrate.Ledger(t.Context(), conn)
	if err != nil || len(ledger) != 2 || ledger[0].Ended != migrate.Failed || ledger[0].Note != got.Error {
		t.Errorf("the ledger says %+v %v", ledger, err)
	}
}

func TestALostAnswerIsResolvedByTheLedger(t *testing.T) {
	var b *broken
	w := newWorld(t, func(p d1.Provider) d1.Provider { b = &broken{Provider: p}; return b })
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p := w.approved(d.Name)
	b.cut = true
	p, err := w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash)
	if err != nil || p.State != fleet.PlanApplied {
		t.Fatalf("%+v %v", p, err)
	}
	_, conn, _ := w.Fleet.Open(t.Context(), ada, d.Name)
	ledger, _ := migrate.Ledger(t.Context(), conn)
	if len(ledger) != 2 {
		t.Fatalf("%d in the ledger: the plan was sent twice, or never", len(ledger))
	}
	if e := ledger[0]; e.Ended != migrate.Applied || e.Point != p.Point || e.Fence == 0 || e.Note == "" {
		t.Errorf("the ledger says %+v", e)
	}
}

func TestRecoverReadsTheLedger(t *testing.T) {
	for name, ran := range map[string]bool{"it ran": true, "it did not run": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
			p := w.approved(d.Name)
			p.State, p.AppliedBy, p.AppliedAt, p.Intent = fleet.PlanApplying, ada.Email, now(), "intent-1"
			if err := w.store.UpdatePlan(t.Context(), p, fleet.PlanApproved, nil); err != nil {
				t.Fatal(err)
			}
			if ran {
				_, conn, _ := w.Fleet.Open(t.Context(), ada, d.Name)
				if _, err := migrate.Apply(t.Context(), conn, &p.Body, migrate.Attempt{ID: string(p.ID), Actor: ada.Email, At: now()}); err != nil {
					t.Fatal(err)
				}
			}
			w.recover()
			got, _ := w.Change.Plans.Plan(t.Context(), ada, p.ID)
			want := map[bool]fleet.PlanState{true: fleet.PlanApplied, false: fleet.PlanFailed}[ran]
			if got.State != want {
				t.Errorf("the plan is %s (%s)", got.State, got.Error)
			}
			es, _ := w.store.Audit(t.Context(), audit.Filter{Database: d.Name, Limit: 1})
			if es[0].Actor != "system:recover" || es[0].Intent != "intent-1" || (es[0].Outcome == audit.Done) != ran {
				t.Errorf("audit %+v", es[0])
			}
		})
	}
}

func TestVersionsAreSavedInOrderAndOnce(t *testing.T) {
	w := newWorld(t, nil)
	three := strings.NewReplacer(`"version":2`, `"version":3`, `"email"`, `"mail":"text","email"`).Replace(versionTwo)
	var wg sync.WaitGroup
	var mu sync.Mutex
	saved := 0
	for range 6 {
		wg.Go(func() {
			if _, err := w.Change.Schemas.SaveVersion(context.Background(), ada, "app", three); err == nil {
				mu.Lock()
				saved++
				mu.Unlock()
			} else if k := fault.KindOf(err); k != fault.Conflict && k != fault.Invalid {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if saved != 1 {
		t.Errorf("version 3 was saved %d times", saved)
	}
	for name, c := range map[string]struct{ schema, source string }{
		"gap":           {"app", strings.Replace(three, `"version":3`, `"version":9`, 1)},
		"other name":    {"app", strings.Replace(three, `"name":"app"`, `"name":"other"`, 1)},
		"nothing new":   {"app", strings.Replace(three, `"version":3`, `"version":4`, 1)},
		"late start":    {"", strings.NewReplacer(`"name":"app"`, `"name":"new"`).Replace(three)},
		"a page's name": {"", strings.NewReplacer(`"name":"app"`, `"name":"new"`).Replace(versionOne)},
		"not a version": {"", "{}"},
	} {
		if _, err := w.Change.Schemas.SaveVersion(t.Context(), ada, c.schema, c.source); err == nil {
			t.Errorf("%s was saved", name)
		}
	}
}

func TestListsFilterSortAndCount(t *testing.T) {
	w := newWorld(t, nil)
	for i, org := range []string{"Wayne", "Acme", "Globex"} {
		w.provision(provision.Input{OrgName: org, Schema: "app", Version: 1 + i%2, Request: fmt.Sprint(i)})
	}
	w.provision(provision.Input{Org: "acme", Name: "Bare", Request: "x"})
	for name, c := range map[string]struct {
		f    fleet.Filter
		want string
	}{
		"by name":         {fleet.Filter{}, "Bare acme-org-001 globex-org-001 wayne-org-001"},
		"descending":      {fleet.Filter{Sort: "-name"}, "wayne-org-001 globex-org-001 acme-org-001 Bare"},
		"by organization": {fleet.Filter{Sort: "org"}, "Bare acme-org-001 globex-org-001 wayne-org-001"},
		"behind":          {fleet.Filter{Status: "behind"}, "globex-org-001 wayne-org-001"},
		"in sync":         {fleet.Filter{Status: "in-sync"}, "acme-org-001"},
		"ready":           {fleet.Filter{Status: "ready", Org: "acme"}, "Bare acme-org-001"},
		"schema":          {fleet.Filter{Schema: "app", Search: "GLOB"}, "globex-org-001"},
		"none":            {fleet.Filter{Search: "100%_"}, ""},
		"second page":     {fleet.Filter{Page: fleet.Page{Number: 2, Size: 3}}, "wayne-org-001"},
	} {
		ds, _, err := w.Fleet.Databases(t.Context(), ada, c.f)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, d := range ds {
			names = append(names, d.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	totals, err := w.Fleet.Totals(t.Context(), ada)
	if want := (fleet.Totals{Databases: 4, InSync: 1, Behind: 2, Orgs: 3, NoSchema: 1}); err != nil || totals != want {
		t.Errorf("%+v %v", totals, err)
	}
	if _, _, err := w.Fleet.Databases(t.Context(), ada, fleet.Filter{Sort: "error; drop"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("sort: %v", err)
	}
}

func TestAChangedBodyIsNoticed(t *testing.T) {
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	p := w.approved(d.Name)
	p.ID, p.Hash = id.New[id.Plan](), strings.Repeat("0", 64)
	if err := w.store.CreatePlan(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Change.Plans.Plan(t.Context(), ada, p.ID); err == nil {
		t.Error("a plan that is not what its hash says was shown")
	}
	if _, err := w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash); err == nil {
		t.Error("and applied")
	}
}
