package fleet_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// stopped does something to databases' files while nobody has them open.
func (w *world) stopped(do func(path func(fleet.Database) string), ds ...fleet.Database) {
	w.t.Helper()
	file, err := w.engine.Copy(w.t.Context(), ds[0].ProviderID, "")
	must(w.t, err)
	dir := filepath.Dir(file.Name()) // where the engine makes its copies is where its files are
	must(w.t, file.Close())
	must(w.t, w.engine.Close())
	do(func(d fleet.Database) string { return filepath.Join(dir, d.Name+"."+d.ProviderID+".db") })
	engine, err := local.Open(dir, local.Options{})
	must(w.t, err)
	w.t.Cleanup(func() { _ = engine.Close() })
	w.engine = engine
	w.at(fleet.EmbeddedOnly{Engine: engine})
}

func (w *world) filled(org string) fleet.Database {
	w.t.Helper()
	d := w.provision(provision.Input{OrgName: org, Schema: "app", Version: 1, Request: org})
	w.exec(d.Name, "insert into users(email) select hex(randomblob(1000)) from json_each('[1,2,3,4,5,6,7,8,9,10]'), json_each('[1,2,3,4,5]')")
	return d
}

// zero makes one of a file's pages zeros.
func zero(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	clear(b[len(b)/2/4096*4096:][:4096])
	must(t, os.WriteFile(path, b, 0o600))
}

func TestADamagedDatabaseIsToldKeptAsItIsAndPutBack(t *testing.T) {
	w, ctx := newWorld(t, nil), t.Context()
	d := w.filled("Acme")
	sound, err := w.Keep.Points.KeepPoint(ctx, ada, d.Name)
	must(t, err)
	w.stopped(func(path func(fleet.Database) string) { zero(t, path(d)) }, d)
	for range 2 { // and the next look doesn't forget it
		now, err := w.Health.Check(ctx, ada, d.Name)
		must(t, err)
		if now.Health != fleet.HealthUnreachable || !strings.Contains(now.HealthDetail, "is damaged. SQLite says") {
			t.Fatalf("%s: %s", now.Health, now.HealthDetail)
		}
	}
	if _, err := w.Keep.Points.KeepPoint(ctx, ada, d.Name); !fault.Is(err, fault.Conflict) || len(w.points(d)) != 1 {
		t.Errorf("kept: %v, %d points", err, len(w.points(d)))
	}
	before, err := w.Keep.Points.RestoreTo(ctx, ada, d.Name, sound.ID)
	must(t, err)
	if !before.Damaged() || w.value(d.Name, "select count(*) from users") != "50" {
		t.Errorf("%+v", before)
	}
	if now := w.database(d.Name); now.Health != fleet.HealthOK {
		t.Errorf("put back it is %s: %s", now.Health, now.HealthDetail)
	}
	points := len(w.points(d))
	if _, err := w.Keep.Points.RestoreTo(ctx, ada, d.Name, before.ID); !fault.Is(err, fault.Invalid) || len(w.points(d)) != points {
		t.Errorf("the damaged state was put back: %v", err)
	}
	// The newest point of before a moment is one that can be put back.
	if p, err := w.Keep.Points.PointAt(ctx, ada, d.Name, before.CreatedAt); err != nil || p.Damaged() {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestADatabaseWhoseFileIsGoneCanBePutBackAndDeleted(t *testing.T) {
	w, ctx := newWorld(t, nil), t.Context()
	acme, globex := w.filled("Acme"), w.filled("Globex")
	p, err := w.Keep.Points.KeepPoint(ctx, ada, acme.Name)
	must(t, err)
	w.stopped(func(path func(fleet.Database) string) {
		must(t, os.Remove(path(acme)))
		must(t, os.Remove(path(globex)))
	}, acme)
	_, err = w.Keep.Points.RestoreTo(ctx, ada, acme.Name, p.ID)
	must(t, err)
	if got := w.value(acme.Name, "select count(*) from users"); got != "50" || w.database(acme.Name).ProviderID == acme.ProviderID {
		t.Errorf("put back with %s rows", got)
	}
	must(t, w.Keep.Delete(ctx, ada, globex.Name))
	if _, err := w.Fleet.Database(ctx, ada, globex.Name); !fault.Is(err, fault.NotFound) || len(w.Fleet.Settler.Unsettled(ada)) > 0 {
		t.Errorf("what nothing is left of is still there: %v, %v", err, w.Fleet.Settler.Unsettled(ada))
	}
}

func TestADatabaseWithTheFileOfAnotherIsNotDeleted(t *testing.T) {
	w, ctx := newWorld(t, nil), t.Context()
	acme, globex := w.filled("Acme"), w.filled("Globex")
	w.stopped(func(path func(fleet.Database) string) { must(t, os.Rename(path(globex), path(acme))) }, acme)
	if err := w.Keep.Delete(ctx, ada, acme.Name); !fault.Is(err, fault.Conflict) || len(w.Fleet.Settler.Unsettled(ada)) > 0 {
		t.Errorf("%v", err)
	}
	now, err := w.Health.Check(ctx, ada, acme.Name)
	must(t, err)
	if now.State != fleet.Ready || now.Health != fleet.HealthUnreachable || !strings.Contains(now.HealthDetail, "is that of") {
		t.Errorf("%s, %s: %s", now.State, now.Health, now.HealthDetail)
	}
}
