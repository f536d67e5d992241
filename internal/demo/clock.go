package demo

import (
	"sync"
	"time"
)

// Clock is a clock that can stand in the past. It goes on at its usual pace from
// wherever it was set.
type Clock struct {
	real func() time.Time

	mu     sync.Mutex // guards offset
	offset time.Duration
}

// NewClock returns a clock that shows the time of another one.
func NewClock(real func() time.Time) *Clock { return &Clock{real: real} }

// Now returns the time shown, to the millisecond.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time { return c.real().Add(c.offset).UTC().Truncate(time.Millisecond) }

// set makes the clock show t.
func (c *Clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = t.Sub(c.real())
}
