package bounds

import (
	"errors"
	"sync"
)

// LimitTemporary sets what temporary files may take, until the function it returns
// is called. A negative free means that it isn't known.
func LimitTemporary(limit, free int64) (undo func()) {
	t := &temporary
	t.mu.Lock()
	defer t.mu.Unlock()
	t.max, t.free, t.checked = limit, func(string) (int64, bool) { return free, free >= 0 }, 0
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.max, t.free, t.checked = MaxTemporary, freeBytes, 0
	})
}

// TemporaryBytes is what temporary files take now.
func TemporaryBytes() int64 {
	temporary.mu.Lock()
	defer temporary.mu.Unlock()
	return temporary.total
}

// AccountsOpen is how many accounts there are.
func AccountsOpen() int {
	accounts.mu.Lock()
	defer accounts.mu.Unlock()
	return int(accounts.made) - len(accounts.free)
}

// Sizes returns an error when a block of n bytes isn't what SQLite counts on.
func Sizes(n int) error {
	p := heap.take(n)
	defer heap.give(p)
	setHead(p, n, nil)
	switch {
	case p%8 != 0:
		return errors.New("it isn't aligned to 8 bytes")
	case int(xSize(nil, p)) != n:
		return errors.New("its size isn't kept")
	case ownerOf(p) != nil:
		return errors.New("it is billed to somebody")
	}
	return nil
}
