package demo_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/demo"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an empty fleet.
type world struct {
	*house.House
	engine *local.Engine
	clock  *demo.Clock
}

func newWorld(t *testing.T) *world {
	t.Helper()
	clock := demo.NewClock(time.Now)
	folder := controltest.New(t, clock.Now, nil)
	f := house.New(folder.Store, fleet.EmbeddedOnly{Engine: folder.Engine}, slog.New(slog.DiscardHandler), clock.Now)
	t.Cleanup(f.Close)
	return &world{f, folder.Engine, clock}
}

// small is a demo with one of each.
func small() demo.Options {
	o := demo.Options{Organizations: 8, Databases: 12, Users: 2_000, Rows: 60}
	if testing.Short() {
		o.Users = 400
	}
	return o
}

// query runs one statement on a database and returns its rows as text.
func (w *world) query(t *testing.T, database, sql string) [][]string {
	t.Helper()
	info, err := w.engine.Find(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := w.engine.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	r, err := conn.Query(t.Context(), d1.Query(sql))
	if err != nil {
		t.Fatalf("%s: %s: %v", database, sql, err)
	}
	var rows [][]string
	for _, row := range r.Rows {
		var texts []string
		for _, v := range row {
			texts = append(texts, v.Text())
		}
		rows = append(rows, texts)
	}
	return rows
}

func (w *world) one(t *testing.T, database, sql string) string {
	t.Helper()
	return w.query(t, database, sql)[0][0]
}

func (w *world) databases(t *testing.T) []fleet.Database {
	t.Helper()
	all, n, err := w.Fleet.Databases(t.Context(), auth.SystemActor("test"), fleet.Filter{Page: fleet.Page{Number: 1, Size: 100}})
	if err != nil || n != len(all) {
		t.Fatalf("%d of %d databases, %v", len(all), n, err)
	}
	return all
}

func TestFill(t *testing.T) {
	w := newWorld(t)
	began := time.Now()
	var lines []string
	if err := demo.Fill(t.Context(), demo.Target{House: w.House, Provider: w.engine, Clock: w.clock}, small(), func(line string) {
		lines = append(lines, line)
	}); err != nil {
		t.Fatal(err)
	}
	if len(lines) == 0 || lines[len(lines)-1] != "12 of 12 databases" {
		t.Errorf("the progress was %q", lines)
	}
	t.Run("the fleet", func(t *testing.T) { theFleet(t, w, began) })
	t.Run("one database failed for a reason", func(t *testing.T) { theFailure(t, w) })
	t.Run("one database was changed by hand", func(t *testing.T) { theDrift(t, w) })
	t.Run("plans wait, and some were applied", func(t *testing.T) { thePlans(t, w) })
	t.Run("the users", func(t *testing.T) { theUsers(t, w) })
	t.Run("the rows", func(t *testing.T) { theRows(t, w) })
}

func theFleet(t *testing.T, w *world, began time.Time) {
	totals, err := w.Fleet.Totals(t.Context(), auth.SystemActor("test"))
	if err != nil {
		t.Fatal(err)
	}
	if totals.Orgs != 8 || totals.Databases != 12 || totals.Failed != 1 || totals.Behind != 3 || totals.InSync != 8 ||
		totals.Provisioning != 0 {
		t.Errorf("the fleet counts %+v", totals)
	}
	moments := map[time.Time]bool{}
	for _, d := range w.databases(t) {
		moments[d.CreatedAt] = true
		if d.CreatedAt.After(began) || d.CreatedAt.Before(began.AddDate(-2, 0, 0)) {
			t.Errorf("%s is of %v", d.Name, d.CreatedAt)
		}
		if d.CreatedBy != "system:demo" {
			t.Errorf("%s is by %s", d.Name, d.CreatedBy)
		}
	}
	if len(moments) != 12 {
		t.Errorf("12 databases are of %d moments", len(moments))
	}
	if first := w.databases(t)[0]; first.Name != "aldgate-mobility-org-001" {
		t.Errorf("the first database is %s", first.Name)
	}
}

func theFailure(t *testing.T, w *world) {
	for _, d := range w.databases(t) {
		if d.State != fleet.Failed {
			continue
		}
		if !strings.Contains(d.Error, "is there already") || !strings.Contains(d.Error, "was not made for this") {
			t.Errorf("%s says: %s", d.Name, d.Error)
		}
		steps, err := w.Provision.Steps(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range steps {
			got = append(got, fmt.Sprintf("%s %s", s.Name, s.State))
		}
		if strings.Join(got, ", ") != "create failed, migrate pending, register pending" {
			t.Errorf("its steps are %q", got)
		}
		// What its page offers works.
		if err := w.Provision.Undo(t.Context(), auth.SystemActor("test"), d.Name); err != nil {
			t.Errorf("it can't be undone: %v", err)
		}
		return
	}
	t.Error("no database failed")
}

func theDrift(t *testing.T, w *world) {
	var drifted []string
	for _, d := range w.databases(t) {
		if d.State != fleet.Ready {
			continue
		}
		_, conn, err := w.Fleet.Open(t.Context(), auth.SystemActor("test"), d.Name)
		if err != nil {
			t.Fatal(err)
		}
		db, _, err := w.Fleet.Inspect(t.Context(), d, conn)
		_ = conn.Close()
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.Change.Plans.Review(t.Context(), d, db, d.Schema, d.Version)
		if err != nil {
			t.Fatal(err)
		}
		if p.Empty() {
			continue
		}
		drifted = append(drifted, d.Name)
		if d.Version != demo.Newest || len(p.Refusals) != 0 || len(p.Losses) != 1 || p.Losses[0].Name != "users.legacy_id" ||
			len(p.Steps) != 2 || !strings.Contains(p.Steps[0].SQL, "users_by_legacy_id") {
			t.Errorf("%s at version %d differs by %+v and %+v", d.Name, d.Version, p.Steps, p.Losses)
		}
		if n := w.one(t, d.Name, "select count(legacy_id) from users"); n == "0" {
			t.Error("nobody has a legacy_id")
		}
	}
	if len(drifted) != 1 {
		t.Errorf("%q differ from their version", drifted)
	}
}

func thePlans(t *testing.T, w *world) {
	plans, _, err := w.Change.Plans.List(t.Context(), auth.SystemActor("test"), "", fleet.Page{Number: 1, Size: 100})
	if err != nil {
		t.Fatal(err)
	}
	got := map[fleet.PlanState]int{}
	for _, p := range plans {
		got[p.State]++
		look, err := w.Change.Plans.Look(t.Context(), p)
		if err != nil || look.Stale {
			t.Errorf("the plan for %s is stale: %v, %v", p.Database, look.Stale, err)
		}
	}
	if got[fleet.PlanProposed] != 1 || got[fleet.PlanApproved] != 1 || got[fleet.PlanRejected] != 1 || got[fleet.PlanApplied] < 3 ||
		len(got) != 4 {
		t.Errorf("the plans are %v", got)
	}
}

func theUsers(t *testing.T, w *world) {
	const database = "aldgate-mobility-org-001"
	want := fmt.Sprint(small().Users)
	got := w.query(t, database, `select count(*), count(distinct email), count(distinct id),
		sum(role = 'owner'), sum(name is null) > 0, sum(name = '') > 0,
		sum(status = 0) > 0, count(distinct role), sum(email not like '%_._%@_%.example'),
		max(created_at) <= datetime('now'), count(distinct date(created_at)) > 100 from users`)[0]
	if strings.Join(got, " ") != strings.Join([]string{want, want, want, "1", "1", "1", "1", "3", "0", "1", "1"}, " ") {
		t.Errorf("the users count %q", got)
	}
	// The indexes that were away meanwhile are back; theDrift compares them too.
	if n := w.one(t, database,
		"select count(*) from sqlite_master where type = 'index' and tbl_name = 'users' and sql is not null"); n != "3" {
		t.Errorf("users has %s indexes", n)
	}
}

// theRows looks for what makes a table hard to show, and for what no program
// would have stored.
func theRows(t *testing.T, w *world) {
	filled, unused := 0, 0
	found := map[string]bool{}
	for _, d := range w.databases(t) {
		if d.State != fleet.Ready {
			continue
		}
		if got := w.query(t, d.Name, "pragma foreign_key_check"); len(got) > 0 {
			t.Errorf("%s: references to nothing: %v", d.Name, got)
		}
		if w.one(t, d.Name, "select count(*) from users") == "0" {
			unused++
			continue
		}
		filled++
		for what, sql := range map[string]string{
			"a NULL":       "select count(*) from users where phone is null",
			"an empty":     "select count(*) from users where phone = ''",
			"a BLOB":       "select count(*) from sites where typeof(icon) = 'blob'",
			"a large BLOB": "select count(*) from sites where length(icon) > 100000",
			"a long text":  "select count(*) from newsletter_templates where length(html) > 50000",
			"JSON":         "select count(*) from forms where json_extract(settings, '$.captcha') is not null",
			"a REAL":       "select count(*) from leads where typeof(score) = 'real'",
			"not ASCII":    "select count(*) from users where firstName glob '*[é]*'",
			"a vehicle":    "select count(*) from catalogVehicles",
		} {
			if w.one(t, d.Name, sql) != "0" {
				found[what] = true
			}
		}
		for _, column := range []string{"sites.metadata", "forms.fields", "forms.settings", "leads.data", "activity.data",
			"roles.permissions", "newsletter_contacts.metadata"} {
			table, name, _ := strings.Cut(column, ".")
			if n := w.one(t, d.Name, fmt.Sprintf("select count(*) from %s where not json_valid(%s)", sqltext.Quote(table),
				sqltext.Quote(name))); n != "0" {
				t.Errorf("%s: %s is no JSON in %s rows", d.Name, column, n)
			}
		}
	}
	if filled != 10 || unused != 1 && unused != 0 {
		t.Errorf("%d databases have rows and %d have none", filled, unused)
	}
	for _, what := range []string{"a NULL", "an empty", "a BLOB", "a large BLOB", "a long text", "JSON", "a REAL", "not ASCII", "a vehicle"} {
		if !found[what] {
			t.Errorf("no database holds %s", what)
		}
	}
}

func TestFillStops(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := demo.Fill(ctx, demo.Target{House: w.House, Provider: w.engine, Clock: w.clock}, small(), func(string) { cancel() })
	if err == nil || !errors.Is(err, context.Canceled) && !fault.Is(err, fault.Limited) {
		t.Errorf("it ended with %v", err)
	}
}
