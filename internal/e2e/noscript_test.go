package e2e_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestWithoutScript is the whole walk with scripts switched off: every page is
// links and forms. What the test itself evaluates goes through the debugger.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	p, _ := startDemo(t)
	x := newTab(t)
	x.do(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return chromedp.Void{}, err
	})
	x.adoptOwner(p)
	if eval[bool](x, "document.documentElement.classList.contains('js') || 'theme' in document.documentElement.dataset") {
		t.Fatal("a script ran")
	}
	x.plain("the fleet")
	if eval[bool](x, "[...document.querySelectorAll('[data-theme-toggle]')].some(e => e.offsetParent)") {
		t.Error("the theme switch is there, and does nothing")
	}
	x.fill("#fleet-list input[name=q]", "copperfield")
	x.press("Filter")
	x.waitFor("location.search.includes('q=copperfield')")
	x.sees("copperfield-instruments-org-002")
	if n := eval[int](x, "document.querySelectorAll('#fleet-list tbody tr').length"); n != 2 {
		t.Errorf("the filter leaves %d databases", n)
	}
	x.withoutScriptRows(p)
	x.withoutScriptSQL(p)
	x.withoutScriptMigrations(p)
	x.withoutScriptLifecycle(p)
	x.click(".search")
	x.lands("/search")
	x.fill("main input[name=q]", "oakfield")
	x.press("Search")
	x.waitFor("location.search.includes('q=oakfield') && document.readyState === 'complete'")
	x.waitFor("document.querySelector('main .palette-results a[href=\"/databases/oakfield-vets-org-001\"]')")
	x.plain("the search page")
	x.press("Sign out")
	x.sees("Sign in")
	x.open(p.base + "/audit")
	x.sees("Sign in")
	x.quiet("signed out")
}

// plain checks a page without scripts: what axe-core needs is one of them.
func (x *tab) plain(what string) {
	x.t.Helper()
	x.quiet(what)
	x.fits(what)
	if dead := eval[[]string](x, `[...document.querySelectorAll('main button, main a')].filter(e => e.offsetParent !== null)
	  .filter(e => e.matches('button[type=button]:not(.id), a:not([href])')).map(e => e.outerHTML.slice(0, 120))`); len(dead) > 0 {
		x.t.Errorf("%s: these do nothing without a script:\n%s", what, strings.Join(dead, "\n"))
	}
}

func (x *tab) withoutScriptRows(p *program) {
	x.t.Helper()
	x.open(p.base + "/databases/" + bigDatabase + "/tables/users")
	x.sees("100+ rows")
	first := eval[string](x, "document.querySelector('tbody tr').cells[1].innerText")
	x.press("Next")
	x.waitFor("location.search.includes('after')")
	x.press("Previous")
	x.waitFor("document.querySelector('tbody tr').cells[1].innerText === " + quoteJS(first))
	x.click("main th a[href*='sort=lastName']")
	x.waitFor("document.querySelector('th[aria-sort=ascending]')?.innerText.startsWith('lastName')")
	x.click("details.menu > summary")
	x.fill("#filter-column", "email")
	x.fill("#filter-op", "starts")
	x.fill("#filter-value", "anna.schmidt")
	x.press("Add filter")
	x.sees("7 rows")
	x.plain("a filtered table")
	x.click("tbody input[name=key]")
	x.press("Edit…")
	x.sees("Edit a row of users")
	x.plain("a row")
	x.fill("[name='"+field("v", "name")+"']", "Anna Plain")
	x.press("Save")
	x.sees("Anna Plain")
	x.plain("a saved row")
	x.press("Insert row")
	x.sees("Insert a row into users")
	x.fill("[name='"+field("as", "id")+"']", "uuid")
	x.fill("[name='"+field("v", "name")+"']", "Plain Person")
	x.fill("[name='"+field("v", "email")+"']", "plain.person@mail.example")
	x.press("Insert row")
	x.waitFor("location.search.includes('done=inserted')")
	x.open(p.base + "/databases/" + bigDatabase + "/tables/users?f=email:eq:plain.person@mail.example")
	x.sees("Plain Person")
	x.click("tbody input[name=key]")
	x.press("Delete…")
	x.sees("Delete 1 row of users?")
	x.focused("Cancel")
	x.plain("the question before a delete")
	x.press("Delete 1 row")
	x.sees("No row matches")
}

func (x *tab) withoutScriptSQL(p *program) {
	x.t.Helper()
	x.open(p.base + "/databases/" + bigDatabase + "/sql")
	x.plain("the console")
	x.fill("#sql", "select count(*) as people from users")
	x.press("Run")
	x.sees("300000")
	x.expect("status of 4")
	x.fill("#sql", "update roles set name = name")
	x.press("Run")
	x.sees("would change the database")
	x.press("Allow writes for 10 min")
	x.sees("writes allowed")
	x.press("Run") // what was typed is still there
	x.sees("Nothing has run yet")
	x.sees("Update every row of roles: 5 rows")
	x.focused("Cancel")
	x.plain("the question of the console")
	x.press("Cancel")
	x.waitFor("!document.querySelector('[role=alertdialog]')")
	x.press("Run")
	x.sees("Nothing has run yet")
	x.press("Update 5 rows")
	x.sees("5 rows changed")
	x.press("Back to read-only")
	x.sees("enforced by the engine")
}

func (x *tab) withoutScriptMigrations(p *program) {
	x.t.Helper()
	const name = "oakfield-vets-org-001"
	x.open(p.base + "/databases/" + name + "/migrations")
	x.plain("migrations")
	x.press("Make this a plan to review")
	x.sees("Approve plan")
	x.plain("a plan")
	x.press("Approve plan")
	x.sees("its own author")
	x.plain("an approved plan")
	x.do(chromedp.SendKeys(chromedp.CSS("#confirm-plain"), name))
	x.click("noscript button[type=submit]")
	x.sees("in one transaction.")
	x.plain("an applied plan")
}

func (x *tab) withoutScriptLifecycle(p *program) {
	x.t.Helper()
	const name = "oakfield-vets-org-001"
	x.open(p.base + "/databases/" + name + "/backups")
	x.sees("before a plan")
	x.plain("backups")
	x.press("Keep a restore point now")
	x.waitFor("location.search.includes('done=kept') && document.readyState === 'complete'")
	x.sees("asked for")
	x.open(p.base + "/databases/" + name + "/settings")
	x.plain("settings")
	x.do(chromedp.SendKeys(chromedp.CSS("#confirm-archive"), name))
	x.press("Archive " + name)
	x.sees("Nobody reads or writes it")
	x.plain("an archived database")
	x.press("Put it back into use")
	x.sees("Takes it out of use")
}
