// SPDX-License-Identifier: Apache-2.0

package backchannel

import (
	"io"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

// patience knows which clients have answered last. One that is not known to answer is tried
// with one logout alone, and left alone for a while when it does not take that: one that
// hangs holds up nothing but itself. What one server knows, the others find out.
type patience struct {
	random io.Reader
	mu     sync.Mutex
	known  map[string]answering
}

// answering is how often a client has not answered since it last did, and until when it is
// left alone; of one that has answered, when it did.
type answering struct {
	failures int
	until    time.Time
}

func newPatience(random io.Reader) *patience {
	return &patience{random: random, known: map[string]answering{}}
}

// note takes in whether a client has answered, and says how long to leave it alone.
func (p *patience) note(clientID string, answers bool, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if answers {
		p.known[clientID] = answering{until: now}
		return 0
	}
	failures := p.known[clientID].failures + 1
	pause := notify.RetryAfter(p.random, failures, firstRetry, longestRetry)
	p.known[clientID] = answering{failures, now.Add(pause)}
	return pause
}

// clients are those to leave alone now, and those that are known to answer. A client of
// whom nothing has been heard for long, since nothing waits for it, is forgotten.
func (p *patience) clients(now time.Time) (spared, proven []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, a := range p.known {
		switch {
		case now.Before(a.until):
			spared = append(spared, id)
		case now.Sub(a.until) > giveUpAfter:
			delete(p.known, id)
		case a.failures == 0:
			proven = append(proven, id)
		}
	}
	return spared, proven
}
