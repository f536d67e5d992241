package auth_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

const (
	ann   = "ann@example.com"
	home  = "192.0.2.1"
	other = "198.51.100.7"
)

// clock is a clock that goes when told to.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newThrottle() (*auth.Throttle, *clock) {
	c := newClock()
	return auth.NewThrottle(c.now), c
}

// failAfterWaiting makes one attempt as early as it is admitted, and returns
// how long it had to wait.
func failAfterWaiting(t *testing.T, th *auth.Throttle, c *clock, account, addr string) time.Duration {
	t.Helper()
	d := th.Check(account, addr)
	if d > 0 {
		c.pass(d)
		if again := th.Check(account, addr); again > 0 {
			t.Fatalf("told to wait %v, then %v more", d, again)
		}
	}
	th.Fail(account, addr)
	return d
}

func TestDelaysDoubleFromTheSixthFailure(t *testing.T) {
	t.Parallel()
	s := time.Second
	th, clk := newThrottle()
	for i, want := range []time.Duration{0, 0, 0, 0, 0, 0, s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 64 * s, 128 * s, 256 * s,
		300 * s, 300 * s} {
		if got := failAfterWaiting(t, th, clk, ann, home); got != want {
			t.Errorf("attempt %d: wait %v, want %v", i+1, got, want)
		}
	}
}

func TestAnAccountIsDelayedByThirtySecondsAtMost(t *testing.T) {
	t.Parallel()
	th, clk := newThrottle()
	var last time.Duration
	for i := range 20 { // each from an address of its own
		last = failAfterWaiting(t, th, clk, ann, fmt.Sprintf("203.0.113.%d", i))
		if i < 6 && last != 0 {
			t.Errorf("attempt %d waits %v", i+1, last)
		}
	}
	if last != auth.MaxAccountDelay {
		t.Errorf("attempt 20 waits %v, want %v", last, auth.MaxAccountDelay)
	}
	if d := th.Check("ben@example.com", other); d != 0 {
		t.Errorf("another account waits %v", d)
	}
}

func TestAttackersCannotDelayAnOwnerAtAKnownAddress(t *testing.T) {
	t.Parallel()
	th, clk := newThrottle()
	if d := th.Check(ann, home); d != 0 {
		t.Fatal(d)
	}
	th.Succeed(ann, home)
	for range 12 {
		failAfterWaiting(t, th, clk, ann, other)
	}
	if d := th.Check(ann, "203.0.113.9"); d == 0 || d > auth.MaxAccountDelay {
		t.Errorf("from an unknown address the wait is %v", d)
	}
	for range 100 { // a flood of other accounts uses up the global limit
		th.Check("nobody@example.com", "203.0.113.10")
		th.Fail("nobody@example.com", "203.0.113.10")
	}
	if d := th.Check(ann, home); d != 0 {
		t.Errorf("the owner waits %v at home", d)
	}
	th.Succeed(ann, home)
	clk.pass(31 * 24 * time.Hour)
	for range 12 {
		failAfterWaiting(t, th, clk, ann, other)
	}
	if d := th.Check(ann, home); d == 0 {
		t.Error("an address is known after 31 days")
	}
}

func TestAKnownAddressIsNoWayToGuess(t *testing.T) {
	t.Parallel()
	th, clk := newThrottle()
	th.Check(ann, home)
	th.Succeed(ann, home)
	for range 6 {
		failAfterWaiting(t, th, clk, ann, home)
	}
	if d := th.Check(ann, home); d != time.Second {
		t.Errorf("the seventh attempt waits %v", d)
	}
}

func TestSuccessForgetsTheAccountAndNotTheAddress(t *testing.T) {
	t.Parallel()
	th, clk := newThrottle()
	for range 6 {
		failAfterWaiting(t, th, clk, ann, home)
	}
	clk.pass(time.Second)
	if d := th.Check(ann, home); d != 0 {
		t.Fatal(d)
	}
	th.Succeed(ann, home)
	for range 5 {
		if d := failAfterWaiting(t, th, clk, ann, other); d != 0 {
			t.Errorf("the account still waits %v", d)
		}
	}
	// One's own success in between guesses at others does not help.
	th.Check("ben@example.com", home)
	th.Fail("ben@example.com", home)
	if d := th.Check("cem@example.com", home); d != 2*time.Second {
		t.Errorf("the address waits %v, want the seventh failure's 2s", d)
	}
}

