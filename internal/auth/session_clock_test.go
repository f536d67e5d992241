package auth_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/auth"
)

// skew is what a time server may put a clock back by.
const skew = 5 * time.Second

func TestASessionOnAClockThatIsSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		idle, by time.Duration
		want     bool
	}{
		"put back by an hour":                {time.Minute, -time.Hour, false},
		"put back by years":                  {time.Minute, -3 * 365 * 24 * time.Hour, false},
		"put back to before the last use":    {time.Minute, -time.Minute - skew - time.Millisecond, false},
		"put back a little":                  {0, -skew, true},
		"put back to the last use":           {time.Minute, -time.Minute, true},
		"put on by less than it may be idle": {time.Minute, auth.IdleTimeout - time.Minute - time.Millisecond, true},
		"put on by as much":                  {time.Minute, auth.IdleTimeout - time.Minute, false},
		"put on by a day":                    {time.Minute, 24 * time.Hour, false},
	} {
		s := newSite()
		cookie := s.mustLogin(t, "", opAnn)
		s.clock.pass(c.idle)
		s.clock.pass(c.by)
		if _, alive, err := s.Peek(s.request(cookie)); err != nil || alive != c.want {
			t.Errorf("%s: alive %v, %v", name, alive, err)
		}
		s.clock.pass(-c.by) // it is put right
		if !s.signedIn(t, cookie) {
			t.Errorf("%s and right again: it has ended", name)
		}
	}
}

// TestASetClockIsWorthLessThanAnIdleTime: however far the clock is put back, a session is at
// once over or lives longer by less than it may be unused.
func TestASetClockIsWorthLessThanAnIdleTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		began := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
		minutes := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Minute
		}
		used := minutes("used for", int(auth.AbsoluteTimeout/time.Minute)-1)
		s := auth.Session{CreatedAt: began, LastSeen: began.Add(used)}
		idle, back := minutes("idle", 29), minutes("back", 3*24*60)
		then := s.LastSeen.Add(idle)
		for age, later := used+idle, time.Duration(0); ; later += time.Minute {
			switch {
			case s.Expired(then.Add(later - back)):
				return
			case back >= idle+time.Minute:
				t.Fatalf("alive %s after a use in the future", later)
			case age+later >= auth.AbsoluteTimeout+auth.IdleTimeout || idle+later >= 2*auth.IdleTimeout:
				t.Fatalf("%s old, unused for %s", age+later, idle+later)
			}
		}
	})
}
