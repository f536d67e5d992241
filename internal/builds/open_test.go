package builds_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/builds"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
)

// later is what the present build reads otherwise than the build that made a folder.
type later struct {
	// grown are the versions whose hash is another one now: what was dropped stands in
	// them.
	grown []Version
	// stale are the databases whose waiting plans have to be made again.
	stale []string
	// words are said by the plan that takes the place of a stale one of stale[0].
	words []string
}

func TestEveryFolderGoesOn(t *testing.T) {
	t.Parallel()
	for _, name := range builds.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := builds.Unpack(name, dir); err != nil {
				t.Fatal(err)
			}
			goesOn(t, dir, expected[name])
		})
	}
}

// TestAFolderOfThisBuildGoesOn is for the folder that would be made now.
func TestAFolderOfThisBuildGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := makeFolder(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	goesOn(t, dir, later{})
}

func goesOn(t *testing.T, dir string, l later) {
	want := readKept(t, dir)
	w := mustOpen(t, dir, want.At.Add(time.Hour))
	got, err := w.tell(t.Context(), want.At)
	if err != nil {
		t.Fatal(err)
	}
	l.apply(t, want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("what it holds is no longer what it held:\n%s", d)
	}
	hashesAreOfTheirSources(t, w, got)
	again, err := w.tell(t.Context(), want.At)
	if d := cmp.Diff(got, again); err != nil || d != "" {
		t.Errorf("a second look sees something else: %v\n%s", err, d)
	}
	t.Run("the next plan says what the stale one didn't", func(t *testing.T) { nextPlanSays(t, w, got, l) })
	t.Run("the owner signs in", func(t *testing.T) { ownerSignsIn(t, w) })
	t.Run("waiting plans are applied, or are stale", func(t *testing.T) { plansGoOn(t, w, got) })
	t.Run("a point is gone back to", func(t *testing.T) { pointsGoOn(t, w) })
	t.Run("what was put away comes back", func(t *testing.T) { pastComesBack(t, w) })
	if err := w.close(); err != nil {
		t.Error(err)
	}
}

func readKept(t *testing.T, dir string) *Kept {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, keptFile))
	if err != nil {
		t.Fatal(err)
	}
	k := &Kept{}
	if err := json.Unmarshal(b, k); err != nil {
		t.Fatal(err)
	}
	if len(k.Databases) == 0 || len(k.Versions) == 0 || len(k.Plans) == 0 || len(k.Audit) == 0 {
		t.Fatalf("it tells of nothing: %s", b)
	}
	return k
}

