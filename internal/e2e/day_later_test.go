package e2e_test

import (
	"strings"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The rest of TestOperatorsDay.

func (d *day) writesSQL() {
	d.open(d.db + "/sql")
	d.waitFor("document.querySelector('.cm-content')")
	const update = "update users set locale = 'en-GB' where email = 'anna.schmidt@mail.example'"
	d.fill("#sql", update)
	d.press("Run")
	d.sees("would change the database")
	d.press("Allow writes for 10 min")
	d.sees("writes allowed")
	d.sees("left")
	if sql := eval[string](d.tab, "document.querySelector('#sql').value"); sql != update {
		d.t.Errorf("the switch made the statement %q", sql)
	}
	if path := eval[string](d.tab, "location.pathname"); path != "/databases/"+bigDatabase+"/sql" {
		d.t.Errorf("the switch left the page at %s", path)
	}

	before := d.c.rows(bigDatabase, "session")
	d.fill("#sql", "delete from session")
	d.press("Run")
	d.sees("Nothing has run yet")
	d.sees("Delete every row of session: " + before + " rows")
	d.focused("Cancel")
	d.everywhere("console-ask", "", "-dark")
	d.key(kb.Enter)
	d.hears("Nothing was run")
	d.waitFor("!document.querySelector('[role=alertdialog]')")
	d.waitFor("document.activeElement.closest('.cm-editor')")
	if after := d.c.rows(bigDatabase, "session"); after != before {
		d.t.Errorf("cancelled, %s rows of %s are left", after, before)
	}

	d.fill("#sql", update)
	d.press("Run")
	d.sees("1 row changed")
	d.everywhere("console-write", "")
	d.fill("#sql", "delete from session")
	d.press("Run")
	d.press("Delete " + before + " rows")
	d.sees(before + " rows changed")
	if after := d.c.rows(bigDatabase, "session"); after != "0" {
		d.t.Errorf("confirmed, %s rows are left", after)
	}
	d.press("Back to read-only")
	d.sees("enforced by the engine")
	d.click("nav[aria-label=History] a[title='" + strings.ReplaceAll(update, "'", "\\'") + "']")
	d.waitFor("location.search.includes('sql=') && document.querySelector('#sql')?.value === " + quoteJS(update))
	d.quiet("the console")
}

func (d *day) restores() {
	const name = "birchwood-dental-org-001"
	db := d.p.base + "/databases/" + name
	before := d.c.rows(name, "users")
	d.open(db + "/backups")
	d.sees("No restore points yet")
	d.audit("no restore points")
	d.press("Keep a restore point now")
	d.hears("The restore point is kept.")
	d.open(db + "/tables/users?f=role:eq:member")
	d.click("thead input[type=checkbox]")
	d.press("Delete ")
	d.sees("of users?")
	d.press("Delete ")
	d.hears("The rows are deleted.")
	if d.c.rows(name, "users") == before {
		d.t.Error("nothing was deleted")
	}
	d.open(db + "/backups")
	d.press("Restore…")
	d.sees("Put " + name + " back?")
	d.focused("Cancel")
	d.everywhere("restore", "")
	d.do(chromedp.SendKeys(chromedp.CSS("#confirm"), name))
	d.press("Put it back")
	d.hears("The database is put back.")
	d.sees("2 restore points")
	d.everywhere("backups", "", "-360")
	if after := d.c.rows(name, "users"); after != before {
		d.t.Errorf("restored, it has %s users; before it had %s", after, before)
	}
	// The dialog gives the focus back to the button that asked.
	d.click("button[aria-label='Give up restore point 2']")
	d.waitFor("document.querySelector('dialog#ask[open]')")
	d.audit("a question")
	d.focused("Cancel")
	d.key(kb.Escape)
	d.waitFor("!document.querySelector('dialog[open]')")
	d.focused("Give up restore point 2")
	d.key(kb.Enter)
	d.waitFor("document.querySelector('dialog#ask[open]')")
	d.key(kb.Tab)
	d.focused("Give it up")
	d.key(kb.Enter)
	d.hears("The restore point is gone.")
	d.sees("1 restore point,")
}

func (d *day) managesAnOrganization() {
	d.open(d.p.base + "/orgs/aldgate-mobility")
	d.sees(bigDatabase)
	d.everywhere("org")
	d.press("Activity")
	d.sees("database.rows")
	d.everywhere("org-activity")
	d.open(d.p.base + "/orgs/aldgate-mobility/settings")
	d.fill("#org_name", "Aldgate Mobility Ltd")
	d.press("Rename")
	d.hears("Renamed.")
	d.everywhere("org-settings", "")
}

func (d *day) readsTheLog() {
	d.open(d.p.base + "/audit")
	for _, action := range []string{"database.rows", "database.allow_writes", "database.write", "database.archive",
		"database.unarchive", "database.delete", "database.revive", "point.keep", "point.restore", "point.forget", "org.rename", "fleet.check"} {
		d.sees(action)
	}
	d.open(d.p.base + "/audit?database=" + bigDatabase + "&action=database.write")
	d.sees("update users set locale")
	d.sees("delete from session")
	d.everywhere("audit", "")
	d.open(d.p.base + "/audit?outcome=intent&since=" + time.Now().UTC().Format("2006-01-02"))
	d.sees("database.rows")
	if eval[bool](d.tab, "document.querySelector('main').innerText.includes('end not seen')") {
		d.t.Error("the log has an intent whose end was not seen")
	}
}

func (d *day) goesByKeyboard() {
	d.open(d.p.base + "/schemas")
	d.sees("organization")
	_ = eval[bool](d.tab, "(document.querySelector('main a').focus(), window.before = document.activeElement, true)")
	d.key("k", kb.ModifierCtrl)
	d.waitFor("document.querySelector('dialog#palette[open] .palette-results a')")
	d.key(kb.Escape)
	d.waitFor("!document.querySelector('dialog[open]') && document.activeElement === window.before")
	d.key("k", kb.ModifierCtrl)
	d.waitFor("document.querySelector('dialog#palette[open]') && document.activeElement.type === 'search'")
	d.key("aldgate")
	d.waitFor("document.querySelectorAll('#palette .palette-results a').length === 3")
	d.hears("3 found")
	d.everywhere("palette", "", "-360")
	d.key(kb.ArrowDown + kb.ArrowDown)
	d.waitFor("document.activeElement.innerText.includes('aldgate-mobility-org-002')")
	d.key(kb.Enter)
	d.lands("/databases/aldgate-mobility-org-002")
	// In a database its tabs are found too. Enter takes the first, of what is meant
	// and not of what stands there while that is on its way.
	d.key("k", kb.ModifierCtrl)
	d.waitFor("document.querySelectorAll('dialog#palette[open] .palette-results a').length > 3")
	d.key("backu" + kb.Enter)
	d.lands("/databases/aldgate-mobility-org-002/backups")
	d.key("gq")
	d.lands("/databases/aldgate-mobility-org-002/sql")
	d.key("gf")
	d.lands("/")
	d.key("/")
	d.waitFor("document.activeElement.name === 'q'")
	d.key("gf/?")
	d.waitFor("document.activeElement.value === 'gf/?'") // typing is no shortcut
	d.open(d.p.base + "/orgs")
	d.key("?")
	d.lands("/help")
	d.sees("Keyboard shortcuts")
	d.everywhere("help", "")
	d.open(d.p.base + "/search?q=aldgate")
	d.sees("aldgate-mobility-org-002")
	d.everywhere("search")
	d.open(d.p.base + "/help")
	d.click("[data-shortcuts-toggle]")
	d.key("gf")
	time.Sleep(200 * time.Millisecond)
	if path := eval[string](d.tab, "location.pathname"); path != "/help" {
		d.t.Errorf("switched off, the shortcut led to %s", path)
	}
	d.click("[data-shortcuts-toggle]")
	_ = eval[bool](d.tab, "(document.activeElement.blur(), true)")
	d.key("gf")
	d.lands("/")
	d.quiet("by keyboard")
}

// lands waits until the page of a path is there.
func (x *tab) lands(path string) {
	x.t.Helper()
	x.waitFor("location.pathname === " + quoteJS(path) + " && document.readyState === 'complete'")
}
