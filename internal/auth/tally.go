package auth

import (
	"time"

	"github.com/kuratchi/dashboard/internal/clock"
)

// tally counts the attempts on one account or from one address.
type tally struct {
	failures int
	// pending are attempts that were admitted and have no outcome yet. They count
	// as failures to come, so that guesses sent side by side are no way around.
	pending int
	// last is when an attempt was last admitted or failed.
	last time.Time
	// until is when the next attempt is admitted, delay how long before it was decided.
	until time.Time
	delay time.Duration
}

// wait returns how long the next attempt has to wait.
func (t *tally) wait(now time.Time) time.Duration {
	t.age(now)
	if t.delay > 0 && clock.Open(t.until, now, t.delay) {
		return min(t.until.Sub(now), t.delay)
	}
	if t.pending > 0 && t.failures+t.pending > FreeFailures {
		return firstDelay
	}
	return 0
}

// age forgets what is old: all after quiet, pending attempts after underway,
// which is for callers that never told the outcome. On a clock that was put back
// it counts from now.
func (t *tally) age(now time.Time) {
	if t.last.After(now.Add(clock.Skew)) {
		t.last = now
	}
	switch idle := now.Sub(t.last); {
	case idle >= QuietTime:
		*t = tally{}
	case idle >= underway:
		t.pending = 0
	}
}

func (t *tally) admit(now time.Time) {
	t.age(now)
	t.pending++
	t.last = now
}

func (t *tally) fail(now time.Time, most time.Duration) {
	t.age(now)
	t.settle()
	t.failures++
	t.last = now
	t.delay = delay(t.failures, most)
	t.until = now.Add(t.delay)
}

func (t *tally) settle() { t.pending = max(0, t.pending-1) }

// delay returns the wait after that many failures: none up to FreeFailures,
// then a second, doubled with each, up to most.
func delay(failures int, most time.Duration) time.Duration {
	d := firstDelay
	for range failures - FreeFailures - 1 {
		if d >= most {
			return most
		}
		d *= 2
	}
	if failures <= FreeFailures {
		return 0
	}
	return min(d, most)
}
