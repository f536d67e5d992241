package local

import (
	"context"

	"github.com/kuratchi/dashboard/internal/fault"
)

// guests are the long readings of files beside the handles, by database: nobody waits for
// them, so they end when the database leaves.
type guests map[string]map[chan struct{}]context.CancelFunc

// visit begins such a reading: its context ends when the database is forgotten, and what it
// has opened must be closed before leave.
func (hs *handles) visit(ctx context.Context, key string) (inside context.Context, leave func(), err error) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.closed {
		return nil, nil, fault.New(fault.Unavailable, "The program is stopping.")
	}
	if hs.gone[key] {
		return nil, nil, errRemoved
	}
	inside, cancel := context.WithCancel(ctx)
	gone := make(chan struct{})
	if hs.guests == nil {
		hs.guests = guests{}
	}
	if hs.guests[key] == nil {
		hs.guests[key] = map[chan struct{}]context.CancelFunc{}
	}
	hs.guests[key][gone] = cancel
	return inside, func() {
		cancel()
		hs.mu.Lock()
		delete(hs.guests[key], gone)
		if len(hs.guests[key]) == 0 {
			delete(hs.guests, key)
		}
		hs.mu.Unlock()
		close(gone)
	}, nil
}

// sendAway ends the readings of a database, and returns what is closed when they have. It
// is called with the handles' mu.
func (g guests) sendAway(key string) (left []chan struct{}) {
	for gone, cancel := range g[key] {
		cancel()
		left = append(left, gone)
	}
	return left
}
