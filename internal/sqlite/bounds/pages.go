package bounds

import (
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// The library's page cache is one for all connections: a cache that is full takes
// over the page that was used least, whosever it was. So a page is billed anew
// whenever a cache gets it: to the connection whose statement made the cache, as a
// sort or a DISTINCT does, and to nobody for the cache of a database's own file,
// which is made while the connection is opened and has no account yet.

type (
	createCache  = func(tls *libc.TLS, page, extra, purgeable int32) uintptr
	fetchPage    = func(tls *libc.TLS, cache uintptr, key uint32, create int32) uintptr
	destroyCache = func(tls *libc.TLS, cache uintptr)
	countPages   = func(tls *libc.TLS, cache uintptr) int32
)

var pages struct {
	// given are the library's methods, ours those that are laid over them.
	given, ours lib.Tsqlite3_pcache_methods2
	create      createCache
	fetch       fetchPage
	destroy     destroyCache
	count       countPages
}

func installPages(tls *libc.TLS) int32 {
	p := &pages
	if rc := configure(tls, lib.SQLITE_CONFIG_GETPCACHE2, unsafe.Pointer(&p.given)); rc != lib.SQLITE_OK {
		return rc
	}
	p.create, p.fetch, p.destroy = function[createCache](p.given.FxCreate), function[fetchPage](p.given.FxFetch),
		function[destroyCache](p.given.FxDestroy)
	p.count = function[countPages](p.given.FxPagecount)
	p.ours = p.given
	p.ours.FxCreate, p.ours.FxFetch, p.ours.FxDestroy = pointer(xCreate), pointer(xFetch), pointer(xDestroy)
	return configure(tls, lib.SQLITE_CONFIG_PCACHE2, unsafe.Pointer(&p.ours))
}

func xCreate(tls *libc.TLS, page, extra, purgeable int32) uintptr {
	cache := pages.create(tls, page, extra, purgeable)
	if cache == 0 || purgeable == 0 { // one in memory gives no page away, and is billed as it grows
		return cache
	}
	*head(cache) |= cacheMark
	if a := accountOf(tls); a != nil {
		a.made = cache
	}
	return cache
}

// xFetch asks for a page that is there first, which is the ordinary case.
func xFetch(tls *libc.TLS, cache uintptr, key uint32, create int32) uintptr {
	p := pages.fetch(tls, cache, key, 0)
	if p != 0 || create == 0 {
		return p
	}
	if p = pages.fetch(tls, cache, key, create); p == 0 {
		return 0
	}
	owner, block := *head(cache), at[lib.Tsqlite3_pcache_page](p).FpBuf
	if owner&cacheMark != 0 && owner>>32 != *head(block)>>32 {
		rebill(tls, block, ownerOf(cache))
	}
	return p
}

// rebill bills a block to another one.
func rebill(tls *libc.TLS, block uintptr, to *Account) {
	from, n := ownerOf(block), footprint(sizeOf(block))
	setOwner(block, to)
	if to != nil {
		to.used.Add(n)
	}
	switch {
	case from == nil:
	case from.id == tls.ID:
		from.credit(n)
	default:
		from.refund(n)
	}
}

// xDestroy ends a cache. SQLite makes the cache for another size of pages just
// before it destroys the one it had; the new one is as much a file's own.
func xDestroy(tls *libc.TLS, cache uintptr) {
	if a := accountOf(tls); a != nil {
		if *head(cache)&cacheMark != 0 && ownerOf(cache) == nil && a.made != 0 && pages.count(tls, a.made) == 0 {
			rebill(tls, a.made, nil)
			a.made = 0
		}
		if a.made == cache {
			a.made = 0
		}
	}
	pages.destroy(tls, cache)
}
