package handlers_test

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
)

// callsDoc has the table of what each page and action costs in calls of the account.
const callsDoc = "../../docs/d1.md"

// price is a row of the table.
type price struct {
	what  string
	of    []string // "GET /databases/:db"
	calls int
	paid  bool // somebody walked it
}

var (
	priceRow   = regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \| (none|\d+)\b[^|]*\|$`)
	priceRoute = regexp.MustCompile("`([^`]+)`")
)

// prices reads the table.
func prices(t *testing.T) (all []*price) {
	t.Helper()
	text, err := os.ReadFile(callsDoc)
	must(t, err)
	_, table, _ := strings.Cut(string(text), "\n## What a page costs\n")
	table, _, _ = strings.Cut(table, "\n## ")
	for _, m := range priceRow.FindAllStringSubmatch(table, -1) {
		p := &price{what: m[1]}
		if m[3] != "none" {
			p.calls, err = strconv.Atoi(m[3])
			must(t, err)
		}
		for _, route := range priceRoute.FindAllStringSubmatch(m[2], -1) {
			if !strings.Contains(route[1], " ") {
				route[1] = "GET " + route[1]
			}
			p.of = append(p.of, route[1])
		}
		all = append(all, p)
	}
	if lines := strings.Count(table, "\n|") - 2; lines != len(all) { // a head and a rule
		t.Errorf("%s: %d of %d rows of the table are understood", callsDoc, len(all), lines)
	}
	return all
}

// callWalk is a site with databases on D1 that counts the calls of what is done there.
type callWalk struct {
	*site
	b      *browser
	cloud  *front.Front
	net    *front.Faults
	prices []*price
	walked map[string]bool // "GET /databases/:db"
}

func newCallWalk(t *testing.T) *callWalk {
	t.Helper()
	w := &callWalk{cloud: front.New(t, front.Options{History: true}), prices: prices(t), walked: map[string]bool{}}
	w.net = front.NewFaults(t, w.cloud)
	w.site, w.b = siteOn(t, w.net.URL, true)
	return w
}

// route is the pattern that an address is of: of several, the one with the fewest parameters.
func (w *callWalk) route(method, path string) string {
	path, _, _ = strings.Cut(path, "?")
	best, fewest := "", 100
	for _, r := range w.server.Routes() {
		n := strings.Count(r.Path, ":")
		is := matches(r.Path, path) || strings.HasSuffix(r.Path, "*") && strings.HasPrefix(path, strings.TrimSuffix(r.Path, "*"))
		if r.Method == method && is && n < fewest {
			best, fewest = method+" "+r.Path, n
		}
	}
	return best
}

// priced are the rows that have a route and words; one that is these words and no more is it.
func (w *callWalk) priced(route, words string) (rows []*price) {
	for _, p := range w.prices {
		switch of := slices.Contains(p.of, route); {
		case of && p.what == words:
			return []*price{p}
		case of && strings.Contains(p.what, words):
			rows = append(rows, p)
		}
	}
	return rows
}

// costs does something that requests an address, and compares the calls it takes with the
// row of the table that has the address and these words.
func (w *callWalk) costs(method, path, words string, do func()) {
	w.t.Helper()
	route := w.route(method, path)
	w.walked[route] = true
	seen, known := w.net.Seen(), len(w.cloud.Calls())
	do()
	got := w.net.Seen() - seen
	var ops []string
	for _, c := range w.cloud.Calls()[min(known, len(w.cloud.Calls())):] {
		ops = append(ops, c.Op)
		if strings.Contains(c.Refused, "no such table") {
			w.t.Errorf("%s %q asks for what isn't there: %s", route, words, c.Refused)
		}
	}
	rows := w.priced(route, words)
	if len(rows) != 1 {
		w.t.Errorf("%s has %d rows for %s %q, which takes %d calls: %s", callsDoc, len(rows), route, words, got, strings.Join(ops, " "))
		return
	}
	rows[0].paid = true
	if got != rows[0].calls {
		w.t.Errorf("%s %q takes %d calls, %s says %d: %s", route, words, got, callsDoc, rows[0].calls, strings.Join(ops, " "))
	}
}

// get reads a page and counts its calls.
func (w *callWalk) get(path, words string) (a answer) {
	w.t.Helper()
	w.costs(http.MethodGet, path, words, func() { a = w.b.get(path).is(http.StatusOK) })
	return a
}

// poll reads the part of a page that its script reads again and again, and which shows that.
func (w *callWalk) poll(path, words string, shows ...string) {
	w.t.Helper()
	w.costs(http.MethodGet, path, words, func() { w.b.htmx().get(path).is(http.StatusOK, shows...) })
}

// post sends a form, waits until what it began has ended, and counts the calls of all that.
func (w *callWalk) post(path, words string, form url.Values, status int, ended ...func()) (a answer) {
	w.t.Helper()
	w.costs(http.MethodPost, path, words, func() {
		a = w.b.post(path, form).is(status)
		for _, wait := range ended {
			wait()
		}
	})
	return a
}

// act is post of a button that leads on to a page.
func (w *callWalk) act(path, words string, form url.Values, ended ...func()) answer {
	w.t.Helper()
	return w.post(path, words, form, http.StatusSeeOther, ended...)
}

// rests waits until nothing is done in a database.
func (w *callWalk) rests(name string) func() {
	return func() {
		w.t.Helper()
		w.eventually(name+" rests", func() bool {
			d, err := w.fleet.Fleet.Database(w.t.Context(), anOwner, name)
			must(w.t, err)
			return !w.fleet.Fleet.Holds.Busy(d.ID) && !w.fleet.Fleet.Holds.Work(d.ID).Running()
		})
	}
}

// arrives waits for a call that is held.
func (w *callWalk) arrives(seen int) {
	w.t.Helper()
	w.eventually("a call arrives", func() bool { return w.net.Seen() > seen })
}

// TestEveryPageAndActionCostsWhatIsWritten walks every route on a database on D1, and holds
// the table of docs/d1.md to what each takes, in both directions.
func TestEveryPageAndActionCostsWhatIsWritten(t *testing.T) {
	t.Parallel()
	w := newCallWalk(t)
	w.walkFree()
	w.walkProvision()
	w.walkRows()
	w.walkConsole()
	w.walkMigrations()
	w.walkBackups()
	w.walkSettings()
	w.walkAdoption()
	w.walkWhole()
	w.walkAccount()
	for _, r := range w.server.Routes() {
		if route := r.Method + " " + r.Path; !w.walked[route] {
			t.Errorf("nobody walked %s", route)
		}
	}
	for _, p := range w.prices {
		if !p.paid {
			t.Errorf("%s has a row that nobody walked: %s", callsDoc, p.what)
		}
		for _, route := range p.of {
			if !w.walked[route] {
				t.Errorf("%s has %s, which isn't walked", callsDoc, route)
			}
		}
	}
}
