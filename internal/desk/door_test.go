package desk_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Each operation asks for its right itself, and nothing is noted of who lacks it.
func TestEveryOperationAsksForItsRight(t *testing.T) {
	t.Parallel()
	s, bob := newSite(t), operator(auth.RoleViewer)
	if _, err := s.Allow(t.Context(), bob, s.db, true); !fault.Is(err, fault.Denied) {
		t.Errorf("writes are allowed: %v", err)
	}
	if _, err := s.Save(t.Context(), bob, s.db, s.conn, "items", &browse.Write{}); !fault.Is(err, fault.Denied) {
		t.Errorf("saved: %v", err)
	}
	nobody := bob
	nobody.Role = ""
	if _, err := s.Run(t.Context(), nobody, s.db, s.conn, desk.Script{SQL: "select 1"}); !fault.Is(err, fault.Denied) {
		t.Errorf("run: %v", err)
	}
	if lines, _ := s.entries(bob); len(lines) != 0 {
		t.Errorf("%v", lines)
	}
	for _, k := range desk.Operations() { // also where something before it asks
		want := auth.DatabasesWrite
		if k.Action == audit.DatabaseQuery {
			want = auth.DatabasesQuery
		}
		if k.Needs != want {
			t.Errorf("%s needs %s", k.Action, k.Needs)
		}
	}
}

// The log has as much of a statement as it keeps, as a text; whose writes were allowed and
// what was saved stand in it.
func TestTheLogKeepsWhatWasDone(t *testing.T) {
	t.Parallel()
	s, ada := newSite(t), operator(auth.RoleOperator)
	s.run(ada, "select  '"+strings.Repeat("é", 20_000)+"'", "")
	s.allow(ada, true)
	s.allow(ada, false)
	_, es := s.entries(ada) // the newest first
	if got := es[2].Statement; !utf8.ValidString(got) || len(got) < 19_990 || len(got) > 20_010 {
		t.Errorf("%d bytes: %.30q", len(got), got)
	}
	if es[0].Target != ada.Email || es[0].Detail != "back to read-only" || !strings.HasPrefix(es[1].Detail, "until ") {
		t.Errorf("%+v", es[:2])
	}
}
