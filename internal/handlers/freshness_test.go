package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// beside runs a statement on the control plane in another process.
func (s *site) beside(sql string) {
	s.t.Helper()
	cmd := exec.Command(os.Args[0], sql) //nolint:gosec // this test program
	cmd.Env = append(os.Environ(), beside+"="+s.controlFile)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", sql, err, out)
	}
}

// A request sees what was changed before it, whoever has changed it.
func TestTheNextRequestSeesWhatWasChanged(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	other, err := local.OpenFile(s.controlFile)
	must(t, err)
	t.Cleanup(func() { _ = other.Close() })
	for who, change := range map[string]func(sql string){
		"this program":       func(sql string) { s.exec(s.control, sql) },
		"another connection": func(sql string) { s.exec(other, sql) },
		"another process":    s.beside,
	} {
		for _, c := range []struct{ what, path, sql, undo, words string }{
			{"a session is ended", "/", "update sessions set revoked_at = 1 where operator_id = '%s'",
				"update sessions set revoked_at = null where operator_id = '%s'", ""},
			{"a session is as old as it may be", "/", "update sessions set created_at = 1 where operator_id = '%s'",
				"update sessions set created_at = last_seen where operator_id = '%s'", ""},
			{"an operator is disabled", "/", "update operators set disabled_at = 1 where id = '%s'",
				"update operators set disabled_at = null where id = '%s'", ""},
			{"a role is another one", "/settings", "update operators set role = 'viewer' where id = '%s'",
				"update operators set role = 'owner' where id = '%s'", "Your role, viewer, may not do this"},
			{"an organization has another name", "/databases/beta-org-001/tables/items",
				"update databases set org_name = 'Gamma' where name = 'beta-org-001'",
				"update databases set org_name = 'Beta' where name = 'beta-org-001'", ">Gamma</a>"},
			{"a database is archived", "/databases/beta-org-001/tables/items",
				"update databases set archived_at = 1 where name = 'beta-org-001'",
				"update databases set archived_at = null where name = 'beta-org-001'", "is archived"},
			{"a database is deleted", "/databases/beta-org-001/tables/items",
				"update databases set deleted_at = 1, final_point = 'p' where name = 'beta-org-001'",
				"update databases set deleted_at = null, final_point = null where name = 'beta-org-001'", "was deleted"},
			{"a database is let go", "/databases/beta-org-001/tables/items",
				"update databases set name = 'elsewhere' where name = 'beta-org-001'",
				"update databases set name = 'beta-org-001' where name = 'elsewhere'", "There is no database named"},
			{"a schema has a newer version", "/databases/beta-org-001/tables/items",
				"update schemas set latest = 9 where name = 'shop'", "update schemas set latest = 3 where name = 'shop'", `data-tone="warn">8<`},
		} {
			o := s.operator(auth.RoleOwner)
			b := s.signedIn(o)
			fill := func(sql string) string { return strings.ReplaceAll(sql, "%s", string(o.ID)) }
			before := b.get(c.path)
			if before.status != http.StatusOK || c.words != "" && strings.Contains(before.body, c.words) {
				t.Fatalf("%s, before %s by %s: %d", c.path, c.what, who, before.status)
			}
			change(fill(c.sql))
			after := b.get(c.path)
			if c.words == "" && !strings.HasPrefix(after.location(), "/login") || c.words != "" && !strings.Contains(after.body, c.words) {
				t.Errorf("%s by %s: the next request got %d %s\n%.300s", c.what, who, after.status, after.location(), after.body)
			}
			change(fill(c.undo))
			if again := b.get(c.path); again.status != http.StatusOK {
				t.Errorf("%s and undone by %s: the next request got %d", c.what, who, again.status)
			}
		}
	}
}

// What people do themselves, through the pages.
func TestTheNextRequestSeesWhatAPageChanged(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	o := s.operator(auth.RoleAdmin)
	here, there := s.signedIn(o), s.signedIn(o)
	there.get("/").is(http.StatusOK)
	form := url.Values{"current": {password}, "password": {"another " + password}, "again": {"another " + password}}
	here.post("/account/password", form).is(http.StatusSeeOther)
	if a := there.get("/"); a.location() != "/login" {
		t.Errorf("after another password: %d %s", a.status, a.location())
	}
	const page = "/databases/beta-org-001/tables/items"
	owner.get(page).is(http.StatusOK)
	owner.post("/databases/beta-org-001/archive", url.Values{"confirm": {"beta-org-001"}}).is(http.StatusSeeOther)
	owner.get(page).is(http.StatusConflict)
	owner.post("/databases/beta-org-001/unarchive", url.Values{}).is(http.StatusSeeOther)
	owner.get(page).is(http.StatusOK)
	owner.post("/logout", url.Values{}).is(http.StatusSeeOther)
	if a := owner.get(page); !strings.HasPrefix(a.location(), "/login") {
		t.Errorf("after signing out: %d %s", a.status, a.location())
	}
}

// The role flips in another connection, and each request that begins after a change was
// answered has to see at least that one.
func TestNoRequestSeesLessThanWhatWasAnsweredBeforeIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other, err := local.OpenFile(s.controlFile)
	must(t, err)
	t.Cleanup(func() { _ = other.Close() })
	o := s.operator(auth.RoleOwner)
	s.exec(s.control, "update operators set email = '0@acme.test' where id = ?1", d1.Str(string(o.ID)))
	var answered atomic.Int64
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		b := s.signedIn(o)
		readers.Go(func() {
			for open := true; open; {
				select {
				case <-done:
					open = false
				default:
				}
				before := answered.Load()
				a := b.get("/account")
				_, rest, _ := strings.Cut(a.body, `#user"></use></svg>`)
				var seen int64
				if _, err := fmt.Sscanf(rest, "%d@acme.test", &seen); err != nil || seen < before {
					t.Errorf("%d: saw %d after %d was answered, %v", a.status, seen, before, err)
					return
				}
			}
		})
	}
	for n := range int64(80) {
		conn := []d1.Conn{s.control, other}[n%2]
		if _, err := conn.Query(t.Context(), d1.Exec("update operators set email = ?1 || '@acme.test' where id = ?2", d1.Int(n+1),
			d1.Str(string(o.ID)))); err != nil {
			t.Error(err)
			break
		}
		answered.Store(n + 1)
	}
	close(done)
	readers.Wait()
}

// A page of a table asks the control plane for nothing but its version.
func TestAPageThatWasSeenReadsNothingOfTheControlPlane(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	const page = "/databases/acme-org-001/tables/items"
	owner.get(page).is(http.StatusOK)
	asked := s.broken.asked.Load()
	owner.get(page).is(http.StatusOK)
	if n := s.broken.asked.Load() - asked; n != 0 {
		t.Errorf("%d statements", n)
	}
}
