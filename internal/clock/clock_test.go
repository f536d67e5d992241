package clock_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/clock"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func TestOpen(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	for name, c := range map[string]struct {
		left time.Duration
		want bool
	}{
		"under way":                     {minute / 2, true},
		"just begun":                    {minute, true},
		"begun before a small step":     {minute + clock.Skew, true},
		"begun before the clock went":   {minute + clock.Skew + 1, false},
		"begun long before it went":     {24 * time.Hour, false},
		"ends now":                      {0, false},
		"ended":                         {-1, false},
		"ended before the clock jumped": {-24 * time.Hour, false},
	} {
		if got := clock.Open(noon.Add(c.left), noon, minute); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// machine has a clock that can be set and time that passes, and what a program leaves behind
// that runs on it.
type machine struct {
	*clock.Watch
	wall         time.Time
	passed       time.Duration
	seen, jumped time.Time
	jumps        []time.Duration
	ended        int
}

func (m *machine) start() {
	m.Watch = clock.New(clock.Options{
		Now: func() time.Time { return m.wall }, Elapsed: func() time.Duration { return m.passed }, Seen: m.seen, Jumped: m.jumped,
		Began: func(by time.Duration) { m.jumps, m.jumped = append(m.jumps, by), m.wall },
		Ended: func() { m.ended++ },
	})
}

// pass lets time go by, and the program look every ten minutes.
func (m *machine) pass(d time.Duration) {
	for ; d > 0; d -= 10 * time.Minute {
		step := min(d, 10*time.Minute)
		m.wall, m.passed = m.wall.Add(step), m.passed+step
		m.Steady()
		if m.wall.After(m.seen) {
			m.seen = m.wall
		}
	}
}

func TestADayIsWaitedForAfterAJump(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{
		"on": 10 * 24 * time.Hour, "back": -10 * 24 * time.Hour, "just on": time.Hour + 1, "just back": -time.Hour - 1,
	} {
		m := &machine{wall: noon}
		m.start()
		if !m.Steady() {
			t.Errorf("%s: not steady before", name)
		}
		m.wall = m.wall.Add(by)
		if m.Steady() || len(m.jumps) != 1 || m.jumps[0] != by {
			t.Errorf("%s: steady after %v", name, m.jumps)
		}
		m.pass(clock.Day - 1)
		if m.Steady() || m.ended != 0 {
			t.Errorf("%s: steady before a day has passed", name)
		}
		m.pass(1)
		if !m.Steady() || m.ended != 1 || len(m.jumps) != 1 {
			t.Errorf("%s: after a day: told %d ends, jumps %v", name, m.ended, m.jumps)
		}
	}
	for name, by := range map[string]time.Duration{"on": time.Hour, "back": -time.Hour} {
		m := &machine{wall: noon}
		m.start()
		if m.wall = m.wall.Add(by); !m.Steady() {
			t.Errorf("an hour %s is a jump", name)
		}
	}
}

func TestWhatAStartKnows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seen, jumped time.Duration // before now; 0 for never
		wait         time.Duration
		noted        int
	}{
		"nothing":                           {0, 0, 0, 0},
		"that it ran a while ago":           {time.Hour, 0, 0, 0},
		"that it was down for a week":       {7 * 24 * time.Hour, 0, clock.Day, 1},
		"that it ran tomorrow":              {-24 * time.Hour, 0, clock.Day, 1},
		"of a jump this morning":            {time.Minute, 5 * time.Hour, clock.Day - 5*time.Hour, 0},
		"of a jump, and was put back a bit": {-time.Minute, -time.Minute, clock.Day, 0},
		"of a jump yesterday":               {time.Minute, 25 * time.Hour, 0, 0},
	} {
		m := &machine{wall: noon}
		if c.seen != 0 {
			m.seen = noon.Add(-c.seen)
		}
		if c.jumped != 0 {
			m.jumped = noon.Add(-c.jumped)
		}
		m.start()
		if len(m.jumps) != c.noted {
			t.Errorf("%s: noted %v", name, m.jumps)
		}
		if c.wait > 0 {
			m.pass(c.wait - 1)
			if m.Steady() {
				t.Errorf("%s: steady before %s", name, c.wait)
			}
			m.pass(1)
		}
		if !m.Steady() {
			t.Errorf("%s: not steady after %s", name, c.wait)
		}
	}
}

// TestWhateverTheClockDoes: it is never trusted within a day of a jump, restarts or not, and
// always after a day without any.
func TestWhateverTheClockDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{wall: noon}
		m.start()
		m.pass(time.Minute)
		jumped, quiet, slack := -2*clock.Day, time.Duration(0), time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			before := m.passed
			switch rapid.SampledFrom([]string{"pass", "pass", "jump", "step", "restart", "down"}).Draw(t, "event") {
			case "pass":
				m.pass(time.Duration(rapid.Int64Range(1, int64(30*time.Hour)).Draw(t, "time")))
			case "jump":
				by := time.Duration(rapid.Int64Range(int64(3*time.Hour), int64(400*24*time.Hour)).Draw(t, "by"))
				if rapid.Bool().Draw(t, "back") {
					by = -by
				}
				m.wall, jumped, slack = m.wall.Add(by), m.passed, 0
			case "step": // small ones add up
				by := time.Duration(rapid.Int64Range(-int64(5*time.Minute), int64(5*time.Minute)).Draw(t, "by"))
				m.wall, slack = m.wall.Add(by), slack+by.Abs()
				before = m.passed + 1
			case "restart":
				m.start()
			case "down":
				by := time.Duration(rapid.Int64Range(int64(3*time.Hour), int64(30*24*time.Hour)).Draw(t, "by"))
				// As far as the program can tell it is the clock that jumped.
				m.wall, m.passed = m.wall.Add(by), m.passed+by
				if m.wall.Sub(m.seen).Abs() > clock.Jump {
					jumped, slack = m.passed, 0
				}
				m.start()
			}
			steady, since := m.Steady(), m.passed-jumped
			if steady && since+slack < clock.Day {
				t.Fatalf("trusted %s after a jump", since)
			}
			if quiet += m.passed - before; m.passed == before || m.passed < before || jumped == m.passed {
				quiet = 0
			}
			if quiet > clock.Day+clock.Jump && !steady {
				t.Fatalf("not trusted after %s without a jump", quiet)
			}
		}
	})
}