func TestFailuresAreForgottenAfterQuiet(t *testing.T) {
	t.Parallel()
	th, clk := newThrottle()
	for range 10 {
		failAfterWaiting(t, th, clk, ann, home)
	}
	clk.pass(auth.QuietTime - time.Nanosecond)
	if d := failAfterWaiting(t, th, clk, ann, home); d != 0 {
		t.Fatal(d)
	}
	if d := th.Check(ann, home); d < auth.MaxAccountDelay {
		t.Errorf("just before, all is forgotten: wait %v", d)
	}
	clk.pass(auth.QuietTime)
	for i := range 6 {
		if d := failAfterWaiting(t, th, clk, ann, home); d != 0 {
			t.Errorf("attempt %d after quiet waits %v", i+1, d)
		}
	}
}

func TestWhatCountsAsOneAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b string
		same bool
	}{
		"one /64":          {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
		"two /64":          {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		"two IPv4":         {"192.0.2.1", "192.0.2.2", false},
		"IPv4 as IPv6":     {"192.0.2.1", "::ffff:192.0.2.1", true},
		"two IPv4 as IPv6": {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
		"zones":            {"fe80::1%eth0", "fe80::1%eth1", true},
		"no addresses":     {"", "not an address", true},
		"with a port":      {"192.0.2.1:1", "192.0.2.1:2", true}, // none is an address
	} {
		th, clk := newThrottle()
		for range 7 {
			failAfterWaiting(t, th, clk, "", c.a)
		}
		if got := th.Check("", c.b) > 0; got != c.same {
			t.Errorf("%s: %s and %s are one address: %v", name, c.a, c.b, got)
		}
	}
}

func TestGuessesSideBySideAreNoWayAround(t *testing.T) {
	t.Parallel()
	th, _ := newThrottle()
	var mu sync.Mutex
	var admitted int
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if th.Check(ann, home) == 0 {
				mu.Lock()
				admitted++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if admitted != auth.FreeFailures+1 {
		t.Errorf("%d attempts side by side, want as many as one after the other: 6", admitted)
	}
	for range admitted {
		th.Fail(ann, home)
	}
	if d := th.Check(ann, home); d != time.Second {
		t.Errorf("then the wait is %v", d)
	}
}

func TestAttemptsWithoutAnOutcomeAreForgottenInAMinute(t *testing.T) {
	t.Parallel()
	th, clk := newThrottle()
	for range 6 {
		th.Check(ann, home)
	}
	if d := th.Check(ann, home); d != time.Second {
		t.Errorf("wait %v while six are under way", d)
	}
	clk.pass(time.Minute)
	if d := th.Check(ann, home); d != 0 {
		t.Errorf("wait %v a minute later", d)
	}
}

func TestGlobalLimit(t *testing.T) {
	t.Parallel()
	th, clk := newThrottle()
	fresh := 0
	check := func() time.Duration {
		fresh++
		return th.Check(fmt.Sprintf("u%d@example.com", fresh), fmt.Sprintf("10.0.%d.%d", fresh/250, fresh%250))
	}
	for i := range auth.GlobalBurst {
		if d := check(); d != 0 {
			t.Fatalf("attempt %d of the burst waits %v", i+1, d)
		}
	}
	for range 100 { // refused attempts use nothing up
		if d := check(); d <= 0 || d > time.Second/auth.GlobalRate {
			t.Fatalf("over the burst the wait is %v", d)
		}
	}
	clk.pass(time.Second / auth.GlobalRate)
	if d := check(); d != 0 {
		t.Errorf("a tenth of a second later the wait is %v", d)
	}
	if d := check(); d == 0 {
		t.Error("two attempts in a tenth of a second")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	th, clk := newThrottle()
	for i := range auth.MaxEntries + 500 {
		account, addr := fmt.Sprintf("u%d@example.com", i), fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		th.Check(account, addr)
		th.Fail(account, addr)
		th.Check(account, addr)
		th.Succeed(account, addr)
		th.Check(account, addr)
		clk.pass(time.Second)
	}
	accounts, addresses, known := th.Entries()
	if accounts != auth.MaxEntries || addresses != auth.MaxEntries || known != auth.MaxEntries {
		t.Errorf("%d accounts, %d addresses, %d known", accounts, addresses, known)
	}
}

func TestTheLongestUnusedEntryGoesFirst(t *testing.T) {
	t.Parallel()
	th, _ := newThrottle()
	for range 10 {
		th.Fail(ann, home)
		th.Fail("ben@example.com", other)
	}
	for i := range auth.MaxEntries - 1 {
		th.Fail(fmt.Sprintf("u%d@example.com", i), "")
		if i == auth.MaxEntries/2 {
			th.Fail(ann, home)
		}
	}
	if d := th.Check(ann, "203.0.113.2"); d == 0 {
		t.Error("a used account was dropped")
	}
	if d := th.Check("ben@example.com", "203.0.113.1"); d != 0 {
		t.Errorf("the longest unused account was not dropped: wait %v", d)
	}
}

func TestWaitingAsToldIsEnough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		th, clk := newThrottle()
		for range rapid.IntRange(1, 60).Draw(rt, "attempts") {
			account := rapid.SampledFrom([]string{"", ann, "ben@example.com"}).Draw(rt, "account")
			addr := rapid.SampledFrom([]string{home, other, "2001:db8::1"}).Draw(rt, "addr")
			d := th.Check(account, addr)
			if d < 0 || d > auth.MaxAddressDelay {
				rt.Fatalf("wait %v", d)
			}
			clk.pass(d)
			if d > 0 && th.Check(account, addr) != 0 {
				rt.Fatalf("waited %v as told, refused again", d)
			}
			if rapid.Bool().Draw(rt, "right") {
				th.Succeed(account, addr)
			} else {
				th.Fail(account, addr)
			}
			clk.pass(time.Duration(rapid.IntRange(0, 600_000).Draw(rt, "pause")) * time.Millisecond)
		}
	})
}

func TestRefusalSaysUntilWhen(t *testing.T) {
	t.Parallel()
	th, _ := newThrottle()
	for d, says := range map[time.Duration]string{
		time.Millisecond:        "in 1 second, at 09:00:01 UTC",
		time.Second:             "in 1 second, at 09:00:01 UTC",
		1500 * time.Millisecond: "in 2 seconds, at 09:00:02 UTC",
		5 * time.Minute:         "in 300 seconds, at 09:05:00 UTC",
	} {
		err := th.Refusal(d)
		wantFault(t, err, fault.Limited, "")
		if !strings.Contains(fault.Message(err), says) {
			t.Errorf("%v: %q, want %q in it", d, fault.Message(err), says)
		}
	}
}

func TestThrottleIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	th, clk := newThrottle()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				account, addr := fmt.Sprintf("u%d@example.com", j%5), fmt.Sprintf("10.0.0.%d", i)
				if th.Check(account, addr) == 0 && j%3 == 0 {
					th.Succeed(account, addr)
				} else {
					th.Fail(account, addr)
				}
				clk.pass(time.Second)
			}
		})
	}
	wg.Wait()
}

