package auth

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/fault"
)

// The numbers are ours. ASVS 6.1.1 asks that guessing is slowed down and that
// nobody can lock somebody else out on purpose.
const (
	// FreeFailures is how many failures bring no delay. The one after brings a
	// second, and each further one twice the last.
	FreeFailures = 5
	// MaxAddressDelay is the longest wait an address brings on itself.
	MaxAddressDelay = 5 * time.Minute
	// MaxAccountDelay is the longest wait on an account. It is short because
	// strangers cause it: 2,880 guesses a day at most, and an owner who is under
	// attack waits for seconds.
	MaxAccountDelay = 30 * time.Second
	// QuietTime is how long after the last attempt everything is forgotten.
	QuietTime = 15 * time.Minute
	// GlobalRate is how many attempts a second are admitted from everywhere
	// together, and GlobalBurst how many at once.
	GlobalRate  = 10
	GlobalBurst = 40
	// MaxEntries is how many accounts, addresses, and pairs of both that signed
	// in are remembered, each; the longest unused goes first. At GlobalRate it
	// takes longer than QuietTime to push one out, so a flood of made-up accounts
	// makes nobody's failures forgotten sooner.
	MaxEntries = 10_000

	firstDelay = time.Second
	// underway is longer than any sign-in takes.
	underway = time.Minute
	// knownFor is how long an address an account signed in from is trusted to be
	// its owner's.
	knownFor = 30 * 24 * time.Hour
)

// Throttle slows down guessing of passwords and one-time codes. Failures are
// counted for the account and for the address, an IPv6 address by its /64, which
// is what one customer gets. There is no lockout: waits grow and end.
//
// Somebody who fails on purpose with another's e-mail can delay that account by
// [MaxAccountDelay] at most, and not at all for its owner at an address from
// which they signed in during the last 30 days; there only failures of that
// address itself count, and the global limit does not. An address's failures
// aren't forgiven by a success, or one's own account would be a way to guess at
// others without end.
//
// On a clock that was put back a wait that would be longer than it was made ends, and what
// is remembered of attempts counts from then.
//
// All of it is in memory: it is forgotten at a restart, and each copy of the
// program counts for itself. A Throttle is safe for concurrent use.
type Throttle struct {
	now    func() time.Time
	global *rate.Limiter

	mu        sync.Mutex // guards what follows
	accounts  *recent[tally]
	addresses *recent[tally]
	known     *recent[time.Time] // account and address -> last success
}

// NewThrottle returns an empty throttle. A nil now means time.Now.
func NewThrottle(now func() time.Time) *Throttle {
	if now == nil {
		now = time.Now
	}
	return &Throttle{
		now:       now,
		global:    rate.NewLimiter(GlobalRate, GlobalBurst),
		accounts:  newRecent[tally](MaxEntries),
		addresses: newRecent[tally](MaxEntries),
		known:     newRecent[time.Time](MaxEntries),
	}
}

// Check returns 0 if an attempt on the account from the address may be made
// now, else how long to wait. The account is a normalized e-mail, known or not,
// or any other name for what is guessed at; "" counts the address alone. The
// address is an IP address; all that isn't one counts as one address.
//
// An attempt that was admitted must be followed by [Throttle.Fail] or
// [Throttle.Succeed]; until then, and for a minute at most, it counts as a
// failure to come. One that was refused must be followed by neither.
func (t *Throttle) Check(account, addr string) (retryAfter time.Duration) {
	k := newThrottleKeys(account, addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	wait := waitOf(t.addresses, k.address, now)
	if !t.knows(k, now) {
		if k.hasAccount {
			wait = max(wait, waitOf(t.accounts, k.account, now))
		}
		if wait == 0 { // a refused attempt takes nothing from the others
			wait = t.takeGlobal(now)
		}
	}
	if wait > 0 {
		return wait
	}
	t.each(k, func(e *tally, _ time.Duration) { e.admit(now) })
	return 0
}

// Fail tells that an admitted attempt was wrong.
func (t *Throttle) Fail(account, addr string) {
	k := newThrottleKeys(account, addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.each(k, func(e *tally, most time.Duration) { e.fail(now, most) })
}

// Succeed tells that an admitted attempt was right. The account's failures are
// forgotten, the address's are not.
func (t *Throttle) Succeed(account, addr string) {
	k := newThrottleKeys(account, addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.each(k, func(e *tally, _ time.Duration) { e.settle() })
	if k.hasAccount {
		t.accounts.drop(k.account)
		*t.known.use(k.pair) = t.now()
	}
}

// Refusal returns the [fault.Limited] error for a wait that Check returned. Its
// message says until when.
func (t *Throttle) Refusal(retryAfter time.Duration) error {
	seconds := (retryAfter + time.Second - 1) / time.Second
	until := t.now().Add(seconds * time.Second).UTC().Format("15:04:05 MST")
	unit := "seconds"
	if seconds == 1 {
		unit = "second"
	}
	return fault.New(fault.Limited, "Too many attempts. Try again in %d %s, at %s.", seconds, unit, until)
}

// each calls f with the tallies of the account and of the address. It is called
// with mu held.
func (t *Throttle) each(k throttleKeys, f func(e *tally, most time.Duration)) {
	if k.hasAccount {
		f(t.accounts.use(k.account), MaxAccountDelay)
	}
	f(t.addresses.use(k.address), MaxAddressDelay)
}

// knows reports whether the account signed in from the address lately. It is
// called with mu held.
func (t *Throttle) knows(k throttleKeys, now time.Time) bool {
	last := t.known.peek(k.pair)
	return k.hasAccount && last != nil && clock.Open(last.Add(knownFor), now, knownFor)
}

// takeGlobal takes one attempt from what everybody shares, or returns how long
// it takes until there is one.
func (t *Throttle) takeGlobal(now time.Time) time.Duration {
	r := t.global.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

func waitOf(m *recent[tally], k recentKey, now time.Time) time.Duration {
	if e := m.peek(k); e != nil {
		return e.wait(now)
	}
	return 0
}

type throttleKeys struct {
	hasAccount             bool
	account, address, pair recentKey
}

func newThrottleKeys(account, addr string) throttleKeys {
	network := networkOf(addr)
	return throttleKeys{
		hasAccount: account != "",
		account:    newRecentKey(account),
		address:    newRecentKey(network),
		pair:       newRecentKey(account, network),
	}
}

// networkOf returns what counts as one address: an IPv4 address, also one
// written as IPv6, or an IPv6 /64.
func networkOf(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, _ := ip.Prefix(64) // never fails: 64 fits an IPv6 address without a zone
	return p.String()
}
