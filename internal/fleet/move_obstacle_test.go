package fleet_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// What D1 can't take is said before anything is made there.
func TestAMoveToD1NamesWhatItCannotTake(t *testing.T) {
	t.Parallel()
	w, cloud := newCloudWorld(t)
	d := w.provision(provision.Input{OrgName: "Acme", Request: "f"})
	w.exec(d.Name, "create virtual table docs using fts5(body, content = '')")
	err := w.Keep.Moves.Move(t.Context(), ada, d.Name, fleet.D1)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "The virtual table docs keeps no text that could be read back") {
		t.Errorf("%v", err)
	}
	if made, _ := cloud.Count("create"); made != 0 {
		t.Errorf("%d databases were made on D1", made)
	}
}

// TestAFullTextIndexGoesToD1AndBack moves a database that has one, and finds by it.
func TestAFullTextIndexGoesToD1AndBack(t *testing.T) {
	t.Parallel()
	w, _ := newCloudWorld(t)
	d := w.provision(provision.Input{OrgName: "Acme", Request: "f"})
	w.exec(d.Name, "create virtual table docs using fts5(body, tokenize = 'porter')")
	w.exec(d.Name, "insert into docs(rowid, body) values (7, 'they were running'), (9, 'nothing')")
	for _, place := range []string{fleet.D1, fleet.Embedded} {
		if err := w.Keep.Moves.Move(t.Context(), ada, d.Name, place); err != nil {
			t.Fatal(err)
		}
		if got := w.value(d.Name, "select group_concat(rowid) from docs where docs match 'run'"); got != "7" {
			t.Errorf("at %s: %s", place, got)
		}
		if err := w.Keep.Moves.RemoveOrigin(t.Context(), ada, d.Name, false); err != nil {
			t.Fatal(err)
		}
	}
}

// TestADeletionThatCannotKeepTheLastStateIsNotBegun is about a database on D1, which could
// only be copied: marked as deleted it would stay between here and there for good.
func TestADeletionThatCannotKeepTheLastStateIsNotBegun(t *testing.T) {
	t.Parallel()
	w, cloud := newCloudWorld(t)
	d := w.provision(provision.Input{OrgName: "Acme", Request: "f", Place: fleet.D1})
	w.exec(d.Name, "create virtual table docs using fts5(body, content = '')")
	err := w.Keep.Delete(t.Context(), ada, d.Name)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "The virtual table docs keeps no text") {
		t.Errorf("%v", err)
	}
	if now := w.database(d.Name); now.State != fleet.Ready {
		t.Errorf("it is %s", now.State)
	}
	if n, _ := cloud.Count("delete"); n != 0 {
		t.Errorf("%d were deleted", n)
	}
	w.exec(d.Name, "drop table docs")
	if err := w.Keep.Delete(t.Context(), ada, d.Name); err != nil {
		t.Error(err)
	}
}
