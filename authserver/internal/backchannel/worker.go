// SPDX-License-Identifier: Apache-2.0

package backchannel

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// poll is how often to look for what has ended since, here and at other pods.
	poll = time.Second
	// atOnce is how many tries are made at once, and eachAtOnce how many at one client.
	atOnce     = 32
	eachAtOnce = 8
	// leaseMargin is how much longer a logout is claimed than a try may take: time to write
	// down the result, and for clocks that differ.
	leaseMargin = time.Minute
	// lastDeliveries is how long tries in hand may take when the server stops.
	lastDeliveries = 10 * time.Second
)

// Deliver tells clients what waits for them until ctx is done. It returns when those that
// it was telling then have been told, or have not answered.
func (s *Service) Deliver(ctx context.Context) {
	// Tries end later than ctx, but not never.
	tries, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastDeliveries, abort) })()
	w := &worker{Service: s, patience: newPatience(s.Random), inHand: map[string]int{}, freed: make(chan struct{}, 1)}
	defer w.working.Wait()

	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.freed:
		case <-ticker.C:
			w.measure(ctx)
		}
		w.claim(ctx, tries)
	}
}

// worker tells clients.
type worker struct {
	*Service
	patience *patience
	// freed rings when a client has been told, and there may be more for it.
	freed   chan struct{}
	working sync.WaitGroup
	behind  bool // the last claim has failed, which is not told again

	mu sync.Mutex
	// inHand are the clients that are being told, each of so many logouts.
	inHand map[string]int
}

// claim begins to tell clients, as many as there is room for.
func (w *worker) claim(ctx, tries context.Context) {
	room, spared, proven := w.room()
	if room == 0 {
		return
	}
	now := w.Now()
	// A claim whose answer nobody waits for would hide its logouts for a while.
	claimed, err := w.Store.ClaimLogouts(tries, Claim{
		Limit: room, Each: eachAtOnce, Spared: spared, Proven: proven, Now: now, Until: now.Add(w.Timeout + leaseMargin),
	})
	w.tellOf(ctx, err)
	byClient := map[string][]Logout{}
	for _, l := range claimed {
		byClient[l.ClientID] = append(byClient[l.ClientID], l)
	}
	for id, logouts := range byClient {
		w.hold(id, len(logouts))
		w.working.Go(func() {
			defer w.release(id)
			w.tell(tries, id, logouts)
		})
	}
}

// tellOf says in the log when claims begin to fail, and when they succeed again.
func (w *worker) tellOf(ctx context.Context, err error) {
	switch failed := err != nil; {
	case failed && !w.behind && ctx.Err() == nil:
		w.Log.WarnContext(ctx, "what clients are to be told of sign-outs not read", "error", err)
		w.behind = true
	case !failed && w.behind:
		w.Log.InfoContext(ctx, "what clients are to be told of sign-outs is read again")
		w.behind = false
	}
}

// room is how many logouts may be claimed, whose not, and of whom several.
func (w *worker) room() (room int, spared, proven []string) {
	spared, proven = w.patience.clients(w.Now())
	w.mu.Lock()
	defer w.mu.Unlock()
	room = atOnce
	for _, n := range w.inHand {
		room -= n
	}
	return room, append(spared, slices.Collect(maps.Keys(w.inHand))...), proven
}

func (w *worker) hold(clientID string, logouts int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inHand[clientID] = logouts
}

func (w *worker) release(clientID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.inHand, clientID)
	select {
	case w.freed <- struct{}{}:
	default: // it will look anyway
	}
}

func (w *worker) measure(ctx context.Context) {
	backlog, err := w.Store.LogoutBacklog(ctx)
	if err != nil {
		return // the claim that follows says why
	}
	age := time.Duration(0)
	if !backlog.Oldest.IsZero() {
		age = max(0, w.Now().Sub(backlog.Oldest))
	}
	w.Observer.LogoutBacklog(backlog.Logouts, age)
}
