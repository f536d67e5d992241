package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// chromium is one browser for the whole test process; each test has a context
// of its own in it, without anything of the others.
var chromium struct {
	sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc
}

func closeBrowser() {
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.cancel != nil {
		chromium.cancel()
	}
}

func browser(t *testing.T) context.Context {
	t.Helper()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx == nil {
		path := "/usr/bin/chromium"
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("Chromium is not installed: run \"make test\", which installs it")
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
			chromedp.DisableGPU, chromedp.Headless, chromedp.NoFirstRun,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
			chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
		alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, cancel := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}))
		if err := chromedp.Do(ctx); err != nil {
			t.Fatalf("Chromium does not start: %v", err)
		}
		chromium.ctx, chromium.cancel = ctx, func() { cancel(); cancelAlloc() }
	}
	return chromium.ctx
}

// tab is a page of the browser, as a person uses it.
type tab struct {
	t   *testing.T
	ctx context.Context
	// faults are what the page complained of since the last check.
	mu       sync.Mutex
	faults   []string
	expected []string
	// place is where new databases are to live, "" for where the form says.
	place string
	// unseen takes no pictures, where another tab shows the same.
	unseen bool
}

func newTab(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	x := &tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as the context of its first action
		t.Fatal(err)
	}
	x.do(chromedp.EmulateViewport(1360, 820), func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		// Each tab is in front of its own window, whatever the others do.
		_, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return chromedp.Void{}, err
	})
	err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			x.complain("exception: " + e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			if e.Entry.Level == "error" || strings.Contains(e.Entry.Text, "Content Security Policy") {
				x.complain(fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
			}
		case *runtime.EventConsoleAPICalled:
			if e.Type == "error" {
				x.complain(fmt.Sprintf("console.error: %v", e.Args))
			}
		case *cdpage.EventJavascriptDialogOpening:
			x.complain("a dialog opened: " + string(e.Type) + " " + e.Message)
			go func() { // the page stands still until it is answered
				_, _ = chromedp.Call(ctx, cdpage.HandleJavaScriptDialog, cdpage.HandleJavaScriptDialogParams{Accept: true})
			}()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *tab) complain(s string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.expected {
		if strings.Contains(s, e) {
			return
		}
	}
	x.faults = append(x.faults, s)
}

// expect lets complaints pass that hold these words: a page that is meant to be
// refused.
func (x *tab) expect(words ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.expected = append(x.expected, words...)
}

// forget takes back the complaints that hold some words, and reports whether there
// were any.
func (x *tab) forget(words string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := len(x.faults)
	x.faults = slices.DeleteFunc(x.faults, func(s string) bool { return strings.Contains(s, words) })
	return len(x.faults) < n
}

// patience is how long something that has to happen is waited for, on a busy machine too.
const patience = time.Minute

// do runs actions; one that takes longer than patience fails the test with a picture.
func (x *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	x.t.Helper()
	for _, a := range actions {
		if err := x.try(a); err != nil {
			x.fail(err)
		}
	}
}

func (x *tab) try(a chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, a)
}

func (x *tab) fail(err error) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, 10*time.Second)
	defer cancel()
	where, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText.slice(0, 1500)"))
	if png, e := chromedp.Run(ctx, chromedp.CaptureScreenshot()); e == nil {
		file := filepath.Join(os.TempDir(), "kuratchi-e2e-failure.png")
		_ = os.WriteFile(file, png, 0o600)
		x.t.Logf("picture: %s", file)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.t.Fatalf("at %s: %v\n%s\n%s", where, err, strings.Join(x.faults, "\n"), text)
}

func (x *tab) open(url string) { x.t.Helper(); x.do(chromedp.Navigate(url)) }

// eval returns what a script gives.
func eval[T any](x *tab, script string) T {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		x.fail(fmt.Errorf("%s: %w", script, err))
	}
	return v
}

// waitFor waits until a script is true.
func (x *tab) waitFor(script string) {
	x.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(x.ctx, patience)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+script+")"))
		cancel()
		if err == nil && ok {
			return
		}
	}
	x.fail(fmt.Errorf("never became true: %s", script))
}

// sees waits until the page's main part holds the words.
func (x *tab) sees(words string) {
	x.t.Helper()
	x.waitFor("document.readyState === 'complete' && (document.querySelector('main')?.innerText ?? '').includes(" + quoteJS(words) + ")")
}

