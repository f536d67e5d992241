package controlplane_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/d1"
)

// BenchmarkRow is a row that is kept, beside one that is read each time.
func BenchmarkRow(b *testing.B) {
	conn := controltest.Conn(b, filepath.Join(b.TempDir(), "control.db"))
	for _, side := range []struct {
		name string
		conn d1.Conn
	}{{"kept", conn}, {"read", unversioned{conn}}} {
		s, err := controlplane.Open(b.Context(), side.conn, time.Now)
		if err != nil {
			b.Fatal(err)
		}
		if side.name == "kept" {
			exec(b, conn, "insert into operators (id, email, role, password, created_at) values ('o1', 'ada@acme.test', 'owner', 'none', 1)")
		}
		b.Run(side.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Operator(b.Context(), "o1"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
