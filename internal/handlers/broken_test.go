package handlers_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// spoil closes every database and has f change the file of one.
func (s *site) spoil(db string, f func(path string) error) {
	s.t.Helper()
	d, err := s.fleet.Fleet.Database(s.t.Context(), anOwner, db)
	must(s.t, err)
	dir := filepath.Join(filepath.Dir(s.controlFile), "databases")
	must(s.t, s.engine.Close())
	path := filepath.Join(dir, d.Name+"."+d.ProviderID+".db")
	must(s.t, f(path))
	s.engine, err = local.Open(dir, local.Options{})
	must(s.t, err)
	s.t.Cleanup(func() { _ = s.engine.Close() })
}

func overwrite(from, n int, with byte) func(string) error {
	return func(path string) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := from; i < min(from+n, len(b)); i++ {
			b[i] = with
		}
		return os.WriteFile(path, b, 0o600)
	}
}

// TestADatabaseThatCannotBeOpenedIsUnreachable: in the list, on its pages and by Check
// now, with the reason and a way on.
func TestADatabaseThatCannotBeOpenedIsUnreachable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(path string) error
		says  string
	}{
		"missing": {os.Remove, "its file is gone"},
		"empty":   {func(path string) error { return os.Truncate(path, 0) }, "its file is empty"},
		"another kind": {func(path string) error {
			return os.WriteFile(path, []byte(strings.Repeat("no database. ", 500)), 0o600)
		}, "its file holds no database"},
		"encrypted":      {overwrite(0, 4096, 0xa5), "its file holds no database"},
		"damaged inside": {overwrite(100, 3996, 0xff), "its file is damaged"},
		"cut":            {func(path string) error { return os.Truncate(path, 4096+100) }, "its file is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			owner := s.operator(auth.RoleOwner)
			a := ownerActor(owner)
			_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(1))
			must(t, err)
			s.provision(a, "Acme Inc.", "acme-org-001")
			s.rows("acme-org-001")
			_, err = s.fleet.Keep.Points.KeepPoint(t.Context(), a, "acme-org-001")
			must(t, err)
			s.spoil("acme-org-001", c.spoil)
			b := s.signedIn(owner)

			s.clock.add(time.Minute)
			b.post("/databases/acme-org-001/check", nil).is(http.StatusSeeOther)
			d, err := s.fleet.Fleet.Database(t.Context(), anOwner, "acme-org-001")
			must(t, err)
			if d.Health != fleet.HealthUnreachable || !strings.Contains(d.HealthDetail, c.says) || !d.CheckedAt.Equal(s.clock.now()) {
				t.Errorf("health: %s, %q, at %v", d.Health, d.HealthDetail, d.CheckedAt)
			}
			b.get("/").is(http.StatusOK, "unreachable").holds(c.says)
			b.get("/databases/acme-org-001/settings").is(http.StatusOK, c.says)
			b.get("/audit").is(http.StatusOK, "unreachable: ", c.says)
			b.get("/databases/acme-org-001/backups").is(http.StatusOK, "asked for")

			path := regexp.MustCompile(`/(srv|tmp)/|SQLITE_|modernc|zombiezen`)
			for _, page := range []string{"", "/tables/items", "/tables/items/cell?key=x&column=id", "/tables/items/blob?key=x&column=id",
				"/tables/items/rows/new", "/tables/items/row?key=x", "/tables/items/delete?key=x", "/structure", "/sql", "/migrations",
				"/backups", "/points/restore?point=none", "/settings"} {
				a := b.get("/databases/acme-org-001" + page)
				if a.status == http.StatusInternalServerError || path.MatchString(a.body) {
					t.Errorf("%s: %d %s", page, a.status, path.FindString(a.body))
				}
				if a.status == http.StatusServiceUnavailable {
					a.is(http.StatusServiceUnavailable, "acme-org-001", c.says, "Restore points").holds(`href="/databases/acme-org-001/backups"`)
				}
				t.Logf("%s: %d", page, a.status)
			}
		})
	}
}
