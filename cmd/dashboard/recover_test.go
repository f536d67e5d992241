package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAnAPIThatHangsKeepsNoStartWaiting: work on D1 was cut short, and Cloudflare
// answers nothing. The program serves and is ready, says what it looks into, and stops
// cleanly meanwhile.
func TestAnAPIThatHangsKeepsNoStartWaiting(t *testing.T) {
	asked, ended := make(chan struct{}, 100), make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-ended:
		}
	}))
	defer api.Close()
	defer close(ended)
	dir := t.TempDir()
	_, _, stop := serving(t, dir)
	stop()
	control(t, dir, addOrg)
	control(t, dir, `insert into databases (id, name, org_id, org_slug, org_name, provider, provider_id, state,
	  created_at, created_by, updated_at)
	  values ('1', 'acme-d1', '1', 'acme', 'Acme', 'd1', 'b1d2c3d4-0000-4000-8000-000000000001', 'ready', 0, 'ada', 0),
	  ('2', 'acme-gone', '1', 'acme', 'Acme', 'd1', 'b1d2c3d4-0000-4000-8000-000000000002', 'ready', 0, 'ada', 0)`)
	control(t, dir, `insert into plans (id, database_name, hash, body, state, created_at, created_by) `+
		`values ('p', 'acme-d1', 'h', '{}', 'applying', 0, 'ada')`)
	control(t, dir, `update databases set deleted_at = 1, purge_at = 9999999999999 where name = 'acme-gone'`)

	base, out, stop := serving(t, dir, "KURATCHI_CF_API_URL", api.URL, "CF_ACCOUNT_ID", "0123456789abcdef0123456789abcdef",
		"CF_API_TOKEN", "a-token-of-forty-characters-or-so-1234567")
	select {
	case <-asked: // behind
	case <-time.After(time.Minute):
		t.Fatalf("Cloudflare is not asked: %s", out)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/login": 200} {
		if code, body := get(t, base+path); code != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	for _, want := range []string{`database=acme-d1 what="a plan was being applied"`, `database=acme-gone what="its deletion was under way"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log has no %s: %s", want, out)
		}
	}
	if code := stop(); code != exitOK || strings.Contains(out.String(), "level=ERROR") {
		t.Errorf("stopped with %d: %s", code, out)
	}
	if got := control(t, dir, "select state from plans"); got != "applying" {
		t.Errorf("the plan is %s", got)
	}
}
