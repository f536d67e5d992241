//go:build !race

package fleet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// A table too large for D1 is too large for the race detector: three million entries of
// indexes are written here, in one goroutine.

// TestATableTooLargeIsOfferedASchemaInBetween: it is drawn as the next version, which
// can be approved.
func TestATableTooLargeIsOfferedASchemaInBetween(t *testing.T) {
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	w.exec(d.Name, "insert into users(id, email) with recursive c(x) as (select 1 union all select x + 1 from c "+
		"where x < 50000) select x, 'User' || x from c")
	var indexes []string // each is written too, so that fewer rows are too many
	for i := range 60 {
		indexes = append(indexes, fmt.Sprintf(`"i%d":{"columns":["email"]}`, i))
	}
	big := `{"name":"app","version":3,"tables":{"users":{"id":"integer primary key","email":"text not null",` +
		`"mail":"text not null default (lower('A'))"}},"indexes":{"users":{` + strings.Join(indexes, ",") + `}}}`
	if _, err := w.Change.Schemas.SaveVersion(t.Context(), ada, "app", big); err != nil {
		t.Fatal(err)
	}
	p, err := w.Change.Plans.Propose(t.Context(), ada, d.Name, "app", 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Change.Plans.Decide(t.Context(), ada, p.ID, change.Decision{Hash: p.Hash, Approve: true}); !fault.Is(err, fault.Invalid) ||
		!strings.Contains(fault.Message(err), "D1 stops a transaction after 30 s") {
		t.Errorf("approved: %v", err)
	}
	l, err := w.Change.Plans.Look(t.Context(), p)
	if err != nil || l.Offer == nil || l.Offer.Next == nil || len(l.Offer.Notes) != 1 ||
		l.Offer.Notes[0].Line != `"mail": "text fill (lower('A'))"` {
		t.Fatalf("%v %+v", err, l.Offer)
	}
	name, source, err := w.Change.Plans.DrawOffer(t.Context(), ada, p.ID)
	if err != nil || name != "app" {
		t.Fatal(name, err)
	}
	if _, err := w.Change.Schemas.SaveVersion(t.Context(), ada, name, source); err != nil {
		t.Fatal(err)
	}
	next, err := w.Change.Plans.Propose(t.Context(), ada, d.Name, "app", 4)
	if err != nil {
		t.Fatal(err)
	}
	if next, err = w.Change.Plans.Decide(t.Context(), ada, next.ID, change.Decision{Hash: next.Hash, Approve: true}); err != nil {
		t.Fatal(err)
	}
	if next, err = w.Change.Plans.Apply(t.Context(), ada, next.ID, next.Hash); err != nil {
		t.Fatal(err)
	}
	w.until(next, fleet.FillDone)
	if got := w.value(d.Name, "select count(*) from users where mail = 'a'"); got != "50000" {
		t.Errorf("%s rows are filled", got)
	}
	if _, _, err := w.Change.Plans.DrawOffer(t.Context(), ada, next.ID); !fault.Is(err, fault.Invalid) {
		t.Errorf("an offer for what is applied: %v", err)
	}
}
