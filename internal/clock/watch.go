package clock

import (
	"sync"
	"time"
)

const (
	// Jump is how far the clock may come to be from the time that has passed before it counts
	// as a jump, either way.
	Jump = time.Hour
	// Day has to be seen to pass after a jump until the clock is trusted again.
	Day = 24 * time.Hour
)

// Options are what a [Watch] compares.
type Options struct {
	// Now is the machine's clock.
	Now func() time.Time
	// Elapsed is the time that has passed since any one moment, which nobody can set; nil for
	// the machine's monotonic clock. One that stands still while the machine sleeps makes a
	// sleep of over an hour a jump.
	Elapsed func() time.Duration
	// Seen is the newest time that was known before the start, zero for none: a start that
	// is further from it than [Jump] comes after a jump, or after the program was down for
	// longer, which can't be told apart.
	Seen time.Time
	// Jumped is when the last jump before the start was noted, zero for none. A day has to
	// pass since then, not since the start.
	Jumped time.Time
	// Began is called once for each jump, with how far it went, and Ended when a day has passed
	// since the last. They must not call the watch.
	Began func(by time.Duration)
	Ended func()
}

// Watch compares the machine's clock with the time that has passed. It looks when it is asked,
// so it has to be asked often: what is put right again between two looks isn't seen. It is safe
// for concurrent use.
type Watch struct {
	o Options

	mu sync.Mutex // guards what follows
	// wall and elapsed are one moment, from which the distance is measured.
	wall    time.Time
	elapsed time.Duration
	// held says that a day is waited for, of which the first moment is since.
	held  bool
	since time.Duration
}

// New returns a watch that begins to look now.
func New(o Options) *Watch {
	if o.Elapsed == nil {
		began := time.Now()
		o.Elapsed = func() time.Duration { return time.Since(began) }
	}
	w := &Watch{o: o, wall: o.Now(), elapsed: o.Elapsed()}
	w.mu.Lock()
	defer w.mu.Unlock()
	gap, passed := w.wall.Sub(o.Seen), max(0, w.wall.Sub(o.Jumped))
	switch {
	case !o.Seen.IsZero() && gap.Abs() > Jump:
		w.begin(gap)
	case !o.Jumped.IsZero() && passed < Day:
		w.held, w.since = true, w.elapsed-passed
	}
	return w
}

// Steady reports whether the clock can be trusted with removing what is old: it hasn't jumped
// by more than [Jump] within the last [Day] that was seen to pass.
func (w *Watch) Steady() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, elapsed := w.o.Now(), w.o.Elapsed()
	if by := now.Sub(w.wall) - (elapsed - w.elapsed); by.Abs() > Jump {
		w.wall, w.elapsed = now, elapsed
		w.begin(by)
	}
	if w.held && elapsed-w.since >= Day {
		w.held = false
		if w.o.Ended != nil {
			w.o.Ended()
		}
	}
	return !w.held
}

// begin notes a jump that is seen now. It is called with mu held.
func (w *Watch) begin(by time.Duration) {
	w.held, w.since = true, w.elapsed
	if w.o.Began != nil {
		w.o.Began(by)
	}
}
