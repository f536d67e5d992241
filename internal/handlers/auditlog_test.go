package handlers_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/id"
)

// entry is a line of the log that a test adds.
func (s *site) entry(i int, e audit.Entry) audit.Entry {
	s.t.Helper()
	e.At = time.Date(2026, 5, 1, 0, 0, i, 0, time.UTC)
	e.ID, e.Actor = id.At[string](e.At), "eve@example.com"
	must(s.t, s.store.Record(s.t.Context(), e))
	return e
}

func TestTheAuditLogFiltersAndPages(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	for i := range 250 {
		s.entry(i, audit.Entry{Action: audit.DatabaseQuery, Outcome: audit.Done, Database: "acme-org-001",
			Statement: fmt.Sprintf("select %d as number_%03d", i, i), Rows: 1})
	}
	open := s.entry(300, audit.Entry{Action: audit.PlanApply, Outcome: audit.Intent, Target: "p1"})
	closed := s.entry(301, audit.Entry{Action: audit.PlanApply, Outcome: audit.Intent, Target: "p2"})
	s.entry(302, audit.Entry{Action: audit.PlanApply, Outcome: audit.Done, Target: "p2", Intent: closed.ID})

	seen, path := map[string]bool{}, "/audit?actor=eve@example.com&action=database.query"
	for pages := 0; path != ""; pages++ {
		body := owner.get(path).body
		for i := range 250 {
			if name := fmt.Sprintf("number_%03d", i); strings.Contains(body, name) {
				if seen[name] && !strings.Contains(path, "before=") {
					t.Errorf("%s is shown twice", name)
				}
				seen[name] = true
			}
		}
		if pages > 3 {
			t.Fatal("the pages don't end")
		}
		_, next, more := strings.Cut(body, `rel="next" href="`)
		path = ""
		if more {
			path = strings.ReplaceAll(next[:strings.IndexByte(next, '"')], "&amp;", "&")
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d of 250 entries were shown", len(seen))
	}
	for query, want := range map[string][2]string{
		"q=number_007":                            {"number_007", "number_008"},
		"q=number_007&outcome=failed":             {"No entry matches", "number_007"},
		"since=2026-05-01&until=2026-05-01&q=7":   {"number_007", "plan.apply"},
		"since=2026-05-02&actor=eve@example.com":  {"No entry matches", "number_007"},
		"database=nope":                           {"No entry matches", "number_007"},
		"action=plan.apply&actor=eve@example.com": {"intent, end not seen", "number_007"},
	} {
		body := owner.get("/audit?" + query).body
		_, body, _ = strings.Cut(body, "<main")
		_, body, _ = strings.Cut(body, "</form>") // the filter's own fields
		if !strings.Contains(body, want[0]) || strings.Contains(body, want[1]+"<") {
			t.Errorf("%s: want %q and no %q", query, want[0], want[1])
		}
	}
	if n := strings.Count(owner.get("/audit?action=plan.apply&actor=eve@example.com").body, "end not seen"); n != 1 {
		t.Errorf("%d intents without an end, want the one of %s", n, open.Target)
	}
	if a := owner.get("/audit?since=yesterday"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a day that is none: %d", a.status)
	}
}

func TestTheAuditLogAsCSV(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	hostile := []string{"=1+1", "+1", "-1", "@x", "\tx", ` "=1`, "＝1", "plain", "with \"quotes\", commas\nand lines", "''=1"}
	for i, h := range hostile {
		s.entry(i, audit.Entry{Action: audit.DatabaseQuery, Outcome: audit.Done, Detail: h})
	}
	for i := range 1100 {
		s.entry(100+i, audit.Entry{Action: audit.OrgCreate, Outcome: audit.Done})
	}
	a := owner.get("/audit.csv?" + url.Values{"actor": {"eve@example.com"}}.Encode())
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") || !strings.Contains(a.header.Get("Content-Disposition"), "audit.csv") {
		t.Errorf("headers %v", a.header)
	}
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil || len(rows) != 1+1100+len(hostile) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows[len(rows)-len(hostile):] {
		h := hostile[len(hostile)-1-i]
		detail := row[11]
		if detail != h && detail != "'"+h {
			t.Errorf("%q became %q", h, detail)
		}
		if first := strings.TrimLeft(detail, ` "`); strings.ContainsAny(first[:1], "=+-@\t") || strings.HasPrefix(first, "＝") {
			t.Errorf("%q opens as a formula", detail)
		}
	}
}
