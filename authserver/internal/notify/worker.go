// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// outboxPoll is how often to look for what other pods have stored, and for
	// what has become due.
	outboxPoll = 2 * time.Second
	// deliveriesAtOnce is per channel, so that a service that does not answer
	// holds up nothing but its own messages.
	deliveriesAtOnce = 16
	// lastDeliveries is how long deliveries in hand may take when the server stops.
	lastDeliveries = 10 * time.Second
)

// Deliver delivers what waits in the outbox until ctx is done. It returns when what it
// had in hand then is delivered or has failed.
func (s *Service) Deliver(ctx context.Context) {
	// Deliveries end later than ctx, but not never.
	deliveries, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastDeliveries, abort) })()

	running := sync.WaitGroup{}
	defer running.Wait()
	bells := []chan struct{}{}
	for _, channel := range []auth.Channel{auth.ByMail, auth.BySMS} {
		bell := make(chan struct{}, 1)
		bells = append(bells, bell)
		d := &worker{Service: s, channel: channel, bell: bell, slots: make(chan struct{}, deliveriesAtOnce)}
		running.Go(func() { d.run(ctx, deliveries) })
	}

	ticker := time.NewTicker(outboxPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.Store.Enqueued():
		case <-ticker.C:
			s.measureBacklog(ctx)
		}
		for _, bell := range bells {
			select {
			case bell <- struct{}{}:
			default: // it will look anyway
			}
		}
	}
}

func (s *Service) measureBacklog(ctx context.Context) {
	backlog, err := s.Store.Backlog(ctx)
	if err != nil {
		return // the claim that follows says why
	}
	age := time.Duration(0)
	if !backlog.Oldest.IsZero() {
		age = max(0, s.Now().Sub(backlog.Oldest))
	}
	s.Observer.Backlog(backlog.Messages, age)
}

// worker delivers the messages of one channel.
type worker struct {
	*Service
	channel auth.Channel
	bell    <-chan struct{}
	// slots holds one value for each message that is claimed or may be.
	slots chan struct{}
	// inHand are the messages' ids. A claim that ran out is this process's own
	// when the message is still being delivered.
	inHand  sync.Map
	working sync.WaitGroup
}

// run claims until ctx is done; deliveries end with the other context.
func (d *worker) run(ctx, deliveries context.Context) {
	defer d.working.Wait()
	for {
		if more := d.claim(ctx, deliveries); more && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-d.bell:
		}
	}
}

// claim starts as many deliveries as there are free slots; it waits for the first
// one. More is true when all of them were used.
func (d *worker) claim(ctx, deliveries context.Context) (more bool) {
	free := d.reserve(ctx)
	if free == 0 {
		return false
	}
	now := d.Now()
	// A claim whose answer nobody waits for would hide its messages for a while.
	claimed, err := d.Store.ClaimMessages(deliveries, Claim{
		Channel: d.channel, Limit: free, Now: now, Until: now.Add(d.timeout(d.channel) + leaseMargin),
	})
	if err != nil {
		d.Log.WarnContext(ctx, "outbox not read", "channel", d.channel, "error", err)
	}
	for range free - len(claimed) {
		<-d.slots
	}
	for _, m := range claimed {
		d.working.Go(func() {
			defer func() { <-d.slots }()
			if _, already := d.inHand.LoadOrStore(m.ID, true); already {
				return
			}
			defer d.inHand.Delete(m.ID)
			d.deliverOne(deliveries, m)
		})
	}
	return len(claimed) == free
}

// reserve takes every free slot, at least one; none when ctx is done.
func (d *worker) reserve(ctx context.Context) int {
	select {
	case <-ctx.Done():
		return 0
	case d.slots <- struct{}{}:
	}
	for free := 1; ; free++ {
		select {
		case d.slots <- struct{}{}:
		default:
			return free
		}
	}
}
