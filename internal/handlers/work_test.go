package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
)

func (s *site) databaseNamed(name string) fleet.Database {
	s.t.Helper()
	d, err := s.fleet.Fleet.Database(s.t.Context(), anOwner, name)
	must(s.t, err)
	return d
}

// gate is a connection that stands before the first batch that holds a word.
type gate struct {
	d1.Conn
	word string
	open chan struct{}
	once sync.Once
}

func (g *gate) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	for _, s := range ss {
		for _, v := range s.Args {
			if v.Text() == g.word {
				g.once.Do(func() { <-g.open })
			}
		}
	}
	return g.Conn.Batch(ctx, ss)
}

func TestARestoreThatTakesLongGoesOn(t *testing.T) {
	s, owner := newFullSite(t)
	conn := s.open("acme-org-001")
	s.exec(conn, "insert into sales (item_id, at) values (3, 'after the point')")
	g := &gate{Conn: s.broken.Conn, word: "point.restore", open: make(chan struct{})}
	s.broken.Conn = g
	const backups = "/databases/acme-org-001/backups"
	res := owner.post("/databases/acme-org-001/points/restore", url.Values{"point": {s.point}, "confirm": {"acme-org-001"}})
	if res.status != http.StatusSeeOther || res.location() != backups {
		t.Fatalf("answered %d to %q: it has to lead to the page that shows how it stands", res.status, res.location())
	}
	page := owner.get(backups).is(http.StatusOK, "Putting acme-org-001 back to how it was at", ". You may leave this page; it goes on.")
	for _, want := range []string{`hx-trigger="every 1s"`, " disabled"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	owner.get("/databases/acme-org-001").is(http.StatusConflict, "is being put back")
	close(g.open)
	d := s.databaseNamed("acme-org-001")
	s.eventually("it is put back", func() bool { return !s.fleet.Fleet.Holds.Busy(d.ID) })
	if page = owner.get(backups).is(http.StatusOK, "2 restore points"); strings.Contains(page.body, "every 1s") {
		t.Error("the page doesn't show that it has ended")
	}
	owner.get("/databases/acme-org-001").is(http.StatusOK)
	if r, err := conn.Query(t.Context(), d1.Query("select count(*) from sales")); err != nil || r.Rows[0][0].Int() != 2 {
		t.Errorf("the rows are not the point's: %v %v", r, err)
	}
}

func TestRestorePointsAreToldApart(t *testing.T) {
	s, owner := newFullSite(t)
	ps, err := s.fleet.Keep.Points.List(t.Context(), s.databaseNamed("acme-org-001"), fleet.Page{})
	must(t, err)
	at := ps[0].CreatedAt.UTC().Format("2006-01-02 15:04:05 UTC")
	owner.get("/databases/acme-org-001/backups").is(http.StatusOK, at)
	words := textOf(owner.get("/databases/acme-org-001/points/restore?" + url.Values{"point": {s.point}}.Encode()).doc())
	for _, want := range []string{"becomes what it was at " + at + ", ", ". Every write since then is undone: rows", "until it is put back."} {
		if !strings.Contains(words, want) {
			t.Errorf("the question doesn't read %q: %s", want, words)
		}
	}
}

// TestARestoreSaysWhatItUndoes: what was written through the dashboard since, and no more.
func TestARestoreSaysWhatItUndoes(t *testing.T) {
	s, owner := newFullSite(t)
	const db = "/databases/acme-org-001"
	owner.post(db+"/points", nil).is(http.StatusSeeOther)
	ps, err := s.fleet.Keep.Points.List(t.Context(), s.databaseNamed("acme-org-001"), fleet.Page{})
	must(t, err)
	ask := db + "/points/restore?" + url.Values{"point": {ps[0].ID}}.Encode()
	owner.get(ask).is(http.StatusOK, "Nothing was written through the dashboard since then")
	s.clock.add(time.Minute)
	owner.post(db+"/sql/writes", url.Values{"writes": {"on"}}).is(http.StatusOK)
	owner.post(db+"/sql", url.Values{"sql": {"insert into items (id, name) values (77001, 'x'), (77002, 'y')"}}).is(http.StatusOK)
	owner.post(db+"/sql", url.Values{"sql": {"insert into items (id, name) values (77001, 'again')"}}).
		is(http.StatusOK, "UNIQUE constraint failed")
	owner.post(db+"/sql", url.Values{"sql": {"update items set name = 'z' where id = 77002"}}).is(http.StatusOK)
	owner.get(ask).is(http.StatusOK, "2 statements by the console, 3 rows", "see the audit log",
		"What your applications wrote isn’t known here")
	if page := s.as(auth.RoleOperator).get(ask).
		is(http.StatusOK, "2 statements by the console"); strings.Contains(textOf(page.doc()), "audit log") {
		t.Error("an operator is led to what is refused")
	}
}

func TestAViewerIsOfferedNothingThatIsRefused(t *testing.T) {
	s, _ := newFullSite(t)
	viewer := s.as(auth.RoleViewer)
	for _, path := range []string{"/databases/acme-org-001/settings", "/databases/gamma-archived/settings",
		"/databases/delta-deleted", "/databases/acme-org-001/backups", "/", "/orgs", "/orgs/acme-inc", "/orgs/acme-inc/settings"} {
		page := viewer.get(path).is(http.StatusOK)
		for _, n := range nodes(page.doc()) {
			if action := attr(n, "action"); n.Data == "form" && attr(n, "method") == "post" && !strings.HasPrefix(action, "/logout") {
				t.Errorf("%s offers a form for %s", path, action)
			}
			if href := attr(n, "href"); n.Data == "a" && (strings.HasPrefix(href, "/databases/new") || strings.Contains(href, "/points/restore")) {
				t.Errorf("%s offers a link to %s", path, href)
			}
		}
	}
}

func TestWhatADeletedDatabaseAndOrganizationSay(t *testing.T) {
	s, owner := newFullSite(t)
	d := s.databaseNamed("delta-deleted")
	words := textOf(owner.get("/databases/delta-deleted").doc())
	if want := "kept until " + d.PurgeAt.UTC().Format("2006-01-02 15:04:05 UTC"); !strings.Contains(words, "then goes for good, in ") &&
		!strings.Contains(words, "any moment now") || !strings.Contains(words, want) {
		t.Errorf("no %q: %s", want, words)
	}
	org := s.databaseNamed("beta-org-001").OrgSlug
	words = textOf(owner.get("/orgs/" + org + "/settings").doc())
	for _, want := range []string{"has 1 database. It is deleted too;", "The short name " + org + " stays taken as long."} {
		if !strings.Contains(words, want) {
			t.Errorf("an organization's settings don't say %q: %s", want, words)
		}
	}
}
