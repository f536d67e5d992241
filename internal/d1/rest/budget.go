package rest

import (
	"context"
	"net/http"
	"strconv"
	"strings"
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
// call counts from before it is sent until a window after its answer. Make one
// for each account, and give it to every Provider of it. It is safe for
// concurrent use.
type Budget struct {
	calls, people int
	window        time.Duration

	mu      sync.Mutex // guards what follows
	flying  int        // calls without an answer yet
	ended   []time.Time
	closed  time.Time // no call before, said by an answer 429
	hint    int       // calls Cloudflare lets through until hintEnd
	hintEnd time.Time
	quota   int // of the policy the hint is about
	waiting int
	until   time.Time // when the first of those waiting may go on
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
	return &Budget{calls: o.Calls, window: o.Window, people: int(float64(o.Calls) * o.Share), quota: o.Calls}
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
	s := BudgetState{Used: b.used(now), Limit: b.calls, ForPeople: b.people, Waiting: b.waiting, Closed: now.Before(b.closed)}
	switch {
	case s.Closed:
		s.ResetsAt = b.closed
	case len(b.ended) > 0:
		s.ResetsAt = b.ended[0].Add(b.window)
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
	background := d1.InBackground(ctx)
	for {
		b.mu.Lock()
		now := time.Now()
		at, closed := b.opens(now, background), now.Before(b.closed)
		if !at.After(now) {
			b.flying++
			b.hint--
			b.mu.Unlock()
			return b.settle, nil
		}
		if !background {
			b.mu.Unlock()
			if closed {
				return nil, fault.Wrap(d1.ErrNotRun, fault.Limited,
					"Cloudflare's limit of calls for this account is used up, and it refuses every call for now. Nothing was sent. "+
						"Calls are possible again at %s.", clock(at))
			}
			return nil, fault.Wrap(d1.ErrNotRun, fault.Limited, "Cloudflare's limit of %d calls in %s is used up. Nothing was sent. "+
				"Calls are possible again at %s.", b.calls, minutes(b.window), clock(at))
		}
		b.waiting++
		b.until = at
		b.mu.Unlock()
		d1.Report(ctx, "waiting for Cloudflare's limit of calls until "+clock(at), 0, 0)
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

func minutes(d time.Duration) string {
	if d%time.Minute == 0 {
		return strconv.Itoa(int(d/time.Minute)) + " minutes"
	}
	return d.String()
}

func clock(t time.Time) string { return t.UTC().Add(time.Second - 1).Format("15:04:05 UTC") }

// opens returns when a call may be sent, now or later. A call in flight may end
// at any time, and counts for a window after.
func (b *Budget) opens(now time.Time, background bool) time.Time {
	b.forget(now)
	if now.Before(b.closed) {
		return b.closed
	}
	limit, kept := b.calls, 0
	if background {
		kept = b.people
	}
	if now.Before(b.hintEnd) {
		if need := 1 + kept*b.quota/b.calls; b.hint < need {
			return b.hintEnd
		}
	}
	free := limit - kept - b.flying - len(b.ended)
	if free > 0 {
		return now
	}
	// As many must stop counting as are too many, and one more.
	if n := -free; n < len(b.ended) {
		return b.ended[n].Add(b.window)
	}
	return now.Add(time.Second) // all of them are in flight
}

// used is how many calls count now.
func (b *Budget) used(now time.Time) int {
	used := b.flying + len(b.ended)
	if now.Before(b.hintEnd) { // others use the same account
		used = max(used, b.calls-b.hint*b.calls/max(1, b.quota))
	}
	return used
}

func (b *Budget) forget(now time.Time) {
	n := 0
	for n < len(b.ended) && !b.ended[n].Add(b.window).After(now) {
		n++
	}
	b.ended = b.ended[n:]
}

// settle is called with the answer of a call that was counted.
func (b *Budget) settle(resp *http.Response) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.flying--
	b.ended = append(b.ended, now)
	if resp == nil {
		return
	}
	b.correct(resp.Header, now)
}

// close is called when Cloudflare refused a call for the account's limit. It
// refuses for the rest of a window at most, so no odd answer closes the account
// for longer.
func (b *Budget) close(seconds int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wait := b.window
	if seconds >= 0 {
		wait = b.atMost(seconds)
	}
	if at := time.Now().Add(wait); at.After(b.closed) {
		b.closed = at
	}
}

// atMost is so many seconds, and no more than a window.
func (b *Budget) atMost(seconds int) time.Duration {
	if seconds >= int(b.window/time.Second) {
		return b.window
	}
	return time.Duration(seconds) * time.Second
}

// correct takes over what Cloudflare says is left:
//
//	Ratelimit: "default";r=50;t=30
//	Ratelimit-Policy: "burst";q=100;w=60, "default";q=1200;w=300
//
// What is left of a policy with another window than the budget's is no matter of
// the budget. A name without a policy is taken to be the account's limit.
func (b *Budget) correct(h http.Header, now time.Time) {
	policies := items(h, "Ratelimit-Policy")
	for _, item := range items(h, "Ratelimit") {
		left, okLeft := parameter(item, "r")
		reset, okReset := parameter(item, "t")
		quota, ours := b.policy(policies, item)
		if okLeft && okReset && ours {
			b.takeOver(min(left, quota), quota, now, now.Add(b.atMost(reset)))
			return
		}
	}
}

// policy returns the quota of the policy an item of Ratelimit is about, and
// whether its window is the budget's.
func (b *Budget) policy(policies []string, item string) (quota int, ours bool) {
	for _, p := range policies {
		if label(p) != label(item) {
			continue
		}
		if w, ok := parameter(p, "w"); ok && w != int(b.window/time.Second) {
			return 0, false
		}
		if q, ok := parameter(p, "q"); ok && q > 0 {
			return min(q, maxQuota), true
		}
	}
	return b.calls, true
}

// maxQuota is more than any policy allows; calculations with it don't overflow.
const maxQuota = 1 << 20

// takeOver makes what Cloudflare says is left the budget's hint.
func (b *Budget) takeOver(left, quota int, now, end time.Time) {
	b.quota = quota
	// Answers overtake one another: of one window, the smallest number is the latest.
	left -= b.flying
	if now.Before(b.hintEnd) && end.Sub(b.hintEnd).Abs() <= 2*time.Second && b.hint < left {
		return
	}
	b.hint, b.hintEnd = left, end
}

// items returns the items of a structured header.
func items(h http.Header, name string) []string {
	v := strings.Join(h.Values(name), ",")
	if v == "" {
		return nil
	}
	return strings.Split(v, ",")
}

// label is the name an item of a structured header begins with.
func label(item string) string {
	name, _, _ := strings.Cut(item, ";")
	return strings.Trim(strings.TrimSpace(name), `"`)
}

// parameter returns a number of an item of a structured header.
func parameter(item, name string) (int, bool) {
	for p := range strings.SplitSeq(item, ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(p), name+"="); ok {
			n, err := strconv.Atoi(v)
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}
