package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
)

const consolePath = "/databases/acme-org-001/sql"

func (s *site) items() int64 {
	s.t.Helper()
	r, err := s.open("acme-org-001").Query(s.t.Context(), d1.Query("select count(*) from items"))
	must(s.t, err)
	return r.Rows[0][0].Int()
}

func TestTheConsoleWritesOnlyWhileThatIsAllowed(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	run := func(b *browser, sql, confirm string) answer {
		return b.post(consolePath, url.Values{"sql": {sql}, "confirm": {confirm}})
	}
	insert := "insert into items (id, name) values (500, 'x')"
	run(owner, insert, "").is(http.StatusOK, "would change the database", "read-only", "Allow writes for 10 min")
	a := owner.post(consolePath+"/writes", url.Values{"writes": {"on"}, "sql": {"select 'kept'"}}).
		is(http.StatusOK, "writes allowed", "Back to read-only", "select 'kept'")
	if a.header.Get("Location") != "" {
		t.Error("what was typed is lost")
	}
	run(owner, insert, "").is(http.StatusOK, "1 row changed")
	if s.items() != 121 {
		t.Errorf("%d items", s.items())
	}
	// Another session, another database and another person still read only.
	other := s.as(auth.RoleOwner)
	run(other, "delete from items where id = 1", "").is(http.StatusOK, "would change the database")
	owner.post("/databases/beta-org-001/sql", url.Values{"sql": {insert}}).is(http.StatusOK, "would change the database")
	s.as(auth.RoleViewer).post(consolePath+"/writes", url.Values{"writes": {"on"}}).is(http.StatusForbidden)
	viewer := s.as(auth.RoleViewer).get(consolePath).is(http.StatusOK, "read-only")
	if strings.Contains(viewer.body, "Allow writes") {
		t.Error("a viewer is offered to write")
	}
	s.clock.add(10*time.Minute - time.Second)
	run(owner, "update items set name = 'y' where id = 500", "").is(http.StatusOK, "1 row changed")
	s.clock.add(time.Second)
	run(owner, "delete from items where id = 500", "").is(http.StatusOK, "would change the database", "read-only")
	owner.post(consolePath+"/writes", url.Values{"writes": {"on"}}).is(http.StatusOK)
	owner.post(consolePath+"/writes", url.Values{"writes": {"off"}}).is(http.StatusOK, "read-only")
	run(owner, "delete from items where id = 500", "").is(http.StatusOK, "would change the database")
	if n := s.count("select count(*) from write_switches"); n != 0 {
		t.Errorf("%d switches are left", n)
	}
}

func TestWhatIsDangerousIsAskedAboutFirst(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	owner.post(consolePath+"/writes", url.Values{"writes": {"on"}})
	for _, b := range []*browser{owner, owner.htmx()} {
		form := url.Values{"sql": {"delete from items -- all"}}
		a := b.post(consolePath, form).is(http.StatusOK, "Nothing has run yet", "Delete every row of items: 120 rows",
			"2 rows of sales point at it: ON DELETE CASCADE", "Delete 120 rows", "Cancel")
		if s.items() != 120 {
			t.Fatal("it ran without being asked")
		}
		token := value(t, a.doc(), "confirm")
		for _, wrong := range []url.Values{{"confirm": {"x"}}, {"sql": {"delete from items"}, "confirm": {token}},
			{"params": {"1"}, "confirm": {token}}} {
			b.post(consolePath, merge(form, wrong)).is(http.StatusOK, "Nothing has run yet")
		}
		b.post(consolePath, url.Values{"sql": {"drop table sales; select 1"}}).
			is(http.StatusOK, "Drop the table sales, with 2 rows", "Drop sales and 2 rows")
		b.post(consolePath, url.Values{"sql": {"alter table items rename to things"}}).
			is(http.StatusOK, "Alter the table items, which has 120 rows")
		typo := b.post(consolePath, url.Values{"sql": {"select 1;\nselect nope from items"}}).
			is(http.StatusOK, "no such column: nope", "line 2, column 8")
		if strings.Contains(typo.body, "Nothing has run yet") {
			t.Error("a typo is asked about")
		}
	}
	a := owner.post(consolePath, url.Values{"sql": {"delete from items where 1; delete from sales"}})
	owner.post(consolePath, url.Values{"sql": {"delete from items where 1; delete from sales"},
		"confirm": {value(t, a.doc(), "confirm")}}).is(http.StatusOK, "122 rows changed", "0 rows changed")
	if s.items() != 0 {
		t.Error("what was confirmed did not run")
	}
	if n := s.count("select row_count from audit where action = 'database.write' and outcome = 'done'"); n != 122 {
		t.Errorf("the audit log says %d rows", n)
	}
	owner.get(consolePath).is(http.StatusOK, "History", "delete from items where 1; delete from sales")
	other := s.as(auth.RoleOperator).get(consolePath)
	if strings.Contains(other.body, "delete from items where 1") {
		t.Error("somebody else's history is shown")
	}
}

