package e2e_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// TestKilledMove kills the program at every point of a move, both ways. The next start
// has the database in one place, whole, with nothing left over in the other.
func TestKilledMove(t *testing.T) {
	t.Parallel()
	other := map[string]string{"embedded": "d1", "d1": "embedded"}
	at := map[string]string{"embedded": "Move to Cloudflare D1", "d1": "Move to the data folder"}
	for _, from := range []string{"embedded", "d1"} {
		for _, point := range []string{"move:intent", "move:made", "move:filled", "move:compared", "move:switched"} {
			t.Run(from+" "+point, func(t *testing.T) {
				t.Parallel()
				cloud, data := front.New(t, front.Options{}), t.TempDir()
				env := []string{"KURATCHI_CF_API_URL=" + cloud.URL, "CF_ACCOUNT_ID=" + front.Account, "CF_API_TOKEN=" + front.Token,
					"CF_API_READ_TOKEN=" + front.ReadToken}
				p := start(t, data, append(env, "FAILPOINT="+point)...)
				c := claimOwner(t, p)
				c.must(http.MethodPost, "/databases",
					url.Values{"org_name": {"Acme Inc."}, "name": {"acme-org-001"}, "place": {from}, "schema": {"organization"},
						"version": {"1"}, "request": {"r1"}})
				c.waitPage(killed, "newsletter_contacts")
				c.must(http.MethodPost, killed+"/sql/writes", url.Values{"writes": {"on"}})
				_, body := c.must(http.MethodPost, killed+"/sql",
					url.Values{"sql": {"insert into users (id, name, email) with recursive n(i) as (select 1 union all select i + 1 " +
						"from n where i < 50) select 'usr_' || i, 'Person', 'p' || i || '@acme.test' from n"}})
				if !strings.Contains(body, "50 rows") {
					t.Fatalf("%.3000s", body)
				}
				_, _, _, _ = c.do(http.MethodPost, killed+"/move", url.Values{"place": {other[from]}, "confirm": {"acme-org-001"}})
				_ = p.wait()
				if p.cmd.ProcessState.ExitCode() != -1 {
					t.Fatalf("the program was not killed: %v\n%s", p.cmd.ProcessState, p.log)
				}
				p = start(t, data, env...)
				c = signIn(t, p)
				want, outcome := at[from], "The move was cut short"
				files := map[string]int{"embedded": 1, "d1": 0}[from]
				onD1 := 1 - files
				if point == "move:switched" {
					want, outcome, files, onD1 = "The old one is kept", "of them value by value", 1, 1
				}
				c.waitPage(killed+"/settings", want)
				c.waitPage("/audit", outcome)
				if got := c.rows("acme-org-001", "users"); got != "50" {
					t.Errorf("%s rows", got)
				}
				p.stop()
				_, made := cloud.Count("create")
				if _, gone := cloud.Count("delete"); made-gone != onD1 {
					t.Errorf("%d made and %d deleted on D1, want %d left", made, gone, onD1)
				}
				if got := databaseFiles(t, data); got != files {
					t.Errorf("%d databases in the data folder, want %d", got, files)
				}
			})
		}
	}
}

func databaseFiles(t *testing.T, data string) int {
	t.Helper()
	e, err := local.Open(filepath.Join(data, "databases"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	infos, err := e.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(infos)
}
