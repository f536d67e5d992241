package e2e_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/schemas"
)

func organizationSchema(t *testing.T, file string) *schema.Schema {
	t.Helper()
	src, err := schemas.FS.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// standing is what a killed program left of its only database: "none", "empty",
// "v1" or "v2". Anything between is a failure.
func standing(t *testing.T, data string) string {
	t.Helper()
	e, err := local.Open(filepath.Join(data, "databases"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	infos, err := e.List(t.Context())
	if err != nil || len(infos) > 1 {
		t.Fatalf("%d databases, %v", len(infos), err)
	}
	if len(infos) == 0 {
		return "none"
	}
	conn, err := e.Open(t.Context(), infos[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, check := range []string{"pragma quick_check", "pragma foreign_key_check"} {
		r, err := conn.Query(t.Context(), d1.Query(check))
		if err != nil || len(r.Rows) > 0 && r.Rows[0][0].Text() != "ok" {
			t.Errorf("%s: %v %v", check, r, err)
		}
	}
	live, err := migrate.Inspect(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := migrate.Ledger(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	ledger = slices.DeleteFunc(ledger, func(e migrate.Entry) bool { return e.Ended == migrate.Failed })
	for state, rows := range map[string]int{"organization.v1.json": 1, "organization.v2.json": 2} {
		if live.Schema.Hash() != organizationSchema(t, state).Hash() {
			continue
		}
		if len(ledger) != rows {
			t.Errorf("%s with %d rows in the ledger", state, len(ledger))
		}
		return strings.Split(state, ".")[1]
	}
	if len(live.Schema.Tables) != 0 || len(ledger) != 0 {
		t.Fatalf("neither before nor after: %d tables, %d in the ledger", len(live.Schema.Tables), len(ledger))
	}
	return "empty"
}

// TestKilledProvision kills the program at every point of a provision. What is
// there then is before or after a step, the page says so, and resuming ends it.
func TestKilledProvision(t *testing.T) {
	for point, want := range map[string]string{
		"provision:recorded": "none", "provision:create:begun": "none", "provision:create:made": "empty", "provision:create:done": "empty",
		"provision:create:recorded": "empty", "provision:migrate:begun": "empty", "provision:migrate:done": "v1",
		"provision:migrate:recorded": "v1",
		"provision:register:begun":   "v1", "provision:register:done": "v1",
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			p := start(t, data, "FAILPOINT="+point)
			c := claimOwner(t, p)
			_, _, _, _ = c.do(http.MethodPost, "/databases",
				url.Values{"org_name": {"Acme"}, "schema": {"organization"}, "version": {"1"}, "request": {"r1"}})
			_ = p.wait()
			if p.cmd.ProcessState.ExitCode() != -1 {
				t.Fatalf("the program was not killed: %v\n%s", p.cmd.ProcessState, p.log)
			}
			if got := standing(t, data); got != want {
				t.Errorf("killed at %s, the database is %s, want %s", point, got, want)
			}
			p = start(t, data)
			c = signIn(t, p)
			if point == "provision:register:done" { // the last step was recorded with the database
				c.waitPage("/databases/acme-org-001", "newsletter_contacts")
				return
			}
			c.waitPage("/databases/acme-org-001", "interrupted")
			// The form is sent again, as by a browser that lost the answer: it finds the same database.
			location, _ := c.must(http.MethodPost, "/databases",
				url.Values{"org_name": {"Acme"}, "schema": {"organization"}, "version": {"1"}, "request": {"r1"}})
			if location != "/databases/acme-org-001" {
				t.Errorf("sent again, it leads to %s", location)
			}
			c.must(http.MethodPost, "/databases/acme-org-001/resume", nil)
			c.waitPage("/databases/acme-org-001", "newsletter_contacts")
			if code := p.stop(); code != 0 {
				t.Errorf("stopped with %d", code)
			}
			if got := standing(t, data); got != "v1" {
				t.Errorf("after resuming it is %s", got)
			}
		})
	}
}

var hashField = regexp.MustCompile(`name="hash" value="([0-9a-f]{64})"`)

// TestKilledApply kills the program at every point of an apply. The next start
// reads the ledger and says whether the plan ran.
func TestKilledApply(t *testing.T) {
	for point, c := range map[string]struct{ stands, says, then string }{
		"apply:intent": {"v1", "Failed, and rolled back", "v1"},
		"apply:sent":   {"v2", "Applied.", "v2"},
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			p := start(t, data, "FAILPOINT="+point)
			k := claimOwner(t, p)
			k.must(http.MethodPost, "/databases", url.Values{"org_name": {"Acme"}, "schema": {"organization"}, "version": {"1"}, "request": {"r1"}})
			k.waitPage("/databases/acme-org-001", "newsletter_contacts")
			plan, _ := k.must(http.MethodPost, "/databases/acme-org-001/plans", url.Values{"schema": {"organization"}, "version": {"2"}})
			_, body := k.must(http.MethodGet, plan, nil)
			hash := hashField.FindStringSubmatch(body)[1]
			k.must(http.MethodPost, plan+"/approve", url.Values{"hash": {hash}})
			_, _, _, _ = k.do(http.MethodPost, plan+"/apply", url.Values{"hash": {hash}, "confirm": {"acme-org-001"}})
			_ = p.wait()
			if got := standing(t, data); got != c.stands {
				t.Errorf("killed, the database is %s, want %s", got, c.stands)
			}
			p = start(t, data)
			k = signIn(t, p)
			k.waitPage(plan, c.says)
			if _, body := k.must(http.MethodGet, "/databases/acme-org-001/migrations", nil); !strings.Contains(body, plan) {
				t.Error("the history has no such plan")
			}
			p.stop()
			if got := standing(t, data); got != c.then {
				t.Errorf("afterwards it is %s", got)
			}
		})
	}
}

// TestStoppedProgramEndsRequestsUnderWay sends the signal while a statement
// runs: its answer still comes, and the exit is clean.
func TestStoppedProgramEndsRequestsUnderWay(t *testing.T) {
	p := start(t, t.TempDir())
	c := claimOwner(t, p)
	c.must(http.MethodPost, "/databases", url.Values{"org_name": {"Acme"}, "schema": {"organization"}, "request": {"r1"}})
	c.waitPage("/databases/acme-org-001", "newsletter_contacts")
	type answer struct {
		status int
		body   string
		err    error
	}
	answered, begun := make(chan answer), make(chan struct{})
	c.begun = func() { close(begun) }
	go func() {
		status, _, body, err := c.do(http.MethodPost, "/databases/acme-org-001/sql",
			url.Values{"sql": {"with recursive c(n) as (select 1 union all select n+1 from c where n < 3000000) select count(*) as counted from c"}})
		answered <- answer{status, body, err}
	}()
	<-begun
	if code := p.stop(); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	if a := <-answered; a.err != nil || a.status != http.StatusOK || !strings.Contains(a.body, "3000000") {
		t.Errorf("the statement under way: %d %v", a.status, a.err)
	}
}