func quoteJS(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// fill sets a field's value.
func (x *tab) fill(selector, value string) {
	x.t.Helper()
	done := eval[bool](x, `(() => { const el = document.querySelector(`+quoteJS(selector)+`); if (!el) return false;
	  el.value = `+quoteJS(value)+`; for (const e of ['input', 'change']) el.dispatchEvent(new Event(e, {bubbles: true})); return true; })()`)
	if !done {
		x.fail(fmt.Errorf("there is no field %s", selector))
	}
}

// click clicks what is found.
func (x *tab) click(selector string) {
	x.t.Helper()
	x.clickOn("document.querySelector(" + quoteJS(selector) + ")")
}

// press clicks the button or link with that text.
func (x *tab) press(text string) {
	x.t.Helper()
	x.clickOn(`[...document.querySelectorAll('main button, main a, dialog[open] button, .sidebar button')]
	  .find(e => e.innerText.trim().startsWith(` + quoteJS(text) + `) && e.offsetParent !== null)`)
}

// clickOn waits until a script finds an element that shows, and clicks where it is. The
// place is asked for in one step: a page or a part that is loaded meanwhile has other
// elements, of which an id or a mark of the old one knows nothing.
func (x *tab) clickOn(element string) {
	x.t.Helper()
	place := `(() => { const el = document.readyState === 'complete' && ` + element + `; if (!el) return [];
	  el.scrollIntoViewIfNeeded(); const r = el.getClientRects()[0]; return r ? [r.x + r.width / 2, r.y + r.height / 2] : []; })()`
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(x.ctx, patience)
		at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](place))
		cancel()
		if err == nil && len(at) == 2 {
			x.do(chromedp.MouseClickXY(at[0], at[1]))
			return
		}
	}
	x.fail(fmt.Errorf("never there to be clicked: %s", element))
}

// key presses keys where the focus is. Unlike chromedp's own, a key and its
// character are one event, as from a keyboard: a page that takes the key keeps the
// character from whatever has the focus then.
func (x *tab) key(keys string, with ...kb.Modifier) {
	x.t.Helper()
	for _, r := range keys {
		events := kb.Encode(r)
		down, up := events[0], events[len(events)-1]
		for _, m := range with {
			down.Modifiers, up.Modifiers = down.Modifiers|int64(m), up.Modifiers|int64(m)
		}
		if len(events) == 3 && down.Modifiers&^int64(kb.ModifierShift) == 0 {
			down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
		} else {
			down.Type = input.DispatchKeyEventTypeRawKeyDown
		}
		for _, e := range []*input.DispatchKeyEventParams{down, up} {
			x.do(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
				_, err := chromedp.Call(ctx, input.DispatchKeyEvent, *e)
				return chromedp.Void{}, err
			})
		}
	}
}

// focused waits until what has that text, or that label if it has no text, has the
// focus.
func (x *tab) focused(words string) {
	x.t.Helper()
	x.waitFor("(e => (e.innerText?.trim() || e.getAttribute('aria-label') || e.name || '').startsWith(" + quoteJS(words) +
		"))(document.activeElement)")
}

// hears waits until a screen reader was told the words.
func (x *tab) hears(words string) {
	x.t.Helper()
	x.waitFor("[...document.querySelectorAll('[role=status], [aria-live]')].some(e => e.textContent.includes(" + quoteJS(words) + "))")
}

// theme shows the page dark or light.
func (x *tab) theme(dark bool) {
	x.t.Helper()
	name := map[bool]string{true: "dark", false: "light"}[dark]
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}
	if _, err := chromedp.Call(x.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		x.fail(err)
	}
}

// picture saves what the window shows, if the test was asked for pictures.
func (x *tab) picture(name string) {
	x.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" || x.unseen {
		return
	}
	if x.place != "" {
		name = x.place + "-" + name
	}
	time.Sleep(150 * time.Millisecond) // transitions
	png, err := chromedp.Run(x.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		x.fail(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil { //nolint:gosec // a picture for the docs
		x.t.Fatal(err)
	}
}

// evalAwait returns what a script's promise gives.
func evalAwait[T any](x *tab, script string) T {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		x.fail(fmt.Errorf("%.200s: %w", script, err))
	}
	return v
}
