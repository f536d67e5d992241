package rest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Cloudflare's limit for one token or user over all of its API: calls in a window.
// Who goes beyond is refused everything for the rest of the window.
const (
	Calls  = 1200
	Window = 5 * time.Minute
)

// BudgetOptions tune a Budget; a zero field is Cloudflare's limit.
type BudgetOptions struct {
	Calls  int
	Window time.Duration
	// Share is the part of the calls kept for people, 0.25 for 0.
	Share float64
}

// Budget counts the calls to Cloudflare of a whole process, so that there are
// never more than its limit in any window of that length, seen from Cloudflare: a
// call counts from before it is sent until a window after its answer. The same holds
// for every other limit that an answer names. Make one for each account, and give it to
// every Provider of it. It is safe for concurrent use.
type Budget struct {
	share float64
	own   *policy // the documented one, the first of policies

	mu       sync.Mutex // guards what follows
	policies []*policy
	flying   int // calls without an answer yet
	ended    []time.Time
	closed   time.Time     // no call before, said by an answer 429
	pause    time.Duration // after a 429 that said nothing, until a call is served; 0 otherwise
	probing  bool          // the one call that finds out is on its way
	waiting  int
	until    time.Time // when the first of those waiting may go on
}

// NewBudget returns a full budget.
func NewBudget(o BudgetOptions) *Budget {
	if o.Calls <= 0 {
		o.Calls = Calls
	}
	if o.Window <= 0 {
		o.Window = Window
	}
	if o.Share <= 0 || o.Share >= 1 {
		o.Share = 0.25
	}
	own := &policy{calls: o.Calls, quota: o.Calls, window: o.Window}
	return &Budget{share: o.Share, own: own, policies: []*policy{own}}
}

// BudgetState is what a Budget says about itself.
type BudgetState struct {
	// Used is how many calls count now, Limit how many may.
	Used, Limit int
	// ForPeople is how many of Limit background work leaves alone.
	ForPeople int
	// ResetsAt is when the oldest call stops counting, or when Cloudflare lets
	// calls through again; zero when nothing counts.
	ResetsAt time.Time
	// Waiting is how many calls of background work wait, Until when the first of
	// them may go on; zero when none waits.
	Waiting int
	Until   time.Time
	// Closed says that Cloudflare refuses every call until ResetsAt.
	Closed bool
}

// State returns the budget as it is now.
func (b *Budget) State() BudgetState {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.forget(now)
	s := BudgetState{Used: b.used(now), Limit: b.own.calls, ForPeople: b.own.kept(b.share), Waiting: b.waiting,
		Closed: now.Before(b.closed)}
	switch {
	case s.Closed:
		s.ResetsAt = b.closed
	case len(b.ended) > 0:
		s.ResetsAt = b.ended[0].Add(b.own.window)
	}
	if b.waiting > 0 {
		s.Until = b.until
	}
	return s
}

// take counts one call, before it is sent. A person's call that there is no room
// for is fault.Limited with the time it will be possible; background work waits
// until then or for ctx. settle must be called with the answer, nil for none.
func (b *Budget) take(ctx context.Context) (settle func(*http.Response), err error) {
	background, patience := d1.InBackground(ctx), time.Now().Add(maxPause)
	for {
		b.mu.Lock()
		now := time.Now()
		at, by := b.opens(now, background)
		if !at.After(now) {
			settle = b.send()
			b.mu.Unlock()
			return settle, nil
		}
		if probing := b.probing && !now.Before(b.closed); !background && (!probing || now.After(patience)) {
			b.mu.Unlock()
			return nil, usedUp(by, at)
		}
		b.waiting++
		b.until = at
		b.mu.Unlock()
		if background {
			d1.Report(ctx, "waiting for Cloudflare's limit of calls until "+clock(at), 0, 0)
		}
		ok := sleep(ctx, at.Sub(now))
		b.mu.Lock()
		b.waiting--
		b.mu.Unlock()
		if !ok {
			f := &Failure{Cause: cause(ctx.Err()), stopped: ctx.Err(), retryAfter: -1}
			return nil, fault.Wrap(f, fault.Limited,
				"The work was stopped while it waited for Cloudflare's limit of calls until %s. Nothing was sent.", clock(at))
		}
	}
}

// usedUp refuses a call; by is the limit it would exceed, nil for Cloudflare's own refusal.
func usedUp(by *policy, at time.Time) error {
	if by == nil {
		return fault.Wrap(d1.ErrNotRun, fault.Limited,
			"Cloudflare's limit of calls for this account is used up, and it refuses every call for now. Nothing was sent. "+
				"Calls are possible again at %s.", clock(at))
	}
	return fault.Wrap(d1.ErrNotRun, fault.Limited, "Cloudflare's limit of %d calls in %s is used up. Nothing was sent. "+
		"Calls are possible again at %s.", by.calls, minutes(by.window), clock(at))
}

// send counts a call that is about to be sent.
func (b *Budget) send() (settle func(*http.Response)) {
	probe := b.pause > 0
	b.probing = b.probing || probe
	b.flying++
	for _, p := range b.policies {
		p.left--
	}
	return func(resp *http.Response) { b.settle(resp, probe) }
}

