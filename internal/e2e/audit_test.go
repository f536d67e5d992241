package e2e_test

import (
	"os"
	"strings"
	"sync"
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
	_ = eval[bool](x, "("+"() => { if (!window.axe) { "+source+" } return true })()")
	_ = evalAwait[bool](x, "Promise.all(document.getAnimations().map(a => a.finished.catch(() => 0))).then(() => true)") // colours settle
	found := evalAwait[string](x, `axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id + ' (' + v.impact + '): ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')).join(' | ')).join('\n'))`)
	if found != "" {
		x.t.Errorf("%s: axe-core: %s", what, found)
	}
	x.quiet(what)
	if over := eval[int](x, "document.documentElement.scrollWidth - window.innerWidth"); over > 0 {
		x.t.Errorf("%s: the page is %d px wider than the window", what, over)
	}
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
