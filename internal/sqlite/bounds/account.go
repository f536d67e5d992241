package bounds

import (
	"errors"
	"sync"
	"sync/atomic"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Shortage is what a connection has run out of.
type Shortage uint8

const (
	// None means that nothing was refused.
	None Shortage = iota
	// Memory is the budget's limit of one connection.
	Memory
	// Shared is a budget that others have taken.
	Shared
	// Temporary is the room for temporary files.
	Temporary
	// Disk is a disk that is full.
	Disk
)

// Budget is memory for the statements of connections: so much for one, and
// together no more than that and Floor for each.
type Budget struct {
	bytes int64
	taken atomic.Int64
}

// Floor is what a connection may take while others have taken the budget. An
// ordinary page takes less.
const Floor = 1 << 20

// chunk is how much of a budget is taken or given back at once, so that
// connections rarely touch the same counter.
const chunk = 256 << 10

// NewBudget returns a budget of so many bytes.
func NewBudget(bytes int64) *Budget { return &Budget{bytes: bytes} }

// Bytes is what one connection may take.
func (b *Budget) Bytes() int64 { return b.bytes }

// Taken is what connections have of it now, but for the Floor of each.
func (b *Budget) Taken() int64 { return b.taken.Load() }

// take reserves n bytes for one more connection, unless others have them.
func (b *Budget) take(n int64) bool {
	for {
		was := b.taken.Load()
		if was+n > b.bytes {
			return false
		}
		if b.taken.CompareAndSwap(was, was+n) {
			return true
		}
	}
}

// Account is what one connection has of the heap. But for used and closed it
// belongs to who has the connection.
type Account struct {
	tls  *libc.TLS
	db   uintptr // the connection
	id   int32   // of the library's thread
	slot uint32
	next atomic.Pointer[Account] // in its bucket

	used   atomic.Int64 // others free, too: a file's state is shared by its connections
	closed atomic.Bool

	budget   *Budget // nil while nothing is limited
	base     int64   // of used, when it was begun
	reserved int64   // of the budget
	peak     int64
	short    Shortage
	made     uintptr // the page cache made last, see pages.go
	trap     func() bool
}

// maxAccounts is how many connections have accounts at once.
const maxAccounts = 1 << 16

var accounts struct {
	mu      sync.Mutex
	buckets [1 << 12]atomic.Pointer[Account]
	slots   [maxAccounts]atomic.Pointer[Account] // 0 is nobody's
	free    []uint32
	made    uint32
}

// NewAccount bills from now on what is allocated under tls, which is the thread of
// the connection db.
func NewAccount(tls *libc.TLS, db uintptr) (*Account, error) {
	accounts.mu.Lock()
	defer accounts.mu.Unlock()
	a := &Account{tls: tls, db: db, id: tls.ID}
	switch n := len(accounts.free); {
	case n > 0:
		a.slot, accounts.free = accounts.free[n-1], accounts.free[:n-1]
	case accounts.made+1 < maxAccounts:
		accounts.made++
		a.slot = accounts.made
	default:
		return nil, errors.New("sqlite: too many connections")
	}
	accounts.slots[a.slot].Store(a)
	head := bucket(a.id)
	a.next.Store(head.Load())
	head.Store(a)
	return a, nil
}

func bucket(id int32) *atomic.Pointer[Account] {
	return &accounts.buckets[uint32(id)%uint32(len(accounts.buckets))]
}

// accountOf returns the account that tls is billed to, or nil.
func accountOf(tls *libc.TLS) *Account {
	a := bucket(tls.ID).Load()
	for a != nil && a.id != tls.ID {
		a = a.next.Load()
	}
	return a
}

// Close bills nothing more. What is still billed goes when it is freed.
func (a *Account) Close() {
	a.End()
	accounts.mu.Lock()
	for at := bucket(a.id); at.Load() != nil; at = &at.Load().next {
		if at.Load() == a {
			at.Store(a.next.Load())
			break
		}
	}
	accounts.mu.Unlock()
	a.used.Add(1) // so that exactly one of us finds it empty
	a.closed.Store(true)
	a.refund(1)
}

// refund takes n bytes off; who takes the last of a closed account ends it.
func (a *Account) refund(n int64) {
	if a.used.Add(-n) != 0 || !a.closed.Load() {
		return
	}
	accounts.mu.Lock()
	defer accounts.mu.Unlock()
	if accounts.slots[a.slot].CompareAndSwap(a, nil) {
		accounts.free = append(accounts.free, a.slot)
	}
}

// Begin limits what the connection takes from now on. A nil budget doesn't.
func (a *Account) Begin(b *Budget) {
	a.End()
	a.budget, a.base = b, a.used.Load()
}

// End lifts the limit, and gives memory back to the system where much was taken.
func (a *Account) End() {
	if a.budget == nil {
		return
	}
	a.budget.taken.Add(-a.reserved)
	big := a.peak > trimAbove
	a.budget, a.reserved, a.peak = nil, 0, 0
	if big {
		heap.trim()
	}
}

// Short returns what was refused last, and forgets it.
func (a *Account) Short() Shortage {
	s := a.short
	a.short = None
	return s
}

// Trap, for tests, has f refuse allocations, nil none.
func (a *Account) Trap(f func() bool) { a.trap = f }

// Used is how many bytes are billed now.
func (a *Account) Used() int64 { return a.used.Load() }

// Limit is what the connection may take, 0 for all.
func (a *Account) Limit() int64 {
	if a.budget == nil {
		return 0
	}
	return a.budget.bytes
}

// charge bills n bytes, or refuses.
func (a *Account) charge(n int64) bool {
	if a.trap != nil && a.trap() {
		a.short = Memory
		return false
	}
	used := a.used.Add(n)
	if a.budget == nil {
		return true
	}
	over := used - a.base
	a.peak = max(a.peak, over)
	if over <= Floor || over-Floor <= a.reserved || a.reserve(over) {
		return true
	}
	a.refund(n)
	// An aggregate of JSON that is refused a block forgets what it has and goes on to
	// the last row before it fails.
	lib.Xsqlite3_interrupt(a.tls, a.db)
	return false
}

func (a *Account) reserve(over int64) bool {
	if over > a.budget.bytes {
		a.short = Memory
		return false
	}
	// Rounded up, the last chunk must not go beyond the budget.
	want := min(over-Floor+chunk-1-(over-Floor+chunk-1)%chunk, a.budget.bytes)
	if !a.budget.take(want - a.reserved) {
		a.short = Shared
		return false
	}
	a.reserved = want
	return true
}

// credit takes n bytes off on behalf of the account's own connection.
func (a *Account) credit(n int64) {
	a.refund(n)
	if a.reserved == 0 {
		return
	}
	want := max(0, a.used.Load()-a.base-Floor)
	if idle := a.reserved - want; idle > 4*chunk {
		idle -= idle % chunk
		a.reserved -= idle
		a.budget.taken.Add(-idle)
	}
}
