package local

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

// maxReaders is how many statements may read one database at once; more wait.
const maxReaders = 4

// maxStreams is how many of them may be streams, which can take long.
const maxStreams = 2

// maxClosing is how many databases are closed at once in the background. Closing
// waits for the disk three times; several that wait together share its work.
const maxClosing = 8

// handles is the set of open databases. Evicting one closes it as soon as the
// calls on it are done: in the background, or, when maxClosing are being closed
// already, by who evicted it or gave it back last. So no more are open than are
// kept, maxClosing, and one a caller.
type handles struct {
	idle time.Duration
	// statements is how many compiled statements a connection keeps.
	statements int
	memory     budgets
	// owned says that each file is a database's of that key, and tells so.
	owned   bool
	closers chan struct{} // holds maxClosing permits

	mu   sync.Mutex // guards what follows, and the handles' refs and last
	gone map[string]bool
	lru  *simplelru.LRU[string, *handle]
	// leaving are those that were evicted and aren't closed yet; spare, of them,
	// those that nobody uses and whose closing has not begun.
	leaving map[*handle]bool
	spare   []*handle
	timer   *time.Timer
	opened  uint64 // counts the handles
	closed  bool
	guests  guests
}

// budgets are the memory of the statements that read and of those that write.
type budgets struct{ read, write *sqlite.Budget }

func newBudgets(o Options) budgets {
	if o.unlimited {
		return budgets{}
	}
	if o.Memory <= 0 {
		o.Memory = 64 << 20
	}
	return budgets{sqlite.NewBudget(o.Memory), sqlite.NewBudget(WriteMemory * o.Memory)}
}

// handle is one open database.
type handle struct {
	key, path string
	// owner is the database that the file must be, "" where it doesn't matter.
	owner string
	// number tells it from every other opening of the same database.
	number     uint64
	statements int
	memory     budgets
	// write holds the only permit to use writer; read holds maxReaders permits.
	write, read chan struct{}
	// streams holds maxStreams permits.
	streams chan struct{}
	writer  *sqlite.Conn
	watch   watch

	mu      sync.Mutex // guards readers
	readers []*sqlite.Conn

	refs int
	last time.Time
	done chan struct{} // closed when the files are
}

func newHandles(o Options) *handles {
	if o.OpenDatabases <= 0 {
		o.OpenDatabases = 128
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = time.Minute
	}
	hs := &handles{idle: o.IdleTimeout, statements: o.statements, memory: newBudgets(o), owned: !o.unlimited,
		closers: make(chan struct{}, maxClosing), gone: map[string]bool{}, leaving: map[*handle]bool{}}
	hs.lru, _ = simplelru.NewLRU(o.OpenDatabases, hs.onEvict) // fails only on a size of 0
	return hs
}

// sibling returns a set of its own that has the same memory.
func (hs *handles) sibling(o Options) *handles {
	other := newHandles(o)
	other.memory = hs.memory
	return other
}

// onEvict runs under mu, whenever an entry leaves the set.
func (hs *handles) onEvict(_ string, h *handle) {
	hs.leaving[h] = true
	if h.refs == 0 {
		hs.spare = append(hs.spare, h)
	}
}

// unlock gives mu back and then closes what nobody uses any more.
func (hs *handles) unlock() {
	spare := hs.spare
	hs.spare = nil
	hs.mu.Unlock()
	for _, h := range spare {
		select {
		case hs.closers <- struct{}{}:
			go func() {
				hs.closeFiles(h)
				<-hs.closers
			}()
		default:
			hs.closeFiles(h)
		}
	}
}

// closeFiles closes a handle that nobody uses and nobody can get.
func (hs *handles) closeFiles(h *handle) {
	h.close()
	hs.mu.Lock()
	delete(hs.leaving, h)
	hs.mu.Unlock()
	close(h.done)
}

// errRemoved is what who still holds a handle of a removed database gets.
var errRemoved = errors.New("local: the database was removed")

// acquire returns the handle of a database and counts its user.
func (hs *handles) acquire(key, path string) (*handle, error) {
	hs.mu.Lock()
	defer hs.unlock()
	if hs.closed {
		return nil, errors.New("local: the engine is closed")
	}
	if hs.gone[key] {
		return nil, errRemoved
	}
	h, ok := hs.lru.Get(key)
	if !ok {
		hs.opened++
		h = &handle{
			number: hs.opened, key: key, path: path, statements: hs.statements, memory: hs.memory, write: make(chan struct{}, 1),
			read:    make(chan struct{}, maxReaders),
			streams: make(chan struct{}, maxStreams), watch: newWatch(), done: make(chan struct{}),
		}
		if hs.owned {
			h.owner = key
		}
		hs.lru.Add(key, h)
	}
	h.refs++
	h.last = time.Now()
	hs.schedule()
	return h, nil
}