// TestAConfirmationIsOfOneDatabase confirms a deletion of one database on another
// one with as many rows.
func TestAConfirmationIsOfOneDatabase(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	const other = "/databases/beta-org-001/sql"
	for _, path := range []string{consolePath, other} {
		owner.post(path+"/writes", url.Values{"writes": {"on"}})
		owner.post(path, url.Values{"sql": {"create table same (x); insert into same values (1), (2)"}}).is(http.StatusOK, "2 rows changed")
	}
	form := url.Values{"sql": {"delete from same"}}
	form.Set("confirm", value(t, owner.post(consolePath, form).doc(), "confirm"))
	owner.post(other, form).is(http.StatusOK, "Nothing has run yet", "2 rows")
	// Meanwhile a row came: it is the same question.
	_, err := s.open("acme-org-001").Query(t.Context(), d1.Exec("insert into same values (3)"))
	must(t, err)
	owner.post(consolePath, form).is(http.StatusOK, "3 rows changed")
}

// TestCancelUndoesAWrite presses Cancel while a write runs, and drops the
// connection of another one.
func TestCancelUndoesAWrite(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	owner.post(consolePath+"/writes", url.Values{"writes": {"on"}}).
		is(http.StatusOK, "at most 10 s; after that, or if it is cancelled, everything is rolled back",
			"No answer came, so what became of the run")
	form := url.Values{"run": {"r1"}, "sql": {"insert into items (name) with recursive r(i) as (select 1 union all " +
		"select i + 1 from r) select 'c' from r"}}
	owner.post(consolePath+"/cancel", url.Values{"run": {"r1"}}).is(http.StatusNotFound)

	answers := make(chan answer)
	go func() { answers <- owner.post(consolePath, form) }()
	stranger := s.as(auth.RoleOwner)
	writes := func(n int64) func() bool {
		return func() bool {
			return s.count("select count(*) from audit where action = 'database.write' and outcome = 'intent'") >= n
		}
	}
	s.eventually("it writes", writes(1))
	stranger.post(consolePath+"/cancel", url.Values{"run": {"r1"}}).is(http.StatusNotFound)
	owner.post(consolePath+"/cancel", url.Values{"run": {"r1"}}).is(http.StatusNoContent)
	a := <-answers
	a.is(http.StatusOK, "Cancelled after ", "Everything was rolled back; nothing was changed.")
	if s.items() != 120 {
		t.Errorf("%d items: the write went on", s.items())
	}
	if n := s.count("select count(*) from audit where action = 'database.write' and outcome = 'failed' " +
		"and detail like 'Cancelled after%rolled back%'"); n != 1 {
		t.Error("the audit log doesn't say that it was cancelled")
	}

	// A browser that leaves stops it too.
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+consolePath, strings.NewReader(form.Encode()))
	must(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range owner.cookies {
		req.AddCookie(c)
	}
	left := make(chan error)
	go func() {
		_, err := client.Do(req) //nolint:bodyclose // it has none: the request is dropped
		left <- err
	}()
	s.eventually("another one writes", writes(2))
	leave()
	if err := <-left; err == nil {
		t.Error("it was answered")
	}
	s.eventually("the log says why it ended", func() bool {
		return s.count("select count(*) from audit where detail like 'The connection to the browser ended%rolled back%'") == 1
	})
	if s.items() != 120 {
		t.Errorf("%d items: the dropped write went on", s.items())
	}
}

// TestDroppingAParentByHandWantsAReason names the children with their rows.
func TestDroppingAParentByHandWantsAReason(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	owner.post(consolePath+"/writes", url.Values{"writes": {"on"}})
	form := url.Values{"sql": {"pragma foreign_keys = off; drop table items"}}
	a := owner.post(consolePath, form).is(http.StatusOK, "Nothing has run yet",
		"2 rows of sales point at it: ON DELETE CASCADE", "DL101", "Other tables refer to it: sales.", "LM101", "Why it may be done all the same")
	form.Set("confirm", value(t, a.doc(), "confirm"))
	owner.post(consolePath, form).is(http.StatusOK, "Nothing has run yet")
	if s.items() != 120 {
		t.Fatal("it ran without a reason")
	}
	commented := url.Values{"sql": {"drop table sales; -- lint:allow CP101 of another rule\n" +
		"alter table items rename to things -- lint:allow CP101 nothing reads it"}}
	b := owner.post(consolePath, commented).is(http.StatusOK, "Nothing has run yet", "CP101")
	if strings.Contains(b.body, "Why it may be done") {
		t.Error("a reason is asked for though the text has one")
	}
	form.Set("reason", "a trial database")
	owner.post(consolePath, form).is(http.StatusOK, "1 · PRAGMA", "2 · DROP")
	if n := s.count("select count(*) from audit where action = 'database.write' and outcome = 'intent' " +
		"and detail like 'DL101 items: a trial database%'"); n != 1 {
		t.Error("the reason isn't in the audit log")
	}
}
