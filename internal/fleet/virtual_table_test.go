package fleet_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// What D1 can't take is said before anything is made there.
func TestAMoveToD1NamesVirtualTables(t *testing.T) {
	for sql, want := range map[string]string{
		"create virtual table docs using fts5(body)": "Cloudflare can't import: docs. Drop them first " +
			"and make them again on D1.",
		"create virtual table [a b] /* using */ using\nRTREE(id, x0, x1)": "An older D1 refuses to make an R*Tree: " +
			"there a b can't be made again.",
		"create virtual table if not exists grid using rtree_i32(id, a, b)": "there grid can't be made again.",
	} {
		w, cloud := newCloudWorld(t)
		d := w.provision(fleet.ProvisionInput{OrgName: "Acme", Request: "f"})
		w.exec(d.Name, sql)
		err := w.Move(t.Context(), ada, d.Name, fleet.D1)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), want) {
			t.Errorf("%s: %v", sql, err)
		}
		if strings.Contains(want, "make them again on D1.") && strings.Contains(fault.Message(err), "R*Tree") {
			t.Errorf("%s: %v", sql, err)
		}
		if made, _ := cloud.Count("create"); made != 0 {
			t.Errorf("%s: %d databases were made on D1", sql, made)
		}
	}
}
