package handlers_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
)

var long = flag.Bool("long", false, "meet every fault at every call of an operation")

// What became of an operation: whether its effect is there, whole, in part or not at all.
const (
	effect   = "done"
	part     = "in part"
	noEffect = "not done"
	left     = "not done, with something left"
)

// leftWords stand where something is left.
const leftWords = "could not be removed"

// What a page or the audit log says of that.
const (
	saysDone    = "done"
	saysFailed  = "failed"
	saysUnknown = "unknown"
	saysNothing = ""
)

// attempt is one operation, as it is to be sent.
type attempt struct {
	path string
	form url.Values
	file []byte // is uploaded, in the place of a form
	part bool   // asks for a part of a page
	// became looks at what is there, past everything that fails.
	became func() string
	// says is what a page says that has no toast, nil for what its sentences begin with.
	says func(page string) string
	// then ends what goes on after the page's answer, nil for what is over.
	then func()
}

// faultWalk is a site whose way to its account fails, and the way round that.
type faultWalk struct {
	*site
	b      *browser
	cloud  *front.Front
	net    *front.Faults
	steady *rest.Provider
	dir    string // of the copies, which every provider finds
	n      int
	source []byte // a file to import
}

func newFaultWalk(t *testing.T) *faultWalk {
	t.Helper()
	w := &faultWalk{cloud: front.New(t, front.Options{History: true}), dir: t.TempDir()}
	w.net = front.NewFaults(t, w.cloud)
	w.site, w.b = siteOn(t, w.cloud.URL, true)
	w.steady = w.place(w.cloud.URL)
	w.remote.Store(w.steady)
	return w
}

// place is the account by that way, with a limit of calls of its own: a refusal of one case is
// not the next one's.
func (w *faultWalk) place(base string) *rest.Provider {
	return front.Provider(w.t, base, func(o *rest.Options) {
		o.ReadToken, o.Dir, o.Pause = front.ReadToken, w.dir, time.Millisecond
		if base == w.net.URL {
			o.Settle, o.Follow = 20*time.Millisecond, 20*time.Millisecond
		}
		if base == w.net.URL && *long { // hangs are waited for
			o.Quiet = 3 * time.Second
		}
	})
}

// misfortune is a fault at one call of an operation, or at each from that one on.
type misfortune struct {
	front.Fault
	at     int
	onward bool
}

func (m misfortune) String() string {
	if m.onward {
		return fmt.Sprintf("%s from call %d on", m.Fault, m.at+1)
	}
	return fmt.Sprintf("%s at call %d", m.Fault, m.at+1)
}

// Faults that a call is refused by, and those that lose its answer or may.
var (
	refusing = []front.Fault{front.Overloaded, front.Quota, front.BadGateway, front.NotJSON, front.Redirect, front.Limited}
	losing   = []front.Fault{front.InternalAfter, front.NotSuccess, front.Truncated, front.HalfBody, front.BadGatewayAfter, front.ChangedType}
)

// misfortunes are those of one call: in a short run an answer that is lost, one of the others
// in turn, and one of them from there on.
func misfortunes(turn, at int) (all []misfortune) {
	add := func(onward bool, faults ...front.Fault) {
		for _, f := range faults {
			all = append(all, misfortune{f, at, onward})
		}
	}
	if *long {
		add(false, front.ResetBefore, front.ResetAfter, front.HangBefore, front.HangAfter)
		add(false, refusing...)
		add(false, losing...)
		add(true, front.ResetBefore, front.ResetAfter)
		add(true, refusing[:5]...) // the last one's pause is waited for by what copies
		add(true, losing...)
		return all
	}
	others := slices.Concat([]front.Fault{front.ResetBefore}, refusing[:5], losing)
	onward := []front.Fault{front.ResetAfter, front.Quota, front.ResetAfter, front.BadGateway, front.Truncated}
	turn += at
	add(false, front.ResetAfter, others[5*turn%len(others)])
	add(true, onward[turn%len(onward)])
	return all
}

// A case ends as what it was for all three: what is there, what the page says and what the
// audit log says. Every operation on D1 meets every kind of fault at each of its calls.
func TestAnOperationSaysWhatBecameOfItUnderEveryFault(t *testing.T) {
	t.Parallel()
	for turn, op := range faultedOperations {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			w := newFaultWalk(t)
			cases := 0
			for at := 0; ; at++ {
				met := false
				for _, m := range misfortunes(turn, at) {
					if w.suffer(op, m) {
						met = true
						cases++
					}
				}
				if !met {
					break
				}
			}
			if cases == 0 {
				t.Error("it makes no call that could fail")
			}
			t.Logf("%d cases", cases)
		})
	}
}

