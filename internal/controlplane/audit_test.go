package controlplane_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1"
)

// recorder is a database that notes what it is asked.
type recorder struct {
	d1.Conn
	asked strings.Builder
}

func (r *recorder) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	_, _ = fmt.Fprintln(&r.asked, s.SQL, s.Args)
	return r.Conn.Query(ctx, s)
}

// The same question is the same statement with the same values in the same order, so
// an engine prepares it once and a log of statements can be compared.
func TestTheSameQuestionIsTheSameStatement(t *testing.T) {
	t.Parallel()
	_, conn, clock := newStore(t)
	r := &recorder{Conn: conn}
	s, err := controlplane.Attach(t.Context(), r, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 9 {
		e := audit.Entry{ID: fmt.Sprintf("intent-%d", i), At: clock.Now(), Actor: "a@example.com", Action: audit.PlanApply,
			Outcome: audit.Intent, Org: "acme", Database: "acme-org-001"}
		if err := s.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	ask := func() string {
		r.asked.Reset()
		es, err := s.Audit(t.Context(), audit.Filter{
			Action: audit.PlanApply, Outcome: audit.Intent, Actor: "a@example.com", Org: "acme", Database: "acme-org-001",
			Since: clock.Now().Add(-time.Hour),
		})
		if err != nil || len(es) != 9 {
			t.Fatalf("%d entries: %v", len(es), err)
		}
		return r.asked.String()
	}
	first := ask()
	if strings.Count(first, "\n") != 2 {
		t.Fatalf("not one statement for the entries and one for their outcomes:\n%s", first)
	}
	for range 20 { // a map's order is another one at most of them
		if again := ask(); again != first {
			t.Fatalf("asked once:\n%s\nasked again:\n%s", first, again)
		}
	}
}
