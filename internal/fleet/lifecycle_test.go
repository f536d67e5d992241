package fleet_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// exec runs a write on a database through the provider.
func (w *world) exec(name, sql string) {
	w.t.Helper()
	_, conn, err := w.Fleet.Open(w.t.Context(), ada, name)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Query(w.t.Context(), d1.Exec(sql)); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// value reads one value.
func (w *world) value(name, sql string) string {
	w.t.Helper()
	_, conn, err := w.Fleet.Open(w.t.Context(), ada, name)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	r, err := conn.Query(w.t.Context(), d1.Query(sql))
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return r.Rows[0][0].Text()
}

func (w *world) database(name string) fleet.Database {
	w.t.Helper()
	d, err := w.Fleet.Database(w.t.Context(), ada, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// outcomes are the actions and outcomes in the audit log about a database.
func (w *world) outcomes(action audit.Action) string {
	w.t.Helper()
	es, err := w.store.Audit(w.t.Context(), audit.Filter{Action: action})
	if err != nil {
		w.t.Fatal(err)
	}
	var words []string
	for _, e := range es {
		word := string(e.Outcome)
		if e.Open {
			word += " open"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestArchiveDeleteAndRevive(t *testing.T) {
	w := newWorld(t, nil)
	w.provision(provision.Input{OrgName: "Acme", Name: "acme", Schema: "app", Version: 1})
	w.exec("acme", "insert into users values (1, 'ada@acme.test')")
	ctx := t.Context()

	must(t, w.Keep.Archive(ctx, ada, "acme"))
	if _, _, err := w.Fleet.Open(ctx, ada, "acme"); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "archived") {
		t.Errorf("opening an archived database: %v", err)
	}
	if _, n, _ := w.Fleet.Databases(ctx, ada, fleet.Filter{}); n != 0 {
		t.Errorf("%d databases in use", n)
	}
	if ds, n, _ := w.Fleet.Databases(ctx, ada, fleet.Filter{Status: fleet.Status(fleet.Archived)}); n != 1 || ds[0].Status(2) != "archived" {
		t.Errorf("archived: %+v", ds)
	}
	if err := w.Keep.Archive(ctx, ada, "acme"); !fault.Is(err, fault.Conflict) {
		t.Errorf("archiving twice: %v", err)
	}
	must(t, w.Keep.Unarchive(ctx, ada, "acme"))
	if got := w.value("acme", "select email from users"); got != "ada@acme.test" {
		t.Errorf("after unarchiving: %s", got)
	}

	must(t, w.Keep.Delete(ctx, ada, "acme"))
	d := w.database("acme")
	if d.State != fleet.Deleted || d.FinalPoint == "" || d.ProviderID != "" || d.PurgeAt.Sub(d.DeletedAt) != fleet.KeptFor || d.Size == 0 {
		t.Errorf("deleted: %+v", d)
	}
	if infos, _ := w.engine.List(ctx); len(infos) != 0 {
		t.Errorf("the provider still has %+v", infos)
	}
	if _, err := w.Provision.Start(ctx, ada, provision.Input{OrgName: "Other", Name: "acme"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("the name of a database that may come back was given away: %v", err)
	}
	must(t, w.Keep.Revive(ctx, ada, "acme"))
	if got := w.value("acme", "select email from users"); got != "ada@acme.test" {
		t.Errorf("after revival: %s", got)
	}
	if d = w.database("acme"); d.State != fleet.Ready || !d.DeletedAt.IsZero() || d.FinalPoint != "" || d.Status(2) != fleet.StatusBehind {
		t.Errorf("revived: %+v", d)
	}
	if got := w.outcomes(audit.DatabaseDelete) + "; " + w.outcomes(audit.DatabaseRevive); got != "done, intent; done, intent" {
		t.Errorf("audit: %s", got)
	}
}

func TestSchemasCountTheDatabasesInUse(t *testing.T) {
	w := newWorld(t, nil)
	for _, name := range []string{"used", "archived", "deleted"} {
		w.provision(provision.Input{OrgName: name, Name: name, Schema: "app", Version: 1})
	}
	must(t, w.Keep.Archive(t.Context(), ada, "archived"))
	must(t, w.Keep.Delete(t.Context(), ada, "deleted"))
	_, listed, err := w.Fleet.Databases(t.Context(), ada, fleet.Filter{Schema: "app"})
	must(t, err)
	if ss, _, err := w.Change.Schemas.InUse(t.Context(), "", fleet.Page{}); err != nil || listed != 1 || len(ss) != 1 ||
		ss[0].Databases != listed {
		t.Errorf("the fleet lists %d databases, the schemas count %+v %v", listed, ss, err)
	}
}

func TestPurgeForgetsWhatWasKeptLongEnough(t *testing.T) {
	w := newWorld(t, nil)
	w.provision(provision.Input{OrgName: "Acme", Name: "acme", Schema: "app", Version: 1})
	ctx := t.Context()
	_, err := w.Keep.Points.KeepPoint(ctx, ada, "acme")
	must(t, err)
	_, err = w.Change.Plans.Propose(ctx, ada, "acme", "app", 2)
	must(t, err)
	must(t, w.Keep.DeleteOrg(ctx, ada, "acme", true))
	d := w.database("acme")
	must(t, w.Keep.PurgeExpired(ctx))
	if _, err := w.Fleet.Database(ctx, ada, "acme"); err != nil {
		t.Fatalf("purged before its time: %v", err)
	}
	if o, err := w.Fleet.Orgs.Get(ctx, ada, "acme"); err != nil || o.DeletedAt.IsZero() {
		t.Errorf("the organization of a kept copy: %+v %v", o, err)
	}
	expired, err := w.store.ExpiredDatabases(ctx, now().Add(fleet.KeptFor+time.Minute))
	if err != nil || len(expired) != 1 {
		t.Fatalf("expired: %v %v", expired, err)
	}
	d.PurgeAt = now().Add(-time.Second)
	must(t, w.store.UpdateDatabase(ctx, d, fleet.Deleted))
	must(t, w.Keep.PurgeExpired(ctx))
	if _, err := w.Fleet.Database(ctx, ada, "acme"); !fault.Is(err, fault.NotFound) {
		t.Errorf("not purged: %v", err)
	}
	if _, n, _ := w.Change.Plans.List(ctx, ada, "acme", fleet.Page{}); n != 0 {
		t.Errorf("%d plans are left, and the name is free again", n)
	}
	if _, err := w.Fleet.Orgs.Get(ctx, ada, "acme"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the organization is left: %v", err)
	}
	w.provision(provision.Input{OrgName: "Acme", Name: "acme"})
}

func TestADeleteThatWasCutIsFinishedAtTheNextStart(t *testing.T) {
	for name, cut := range map[string]func(*world, fleet.Database){
		"before it left the provider": func(*world, fleet.Database) {},
		"after it left the provider": func(w *world, d fleet.Database) {
			_, err := w.engine.Retire(w.t.Context(), d.ProviderID)
			must(w.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			d := w.provision(provision.Input{OrgName: "Acme", Name: "acme", Schema: "app", Version: 1})
			w.exec("acme", "insert into users values (1, 'ada@acme.test')")
			d.State, d.DeletedAt, d.PurgeAt = fleet.Deleted, now(), now().Add(fleet.KeptFor)
			must(t, w.store.UpdateDatabase(t.Context(), d, fleet.Ready,
				audit.Entry{ID: "00", At: now(), Actor: "ada", Action: audit.DatabaseDelete, Outcome: audit.Intent, Database: "acme"}))
			cut(w, d)
			if err := w.Keep.Revive(t.Context(), ada, "acme"); !fault.Is(err, fault.Conflict) {
				t.Errorf("reviving what isn't removed yet: %v", err)
			}
			w.recover()
			w.recover() // again, as a second start
			if got := w.outcomes(audit.DatabaseDelete); got != "done, intent" {
				t.Errorf("audit: %s", got)
			}
			must(t, w.Keep.Revive(t.Context(), ada, "acme"))
			if got := w.value("acme", "select email from users"); got != "ada@acme.test" {
				t.Errorf("after revival: %s", got)
			}
		})
	}
}

func TestRestorePoints(t *testing.T) {
	w := newWorld(t, nil)
	w.provision(provision.Input{OrgName: "Acme", Name: "acme", Schema: "app", Version: 1})
	ctx := t.Context()
	w.exec("acme", "insert into users values (1, 'before')")
	manual, err := w.Keep.Points.KeepPoint(ctx, ada, "acme")
	must(t, err)
	p, err := w.Change.Plans.Propose(ctx, ada, "acme", "app", 2)
	must(t, err)
	_, err = w.Change.Plans.Decide(ctx, ada, p.ID, change.Decision{Hash: p.Hash, Approve: true})
	must(t, err)
	p, err = w.Change.Plans.Apply(ctx, ada, p.ID, p.Hash)
	must(t, err)
	if p.State != fleet.PlanApplied || p.Point == "" {
		t.Fatalf("plan %+v", p)
	}
	w.exec("acme", "insert into users values (2, 'after', 'owner')")
	before, err := w.Keep.Points.RestoreTo(ctx, ada, "acme", p.Point)
	must(t, err)
	if d := w.database("acme"); d.Version != 1 || d.Health != fleet.HealthOK || d.Status(2) != fleet.StatusBehind {
		t.Errorf("after the restore: v%d %s", d.Version, d.Status(2))
	}
	if got := w.value("acme", "select group_concat(email) from users"); got != "before" {
		t.Errorf("restored to %s", got)
	}
	_, err = w.Keep.Points.RestoreTo(ctx, ada, "acme", before.ID) // undo
	must(t, err)
	if got := w.value("acme", "select group_concat(email || role) from users"); got != "beforemember,afterowner" {
		t.Errorf("the undo gave %s", got)
	}
	if d := w.database("acme"); d.Version != 2 {
		t.Errorf("after the undo: v%d", d.Version)
	}
	for range fleet.KeptPoints + 2 {
		_, err = w.Keep.Points.RestoreTo(ctx, ada, "acme", manual.ID)
		must(t, err)
	}
	ps, err := w.Keep.Points.List(ctx, w.database("acme"), fleet.Page{})
	must(t, err)
	if len(ps) != fleet.KeptPoints+1 || ps[len(ps)-1].ID != manual.ID {
		t.Errorf("%d points, the oldest %s", len(ps), ps[len(ps)-1].Kind)
	}
	if _, err := w.Keep.Points.RestoreTo(ctx, ada, "acme", before.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a point that is gone: %v", err)
	}
	must(t, w.Keep.Points.ForgetPoint(ctx, ada, "acme", manual.ID))
	f, err := w.Keep.Copies.Download(ctx, ada, "acme", ps[0].ID)
	must(t, err)
	b, err := io.ReadAll(f)
	if must(t, f.Close()); err != nil || !strings.HasPrefix(string(b), "SQLite format 3") {
		t.Errorf("download: %d bytes, %v", len(b), err)
	}
	if got := w.outcomes(audit.PointRestore); strings.Contains(got, "open") || !strings.HasPrefix(got, "done, intent") {
		t.Errorf("audit: %s", got)
	}
}

// noCopies is a provider whose disk is full.
type noCopies struct{ d1.Provider }

func (noCopies) Keep(context.Context, string) (d1.Point, error) {
	return d1.Point{}, fault.New(fault.Unavailable, "The disk is full.")
}

func TestNoRestorePointNoApply(t *testing.T) {
	w := newWorld(t, func(p d1.Provider) d1.Provider { return noCopies{p} })
	w.provision(provision.Input{OrgName: "Acme", Name: "acme", Schema: "app", Version: 1})
	p, err := w.Change.Plans.Propose(t.Context(), ada, "acme", "app", 2)
	must(t, err)
	_, err = w.Change.Plans.Decide(t.Context(), ada, p.ID, change.Decision{Hash: p.Hash, Approve: true})
	must(t, err)
	if _, err = w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash); !fault.Is(err, fault.Unavailable) ||
		!strings.Contains(fault.Message(err), "not applied: The disk is full.") {
		t.Errorf("applied without a point: %v", err)
	}
	if p, _ = w.Change.Plans.Plan(t.Context(), ada, p.ID); p.State != fleet.PlanApproved {
		t.Errorf("the plan is %s", p.State)
	}
}

func TestChecksSeeWhatIsTrue(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	for name, version := range map[string]int{"synced": 2, "behind": 1, "drifted": 2, "byhand": 1, "gone": 2} {
		w.provision(provision.Input{OrgName: name, Name: name, Schema: "app", Version: version})
	}
	w.provision(provision.Input{OrgName: "bare", Name: "bare"})
	w.exec("drifted", "alter table users add column nickname text")
	w.exec("drifted", "create index users_email on users(email)")
	w.exec("byhand", "alter table users add column role text not null default 'member'") // what version 2 says
	w.exec("synced", "create table extra(x)")                                            // nobody declared it, and nobody minds
	gone := w.database("gone")
	_, err := w.engine.Retire(ctx, gone.ProviderID)
	must(t, err)
	before, err := w.Fleet.Totals(ctx, ada)
	must(t, err)
	if before.Drifted != 0 || !before.Oldest.IsZero() {
		t.Errorf("before any check: %+v", before)
	}
	runCtx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { w.Run(runCtx); close(done) }()
	must(t, w.Health.CheckAll(ctx, ada))
	for end := time.Now().Add(patience); !w.Health.SweepStart().IsZero() && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
	}
	stop()
	<-done
	want := map[string]fleet.Status{
		"synced": fleet.StatusInSync, "behind": fleet.StatusBehind, "drifted": fleet.StatusDrifted, "byhand": fleet.StatusInSync,
		"gone": fleet.StatusUnreachable, "bare": fleet.StatusNoSchema,
	}
	for name, status := range want {
		d := w.database(name)
		if d.Status(2) != status || d.CheckedAt.IsZero() {
			t.Errorf("%s is %s (%s), checked %v", name, d.Status(2), d.HealthDetail, d.CheckedAt)
		}
		ds, _, err := w.Fleet.Databases(ctx, ada, fleet.Filter{Status: status, Search: name})
		if err != nil || len(ds) != 1 {
			t.Errorf("the filter %s finds %d %v", status, len(ds), err)
		}
	}
	if d := w.database("drifted"); d.HealthDetail != "against app v2: Drop index users_email; Add column users.nickname" &&
		!strings.Contains(d.HealthDetail, "users.nickname") || !strings.Contains(d.HealthDetail, "users_email") {
		t.Errorf("drift in words: %s", d.HealthDetail)
	}
	if d := w.database("synced"); d.Tables != 2 || d.Size == 0 {
		t.Errorf("%d tables, %d bytes", d.Tables, d.Size)
	}
	totals, err := w.Fleet.Totals(ctx, ada)
	must(t, err)
	if totals.InSync != 2 || totals.Behind != 1 || totals.Drifted != 1 || totals.Unreachable != 1 || totals.NoSchema != 1 ||
		totals.Databases != 6 || totals.Oldest.IsZero() || totals.Size == 0 {
		t.Errorf("totals %+v", totals)
	}
	if _, n, _ := w.Fleet.Databases(ctx, ada, fleet.Filter{Status: fleet.StatusFailed}); n != 1 {
		t.Errorf("%d need somebody", n)
	}
	if d, err := w.Health.Check(ctx, ada, "drifted"); err != nil || d.Health != fleet.HealthDrifted {
		t.Errorf("checked by hand: %+v %v", d, err)
	}
}

func TestOrganizationsAreRenamedAndDeleted(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	w.provision(provision.Input{OrgName: "Acme", Name: "acme"})
	empty, err := w.Fleet.Orgs.Create(ctx, ada, "Empty")
	must(t, err)
	if _, err := w.Fleet.Orgs.Rename(ctx, ada, "acme", " Acme Incorporated "); err != nil {
		t.Error(err)
	}
	if d := w.database("acme"); d.OrgName != "Acme Incorporated" || d.OrgSlug != "acme" {
		t.Errorf("the database says %q", d.OrgName)
	}
	for _, bad := range []string{"", "Acme Incorporated", "a\u202eb", strings.Repeat("x", 101)} {
		if _, err := w.Fleet.Orgs.Rename(ctx, ada, "acme", bad); !fault.Is(err, fault.Invalid) || fault.FieldOf(err) != "org_name" {
			t.Errorf("renamed to %q: %v", bad, err)
		}
	}
	if err := w.Keep.DeleteOrg(ctx, ada, "acme", false); !fault.Is(err, fault.Conflict) {
		t.Errorf("deleted with its database: %v", err)
	}
	must(t, w.Keep.DeleteOrg(ctx, ada, empty.Slug, false))
	if _, err := w.Fleet.Orgs.Get(ctx, ada, empty.Slug); !fault.Is(err, fault.NotFound) {
		t.Errorf("it is still there: %v", err)
	}
	must(t, w.Keep.DeleteOrg(ctx, ada, "acme", true))
	if os, n, _ := w.Fleet.Orgs.List(ctx, ada, "", fleet.Page{}); n != 0 {
		t.Errorf("organizations: %+v", os)
	}
	if _, err := w.Provision.Start(ctx, ada, provision.Input{Org: "acme"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a deleted organization got a database: %v", err)
	}
	_, err = w.Fleet.Orgs.Create(ctx, ada, "Acme")
	if !fault.Is(err, fault.Conflict) || fault.FieldOf(err) != "org_name" ||
		!strings.Contains(fault.Message(err), "Acme Incorporated, which was deleted") {
		t.Errorf("its short name: %v", err)
	}
	if _, err := w.Provision.Start(ctx, ada, provision.Input{OrgName: "Acme",
		Name: "other"}); !strings.Contains(fault.Message(err), "which was deleted") {
		t.Errorf("its short name, with a database: %v", err)
	}
	must(t, w.Keep.Revive(ctx, ada, "acme"))
	if o, err := w.Fleet.Orgs.Get(ctx, ada, "acme"); err != nil || !o.DeletedAt.IsZero() || o.Databases != 1 {
		t.Errorf("the organization did not come back: %+v %v", o, err)
	}
}

// recover is a start, with what it looks into behind.
func (w *world) recover() {
	w.t.Helper()
	must(w.t, w.Recover(w.t.Context()))
	w.Fleet.Settler.Settle(w.t.Context())
}
