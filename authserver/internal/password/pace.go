// SPDX-License-Identifier: Apache-2.0

package password

import (
	"math"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

// pace is how long one iteration with every lane in use takes on this machine.
type pace time.Duration

// calibrate runs a few iterations, several times: the fastest was disturbed least.
func calibrate(origin *bcrypt.Origin, now func() time.Time) pace {
	const (
		iterations = 1 << bcrypt.MinCost
		rounds     = 8
	)
	fastest := time.Duration(math.MaxInt64)
	for range rounds {
		batch := origin.NewBatch()
		for range bcrypt.Lanes {
			batch.Start(nil, [bcrypt.SaltSize]byte{}, bcrypt.MinCost)
		}
		started := now()
		for range iterations {
			batch.Step()
		}
		fastest = min(fastest, now().Sub(started))
	}
	return pace(fastest / iterations)
}

// learn follows the machine's speed with an average that forgets: within a tenth
// of a second, and not sooner, or a worker that the kernel kept from its core for
// a moment would have logins refused that had time enough.
func (p *pace) learn(lanes int, took time.Duration) {
	const memory = 1024
	if lanes == bcrypt.Lanes {
		*p += (pace(took) - *p) / memory
	}
}

// Rate is how many hashes of a cost the engine makes in a second when it is busy.
func (e *Engine) Rate(cost int) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	perHash := time.Duration(e.pace) << cost / time.Duration(len(e.loads)*bcrypt.Lanes)
	return float64(time.Second) / float64(max(perHash, 1))
}

// Counts are what an engine has done since it started.
type Counts struct {
	Hashed, Refused, Abandoned int
}

// State is what an engine is doing.
type State struct {
	Counts
	// Lanes is how many hashes are under way, Waiting how many wait for a lane
	// or, as guests, for their turn.
	Lanes, Waiting int
	// Wait is what a request that comes now would wait for its turn.
	Wait time.Duration
}

// State is a consistent look at the engine.
func (e *Engine) State() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := State{Counts: e.counts, Waiting: e.line.waiting + e.guests.line.waiting, Wait: e.wait()}
	for _, l := range e.loads {
		s.Lanes += l.lanes
	}
	return s
}