// suffer does an operation once with a fault on its way, and compares what is said of it. It
// reports whether the operation got as far as the fault.
func (w *faultWalk) suffer(op faultedOperation, m misfortune) bool {
	w.t.Helper()
	w.n++
	db := fmt.Sprintf("case-%d", w.n)
	a := op.prepare(w, db)
	last, seen := w.lastEntry(), w.net.Seen()
	w.net.Next(append(slices.Repeat([]front.Fault{""}, m.at), m.Fault)...)
	if m.onward {
		w.net.Next(slices.Repeat([]front.Fault{""}, m.at)...)
		w.net.Always(m.Fault)
	}
	w.remote.Store(w.place(w.net.URL))
	page := w.send(a)
	w.rests(db)
	if a.then != nil {
		a.then()
	}
	met := w.net.Seen()-seen > m.at
	w.net.Next()
	w.net.Always("")
	w.remote.Store(w.steady)

	became, says, log := a.became(), w.says(a, page), w.entriesSince(last, op.action)
	where := fmt.Sprintf("%s, %s", op.name, m)
	if !met {
		if became != effect || says != saysDone {
			w.t.Errorf("%s: nothing failed and it is %s, the page says %q: %s", where, became, says, w.words(a, page))
		}
		return false
	}
	var all []string
	wrong := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	defer func() {
		if all != nil {
			w.t.Errorf("%s: %s; it is %s, the page (%d) says %q, the log %q\npage: %s\nlog: %s", where, strings.Join(all, ", "),
				became, page.status, says, log.outcome, w.words(a, page), log.words)
		}
	}()
	if says == saysNothing {
		wrong("the page doesn't say what became of it")
	}
	for _, word := range []string{saysDone, saysFailed} {
		want := map[string]string{saysDone: effect, saysFailed: noEffect}[word]
		if word == saysFailed && became == left {
			continue
		}
		if says == word && became != want {
			wrong("the page is wrong")
		}
		if log.outcome == word && became != want {
			wrong("the log is wrong")
		}
	}
	if became == left && says != saysUnknown && !(strings.Contains(w.words(a, page), leftWords) && strings.Contains(log.words, leftWords)) {
		wrong("not both say what is left")
	}
	if became != noEffect && strings.Contains(w.words(a, page), "Nothing was changed") {
		wrong("the page says that nothing was changed")
	}
	if log.open > 0 {
		wrong("%d intents have no outcome", log.open)
	}
	if op.action != "" && log.outcome == "" && became != noEffect {
		wrong("the log has nothing of it")
	}
	if log.outcome != "" && log.outcome != says && says != saysNothing {
		wrong("the page and the log differ")
	}
	if !m.onward && slices.Contains([]front.Fault{front.Overloaded, front.Quota, front.Limited}, m.Fault) &&
		(says == saysUnknown || log.outcome == saysUnknown) {
		wrong("Cloudflare refused a call, which is no lost answer")
	}
	if op.again && became != effect {
		page := w.send(a)
		w.rests(db)
		if became := a.became(); became != effect {
			w.t.Errorf("%s: %s, and the same once more, which nothing fails, is %s: %s", where, says, became, w.words(a, page))
		}
	}
	return true
}

// send posts an attempt.
func (w *faultWalk) send(a attempt) answer {
	w.t.Helper()
	b := w.b
	if a.part {
		b = b.htmx()
	}
	if a.file != nil {
		return b.upload(a.path, "x.db", a.file)
	}
	return b.post(a.path, a.form)
}

// rests waits until nothing is done to a database.
func (w *faultWalk) rests(name string) {
	w.t.Helper()
	w.eventually(name+" rests", func() bool {
		d, err := w.fleet.Fleet.Database(w.t.Context(), anOwner, name)
		return fault.Is(err, fault.NotFound) || err == nil && !w.fleet.Fleet.Holds.Busy(d.ID) && !w.fleet.Fleet.Holds.Work(d.ID).Running()
	})
}

// words are what is read of an answer: of one that leads on, what stands there.
func (w *faultWalk) words(a attempt, page answer) string {
	w.t.Helper()
	if page.status == http.StatusSeeOther {
		page = w.b.get(page.location())
	}
	body := page.body
	if strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		body = textOf(page.doc())
	}
	if _, main, ok := strings.Cut(body, "Ctrl K"); ok { // what is around every page
		body = main
	}
	return body[:min(len(body), 900)]
}

// says is what the answer says became of an attempt.
func (w *faultWalk) says(a attempt, page answer) string {
	w.t.Helper()
	if page.status == http.StatusSeeOther && strings.Contains(page.location(), "done=") {
		return saysDone
	}
	if page.status == http.StatusBadGateway {
		return saysUnknown
	}
	if page.status >= 400 {
		return saysFailed
	}
	text := w.words(a, page)
	if a.says != nil {
		return a.says(text)
	}
	for _, o := range fleet.Operations() {
		for says, words := range map[string]string{saysDone: o.Done, saysFailed: o.Failed, saysUnknown: o.Unclear} {
			if words != "" && strings.Contains(text, words+" at ") {
				return says
			}
		}
	}
	if page.status == http.StatusSeeOther { // it took long, by a clock that stands still: only what failed is told then
		return saysDone
	}
	return saysNothing
}

// logged is what the audit log has of one operation.
type logged struct {
	outcome string // the last one
	open    int    // intents without an outcome
	words   string
}

func (w *faultWalk) lastEntry() string {
	w.t.Helper()
	r, err := w.control.Query(w.t.Context(), d1.Query("select coalesce(max(id), '') from audit"))
	must(w.t, err)
	return r.Rows[0][0].Text()
}

func (w *faultWalk) entriesSince(last, action string) (l logged) {
	w.t.Helper()
	r, err := w.control.Query(w.t.Context(), d1.Query("select action, outcome, coalesce(detail, ''), outcome = 'intent' and not exists "+
		"(select 1 from audit b where b.intent = a.id) from audit a where id > ?1 order by id", d1.Str(last)))
	must(w.t, err)
	for _, row := range r.Rows {
		l.words += fmt.Sprintf("%s %s %q; ", row[0].Text(), row[1].Text(), row[2].Text())
		l.open += int(row[3].Int())
		if outcome := row[1].Text(); row[0].Text() == action && outcome != "intent" {
			l.outcome = outcome
		}
	}
	return l
}
