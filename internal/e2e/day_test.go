package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/kuratchi/dashboard/internal/browse"
)

// day is an operator's day: one browser tab on a program with a large fleet.
type day struct {
	*tab
	p *program
	c *client
	// db is the address of the first database, which has 300,000 users.
	db string
}

const (
	bigDatabase = "aldgate-mobility-org-001"
	somebody    = "anna.schmidt@mail.example"
	someColumns = "&cols=id,name,email,role,phone,locale,lastLoginAt"
)

// TestOperatorsDay is what an operator does to rows and databases on a usual day,
// by keyboard where a hand would be.
func TestOperatorsDay(t *testing.T) {
	t.Parallel()
	p, c := startDemo(t)
	d := &day{tab: newTab(t), p: p, c: c, db: p.base + "/databases/" + bigDatabase}
	d.adopt(c)
	d.looksAtTheFleet()
	d.findsAUser()
	d.looksAtChanges()
	d.fixesCells()
	d.meetsAConflict()
	d.editsARowByItsForm()
	d.deletesRows()
	d.writesSQL()
	d.archivesAndDeletes()
	d.restores()
	d.managesAnOrganization()
	d.readsTheLog()
	d.goesByKeyboard()
	if code := p.stop(); code != 0 {
		t.Errorf("SIGTERM ended it with %d", code)
	}
}

func (d *day) looksAtTheFleet() {
	d.press("Check now")
	d.hears("Every database is being checked.")
	d.waitFor("!document.querySelector('.checked .spin')")
	d.open(d.p.base + "/?status=behind")
	d.sees("2 behind")
	d.waitFor("document.querySelector('a.stat[aria-current]').innerText.includes('behind')")
	d.open(d.p.base + "/")
	d.everywhere("fleet", "", "-dark", "-360")
}

func (d *day) findsAUser() {
	d.open(d.db + "/tables/users")
	d.sees("100+ rows")
	d.key("/")
	d.waitFor("document.activeElement.closest('details.menu')")
	d.key(kb.Enter)
	d.waitFor("document.querySelector('details.menu[open]')")
	d.fill("#filter-column", "email")
	d.fill("#filter-op", "eq")
	d.fill("#filter-value", somebody)
	d.press("Add filter")
	d.sees("Anna Schmidt")
	if n := eval[int](d.tab, "document.querySelectorAll('tbody tr').length"); n != 1 {
		d.t.Errorf("%d people have the address %s", n, somebody)
	}
	d.quiet("a user found")
}

// cell is the script of a cell of the grid: of the row with the e-mail address.
func cell(email, column string) string {
	return `(() => { const grid = document.querySelector('table[data-editable]');
	  const at = [...grid.tHead.rows[0].cells].findIndex(h => h.dataset.column === ` + quoteJS(column) + `);
	  return [...grid.tBodies[0].rows].find(r => [...r.cells].some(c => c.innerText === ` + quoteJS(email) + `)).cells[at] })()`
}

func (d *day) shown(email, column string) string {
	d.t.Helper()
	return eval[string](d.tab, cell(email, column)+".innerText")
}

// edit edits a cell by a double click and leaves it with Enter.
func (x *tab) edit(email, column, text string) {
	x.t.Helper()
	_ = eval[bool](x, "(document.querySelectorAll('[data-press]').forEach(e => e.removeAttribute('data-press')), "+
		cell(email, column)+".setAttribute('data-press', ''), true)")
	x.do(chromedp.DoubleClick(chromedp.CSS("[data-press]")))
	x.waitFor("document.activeElement.closest('.cell-edit')")
	x.key(text + kb.Enter)
	x.waitFor("!document.querySelector('.cell-edit')")
}

// looksAtChanges gathers changes, sees the SQL they stand for, and lets them go.
func (d *day) looksAtChanges() {
	d.open(d.db + "/tables/users?f=email:starts:anna.schmidt" + someColumns)
	d.sees(somebody)
	d.edit(somebody, "phone", "+49 30 5550100")
	d.edit("anna.schmidt@inbox.example", "name", "Anna Schmidt-Weber")
	d.edit("anna.schmidt@inbox.example", "role", "editor")
	d.sees("3 unsaved changes in 2 rows")
	d.press("Show SQL")
	d.sees(`UPDATE "users" AS t SET "name" = 'Anna Schmidt-Weber'`)
	d.everywhere("browse-edit", "", "-dark")
	d.press("Discard")
	d.waitFor("document.querySelector('#changes').hidden && !document.querySelector('td.changed')")
	d.hears("Discarded")
	// Who leaves with changes is asked; the test agrees.
	d.edit(somebody, "phone", "+49 30 5550100")
	d.open(d.db + "/tables/roles")
	if !d.forget("beforeunload") {
		d.t.Error("the page was left with a change that isn't saved, and nobody was asked")
	}
}

