package e2e_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

const endless = "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) from c"

// TestCancelStopsTheStatement presses Cancel while a statement runs: the button
// is there, the page says so, and the next statement runs at once.
func TestCancelStopsTheStatement(t *testing.T) {
	p := start(t, t.TempDir())
	c := claimOwner(t, p)
	c.must(http.MethodPost, "/databases", url.Values{"org_name": {"Acme"}, "name": {"acme"}, "request": {"r1"}})
	c.waitPage("/databases/acme", "No tables")
	x := newTab(t)
	x.adopt(c)
	x.open(p.base + "/databases/acme/sql")
	x.waitFor("document.querySelector('.cm-content')")
	x.fill("#sql", endless)
	x.press("Run")
	x.waitFor("document.querySelector('[data-cancel]:not([hidden]):not([disabled])')")
	x.audit("a statement that runs")
	x.picture("console-running")
	began := time.Now()
	x.press("Cancel")
	x.waitFor("document.querySelector('#live').textContent.includes('Cancelled')")
	x.fill("#sql", "select 'at once' as answer")
	x.press("Run")
	x.sees("at once")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("after Cancel it took %v", took)
	}
	x.quiet("after Cancel")
	// The server stopped too: SIGTERM does not wait for it.
	began = time.Now()
	if code := p.stop(); code != 0 || time.Since(began) > 5*time.Second {
		t.Errorf("stopped with %d after %v", code, time.Since(began))
	}
}