func mustOpen(t *testing.T, dir string, at time.Time) *world {
	t.Helper()
	w, err := open(t.Context(), dir, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// apply writes into k what is expected to be otherwise, and fails when it is not.
func (l later) apply(t *testing.T, k *Kept) {
	t.Helper()
	for _, g := range l.grown {
		found := false
		for i := range k.Versions {
			if v := &k.Versions[i]; v.Schema == g.Schema && v.Version == g.Version {
				found = v.Hash != g.Hash
				v.Hash = g.Hash
			}
		}
		if !found {
			t.Errorf("%s v%d: the hash was expected to be another one", g.Schema, g.Version)
		}
	}
	for _, name := range l.stale {
		for i := range k.Plans {
			p := &k.Plans[i]
			p.Stale = p.Stale || p.Database == name && (p.State == string(fleet.PlanProposed) || p.State == string(fleet.PlanApproved))
		}
	}
}

// hashesAreOfTheirSources compares the hashes that are stored with those of the
// sources beside them.
func hashesAreOfTheirSources(t *testing.T, w *world, k *Kept) {
	t.Helper()
	for _, v := range k.Versions {
		stored, s, err := w.Change.Schemas.Version(t.Context(), v.Schema, v.Version)
		if err != nil {
			t.Fatal(err)
		}
		if stored.Hash != s.Hash() {
			t.Errorf("%s v%d: the stored hash %.12s is not %.12s, the one of its source", v.Schema, v.Version, stored.Hash, s.Hash())
		}
	}
}

func nextPlanSays(t *testing.T, w *world, k *Kept, l later) {
	for _, told := range k.Plans {
		if !told.Stale || told.Database != l.stale[0] {
			continue
		}
		p, err := w.Change.Plans.Plan(t.Context(), ada, planID(told))
		if err != nil {
			t.Fatal(err)
		}
		look, err := w.Change.Plans.Look(t.Context(), p)
		if err != nil || look.Next == nil {
			t.Fatalf("%s has no next plan, %v", told.Database, err)
		}
		said := ""
		for _, s := range look.Next.Steps {
			said += s.Cause + "\n"
		}
		for _, words := range l.words {
			if !strings.Contains(said, words) {
				t.Errorf("%s: nothing says %q:\n%s", told.Database, words, said)
			}
		}
	}
}

func ownerSignsIn(t *testing.T, w *world) {
	hasher, err := auth.NewHasher(auth.DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	o, hash, err := w.store.OperatorByEmail(t.Context(), builds.OwnerEmail)
	if err != nil || o.Role != auth.RoleOwner {
		t.Fatalf("%+v, %v", o, err)
	}
	if ok, _, err := hasher.Verify(t.Context(), hash, builds.OwnerPassword); err != nil || !ok {
		t.Errorf("the password is not taken: %v", err)
	}
}

// plansGoOn applies every approved plan that isn't stale; one that is can't be.
func plansGoOn(t *testing.T, w *world, k *Kept) {
	applied := 0
	for _, told := range k.Plans {
		p, err := w.Change.Plans.Plan(t.Context(), ada, planID(told))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case p.State == fleet.PlanProposed && told.Stale:
			if _, err := w.Change.Plans.Decide(t.Context(), ada, p.ID, change.Decision{Hash: p.Hash, Approve: true}); err == nil {
				t.Errorf("%s: a stale plan was approved", told.Database)
			}
		case p.State == fleet.PlanApproved && told.Stale:
			if _, err := w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash); err == nil {
				t.Errorf("%s: a stale plan was applied", told.Database)
			}
			if p, err = w.Change.Plans.Plan(t.Context(), ada, p.ID); err != nil || p.State != fleet.PlanApproved {
				t.Errorf("%s: the stale plan is %s, %v", told.Database, p.State, err)
			}
		case p.State == fleet.PlanApproved:
			if p, err = w.Change.Plans.Apply(t.Context(), ada, p.ID, p.Hash); err != nil || p.State != fleet.PlanApplied {
				t.Errorf("%s: %s %s %v", told.Database, p.State, p.Error, err)
			}
			applied++
			if told.Database == "initech-people" {
				twinIsRefused(t, w)
			}
		}
	}
	if applied == 0 {
		t.Error("no plan was there to apply")
	}
}

// twinIsRefused is asked after a rebuild of a table with UNIQUE (email COLLATE NOCASE).
func twinIsRefused(t *testing.T, w *world) {
	t.Helper()
	_, conn, err := w.Fleet.Open(t.Context(), ada, "initech-people")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Query(t.Context(), d1.Exec("INSERT INTO people (email) VALUES ('ADA@ACME.TEST')")); err == nil ||
		!strings.Contains(err.Error(), "UNIQUE") {
		t.Errorf("a twin address went in: %v", err)
	}
	if _, err := conn.Query(t.Context(), d1.Exec("INSERT INTO people (email) VALUES ('dee@acme.test')")); err != nil {
		t.Errorf("no address goes in any more: %v", err)
	}
}

func pointsGoOn(t *testing.T, w *world) {
	d, err := w.Fleet.Database(t.Context(), ada, "acme-app")
	if err != nil {
		t.Fatal(err)
	}
	points, err := w.Keep.Points.List(t.Context(), d, first)
	if err != nil || len(points) < 3 {
		t.Fatalf("%d points, %v", len(points), err)
	}
	if _, err := w.Keep.Points.RestoreTo(t.Context(), ada, d.Name, points[len(points)-1].ID); err != nil {
		t.Fatal(err)
	}
	if d, err = w.Fleet.Database(t.Context(), ada, d.Name); err != nil || d.Version != 1 || d.Status(3) != fleet.StatusBehind {
		t.Errorf("it is at v%d, %s, %v", d.Version, d.Status(3), err)
	}
}

func pastComesBack(t *testing.T, w *world) {
	if err := w.Keep.Unarchive(t.Context(), ada, "acme-archive"); err != nil {
		t.Error(err)
	}
	if err := w.Keep.Revive(t.Context(), ada, "acme-gone"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"acme-archive", "acme-gone"} {
		rows := map[string]int64{}
		if err := w.count(t.Context(), name, rows); err != nil || rows["users"] != 3 {
			t.Errorf("%s has %d users, %v", name, rows["users"], err)
		}
	}
}