// fixesCells changes three cells, takes one back, and saves the other two. Only
// their rows are swapped, under the operator's hands.
func (d *day) fixesCells() {
	d.open(d.db + "/tables/users?f=email:starts:anna.s" + someColumns)
	d.sees("100+ rows")
	const other = "anna.sato@webmail.example"
	phone, name := d.shown(somebody, "phone"), d.shown(other, "name")
	d.edit(somebody, "phone", "+49 30 5550100")
	d.sees("1 unsaved change in 1 row")
	// By the keyboard alone: the arrows go from cell to cell, Enter opens one, Esc
	// leaves it as it was.
	d.key(kb.ArrowRight + kb.ArrowRight + kb.ArrowLeft)
	d.waitFor("document.activeElement === " + cell(somebody, "locale"))
	d.key(kb.Enter)
	d.waitFor("document.activeElement.closest('.cell-edit')")
	d.key("xx" + kb.Escape)
	d.waitFor("document.activeElement === " + cell(somebody, "locale"))
	d.key(kb.Enter)
	d.waitFor("document.activeElement.closest('.cell-edit')")
	d.key("de-AT" + kb.Enter)
	d.sees("2 unsaved changes in 1 row")
	d.edit(other, "name", "Anna S.")
	d.sees("3 unsaved changes in 2 rows")
	d.key("z", kb.ModifierCtrl)
	d.sees("2 unsaved changes in 1 row")
	d.hears("Taken back, 2 changes left")
	if now := d.shown(other, "name"); now != name {
		d.t.Errorf("taken back, the name is %q and not %q", now, name)
	}
	_ = eval[bool](d.tab, `(window.stays = true, document.querySelectorAll('tbody tr').forEach(r => r.stays = true), `+
		cell(somebody, "locale")+`.click(), true)`)
	before := eval[[]float64](d.tab, "[scrollX, scrollY, document.querySelector('.grid-wrap').scrollLeft]")
	d.key("s", kb.ModifierCtrl)
	d.hears("Saved 2 changes")
	d.waitFor("document.querySelector('#changes').hidden")
	if swapped := eval[[]string](d.tab, "[...document.querySelectorAll('tbody tr')].filter(r => !r.stays).map(r => "+
		"r.cells[3].innerText)"); len(swapped) != 1 || swapped[0] != somebody {
		d.t.Errorf("saving swapped the rows of %v", swapped)
	}
	if !eval[bool](d.tab, "window.stays === true") {
		d.t.Error("saving loaded the page anew")
	}
	d.waitFor("document.activeElement === " + cell(somebody, "locale"))
	if after := eval[[]float64](d.tab, "[scrollX, scrollY, document.querySelector('.grid-wrap').scrollLeft]"); after[0] != before[0] ||
		after[1] != before[1] || after[2] != before[2] {
		d.t.Errorf("saving moved the page from %v to %v", before, after)
	}
	d.open(d.db + "/tables/users?f=email:eq:" + somebody + someColumns)
	if d.shown(somebody, "phone") != "+49 30 5550100" || d.shown(somebody, "locale") != "de-AT" || phone == d.shown(somebody, "phone") {
		d.t.Errorf("saved are %q and %q", d.shown(somebody, "phone"), d.shown(somebody, "locale"))
	}
}

// meetsAConflict changes cells that somebody else changes at the same time, in a
// session of their own.
func (d *day) meetsAConflict() {
	address := d.db + "/tables/users?f=email:eq:" + somebody + someColumns
	d.open(address)
	d.sees("Anna Schmidt")
	d.edit(somebody, "name", "Anna Schmidt-Weber")
	d.edit(somebody, "locale", "de-CH")

	o := newTab(d.t)
	o.adopt(d.c)
	o.open(address)
	o.sees("Anna Schmidt")
	o.edit(somebody, "name", "Dr. Anna Schmidt")
	o.edit(somebody, "locale", "en")
	o.press("Save 2 changes")
	o.hears("Saved 2 changes")
	o.quiet("the other one's save")

	d.expect("status of 409")
	d.key("s", kb.ModifierCtrl)
	d.sees("Changed meanwhile")
	for _, words := range []string{"Anna Schmidt-Weber", "Dr. Anna Schmidt", "de-CH", "You saw", "There is now", "You typed"} {
		d.sees(words)
	}
	if d.shown(somebody, "name") != "Anna Schmidt-Weber" {
		d.t.Errorf("the conflict took away what was typed: %q", d.shown(somebody, "name"))
	}
	d.everywhere("conflict", "")
	d.press("Overwrite it")
	d.focused("Take what is there")
	d.press("Take what is there")
	d.waitFor("!document.querySelector('#changes-answer').innerText")
	if d.shown(somebody, "locale") != "en" {
		d.t.Errorf("what was there is not taken: %q", d.shown(somebody, "locale"))
	}
	d.focused("Save 1 change")
	d.key("s", kb.ModifierCtrl)
	d.hears("Saved 1 change")
	// What was taken is what the next change compares with.
	d.edit(somebody, "locale", "fr")
	d.key("s", kb.ModifierCtrl)
	d.waitFor("document.querySelector('#changes').hidden")
	d.open(address)
	if d.shown(somebody, "name") != "Anna Schmidt-Weber" || d.shown(somebody, "locale") != "fr" {
		d.t.Errorf("in the end there are %q and %q", d.shown(somebody, "name"), d.shown(somebody, "locale"))
	}
	d.quiet("after the conflict")
}

