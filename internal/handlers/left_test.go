package handlers_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// altered writes other texts into an embedded database's file: see d1test.Alter.
func (s *site) altered(name string, pairs ...string) {
	s.t.Helper()
	dir := filepath.Join(filepath.Dir(s.controlFile), "databases")
	must(s.t, s.engine.Close())
	paths, err := filepath.Glob(filepath.Join(dir, name+".*.db"))
	must(s.t, err)
	d1test.Alter(s.t, paths[0], pairs...)
	s.engine, err = local.Open(dir, local.Options{})
	must(s.t, err)
	s.t.Cleanup(func() { _ = s.engine.Close() })
}

// TestWhatTheEngineLacksIsNamedOnThePages: a module, a tokenizer and a collation that only
// the program has that made the file.
func TestWhatTheEngineLacksIsNamedOnThePages(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	conn := s.open("acme-org-001")
	for _, sql := range []string{"create virtual table mail using fts5(body)",
		"create virtual table words using fts5(w, tokenize='unicode61')",
		"create table cc (x text collate nocase)", "create index sales_at on sales (at collate nocase)",
		"create virtual table places using rtree(id, x0, x1)", "insert into places values (1, 0, 1)"} {
		s.exec(conn, sql)
	}
	must(t, conn.Close())
	s.altered("acme-org-001", "mail using fts5", "mail using fts4", "'unicode61'", "'unicode6x'", "collate nocase", "collate german")

	for _, version := range []string{"2", "3"} { // a column, and a table made anew
		page := owner.get("/databases/acme-org-001/migrations?schema=shop&version="+version).is(http.StatusOK,
			"No plan can touch it", "mail", "it is of the module fts4, which neither D1 nor this engine has",
			"it splits texts by the tokenizer unicode6x", "it uses the collation german")
		if strings.Contains(page.body, "went wrong") {
			t.Error("the page speaks of a fault of ours")
		}
	}
	owner.get("/schemas/new?from=acme-org-001").is(http.StatusOK,
		"Not in this schema", "it is of the module fts4", "CREATE VIRTUAL TABLE places")
	answer := owner.post("/databases/acme-org-001/plans", url.Values{"schema": {"shop"}, "version": {"2"}})
	answer.is(http.StatusSeeOther)
	owner.get(answer.location()).is(http.StatusOK, "No plan can touch it", "it uses the collation german")
	owner.post("/databases/acme-org-001/sql/version",
		url.Values{"sql": {"alter table items add column extra text"}}).is(http.StatusOK, "extra")
	owner.get("/databases/acme-org-001/tables/places").is(http.StatusOK, "1 row")
	owner.get("/databases/acme-org-001/tables/mail").is(http.StatusUnprocessableEntity,
		"mail can't be opened: it is of the module fts4, which neither")
	owner.get("/databases/acme-org-001/tables").is(http.StatusOK, "mail", "words", "cc", "places")
	owner.get("/databases/acme-org-001/tables/cc").is(http.StatusOK)
	owner.get("/databases/acme-org-001/tables/cc?sort=x").is(http.StatusUnprocessableEntity, "it uses the collation german, which neither")
	owner.get("/databases/acme-org-001/tables/words").is(http.StatusOK) // without MATCH no tokenizer is asked for

	d, err := s.fleet.Health.Check(t.Context(), auth.Actor{Role: auth.RoleOwner, Scope: auth.Everything, Email: "test"}, "acme-org-001")
	must(t, err)
	if d.Health == fleet.HealthUnreachable || strings.Contains(d.HealthDetail, "can't be read") {
		t.Errorf("%s: %s", d.Health, d.HealthDetail)
	}
}
