// SPDX-License-Identifier: Apache-2.0

// Package recent remembers what was asked for last, in a bounded room.
package recent

import "sync"

// generation is how many entries a Map remembers at least; twice as many at most.
const generation = 4096

// Map is what was remembered or recalled last. Its zero value is empty.
type Map[K comparable, V any] struct {
	mu sync.Mutex
	// When young is full, it becomes the old one, and what was old is forgotten.
	young, old map[K]V
}

// Recall is what was remembered of a key; false when that is nothing any more.
func (m *Map[K, V]) Recall(key K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, found := m.young[key]
	if !found {
		if known, found = m.old[key]; found {
			m.add(key, known)
		}
	}
	return known, found
}

// Remember replaces what was remembered of a key.
func (m *Map[K, V]) Remember(key K, known V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(key, known)
}

// Forget drops what was remembered of a key.
func (m *Map[K, V]) Forget(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.young, key)
	delete(m.old, key)
}

func (m *Map[K, V]) add(key K, known V) {
	if len(m.young) >= generation {
		m.old, m.young = m.young, nil
	}
	if m.young == nil {
		m.young = map[K]V{}
	}
	m.young[key] = known
}