// TestAThrottleOnAClockThatIsSet: nobody waits until a clock that was put back has caught up,
// and what failed before still counts.
func TestAThrottleOnAClockThatIsSet(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"back by a day": -24 * time.Hour, "back by years": -9000 * 24 * time.Hour} {
		th, clk := newThrottle()
		for range 12 {
			failAfterWaiting(t, th, clk, ann, home)
		}
		if d := th.Check(ann, home); d == 0 {
			t.Fatal("no wait before")
		}
		clk.pass(by)
		if d := th.Check(ann, home); d != 0 {
			t.Errorf("%s: the wait is %v", name, d)
		}
		th.Fail(ann, home)
		if d := th.Check(ann, home); d == 0 || d > auth.MaxAddressDelay {
			t.Errorf("%s: the wait after another failure is %v", name, d)
		}
		clk.pass(auth.QuietTime + auth.MaxAddressDelay)
		if d := failAfterWaiting(t, th, clk, ann, home) + failAfterWaiting(t, th, clk, ann, home); d != 0 {
			t.Errorf("%s: after a quiet time the wait is %v", name, d)
		}
	}
	th, clk := newThrottle()
	for range 6 {
		failAfterWaiting(t, th, clk, ann, home)
	}
	clk.pass(-2 * time.Second) // as a time server does
	if d := th.Check(ann, home); d != time.Second {
		t.Errorf("put back a little: the wait is %v", d)
	}
	clk.pass(24 * time.Hour)
	if d := th.Check(ann, home); d != 0 {
		t.Errorf("put on by a day: the wait is %v", d)
	}
}