func minutes(d time.Duration) string {
	switch {
	case d == time.Minute:
		return "1 minute"
	case d%time.Minute == 0:
		return strconv.Itoa(int(d/time.Minute)) + " minutes"
	}
	return d.String()
}

func clock(t time.Time) string { return t.UTC().Add(time.Second - 1).Format("15:04:05 UTC") }

// whileProbing is how often it is asked whether the call that finds out is back.
const whileProbing = 100 * time.Millisecond

// opens returns when a call may be sent, now or later, and the limit that keeps it. A
// call in flight may end at any time, and counts for a window after.
func (b *Budget) opens(now time.Time, background bool) (at time.Time, by *policy) {
	b.forget(now)
	switch {
	case now.Before(b.closed):
		return b.closed, nil
	case b.probing:
		return now.Add(whileProbing), nil
	}
	at = now
	for _, p := range b.policies {
		kept := 0
		if background {
			kept = p.kept(b.share)
		}
		if t := p.opens(now, b.flying, b.ended, kept); t.After(at) {
			at, by = t, p
		}
	}
	return at, by
}

// used is how many calls count now.
func (b *Budget) used(now time.Time) int {
	used := b.flying + len(b.ended)
	if o := b.own; now.Before(o.end) { // others use the same account
		used = max(used, o.calls-o.left*o.calls/max(1, o.quota))
	}
	return used
}

// forget drops the calls that count no more, and limits that weren't named for a window.
func (b *Budget) forget(now time.Time) {
	b.ended = b.ended[b.own.over(now, b.ended):]
	b.policies = slices.DeleteFunc(b.policies, func(p *policy) bool {
		return p != b.own && now.Sub(p.named) > b.own.window && !now.Before(p.end)
	})
}

// settle is called with the answer of a call that was counted.
func (b *Budget) settle(resp *http.Response, probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.flying--
	b.ended = append(b.ended, now)
	if probe {
		b.probing = false
	}
	if resp == nil {
		return
	}
	if probe && resp.StatusCode != http.StatusTooManyRequests {
		b.pause = 0
	}
	b.correct(resp.Header, now)
}

// firstPause is how long nothing is sent after a 429 that doesn't say for how long. Then
// one call finds out; each further refusal doubles the pause, up to a window.
const firstPause = 5 * time.Second

// close is called when Cloudflare refused a call for the account's limit, once it was
// settled; seconds is its Retry-After, -1 without one. It refuses for a window at most, so no
// odd answer closes the account for longer.
func (b *Budget) close(seconds int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	switch {
	case seconds > 0:
		if at := now.Add(b.atMost(seconds)); at.After(b.closed) {
			b.closed = at
		}
	case now.Before(b.closed): // one of several that were on their way
	case slices.ContainsFunc(b.policies, func(p *policy) bool { return p.left < 1 && now.Before(p.end) }):
		// the headers said which limit, and until when
	default:
		b.pause = min(max(firstPause, 2*b.pause), b.own.window)
		b.closed = now.Add(b.pause)
	}
}

// atMost is so many seconds, and no more than a window.
func (b *Budget) atMost(seconds int) time.Duration {
	if seconds >= int(b.own.window/time.Second) {
		return b.own.window
	}
	return time.Duration(seconds) * time.Second
}

// correct takes over what Cloudflare says of its limits:
//
//	Ratelimit: "default";r=50;t=30
//	Ratelimit-Policy: "burst";q=100;w=60, "default";q=1200;w=300
//
// Each limit that is named is kept from then on, by our own count and by what is said to be
// left of it. What is left of a name without a window, or with the documented one, is
// what is left of the account's limit.
func (b *Budget) correct(h http.Header, now time.Time) {
	named := namedPolicies(h)
	for _, p := range named {
		b.keep(p, now)
	}
	for _, l := range lefts(h) {
		end := now.Add(b.atMost(l.reset))
		quota, ours := b.own.calls, true
		for _, p := range named {
			if p.name == l.name {
				quota, ours = p.calls, p.window == 0 || p.window == b.own.window
			}
		}
		if ours {
			b.own.takeOver(l.left, quota, b.flying, now, end)
		}
		for _, p := range b.policies {
			if p != b.own && p.name == l.name {
				p.takeOver(l.left, p.calls, b.flying, now, end)
			}
		}
	}
}

// maxPolicies is more than any answer names; the rest of a longer list is left.
const maxPolicies = 16

// keep makes a limit that an answer names one to be kept. Calls are counted for as long as
// the documented window; of a longer one only what is said to be left counts.
func (b *Budget) keep(p policy, now time.Time) {
	if p.window <= 0 {
		return
	}
	i := slices.IndexFunc(b.policies, func(q *policy) bool { return q != b.own && q.name == p.name && q.window == p.window })
	switch {
	case i >= 0:
		b.policies[i].calls, b.policies[i].named = p.calls, now
	case len(b.policies) < maxPolicies:
		p.named, p.uncounted = now, p.window > b.own.window
		b.policies = append(b.policies, &p)
	}
}
