package e2e_test

import (
	"net/url"
	"testing"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

// hard is a text that no page can hold as it is: HTML drops the NUL and makes an LF of
// the CR.
const hard = "\na\x00b\x1bc\r\nd\x7f"

func TestControlCharactersAreSeenAndCopied(t *testing.T) {
	t.Parallel()
	p, c := withRows(t, d1.Exec("create table lab(id integer primary key, t text)"),
		d1.Exec("create trigger a_trigger_with_a_name_longer_than_a_telephone_is_wide after insert on lab begin select 1; end"),
		d1.Exec("insert into lab values (1, ?1)", d1.Str(hard)))
	x := newTab(t)
	x.adopt(c)
	cell := url.Values{"key": {browse.EncodeKey([]d1.Value{d1.Int(1)})}}
	row := lab + "/row?" + cell.Encode()
	cell.Set("column", "t")
	console := "/databases/acme-org-001/sql"
	for name, page := range map[string]string{"grid": lab, "row": row, "cell": lab + "/cell?" + cell.Encode(), "console": console} {
		x.open(p.base + page)
		if page == console {
			x.fill("#sql", "select t from lab")
			x.press("Run")
		}
		x.waitFor("document.querySelector('main .ctl')")
		shown := eval[string](x, "[...document.querySelectorAll('main .ctl')].map(m => getComputedStyle(m, '::before').content + m.title).join()")
		if shown != `"NUL"NUL (U+0000),"ESC"ESC (U+001B),"CR"CR (U+000D),"DEL"DEL (U+007F)` {
			t.Errorf("%s shows %s", name, shown)
		}
		if got := eval[string](x, `(() => {
			const copied = new DataTransfer();
			getSelection().selectAllChildren(document.querySelector('main .ctl').parentElement);
			document.dispatchEvent(new ClipboardEvent('copy', {clipboardData: copied}));
			return copied.getData('text/plain') })()`); got != hard {
			t.Errorf("%s: by hand %q is copied, want %q", name, got, hard)
		}
		for _, s := range sizes {
			x.size(s.name)
			x.audit(name + ", " + s.name)
		}
		if name == "cell" {
			_ = eval[bool](x, "(navigator.clipboard.writeText = async (text) => { window.copied = text }, true)")
			x.press("Copy")
			x.waitFor("window.copied === " + quoteJS(hard))
		}
	}
	x.open(p.base + "/databases/acme-org-001/structure?table=lab")
	for _, s := range sizes { // its CREATE texts are wider than a telephone, and scrolled with the keyboard
		x.size(s.name)
		x.audit("structure, " + s.name)
	}
	if !eval[bool](x, "[...document.querySelectorAll('pre.source')].some(e => e.scrollWidth > e.clientWidth && e.tabIndex === 0)") {
		t.Error("no CREATE text is wider than its place")
	}
}
