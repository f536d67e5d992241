package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

const lab = "/databases/acme-org-001/tables/lab"

// labCell is a cell of the grid, by its row and column.
func labCell(row, column string) string {
	return `document.getElementById('r` + row +
		`').cells[[...document.querySelector('table[data-editable]').tHead.rows[0].cells].findIndex(h => h.dataset.column === '` + column + `')]`
}

// opens opens the editor of a cell.
func (x *tab) opens(row, column string) {
	x.t.Helper()
	_ = eval[bool](x, "(document.querySelectorAll('[data-press]').forEach(e => e.removeAttribute('data-press')), "+
		labCell(row, column)+".setAttribute('data-press', ''), true)")
	x.do(chromedp.DoubleClick(chromedp.CSS("[data-press]")))
	x.waitFor("document.activeElement.closest('.cell-edit')")
}

func (x *tab) types(row, column, text string) {
	x.t.Helper()
	x.opens(row, column)
	x.key(text + kb.Enter)
	x.waitFor("!document.querySelector('.cell-edit')")
}

func labSite(t *testing.T) (*program, *client, *tab) {
	t.Helper()
	p, c := withRows(t, d1.Exec("create table lab(id integer primary key, t text, n integer, need integer not null default 1, x)"),
		d1.Exec("insert into lab values (1, 'line1\nline2', 1, 1, 42), (2, '\nlead', 2, 2, 'text'), (3, '  a  b ', 3, 3, null)"))
	x := newTab(t)
	x.adopt(c)
	x.open(p.base + lab)
	return p, c, x
}

func TestACellOfSeveralLinesStaysAsItIs(t *testing.T) {
	t.Parallel()
	_, _, x := labSite(t)
	for _, row := range []string{"0", "1", "2"} {
		for _, leave := range []string{kb.Enter, kb.Tab + kb.Tab} {
			x.opens(row, "t")
			x.key(leave)
			if leave != kb.Enter {
				x.waitFor("document.activeElement.closest('.cell-edit')")
				x.key(kb.Escape)
			}
			x.waitFor("!document.querySelector('.cell-edit')")
			if n := eval[string](x, "document.querySelector('[data-changes-words]').textContent"); n != "" &&
				!eval[bool](x, "document.querySelector('#changes').hidden") {
				t.Fatalf("row %s left by %q: %s", row, leave, n)
			}
		}
	}
	// What is seen of it: one line, marks, blanks, and the text itself.
	for row, want := range map[string]string{"0": "line1\nline2", "1": "\nlead", "2": "  a  b "} {
		if got := eval[string](x, labCell(row, "t")+".textContent"); got != want {
			t.Errorf("row %s holds %q", row, got)
		}
	}
	if h := eval[[]float64](x, "[...document.querySelectorAll('tbody tr')].map(r => r.offsetHeight)"); h[0] != h[2] ||
		eval[int](x, labCell("0", "t")+".querySelectorAll('i.nl').length") != 1 {
		t.Errorf("heights %v", h)
	}
	x.opens("0", "t")
	x.key(kb.End + kb.Enter) // the end of a textarea's line, then done
	x.waitFor("!document.querySelector('.cell-edit')")
	x.opens("0", "t")
	x.key("one")
	x.key(kb.Enter, kb.ModifierShift)
	x.key("two" + kb.Enter)
	x.sees("1 unsaved change in 1 row")
	x.key("s", kb.ModifierCtrl)
	x.hears("Saved 1 change")
	x.open(eval[string](x, "location.href"))
	if got := eval[string](x, labCell("0", "t")+".textContent"); got != "one\ntwo" {
		t.Errorf("saved %q", got)
	}
}

func TestWhatIsEditedWhileASaveIsOnItsWayIsKept(t *testing.T) {
	t.Parallel()
	p, _, x := labSite(t)
	// Answers take their time from here on.
	_ = eval[bool](x, `(window.plain = fetch, window.held = [], window.fetch = async (...a) => { const r = await `+
		`plain(...a); await new Promise(done => held.push(done)); return r; }, true)`)
	x.types("0", "n", "10")
	x.types("1", "n", "20")
	x.key("s", kb.ModifierCtrl)
	x.waitFor("held.length === 1")
	x.types("0", "n", "11")     // the sent cell itself
	x.types("1", "x", "later")  // another one of a sent row
	x.types("2", "n", "30")     // a row that wasn't sent
	x.key("s", kb.ModifierCtrl) // isn't sent twice
	x.opens("1", "t")           // and one that is still open
	x.key("open")
	_ = eval[bool](x, "(held.shift()(), true)")
	x.hears("Saved 2 changes")
	x.waitFor("document.activeElement.closest('.cell-edit')")
	if got := eval[string](x, "document.activeElement.value"); got != "open" {
		t.Errorf("the open editor holds %q", got)
	}
	x.key(kb.Enter)
	x.sees("4 unsaved changes in 3 rows")
	_ = eval[bool](x, "(window.fetch = plain, true)")
	x.key("s", kb.ModifierCtrl)
	x.hears("Saved 4 changes")
	x.waitFor("document.querySelector('#changes').hidden")
	x.open(p.base + lab)
	for at, want := range map[[2]string]string{{"0", "n"}: "11", {"1", "n"}: "20", {"1", "x"}: "later", {"2", "n"}: "30", {"1", "t"}: "open"} {
		if got := eval[string](x, labCell(at[0], at[1])+".textContent"); got != want {
			t.Errorf("row %s, %s: %q, want %q", at[0], at[1], got, want)
		}
	}
}

