package auth

import (
	"container/list"
	"crypto/sha256"
)

// recentKey is a hash, so that a key takes 32 bytes whatever a stranger sent.
type recentKey [sha256.Size]byte

func newRecentKey(parts ...string) recentKey {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	return recentKey(h.Sum(nil))
}

// recent is a map that keeps the max keys that were used last.
type recent[V any] struct {
	max   int
	items map[recentKey]*list.Element
	order *list.List // of *recentItem[V], the one used last in front
}

type recentItem[V any] struct {
	key   recentKey
	value V
}

func newRecent[V any](n int) *recent[V] {
	return &recent[V]{max: n, items: map[recentKey]*list.Element{}, order: list.New()}
}

// peek returns the value of a key without using it; nil if there is none.
func (m *recent[V]) peek(k recentKey) *V {
	e, ok := m.items[k]
	if !ok {
		return nil
	}
	return &e.Value.(*recentItem[V]).value
}

// use returns the value of a key, a zero one if it is new. A new key over max
// drops the one that was used longest ago.
func (m *recent[V]) use(k recentKey) *V {
	if e, ok := m.items[k]; ok {
		m.order.MoveToFront(e)
		return &e.Value.(*recentItem[V]).value
	}
	if m.order.Len() >= m.max {
		m.drop(m.order.Back().Value.(*recentItem[V]).key)
	}
	item := &recentItem[V]{key: k}
	m.items[k] = m.order.PushFront(item)
	return &item.value
}

func (m *recent[V]) drop(k recentKey) {
	if e, ok := m.items[k]; ok {
		m.order.Remove(e)
		delete(m.items, k)
	}
}

func (m *recent[V]) len() int { return m.order.Len() }
