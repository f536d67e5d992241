package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestALargeTableInTheBrowser: a plan that would make a million rows anew is not
// approved. The version that its page offers is saved and applied; its fill is seen to
// run, is stopped, goes on and ends.
func TestALargeTableInTheBrowser(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := start(t, data)
	c := claimOwner(t, p)
	c.must(http.MethodPost, "/schemas", url.Values{"source": {crowdOne}, "do": {"save"}})
	c.must(http.MethodPost, "/schemas/crowd/versions",
		url.Values{"source": {strings.Replace(crowdTwo, "text fill (lower(email))", "text not null default (hex(randomblob(4)))",
			1)}, "do": {"save"}})
	c.must(http.MethodPost, "/databases", url.Values{"org_name": {"Acme"}, "schema": {"crowd"}, "version": {"1"}, "request": {"r1"}})
	c.waitPage("/databases/acme-org-001", "users")
	p.stop()
	offline(t, data, "insert into users(id, email) with recursive c(x) as (select 1 union all select x + 1 from c "+
		"where x < 1100000) select x, 'User' || x from c")
	p = start(t, data)
	x := newTab(t)
	x.adoptOwner(p)
	x.open(p.base + "/databases/acme-org-001/migrations")
	x.press("Make this a plan to review")
	x.sees("D1 stops a transaction after 30 s")
	x.sees(`"mail": "text fill (hex(randomblob(4)))"`)
	x.audit("a plan that is too large")
	x.picture("too-large")
	x.press("Start a version with this")
	x.sees("Save as v3")
	x.audit("the version in between")
	source := eval[string](x, "document.querySelector('#source').value")
	x.fill("#source", strings.Replace(source, "hex(randomblob(4))", "lower(email)", 1))
	x.press("Save as v3")
	x.waitFor("location.pathname === '/schemas/crowd/versions/3'")
	x.open(p.base + "/databases/acme-org-001/migrations")
	x.sees("Filled afterwards")
	x.press("Make this a plan to review")
	x.press("Approve plan")
	x.press("Apply to acme-org-001")
	x.fill("dialog[open] input[name=confirm]", "acme-org-001")
	x.press("Apply 1 step")
	x.sees("The rows that were there are being filled.")
	x.waitFor("document.querySelector('#fill progress').value >= 20000") // the page follows it
	x.picture("filling")
	x.press("Stop filling") // at once, before it is done
	x.sees("Filling is stopped.")
	x.sees("What was filled stays.")
	x.audit("a fill that is stopped")
	passed := eval[int](x, "document.querySelector('#fill progress').value")
	if passed < 20_000 || passed >= 1_100_000 {
		t.Errorf("stopped at %d rows", passed)
	}
	plan := eval[string](x, "location.pathname")
	x.open(p.base + "/databases/acme-org-001/settings")
	x.sees("See how far it is")
	x.audit("settings beside a fill")
	x.open(p.base + plan)
	x.do(chromedp.EmulateViewport(320, 700))
	x.audit("320 px a fill")
	x.do(chromedp.EmulateViewport(1360, 820))
	x.press("Go on")
	x.sees("The rows that were there are") // being filled, or filled by now
	x.audit("a fill that runs")
	x.theme(true)
	x.audit("a fill that runs, dark")
	x.sees("all of 1,100,000 rows gone through")
	x.sees("The rows that were there are filled.")
	x.picture("filled")
	if code := p.stop(); code != 0 {
		t.Errorf("SIGTERM ended it with %d", code)
	}
	if got := offline(t, data, "select count(*) || ' ' || sum(mail is not lower(email)) from users"); got != "1100000 0" {
		t.Errorf("afterwards: %s", got)
	}
}
