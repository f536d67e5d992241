package handlers_test

import (
	"net/http"
	"testing"
)

// TestWhatHasNoNameIsShownAndOpened: SQLite takes an empty name, and one of blanks alone, for
// a table, a view, a column and an index.
func TestWhatHasNoNameIsShownAndOpened(t *testing.T) {
	t.Parallel()
	s, b := newFullSite(t)
	conn := s.open("acme-org-001")
	for _, sql := range []string{`create table ""("" text primary key, "  " integer)`, `create index " " on ""("  ")`,
		`insert into "" values ('first row', 7)`, `create view "   " as select "" from ""`} {
		s.exec(conn, sql)
	}
	const db = "/databases/acme-org-001"
	b.get(db).is(http.StatusOK, "(no name)", "(3 blanks)")
	b.get(db+"/tables/~").is(http.StatusOK, "(no name)", "(2 blanks)", "first row")
	b.get(db+"/tables/~ICAg").is(http.StatusOK, "(3 blanks)", "first row")
	b.get(db+"/tables/~?filter=%3Aeq%3Afirst+row").is(http.StatusOK, "first row")
	b.get(db+"/tables/~/rows/new").is(http.StatusOK, "(no name)", "(2 blanks)")
	b.get(db+"/structure?table=").is(http.StatusOK, "(no name)", "(2 blanks)", "(1 blank)")
	b.get(db+"/structure?table=+++").is(http.StatusOK, "(3 blanks)")
	b.get(db + "/migrations").is(http.StatusOK)
	b.get("/schemas/new?from=acme-org-001").is(http.StatusOK, `"": {`)
}
