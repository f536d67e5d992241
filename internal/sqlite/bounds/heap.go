package bounds

import (
	"math/bits"
	"sync"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/memory"
	lib "modernc.org/sqlite/lib"
)

// blocks is what SQLite allocates from. Each block has a head of 8 bytes before it:
// its size, cacheMark, and above them the slot of the account it is billed to.
type blocks struct {
	mu sync.Mutex
	// from is not the library's own allocator, which can't give back what it keeps
	// for later.
	from memory.Allocator
}

var heap blocks

const (
	headSize = 8
	// cacheMark says that a block is a page cache that can give pages away.
	cacheMark = 1 << 31
	// maxSlot is the largest block that the allocator takes from a size class, all
	// of them powers of two.
	maxSlot = 1 << 14
	osPage  = 4 << 10
	// trimAbove is what a connection must have taken for the heap to be trimmed
	// after it: less is soon used again.
	trimAbove = 8 << 20
)

var memMethods = lib.Tsqlite3_mem_methods{
	FxMalloc: pointer(xMalloc), FxFree: pointer(xFree), FxRealloc: pointer(xRealloc), FxSize: pointer(xSize),
	FxRoundup: pointer(xRoundup), FxInit: pointer(xInit), FxShutdown: pointer(xShutdown),
}

func installHeap(tls *libc.TLS) int32 {
	return configure(tls, lib.SQLITE_CONFIG_MALLOC, unsafe.Pointer(&memMethods))
}

// footprint is how many bytes a block of n takes of the machine's memory.
func footprint(n int) int64 {
	n += headSize
	if n > maxSlot {
		return int64(n+osPage-1) &^ (osPage - 1)
	}
	return 1 << bits.Len(uint(max(n, 16)-1))
}

func (h *blocks) take(n int) uintptr {
	h.mu.Lock()
	p, err := h.from.UintptrMalloc(n + headSize)
	h.mu.Unlock()
	if err != nil || p == 0 {
		return 0
	}
	return p + headSize
}

func (h *blocks) give(p uintptr) {
	h.mu.Lock()
	_ = h.from.UintptrFree(p - headSize) // fails only where the system can't unmap
	h.mu.Unlock()
}

// trim gives what is kept for later back to the system.
func (h *blocks) trim() {
	h.mu.Lock()
	_ = h.from.Trim()
	h.mu.Unlock()
}

func head(p uintptr) *uint64 { return at[uint64](p - headSize) }

func sizeOf(p uintptr) int { return int(*head(p) & (cacheMark - 1)) }

// ownerOf returns whom a block is billed to, or nil.
func ownerOf(p uintptr) *Account { return accounts.slots[*head(p)>>32].Load() }

func setHead(p uintptr, n int, a *Account) {
	h := uint64(n)
	if a != nil {
		h |= uint64(a.slot) << 32
	}
	*head(p) = h
}

func setOwner(p uintptr, a *Account) {
	*head(p) = uint64(uint32(*head(p)))
	if a != nil {
		*head(p) |= uint64(a.slot) << 32
	}
}

func xMalloc(tls *libc.TLS, n int32) uintptr {
	a := accountOf(tls)
	if a != nil && !a.charge(footprint(int(n))) {
		return 0
	}
	p := heap.take(int(n))
	if p == 0 {
		if a != nil {
			a.credit(footprint(int(n)))
		}
		return 0
	}
	setHead(p, int(n), a)
	return p
}

func xFree(tls *libc.TLS, p uintptr) {
	if p == 0 {
		return
	}
	if a := ownerOf(p); a != nil {
		n := footprint(sizeOf(p))
		if a.id == tls.ID {
			a.credit(n)
		} else {
			a.refund(n)
		}
	}
	heap.give(p)
}

// xRealloc moves a block that grows or becomes much smaller. While it moves it is
// billed twice, as it is there twice.
func xRealloc(tls *libc.TLS, p uintptr, n int32) uintptr {
	was := sizeOf(p)
	if footprint(was) == footprint(int(n)) {
		*head(p) = *head(p)>>32<<32 | uint64(n)
		return p
	}
	to := xMalloc(tls, n)
	if to == 0 {
		return 0
	}
	n = min(n, int32(was))
	copy(unsafe.Slice(at[byte](to), n), unsafe.Slice(at[byte](p), n))
	xFree(tls, p)
	return to
}

func xSize(_ *libc.TLS, p uintptr) int32 {
	if p == 0 {
		return 0
	}
	return int32(sizeOf(p))
}

func xRoundup(_ *libc.TLS, n int32) int32 { return (n + 7) &^ 7 }

func xInit(*libc.TLS, uintptr) int32 { return lib.SQLITE_OK }

func xShutdown(*libc.TLS, uintptr) {}
