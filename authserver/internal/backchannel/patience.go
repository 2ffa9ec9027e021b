// SPDX-License-Identifier: Apache-2.0

package backchannel

import (
	"io"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

// patience knows the clients that have not answered lately. Each is left alone for a while
// and then tried once, so that one that hangs holds up nothing but itself. What one server
// knows, the others find out.
type patience struct {
	random io.Reader
	mu     sync.Mutex
	silent map[string]silence
}

// silence is how often a client has not answered since it last did, and until when it is
// left alone.
type silence struct {
	failures int
	until    time.Time
}

func newPatience(random io.Reader) *patience {
	return &patience{random: random, silent: map[string]silence{}}
}

// note takes in whether a client has answered, and says how long to leave it alone.
func (p *patience) note(clientID string, answers bool, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if answers {
		delete(p.silent, clientID)
		return 0
	}
	s := silence{failures: p.silent[clientID].failures + 1}
	pause := notify.RetryAfter(p.random, s.failures, firstRetry, longestRetry)
	s.until = now.Add(pause)
	p.silent[clientID] = s
	return pause
}

// clients are those to leave alone now, and those to try once. A client of whom nothing
// has been heard for long, since nothing waits for it, is forgotten.
func (p *patience) clients(now time.Time) (spared, probed []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, s := range p.silent {
		switch {
		case now.Before(s.until):
			spared = append(spared, id)
		case now.Sub(s.until) > giveUpAfter:
			delete(p.silent, id)
		default:
			probed = append(probed, id)
		}
	}
	return spared, probed
}
