package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
)

const (
	ownerEmail    = "ada@acme.test"
	ownerPassword = "a sentence nobody guesses"
)

// claim makes the owner through the setup page.
func (x *tab) claim(p *program) {
	x.t.Helper()
	x.open(p.setup)
	x.sees("Create the owner")
	x.audit("setup")
	x.fill("#email", ownerEmail)
	x.fill("#password", ownerPassword)
	x.press("Create the owner")
	x.sees("No databases yet")
}

// provision makes a database through its form.
func (x *tab) provision(p *program, org, name, version string) {
	x.t.Helper()
	x.open(p.base + "/databases/new")
	x.fill("#org", "")
	x.fill("#org_name", org)
	x.fill("#name", name)
	x.fill("#version", version)
	x.at()
	x.press("Provision database")
	x.waitFor("location.pathname.startsWith('/databases/') && !location.pathname.endsWith('/new')")
}

// at chooses where a new database is to live, in a tab that has a place.
func (x *tab) at() {
	x.t.Helper()
	if x.place != "" {
		x.fill("#place", x.place)
	}
}

// TestWalk is the main job, in a browser, from an empty folder: setup, login,
// provision, browse, query, a new schema version, review, apply, logout.
func TestWalk(t *testing.T) {
	t.Parallel()
	walk(t, newTab(t), start(t, t.TempDir()))
}

// TestWalkOnD1 is the same with every database of an organization on real D1, the
// older and the newest, behind a front for Cloudflare's API.
func TestWalkOnD1(t *testing.T) {
	t.Parallel()
	for _, rt := range d1test.Runtimes {
		t.Run(string(rt), func(t *testing.T) {
			t.Parallel()
			walkOnD1(t, rt)
		})
	}
}

func walkOnD1(t *testing.T, rt d1test.Runtime) {
	t.Helper()
	cloud := front.New(t, front.Options{Runtime: rt})
	x := newTab(t)
	x.place, x.unseen = "d1", rt != d1test.Newest
	cloud.Add("found-by-hand")
	cloud.Add("found-too")
	walk(t, x, start(t, t.TempDir(), "KURATCHI_CF_API_URL="+cloud.URL, "CF_ACCOUNT_ID="+front.Account,
		"CF_API_TOKEN="+front.Token, "CF_API_READ_TOKEN="+front.ReadToken))
	if made, _ := cloud.Count("create"); made != 3 {
		t.Errorf("%d databases were made on D1, want 3", made)
	}
}

// onD1 looks at what only a database on D1 has.
func (x *tab) onD1(p *program) {
	x.t.Helper()
	x.open(p.base + "/databases/acme-inc-org-001/settings")
	x.sees("API latency")
	x.audit("settings of a database on D1")
	x.picture("database-settings")
	x.sees("Move to the data folder")
	x.open(p.base + "/databases/adopt")
	x.sees("found-by-hand")
	const boxes = `[document.querySelector("[data-choose-all]"), ...document.querySelectorAll("input[name=id]")].map((b) => ` +
		`b.indeterminate ? "some" : b.checked ? "yes" : "no").join(" ")`
	for _, step := range []struct{ click, now string }{{"[data-choose-all]", "yes yes yes"}, {"input[name=id]", "some no yes"},
		{"input[name=id]", "yes yes yes"}} {
		x.do(chromedp.Click(chromedp.CSS(step.click)))
		if now := eval[string](x, boxes); now != step.now {
			x.t.Errorf("after a click on %s: %s, want %s", step.click, now, step.now)
		}
	}
	x.press("Look into the chosen ones")
	x.sees("What is in them")
	x.audit("adopting databases")
	x.picture("adopt")
	x.open(p.base + "/databases/acme-inc-org-001/backups")
	x.sees("D1 keeps every moment")
	x.sees("before a plan")
	x.audit("backups of a database on D1")
	x.picture("backups")
	x.open(p.base + "/settings")
	x.press("Test connection")
	x.sees("everything is as it should be")
	x.audit("the account's settings")
	x.picture("cloudflare")
	x.open(p.base + "/databases/acme-inc-org-001/sql")
	x.sees("enforced by Cloudflare")
}

