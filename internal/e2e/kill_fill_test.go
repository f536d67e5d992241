package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

const (
	crowdOne = `{"name":"crowd","version":1,"tables":{"users":{"id":"integer primary key","email":"text not null"}}}`
	crowdTwo = `{"name":"crowd","version":2,"tables":{"users":{"id":"integer primary key","email":"text not null",` +
		`"mail":"text fill (lower(email))"}}}`
)

// offline runs a statement on the only database of a program that doesn't run, as an
// application with a handle of its own would, and returns the first value.
func offline(t *testing.T, data, sql string) string {
	t.Helper()
	e, err := local.Open(filepath.Join(data, "databases"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	infos, err := e.List(t.Context())
	if err != nil || len(infos) != 1 {
		t.Fatalf("%d databases, %v", len(infos), err)
	}
	conn, err := e.Open(t.Context(), infos[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	r, err := conn.Query(t.Context(), d1.Exec(sql))
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if len(r.Rows) == 0 {
		return ""
	}
	return r.Rows[0][0].Text()
}

// TestKilledFill kills the program before the first chunk of a fill, after it, and at
// some moment. The next start goes on by itself: nothing that was written meanwhile is
// overwritten, and nothing is left.
func TestKilledFill(t *testing.T) {
	for _, point := range []string{"fill:begun", "fill:chunk", "at some moment"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			p := start(t, data, "FAILPOINT="+point)
			k := claimOwner(t, p)
			k.must(http.MethodPost, "/schemas", url.Values{"source": {crowdOne}, "do": {"save"}})
			k.must(http.MethodPost, "/schemas/crowd/versions", url.Values{"source": {crowdTwo}, "do": {"save"}})
			k.must(http.MethodPost, "/databases", url.Values{"org_name": {"Acme"}, "schema": {"crowd"}, "version": {"1"}, "request": {"r1"}})
			k.waitPage("/databases/acme-org-001", "users")
			k.must(http.MethodPost, "/databases/acme-org-001/sql/writes", url.Values{"writes": {"on"}})
			if _, body := k.must(http.MethodPost, "/databases/acme-org-001/sql",
				url.Values{"sql": {"insert into users(id, email) with recursive c(x) as (select 1 union all select x + 1 from c " +
					"where x < 45000) select x, 'User' || x from c"}}); !strings.Contains(body, "45,000") {
				t.Fatal("the rows were not inserted")
			}
			plan, _ := k.must(http.MethodPost, "/databases/acme-org-001/plans", url.Values{"schema": {"crowd"}, "version": {"2"}})
			_, body := k.must(http.MethodGet, plan, nil)
			hash := hashField.FindStringSubmatch(body)[1]
			k.must(http.MethodPost, plan+"/approve", url.Values{"hash": {hash}})
			_, _, _, _ = k.do(http.MethodPost, plan+"/apply", url.Values{"hash": {hash}, "confirm": {"acme-org-001"}})
			if point == "at some moment" { // five chunks with rests take half a second
				time.Sleep(120 * time.Millisecond)
				if err := p.cmd.Process.Signal(os.Kill); err != nil {
					t.Fatal(err)
				}
			}
			_ = p.wait()
			if p.cmd.ProcessState.ExitCode() != -1 {
				t.Fatalf("the program was not killed: %v\n%s", p.cmd.ProcessState, p.log)
			}
			filled := offline(t, data, "select count(mail) from users")
			t.Logf("killed with %s rows filled", filled)
			if want := map[string]string{"fill:begun": "0", "fill:chunk": "10000"}[point]; want != "" && filled != want {
				t.Errorf("killed at %s, %s rows are filled, want %s", point, filled, want)
			}
			offline(t, data, "update users set mail = 'mine' where id in (5, 9999, 25000, 45000)")

			p = start(t, data)
			k = signIn(t, p)
			k.waitPage(plan, "The rows that were there are filled.")
			if _, body := k.must(http.MethodGet, "/audit?action=plan.fill", nil); !strings.Contains(body, "system:recover") {
				t.Error("the audit log doesn't say who went on")
			}
			if code := p.stop(); code != 0 {
				t.Errorf("stopped with %d", code)
			}
			if got := offline(t, data, "select count(*) || ' ' || sum(mail is null) || ' ' || sum(mail = 'mine') || ' ' || "+
				"sum(mail = lower(email)) || ' ' || (select passed from kuratchi_fills) from users"); got != "45000 0 4 44996 45000" {
				t.Errorf("afterwards: %s", got)
			}
			if got := offline(t, data, "select count(*) from pragma_quick_check where quick_check <> 'ok'"); got != "0" {
				t.Errorf("quick_check: %s", got)
			}
		})
	}
}