func (hs *handles) release(h *handle) {
	hs.mu.Lock()
	defer hs.unlock()
	h.refs--
	h.last = time.Now()
	if h.refs == 0 && hs.leaving[h] {
		hs.spare = append(hs.spare, h)
	}
}

// schedule makes sure a sweep will come while databases are open.
func (hs *handles) schedule() {
	if hs.idle > 0 && hs.timer == nil {
		hs.timer = time.AfterFunc(hs.idle, hs.sweep)
	}
}

// sweep closes what has been idle for too long.
func (hs *handles) sweep() {
	hs.mu.Lock()
	defer hs.unlock()
	hs.timer = nil
	for {
		key, h, ok := hs.lru.GetOldest()
		if !ok || h.refs > 0 || time.Since(h.last) < hs.idle {
			break
		}
		hs.lru.Remove(key)
	}
	if hs.lru.Len() > 0 && !hs.closed {
		hs.schedule()
	}
}

// forget closes a database for good and returns when its files are closed: the
// calls under way are finished, its guests are sent away, and no other one begins.
func (hs *handles) forget(key string) {
	hs.mu.Lock()
	hs.gone[key] = true
	hs.lru.Remove(key)
	left := hs.guests.sendAway(key)
	hs.wait(func(h *handle) bool { return h.key == key })
	for _, gone := range left {
		<-gone
	}
}

// wait gives mu back and returns when those of the leaving handles are closed.
func (hs *handles) wait(which func(*handle) bool) {
	var leaving []*handle
	for h := range hs.leaving {
		if which(h) {
			leaving = append(leaving, h)
		}
	}
	hs.unlock()
	for _, h := range leaving {
		<-h.done
	}
}

// readmit takes forget back, for a database that stays after all.
func (hs *handles) readmit(key string) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	delete(hs.gone, key)
}

// close closes every database and returns when all are closed.
func (hs *handles) close() error {
	hs.mu.Lock()
	hs.closed = true
	if hs.timer != nil {
		hs.timer.Stop()
	}
	hs.lru.Purge()
	var left []chan struct{}
	for key := range hs.guests {
		left = append(left, hs.guests.sendAway(key)...)
	}
	hs.wait(func(*handle) bool { return true })
	for _, gone := range left {
		<-gone
	}
	return nil
}

// close runs when nobody uses the handle.
func (h *handle) close() {
	h.watch.close()
	for _, c := range h.readers {
		_ = c.Close()
	}
	if h.writer != nil { // the last one to close moves the log into the file
		_ = h.writer.Close()
	}
}

// borrow returns a connection that is the caller's until give.
func (h *handle) borrow(ctx context.Context, m sqlite.Mode) (*sqlite.Conn, error) {
	permits := h.read
	if m == sqlite.Write {
		permits = h.write
	}
	select {
	case permits <- struct{}{}:
	case <-ctx.Done():
		return nil, &sqlite.Error{Text: "interrupted: SQLITE_INTERRUPT", Offset: -1}
	}
	c, err := h.connection(m)
	if err != nil {
		<-permits
	}
	return c, err
}

func (h *handle) connection(m sqlite.Mode) (*sqlite.Conn, error) {
	if m == sqlite.Write {
		if h.writer != nil {
			return h.writer, nil
		}
		c, err := openFile(h.path, sqlite.Options{Statements: h.statements, Budget: h.memory.write, Owner: h.owner})
		h.writer = c
		return c, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.readers); n > 0 {
		c := h.readers[n-1]
		h.readers = h.readers[:n-1]
		return c, nil
	}
	return openFile(h.path, sqlite.Options{ReadOnly: true, Statements: h.statements, Budget: h.memory.read, Owner: h.owner})
}

// give takes a connection back. One whose settings were changed is closed, so
// that nobody else gets them.
func (h *handle) give(c *sqlite.Conn, m sqlite.Mode) {
	bad := c.Tainted()
	if bad {
		_ = c.Close()
	}
	if m == sqlite.Write {
		if bad {
			h.writer = nil
		}
		<-h.write
		return
	}
	if !bad {
		h.mu.Lock()
		h.readers = append(h.readers, c)
		h.mu.Unlock()
	}
	<-h.read
}
