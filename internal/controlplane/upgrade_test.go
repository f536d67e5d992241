package controlplane_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// ofVersion5 is a control plane as the program of version 5 left it.
func ofVersion5(t *testing.T, now func() time.Time, rows ...string) d1.Conn {
	t.Helper()
	source, err := os.ReadFile("testdata/v5.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	conn := controltest.Conn(t, t.TempDir()+"/control.db")
	if _, err := migrate.Synchronize(t.Context(), conn, s, migrate.Attempt{ID: "v5", Actor: "test", At: now()}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range rows {
		if _, err := conn.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return conn
}

// TestTheRestorePointsOfVersion5Stay: what was in their ids is in columns, and the ids
// stay, since plans name them.
func TestTheRestorePointsOfVersion5Stay(t *testing.T) {
	clock := controltest.NewClock(time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC))
	conn := ofVersion5(t, clock.Now,
		`insert into organizations (id, slug, name, created_at, created_by) values ('o', 'acme', 'Acme', 0, 'x')`,
		`insert into databases (id, name, org_id, org_slug, org_name, provider, state, created_at, created_by, updated_at) values
		 ('01d', 'moved', 'o', 'acme', 'Acme', 'd1', 'ready', 0, 'x', 0), ('01e', 'here', 'o', 'acme', 'Acme', 'embedded', 'ready', 0, 'x', 0)`,
		`insert into restore_points (id, database_id, kind, size, created_at, created_by) values
		 ('0123/20261123T020000000Z-1a2b3c4d', '01d', 'manual', 4096, 1, 'x'),
		('01d|0000-bookmark', '01d', 'apply', 0, 2, 'x'),
		('0456/20261123T020000000Z-5a6b7c8d', '01e', 'manual', 8192, 3, 'x')`)
	for range 2 { // a second start finds nothing to do
		s, err := controlplane.Open(t.Context(), conn, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range []string{"moved", "here"} {
			db, err := s.Database(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			ps, err := s.Points(t.Context(), fleet.PointFilter{Database: db.ID})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ps {
				got = append(got, strings.Join([]string{p.ID, string(p.Database), p.Place, p.Mark}, " "))
			}
		}
		want := []string{
			"01d|0000-bookmark 01d d1 0000-bookmark",
			"0123/20261123T020000000Z-1a2b3c4d 01d embedded 0123/20261123T020000000Z-1a2b3c4d",
			"0456/20261123T020000000Z-5a6b7c8d 01e embedded 0456/20261123T020000000Z-5a6b7c8d",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}
