// SPDX-License-Identifier: Apache-2.0

package password

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

// pace is how long one iteration takes on this machine.
type pace struct {
	alone time.Duration // with one lane in use
	full  time.Duration // with every lane in use
}

// calibrate runs a few iterations, alone and in full.
func calibrate(origin *bcrypt.Origin, now func() time.Time) pace {
	measure := func(lanes int) time.Duration {
		const iterations = 16
		hashes := make([]*bcrypt.Computation, lanes)
		for i := range hashes {
			hashes[i] = origin.Start(nil, [bcrypt.SaltSize]byte{}, bcrypt.MinCost)
		}
		started := now()
		for range iterations {
			bcrypt.Step(hashes)
		}
		return now().Sub(started) / iterations
	}
	return pace{alone: measure(1), full: measure(bcrypt.Lanes)}
}

// learn follows the machine's speed with an average that forgets.
func (p *pace) learn(lanes int, took time.Duration) {
	const memory = 64
	switch lanes {
	case 1:
		p.alone += (took - p.alone) / memory
	case bcrypt.Lanes:
		p.full += (took - p.full) / memory
	}
}

// Counts are what an engine has done since it started.
type Counts struct {
	Hashed, Refused, Abandoned int
}

// State is what an engine is doing.
type State struct {
	Counts
	// Lanes is how many hashes are under way, Waiting how many wait for a lane.
	Lanes, Waiting int
	// Wait is what a request that comes now would wait for its turn.
	Wait time.Duration
}

// State is a consistent look at the engine.
func (e *Engine) State() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := State{Counts: e.counts, Waiting: e.line.waiting, Wait: e.wait()}
	for _, lanes := range e.busy {
		s.Lanes += lanes
	}
	return s
}

// Capacity is how many hashes at cost all workers together make in a second.
func (e *Engine) Capacity(cost int) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	perHash := e.pace.full << cost
	return float64(len(e.busy)*bcrypt.Lanes) / perHash.Seconds()
}
