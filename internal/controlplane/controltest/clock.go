package controltest

import (
	"sync"
	"time"
)

// Clock stands still until it is moved. It is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex // guards what follows
	at     time.Time
	passed time.Duration
}

// NewClock returns a clock that shows t.
func NewClock(t time.Time) *Clock { return &Clock{at: t} }

// Now returns the time shown.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Elapsed returns how much time has passed, which [Clock.Set] doesn't change.
func (c *Clock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passed
}

// Pass lets time go by.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.passed = c.at.Add(d), c.passed+d
}

// Set puts the clock on, or back, while no time passes.
func (c *Clock) Set(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}
