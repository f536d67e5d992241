package e2e_test

import (
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// axe is axe-core's source, from the asset build's lockfile.
var axe = sync.OnceValues(func() (string, error) {
	b, err := os.ReadFile("../../web/assets/node_modules/axe-core/axe.min.js")
	return string(b), err
})

// audit checks the page that is shown: axe-core finds nothing, the browser
// complained of nothing, and nothing hangs over the right edge.
func (x *tab) audit(what string) {
	x.t.Helper()
	source, err := axe()
	if err != nil {
		x.t.Fatalf("axe-core is not installed: run \"make test\", which installs it: %v", err)
	}
	// The script is given to the debugger, not to the page, so the policy that
	// forbids foreign scripts stays in force.
	for there := false; !there; there = eval[bool](x, "!!window.axe") { // until the page that was asked for has come
		_ = eval[bool](x, "("+"() => { if (!window.axe) { "+source+" } return true })()")
		x.settle() // colours too
	}
	if found := x.axe("{}"); found != "" {
		x.t.Errorf("%s: axe-core: %s", what, found)
	}
	x.quiet(what)
	x.fits(what)
}

// axe returns what axe-core finds on the page, with options of its run.
func (x *tab) axe(options string) string {
	x.t.Helper()
	return evalAwait[string](x, `axe.run(document, {resultTypes: ['violations'], ...`+options+
		`}).then(r => r.violations.map(v => v.id + ' (' + v.impact + '): ' + v.nodes.slice(0, `+
		`3).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')).join(' | ')).join('\n'))`)
}

// fits checks that nothing hangs over the right edge.
func (x *tab) fits(what string) {
	x.t.Helper()
	if over := eval[int](x, "document.documentElement.scrollWidth - window.innerWidth"); over > 0 {
		x.t.Errorf("%s: the page is %d px wider than the window", what, over)
	}
}

// sizes are the windows that a page has to fit in: a desk, the same one at 200 %
// zoom, and a telephone.
var sizes = []struct {
	name          string
	width, height int64
	scale         float64
}{{"1360 px", 1360, 820, 1}, {"200 %", 680, 410, 2}, {"360 px", 360, 740, 1}}

// size gives the window one of the sizes.
func (x *tab) size(name string) {
	x.t.Helper()
	for _, s := range sizes {
		if s.name == name {
			x.do(chromedp.EmulateViewport(s.width, s.height, chromedp.EmulateScale(s.scale)))
		}
	}
}

// everywhere audits the page as it stands at every size, light and dark. pictures
// says which ones to take: the name with "", "-dark" or "-360" behind it. A theme
// changes nothing but colours.
func (x *tab) everywhere(name string, pictures ...string) {
	x.t.Helper()
	suffixes := map[string]string{"1360 px": "", "360 px": "-360"}
	for _, s := range sizes {
		x.size(s.name)
		x.audit(name + ", " + s.name)
		if suffix, ok := suffixes[s.name]; ok && slices.Contains(pictures, suffix) {
			x.picture(name + suffix)
		}
	}
	x.theme(true)
	x.waitFor("document.documentElement.classList.contains('dark')")
	for _, s := range sizes {
		x.size(s.name)
		x.settle()
		if found := x.axe("{runOnly: ['color-contrast']}"); found != "" {
			x.t.Errorf("%s, dark, %s: axe-core: %s", name, s.name, found)
		}
		if s.width == 1360 && slices.Contains(pictures, "-dark") {
			x.picture(name + "-dark")
		}
	}
	x.size("1360 px")
	x.theme(false)
	x.waitFor("!document.documentElement.classList.contains('dark')")
	x.settle()
	x.quiet(name)
}

// settle waits until nothing moves but what turns for ever. It asks again and
// again: one that the next change cuts off never says that it finished.
func (x *tab) settle() {
	x.t.Helper()
	x.waitFor("document.getAnimations().every(a => a.playState !== 'running' || a.effect.getComputedTiming().endTime === Infinity)")
}

// quiet fails the test if the page complained of anything.
func (x *tab) quiet(what string) {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.faults) > 0 {
		x.t.Errorf("%s: the browser complains:\n%s", what, strings.Join(x.faults, "\n"))
		x.faults = nil
	}
}
