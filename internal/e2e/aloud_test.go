package e2e_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestWhatIsSaidAndWhatMoves: toasts, results and dialogs for somebody who listens,
// who works by keyboard, or who wants nothing to move.
func TestWhatIsSaidAndWhatMoves(t *testing.T) {
	t.Parallel()
	p, c := withRowsAt(t, "1")
	x := newTab(t)
	x.adopt(c)

	t.Run("a toast is read aloud and leaves by itself", func(t *testing.T) {
		x := newTab(t)
		x.adopt(c)
		x.open(p.base + "/databases/acme-org-001/settings")
		x.press("Check now")
		x.waitFor("(e => e.getAttribute('aria-live') === 'polite' && e.textContent === 'Checked just now.')(document.querySelector('#live'))")
		began := time.Now()
		if n := eval[int](x, "document.querySelectorAll('.toast').length"); n != 1 {
			t.Errorf("%d toasts", n)
		}
		if query := eval[string](x, "location.search"); query != "" {
			t.Errorf("a reload would say it again: %s", query)
		}
		x.waitFor("!document.querySelector('.toast')")
		if stood := time.Since(began); stood < 5*time.Second {
			t.Errorf("it stood for %v, too short to read", stood)
		}
		x.open(p.base + "/databases/acme-org-001/settings")
		x.press("Check now")
		x.waitFor("document.querySelector('.toast')")
		began = time.Now()
		x.settle()
		x.do(chromedp.ScrollIntoView(chromedp.CSS(".toast")),
			chromedp.MouseClickXY(eval[float64](x, "document.querySelector('.toast span').getBoundingClientRect().x + 4"),
				eval[float64](x, "document.querySelector('.toast span').getBoundingClientRect().y + 4")))
		time.Sleep(time.Until(began.Add(9 * time.Second)))
		if !eval[bool](x, "!!document.querySelector('.toast')") {
			t.Error("it left under the mouse")
		}
		x.click("[data-toast-close]")
		x.waitFor("!document.querySelector('.toast')")
		x.quiet("toasts")
	})

	x.open(p.base + "/")
	x.waitFor("document.documentElement.dataset.keys === 'ready'")
	x.key("/acme")
	x.hears("1–1 of 1")
	x.key("a", kb.ModifierCtrl)
	x.key("nothing like it")
	x.hears("No database matches")

	// The focus comes back from dialogs: from the palette to its link, and from the
	// apply to its button.
	x.click(".search")
	x.waitFor("document.querySelector('dialog#palette[open]')")
	x.hears("found")
	if !eval[bool](x, "document.querySelector('#palette [role=status]').textContent.includes('found')") {
		t.Error("what is found is said outside of the dialog, where nothing is read")
	}
	x.key(kb.Escape)
	x.waitFor("document.activeElement.matches('.search')")
	plan, _ := c.must(http.MethodPost, "/databases/acme-org-001/plans", url.Values{"schema": {"organization"}, "version": {"2"}})
	_, body := c.must(http.MethodGet, plan, nil)
	c.must(http.MethodPost, plan+"/approve", url.Values{"hash": {hashField.FindStringSubmatch(body)[1]}})
	x.open(p.base + plan)
	x.press("Apply to acme-org-001")
	x.waitFor("document.querySelector('dialog#apply[open]')")
	x.focused("Cancel")
	x.key(kb.Enter)
	x.focused("Apply to acme-org-001")

	// Nothing moves for who asked for that.
	features := []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(x.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		t.Fatal(err)
	}
	still := func(what string) {
		t.Helper()
		moving := eval[[]string](x, `[...document.querySelectorAll('*')].filter(e => { const s = getComputedStyle(e);
		  return [...s.transitionDuration.split(','), ...s.animationName === 'none' ? [] : s.animationDuration.split(',')]
		    .some(d => parseFloat(d) > 0.001)
		    || s.scrollBehavior === 'smooth' })
		  .slice(0, 5).map(e => e.outerHTML.slice(0, 100))`)
		if len(moving) > 0 {
			t.Errorf("%s: these move:\n%v", what, moving)
		}
	}
	still("a plan")
	x.key(kb.Enter) // the button that has the focus
	x.waitFor("document.querySelector('dialog#apply[open]')")
	still("a dialog")
	x.open(p.base + "/databases/acme-org-001/settings")
	x.press("Check now")
	x.waitFor("document.querySelector('.toast')")
	still("a toast")
	x.size("360 px")
	_ = eval[bool](x, "(document.querySelector('[data-sidebar-toggle]').focus(), true)")
	x.key(kb.Enter)
	x.waitFor("document.querySelector('#sidebar[data-open]')")
	still("the drawer")
	x.key(kb.Escape)
	x.focused("Menu")
	x.quiet("at the end")
}
