package sqlite

import "github.com/hashicorp/golang-lru/v2/simplelru"

// cache keeps a connection's compiled statements for being run again, the least
// recently used ones dropped. The authorizer judges a statement when it is
// compiled, so a statement is kept for the mode it was compiled in and never
// serves another one.
type cache struct {
	lru *simplelru.LRU[cacheKey, *Stmt]
}

type cacheKey struct {
	mode Mode
	sql  string
}

// maxKept is how long the SQL of a kept statement may be, in bytes: longer ones
// are rarely run twice.
const maxKept = 8 << 10

func newCache(n int) *cache {
	if n <= 0 {
		n = 8
	}
	// NewLRU fails only on a size of 0.
	lru, _ := simplelru.NewLRU(n, func(_ cacheKey, s *Stmt) {
		if s.st != nil {
			_ = s.st.Finalize()
		}
	})
	return &cache{lru: lru}
}

// take returns a statement that is nobody else's until it is put back, or nil.
func (k *cache) take(m Mode, sql string) *Stmt {
	key := cacheKey{m, sql}
	s, ok := k.lru.Peek(key)
	if !ok {
		return nil
	}
	fresh := *s // the entry's eviction must not end the statement
	s.st = nil
	k.lru.Remove(key)
	return &fresh
}

// put keeps a statement, its values forgotten. One whose run was broken off, or
// that has an equal already, is freed.
func (k *cache) put(s *Stmt) {
	broken := s.st.Reset() != nil || s.st.ClearBindings() != nil
	key := cacheKey{s.mode, s.sql}
	if broken || len(s.sql) > maxKept || k.lru.Contains(key) || !s.c.open {
		_ = s.st.Finalize()
		return
	}
	k.lru.Add(key, s)
}

// clear frees every kept statement.
func (k *cache) clear() { k.lru.Purge() }
