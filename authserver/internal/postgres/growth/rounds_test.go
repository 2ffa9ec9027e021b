// SPDX-License-Identifier: Apache-2.0

//go:build growth

package growth

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
)

const (
	// perSecond is how often a session is refreshed beside a round of pruning: what a
	// million monthly users do at a busy hour.
	perSecond = 150
	// longestPruning ends what does not end.
	longestPruning = 3 * time.Minute
)

// pruned is a round of pruning, and what refreshes were like before it and beside it.
type pruned struct {
	before, beside *latencies
	rounds         int
	took           time.Duration
	wal            int64
	failed         error
	tables         []prunedTable
}

// prunedTable is how many rows of a table had expired, and how many of them are left.
type prunedTable struct {
	name, condition string
	expired, still  int
}

// tokensARound is how many refresh tokens a round has pruned.
func (p pruned) tokensARound() int {
	for _, t := range p.tables {
		if t.name == "refresh_tokens" {
			return (t.expired - t.still) / max(1, p.rounds)
		}
	}
	return 0
}

// expired is what pruning should not leave, by table, at a time $1. Sessions may stay
// until their day is over, and events until their partition is.
func expired() []prunedTable {
	return []prunedTable{
		{name: "sessions", condition: "expires_at < date_trunc('day', $1::timestamptz)"},
		{name: "refresh_tokens", condition: "expires_at <= $1"},
		{name: "attempts", condition: "expires_at <= $1"},
		{name: "tickets", condition: "expires_at <= $1"},
		{name: "text_codes", condition: "sent_at <= $1::timestamptz - interval '1 hour'"},
		{name: "second_factors", condition: "verified_at IS NULL AND created_at <= $1::timestamptz - interval '1 day'"},
		{name: "quotas", condition: "since <= $1::timestamptz - interval '1 hour'"},
		{name: "mail_quotas", condition: "since <= $1::timestamptz - interval '1 hour'"},
		{name: "audit_events", condition: "at <= $1::timestamptz - interval '83 days'"},
	}
}

// retention is how long events are kept: a tenth of them goes.
const retention = 76 * 24 * time.Hour

// pruneRounds lets a third of all sessions expire, and what else expires, and prunes it
// all. The statistics are those of before.
func (d *load) pruneRounds() pruned {
	p := pruned{tables: expired()}
	at := d.fill.now.Add(untilPruned)
	d.sql("UPDATE second_factors SET verified_at = NULL, created_at = now() - interval '3 days' WHERE user_id IN (SELECT user_id FROM second_factors LIMIT 10000)")
	for i, t := range p.tables {
		d.ask([]any{&p.tables[i].expired}, "SELECT count(*) FROM "+t.name+" WHERE "+t.condition, at)
	}
	d.sql("CHECKPOINT")
	calm, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	p.before = d.steadily(calm, perSecond)
	cancel()
	say("  refreshes alone: p50 %s, p99 %s", p.before.percentile(.5), p.before.percentile(.99))

	d.sql("CHECKPOINT")
	before := d.walWritten()
	ctx, stop := context.WithCancel(d.t.Context())
	var all sync.WaitGroup
	all.Go(func() { p.beside = d.steadily(ctx, perSecond) })
	began := time.Now()
	for left := true; left && time.Since(began) < longestPruning; p.rounds++ {
		if err := d.prune(at); err != nil {
			p.failed = err
		}
		left = d.anyLeft(p.tables, at)
		say("  %d rounds after %s, the last one's error is %v", p.rounds+1, time.Since(began).Round(time.Second), p.failed)
	}
	p.took = time.Since(began)
	stop()
	all.Wait()
	p.wal = d.walWritten() - before
	say("  refreshes beside: p50 %s, p99 %s", p.beside.percentile(.5), p.beside.percentile(.99))
	for i, t := range p.tables {
		d.ask([]any{&p.tables[i].still}, "SELECT count(*) FROM "+t.name+" WHERE "+t.condition, at)
	}
	return p
}

func (d *load) anyLeft(tables []prunedTable, at time.Time) (left bool) {
	for _, t := range tables {
		if !left {
			d.ask([]any{&left}, "SELECT EXISTS (SELECT FROM "+t.name+" WHERE "+t.condition+")", at)
		}
	}
	return left
}

// prune is what a server does every ten minutes.
func (d *load) prune(at time.Time) error {
	ctx, cancel := context.WithTimeout(d.t.Context(), longestPruning)
	defer cancel()
	return errors.Join(d.store.Prune(ctx, at), d.auditLog(at, retention).Prune(ctx))
}

// starved is what refreshes were like without and beside ten searches that never pause.
type starved struct {
	without, beside *latencies
	answered, shed  int
	longest         time.Duration
}

func (d *load) starve() starved {
	s := starved{}
	calm, cancel := context.WithTimeout(d.t.Context(), 8*time.Second)
	s.without = d.flatOut(calm, hands)
	cancel()
	ctx, cancel := context.WithTimeout(d.t.Context(), 12*time.Second)
	defer cancel()
	var all sync.WaitGroup
	var mu sync.Mutex
	for range 10 {
		all.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				_, err := d.store.FindUsers(context.WithoutCancel(ctx), admin.UserQuery{Status: admin.LockedStatus, Limit: page, LongestLock: 48 * time.Hour}, d.now())
				mu.Lock()
				s.longest = max(s.longest, time.Since(began))
				if err == nil {
					s.answered++
				} else {
					s.shed++
				}
				mu.Unlock()
			}
		})
	}
	s.beside = d.flatOut(ctx, hands)
	all.Wait()
	say("  refreshes: %.0f a second alone, %.0f beside ten searches, of which %d were answered and %d not", s.without.perSecond(), s.beside.perSecond(), s.answered, s.shed)
	return s
}