func TestNumbersInTheGrid(t *testing.T) {
	t.Parallel()
	p, _, x := labSite(t)
	x.types("0", "x", "43")
	x.types("1", "n", kb.Backspace)
	x.key("s", kb.ModifierCtrl)
	x.hears("Saved 2 changes")
	x.expect("422")
	x.types("2", "need", kb.Backspace)
	x.key("s", kb.ModifierCtrl)
	x.sees("need: the column keeps numbers and can't be NULL")
	x.open("about:blank") // asks nothing: see TestBrowse for that
	x.open(p.base + lab)
	if !eval[bool](x, labCell("0", "x")+".classList.contains('num')") || eval[string](x, labCell("1", "n")+".textContent") != "NULL" {
		t.Errorf("x is %s, n is %s", eval[string](x, labCell("0", "x")+".outerHTML"), eval[string](x, labCell("1", "n")+".outerHTML"))
	}
}

func TestAConflictSaysItsRowAndALongTextIsNotTakenForAValue(t *testing.T) {
	t.Parallel()
	_, c, x := labSite(t)
	x.types("1", "x", "mine")
	x.types("2", "t", "gone soon")
	long := strings.Repeat("long text ", 200)
	save := func(row int64, column, kind, old, text string) {
		c.must(http.MethodPost, lab+"/changes",
			url.Values{"do": {"save"}, "changes": {`[{"key":"` + browse.EncodeKey([]d1.Value{d1.Int(row)}) +
				`","row":1,"cells":[{"column":"` + column + `","kind":"` + kind + `","old":"` + old + `","as":"value","text":"` + text + `"}]}]`}})
	}
	save(2, "x", "text", "text", long)
	save(3, "id", "integer", "3", "33")
	x.expect("409")
	x.key("s", kb.ModifierCtrl)
	x.sees("changed the cell x and deleted a row meanwhile")
	x.sees("id 2")
	x.sees("id 3")
	if off := eval[bool](x, "[...document.querySelectorAll('[data-conflict]')].some(b => b.getBoundingClientRect().right > "+
		"b.closest('.grid-wrap').getBoundingClientRect().right)"); off {
		t.Error("a button of the conflict is out of sight")
	}
	x.press("Take what is there")
	x.press("Drop my changes of it")
	x.waitFor("!document.getElementById('r2')")
	if !eval[bool](x, labCell("1", "x")+".hasAttribute('data-whole')") {
		t.Error("a part of a text can be edited as if it were the value")
	}
}

func TestAnEndedSessionLeavesTheQueue(t *testing.T) {
	t.Parallel()
	p, _, x := labSite(t)
	x.types("0", "n", "10")
	x.expect("401")
	_ = evalAwait[bool](x, "fetch('/logout', {method: 'POST'}).then(() => true)")
	x.key("s", kb.ModifierCtrl)
	x.sees("Your session has ended")
	x.sees("1 unsaved change in 1 row")
	_ = evalAwait[bool](x, "fetch('/login', {method: 'POST', body: new URLSearchParams({email: "+quoteJS(ownerEmail)+
		", password: "+quoteJS(ownerPassword)+"})}).then(r => r.ok)")
	x.key("s", kb.ModifierCtrl)
	x.hears("Saved 1 change")
	x.open(p.base + lab)
	if got := eval[string](x, labCell("0", "n")+".textContent"); got != "10" {
		t.Errorf("n is %s", got)
	}
}

func TestARowsFormFollowsItsChoices(t *testing.T) {
	t.Parallel()
	p, _, x := labSite(t)
	x.open(p.base + lab + "/row?key=" + browse.EncodeKey([]d1.Value{d1.Int(1)}))
	set := func(value string) {
		_ = eval[bool](x, "(() => { const s = document.querySelector('[name=\"as.n\"]'); s.value = '"+value+
			"'; s.dispatchEvent(new Event('change', {bubbles: true})); return true })()")
	}
	field := func() string { return eval[string](x, "document.querySelector('[name=\"v.n\"]').value") }
	set("null")
	if field() != "" {
		t.Errorf("NULL is chosen beside %q", field())
	}
	set("value")
	if field() != "1" {
		t.Errorf("what was typed is lost: %q", field())
	}
	set("null")
	x.fill("[name='v.n']", "7")
	if got := eval[string](x, "document.querySelector('[name=\"as.n\"]').value"); got != "value" {
		t.Errorf("typed beside %q", got)
	}
}

func TestALongTextLeavesTheOtherColumnsInView(t *testing.T) {
	t.Parallel()
	p, c := withRows(t, d1.Exec("create table lab(id integer primary key, a text, b text, n integer)"),
		d1.Exec("insert into lab values (1, printf('%.*c', 300, 'w'), 'b', 5), (2, printf('%.*c', 80, 'w'), 'b', 5)"))
	x := newTab(t)
	x.adopt(c)
	x.open(p.base + lab)
	if out := eval[bool](x, labCell("0", "n")+
		".getBoundingClientRect().right > document.querySelector('.grid-wrap').getBoundingClientRect().right"); out {
		t.Error("the last column is pushed out of view")
	}
}