func walk(t *testing.T, x *tab, p *program) {
	t.Helper()
	x.claim(p)
	x.audit("an empty fleet")
	x.picture("fleet-empty")

	x.press("Sign out")
	x.sees("Sign in")
	x.audit("login")
	x.picture("login")
	x.fill("#email", ownerEmail)
	x.fill("#password", ownerPassword)
	x.press("Sign in")
	x.sees("No databases yet")

	x.press("Provision the first database")
	x.sees("Provision a database")
	x.audit("the provision form")
	x.fill("#org_name", "Acme Inc.")
	x.fill("#version", "1")
	x.at()
	x.picture("provision")
	x.press("Provision database")
	x.sees("acme-inc-org-001")
	x.waitFor("document.querySelector('#progress .notice[data-tone=ok]') || document.querySelector('table.grid')")
	x.audit("a provision")
	x.open(p.base + "/databases/acme-inc-org-001")
	x.sees("newsletter_campaign_steps")
	x.sees("1 behind")
	x.audit("tables")
	x.picture("tables")

	x.open(p.base + "/databases/acme-inc-org-001/tables/users")
	x.sees("No rows")
	x.audit("an empty table")
	x.open(p.base + "/databases/acme-inc-org-001/structure?table=users")
	x.sees("CREATE TABLE")
	x.audit("structure")
	x.picture("structure")

	x.open(p.base + "/databases/acme-inc-org-001/sql")
	x.waitFor("document.querySelector('.cm-content')")
	x.fill("#sql", "with t(n, s) as (values (9007199254740993, 'one'), (2, null), (3, '')) select n, s, n as n from t "+
		"where n > ?1;\nselect count(*) as users from users")
	x.fill("#params", "1")
	x.press("Run")
	x.sees("9007199254740993")
	x.sees("2 · SELECT")
	x.audit("the console")
	x.picture("console")
	x.expect("status of 4")
	x.fill("#sql", "select 1;\ndelete from users")
	x.press("Run")
	x.sees("the console reads only")
	x.fill("#sql", "select nope\nfrom users")
	x.press("Run")
	x.sees("line 1, column 8")
	x.audit("a refused statement")
	x.picture("console-error")

	x.open(p.base + "/databases/acme-inc-org-001/migrations")
	x.sees("Add column users.mfaEnabled")
	x.audit("migrations")
	x.press("Make this a plan to review")
	x.sees("Approve plan")
	x.audit("a plan")
	x.theme(true)
	x.audit("a plan, dark")
	x.theme(false)
	x.press("Approve plan")
	x.sees("its own author")
	x.press("Apply to acme-inc-org-001")
	x.waitFor("document.querySelector('dialog[open]')")
	x.audit("the confirmation")
	if focus := eval[string](x, "document.activeElement.innerText"); focus != "Cancel" {
		t.Errorf("the focus is on %q, want Cancel", focus)
	}
	x.do(chromedp.SendKeys(chromedp.CSS("#confirm"), "acme-inc-org-001"))
	x.press("Apply 1")
	x.sees("in one transaction.")
	x.waitFor("!document.querySelector('dialog#apply')")
	x.audit("an applied plan")
	x.open(p.base + "/databases/acme-inc-org-001/migrations")
	x.sees("There is nothing to do.")
	x.audit("migrations afterwards")
	x.picture("migrations")

	if x.place != "" {
		x.onD1(p)
	}

	x.open(p.base + "/schemas/organization/versions/new")
	x.sees("organization v3")
	source := eval[string](x, "document.querySelector('#source').value")
	x.fill("#source", strings.Replace(source, `"tables": {`, `"tables": { "notes": { "id": "integer primary key", "body": "txt" },`, 1))
	x.press("Compare")
	x.sees(`"txt" is no type`)
	x.audit("mistakes in a schema")
	x.picture("schema-mistakes")
	x.fill("#source", strings.Replace(source, `"tables": {`, `"tables": { "notes": { "id": "integer primary key", "body": "text" },`, 1))
	x.press("Compare")
	x.sees("Create table notes with 2 columns")
	x.press("Save as v3")
	x.waitFor("location.pathname === '/schemas/organization/versions/3'")
	x.sees("since v2")
	x.audit("a version")
	x.picture("schema-version")

	x.open(p.base + "/databases/acme-inc-org-001/migrations")
	x.sees("Create table notes")
	x.press("Make this a plan to review")
	x.press("Approve plan")
	x.press("Apply to acme-inc-org-001")
	x.do(chromedp.SendKeys(chromedp.CSS("#confirm"), "acme-inc-org-001"))
	x.press("Apply 1 step")
	x.sees("1 step in")
	x.open(p.base + "/databases/acme-inc-org-001/tables/notes")
	x.sees("No rows")

	x.provision(p, "Globex", "", "2")
	x.provision(p, "Wonka", "wonka-main", "")
	x.open(p.base + "/")
	x.sees("wonka-main")
	x.audit("the fleet")
	x.do(chromedp.SendKeys(chromedp.CSS("#fleet-list input[type=search]"), "glob"))
	x.waitFor("location.search.includes('glob') && document.querySelectorAll('#fleet-list tbody tr').length === 1")
	if focus := eval[string](x, "document.activeElement.name"); focus != "q" {
		t.Errorf("typing moved the focus to %q", focus)
	}
	x.audit("the fleet, filtered")
	x.open(p.base + "/?q=nothing-like-it")
	x.sees("No database matches")
	x.audit("no match")

	x.open(p.base + "/audit")
	x.sees("plan.apply")
	x.audit("the audit log")
	x.open(p.base + "/account")
	x.sees("this one")
	x.audit("the account")
	x.picture("account")
	for _, path := range []string{"/orgs", "/orgs/acme-inc", "/schemas", "/schemas/new", "/schemas/organization",
		"/databases/acme-inc-org-001/sql"} {
		x.open(p.base + path)
		x.waitFor("document.querySelector('main')")
		x.audit(path)
	}
	x.theme(true)
	for _, path := range []string{"/", "/account", "/audit", "/orgs", "/schemas/organization",
		"/schemas/organization/versions/3", "/databases/new", "/databases/acme-inc-org-001", "/databases/acme-inc-org-001/sql",
		"/databases/acme-inc-org-001/structure", "/databases/acme-inc-org-001/migrations"} {
		x.open(p.base + path)
		x.audit("dark " + path)
	}
	x.picture("migrations-dark")
	x.theme(false)
	x.do(chromedp.EmulateViewport(320, 700))
	for _, path := range []string{"/", "/account", "/audit", "/databases/new", "/databases/acme-inc-org-001/tables/users",
		"/databases/acme-inc-org-001/sql", "/databases/acme-inc-org-001/migrations", "/schemas/organization/versions/3", "/schemas/new"} {
		x.open(p.base + path)
		x.audit("320 px " + path)
	}
	x.open(p.base + "/")
	x.picture("fleet-320")
	x.do(chromedp.EmulateViewport(1360, 820))
	x.open(p.base + "/databases/nope")
	x.sees("Not found")
	x.quiet("not found")
	x.open(p.base + "/")
	x.press("Sign out")
	x.sees("Sign in")
	x.open(p.base + "/databases/acme-inc-org-001")
	x.sees("Sign in")
	if code := p.stop(); code != 0 {
		t.Errorf("SIGTERM ended it with %d", code)
	}
}