func (d *day) editsARowByItsForm() {
	d.click("tbody input[name=key]")
	d.sees("1 selected")
	d.press("Edit…")
	d.sees("Edit a row of users")
	d.everywhere("row", "")
	d.fill("[name='"+field("v", "phone")+"']", "")
	d.fill("[name='"+field("as", "phone")+"']", "null")
	d.press("Show SQL")
	d.sees(`"phone"`)
	d.press("Save")
	d.hears("The changes are saved.")
	d.sees("Anna Schmidt-Weber")
	if d.shown(somebody, "phone") != "NULL" {
		d.t.Errorf("the phone is %q", d.shown(somebody, "phone"))
	}
	d.press("Insert row")
	d.sees("Insert a row into users")
	d.everywhere("row-new")
	d.fill("[name='"+field("as", "id")+"']", "uuid")
	d.fill("[name='"+field("v", "name")+"']", "New Here")
	d.expect("status of 4")
	d.press("Insert row")
	d.sees("email")
	d.waitFor("document.querySelector('[aria-invalid=true]')")
	d.audit("a row refused")
	d.fill("[name='"+field("v", "email")+"']", "new.here@mail.example")
	d.press("Insert row")
	d.hears("The row is inserted.")
}

// field is the name of a column's field in a row's form.
func field(what, column string) string { return what + "." + browse.EncodeName(column) }

func (d *day) deletesRows() {
	d.open(d.db + "/tables/users?f=email:starts:anna.schmidt" + someColumns)
	d.sees("anna.schmidt@post.example")
	d.click("thead input[type=checkbox]")
	d.sees("7 selected")
	d.click("#r5 input[type=checkbox]")
	d.press("Delete 6 rows…")
	d.sees("Delete 6 rows of users?")
	d.focused("Cancel")
	d.everywhere("delete-rows", "")
	d.press("Delete 6 rows")
	d.hears("The rows are deleted.")
	d.sees("1 row")
	d.sees(somebody)
}

func (d *day) archivesAndDeletes() {
	db := d.p.base + "/databases/everly-books-org-001"
	d.open(db + "/settings")
	d.sees("What it is")
	d.press("Check now")
	d.hears("Checked just now.")
	d.everywhere("settings", "")
	d.expect("status of 4")
	d.do(chromedp.SendKeys(chromedp.CSS("#confirm-archive"), "everly-books"))
	d.press("Archive everly-books-org-001")
	d.sees("Type everly-books-org-001, exactly so. Nothing was changed.")
	d.audit("a name that is not the database's")
	d.do(chromedp.SendKeys(chromedp.CSS("#confirm-archive"), "everly-books-org-001"))
	d.press("Archive everly-books-org-001")
	d.hears("Archived.")
	d.everywhere("archived")
	d.press("Put it back into use")
	d.hears("It is in use again.")
	before := d.c.rows("everly-books-org-001", "users")
	d.do(chromedp.SendKeys(chromedp.CSS("#confirm-delete"), "everly-books-org-001"))
	d.press("Delete everly-books-org-001")
	d.sees("goes for good")
	d.everywhere("deleted")
	d.open(d.p.base + "/?q=everly-books-org-001")
	d.sees("No database matches")
	d.open(d.p.base + "/?status=deleted")
	d.sees("everly-books-org-001")
	d.audit("the deleted ones")
	d.open(db + "/settings")
	d.press("Bring it back")
	d.hears("Its last state is back.")
	if after := d.c.rows("everly-books-org-001", "users"); after != before || before == "0" {
		d.t.Errorf("brought back, it has %s users; before it had %s", after, before)
	}
}
