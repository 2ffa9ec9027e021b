// SPDX-License-Identifier: Apache-2.0

package client

import (
	"sync"
	"time"
)

// generation is how many registered clients are remembered at least; twice as many at most, in
// a few megabytes.
const generation = 2048

// heard is a registered client, as the Store had it at a time.
type heard struct {
	Registered
	heardAt time.Time
}

// registeredClients are those that were asked about last, by their ids.
type registeredClients struct {
	mu sync.Mutex
	// When young is full, it becomes the old one, and what was old is forgotten.
	young, old map[string]heard
}

func (k *registeredClients) recall(id string) (heard, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	known, found := k.young[id]
	if !found {
		if known, found = k.old[id]; found {
			k.add(known)
		}
	}
	return known, found
}

func (k *registeredClients) remember(r Registered, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.add(heard{r, at})
}

func (k *registeredClients) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.young, id)
	delete(k.old, id)
}

func (k *registeredClients) add(known heard) {
	if len(k.young) >= generation {
		k.old, k.young = k.young, nil
	}
	if k.young == nil {
		k.young = map[string]heard{}
	}
	k.young[known.ID] = known
}
