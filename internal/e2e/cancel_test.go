package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
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
	x.sees("Cancelled after")
	x.audit("a cancelled statement")
	x.fill("#sql", "select 'at once' as answer")
	x.press("Run")
	x.sees("at once")
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("after Cancel it took %v", took)
	}
	x.quiet("after Cancel")
	// Enter is a new line and never a proposal.
	x.fill("#sql", "")
	x.do(chromedp.Click(chromedp.CSS(".cm-content")), chromedp.KeyEvent("select name from sqlite_master order by name"))
	time.Sleep(400 * time.Millisecond)
	x.do(chromedp.KeyEvent("\rlimit 5"))
	if sql := eval[string](x, "document.querySelector('#sql').value"); strings.Join(strings.Fields(sql),
		" ") != "select name from sqlite_master order by name limit 5" {
		t.Errorf("Enter made it %q", sql)
	}
	// The server stopped too: SIGTERM does not wait for it.
	began = time.Now()
	if code := p.stop(); code != 0 || time.Since(began) > 20*time.Second {
		t.Errorf("stopped with %d after %v", code, time.Since(began))
	}
}

// TestTypingOverASelectionKeepsThePolicy: what a person does to the text of the
// editor, the browser doing the editing, breaks no rule of the page's policy.
func TestTypingOverASelectionKeepsThePolicy(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	c := claimOwner(t, p)
	c.must(http.MethodPost, "/databases", url.Values{"org_name": {"Acme"}, "name": {"acme"}, "request": {"r1"}})
	c.waitPage("/databases/acme", "No tables")
	x := newTab(t)
	x.adopt(c)
	x.open(p.base + "/databases/acme/sql?sql=" + url.QueryEscape("select 'a', 1 from t where x = 'b'"))
	x.waitFor("document.querySelector('.cm-content')")
	_ = eval[bool](x, "(window.violations = [], document.addEventListener('securitypolicyviolation', "+
		"e => window.violations.push(e.violatedDirective)), true)")
	x.do(chromedp.Click(chromedp.CSS(".cm-content")), chromedp.KeyEvent("a", chromedp.KeyModifiers(kb.ModifierCtrl)), chromedp.KeyEvent("z"))
	x.waitFor("document.querySelector('#sql').value === 'z'")
	x.do(chromedp.KeyEvent(" select 'q' "), chromedp.KeyEvent("a", chromedp.KeyModifiers(kb.ModifierCtrl)), chromedp.KeyEvent(kb.Backspace))
	x.waitFor("document.querySelector('#sql').value === ''")
	if v := eval[string](x, "window.violations.join(' ')"); v != "" {
		t.Errorf("violations: %s", v)
	}
	x.quiet("typing over a selection")
}
