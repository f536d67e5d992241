package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/schemas"
)

// next writes a version of the organization's schema that rebuilds users, which
// eleven references point at, and drops one of its columns.
func next(t *testing.T) string {
	t.Helper()
	src, err := schemas.FS.ReadFile("organization.v2.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(src, &file); err != nil {
		t.Fatal(err)
	}
	file["version"] = 3
	columns := file["tables"].(map[string]any)["users"].(map[string]any)
	delete(columns, "locale")
	columns["settings"] = "json default (json_object())"
	out, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestADestructivePlanInTheBrowser reads a plan that loses a column, is refused,
// acknowledges it, rehearses, approves, applies, and restores to before.
func TestADestructivePlanInTheBrowser(t *testing.T) {
	t.Parallel()
	p, c := withRows(t, users(2000), d1.Exec(`insert into session (sessionToken, userId, expires) `+
		`select 's' || id, id, 1 from users limit 500`))
	c.must(http.MethodPost, "/schemas/organization/versions", url.Values{"source": {next(t)}, "do": {"save"}})
	x := newTab(t)
	x.adopt(c)
	x.open(p.base + "/databases/acme-org-001/migrations")
	x.press("Make this a plan to review")
	x.sees("What is lost")
	x.sees("values of users.locale that are lost: 2000")
	x.sees("rows of users that are written anew: 2000")
	x.audit("a plan that loses a column")
	x.picture("review")
	x.theme(true)
	x.picture("review-dark")
	x.theme(false)

	x.press("Approve plan") // the browser holds it back: the loss is not acknowledged
	if !eval[bool](x, "document.querySelector('input[name=acknowledge]').matches(':invalid')") {
		t.Error("the approval doesn't ask for the acknowledgement")
	}
	x.press("Rehearse on a copy")
	x.sees("assertions held")
	x.sees("the database itself was only read")
	x.audit("a rehearsal")
	x.picture("rehearsal")
	x.click("input[name=acknowledge]")
	x.press("Approve plan")
	x.sees("Acknowledged by")
	x.press("Apply to acme-org-001")
	x.fill("dialog[open] input[name=confirm]", "acme-org-001")
	x.picture("apply")
	x.press("Apply 1 step")
	x.sees("Applied. 1 step")
	x.sees("assertions held")
	x.picture("applied")
	plan := eval[string](x, "location.pathname")

	x.open(p.base + "/databases/acme-org-001/tables/users?cols=id,email,settings")
	x.sees("{}")
	if strings.Contains(c.waitPage("/databases/acme-org-001/structure?table=users", "settings"), "locale") {
		t.Error("the column is still there")
	}
	c.waitPage("/databases/acme-org-001/tables/session", "susr_000001")
	x.open(p.base + plan)
	x.press("Restore to before")
	x.sees("Put acme-org-001 back?")
	x.fill("input[name=confirm]", "acme-org-001")
	x.press("Put it back")
	c.waitPage("/databases/acme-org-001/structure?table=users", "locale")
	if code := p.stop(); code != 0 {
		t.Errorf("SIGTERM ended it with %d", code)
	}
}
