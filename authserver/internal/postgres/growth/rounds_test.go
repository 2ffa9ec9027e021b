// SPDX-License-Identifier: Apache-2.0

//go:build growth

package growth

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
)

const (
	// perSecond is how often a session is refreshed beside a round of pruning: what a
	// million monthly users do at a busy hour.
	perSecond = 150
	// spell is for how long refreshes are measured at a time, alone or beside pruning, and
	// spells how often each: a disk that stalls spoils some, and must not spoil half of them.
	spell  = 10 * time.Second
	spells = 9
	// longestRound ends one that does not end. The next begins ten minutes after it did.
	longestRound = 10 * time.Minute
)

// pruned is what a round of pruning did, and what refreshes were like without and beside
// others.
type pruned struct {
	before, beside spellsOf
	round          *latencies // beside all of one
	wal            int64
	failed         error
	tables         []prunedTable
}

// spellsOf are refreshes of one kind, measured several times.
type spellsOf []*latencies

// median is the spell with the p99 that is neither the best nor the worst.
func (s spellsOf) median() *latencies {
	sorted := slices.SortedFunc(slices.Values(s), func(a, b *latencies) int {
		return cmp.Compare(a.percentile(.99), b.percentile(.99))
	})
	return sorted[len(sorted)/2]
}

func (s spellsOf) failures() (n int) {
	for _, one := range s {
		n += one.failures()
	}
	return n
}

// prunedTable is how many rows of a table had expired before the round, and how many of
// them are left.
type prunedTable struct {
	name, condition string
	expired, still  int
}

// tokens is how many refresh tokens the round has pruned.
func (p pruned) tokens() int {
	for _, t := range p.tables {
		if t.name == "refresh_tokens" {
			return t.expired - t.still
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

// pruneRounds lets a third of all sessions expire, and what else expires. The statistics are
// those of before.
func (d *load) pruneRounds() pruned {
	p := pruned{tables: expired()}
	at := d.fill.now.Add(untilPruned)
	d.sql("UPDATE second_factors SET verified_at = NULL, created_at = now() - interval '3 days' WHERE user_id IN (SELECT user_id FROM second_factors LIMIT 10000)")
	for range spells {
		p.before = append(p.before, d.spell(nil))
		p.beside = append(p.beside, d.spell(func(ctx context.Context) {
			if err := d.prune(ctx, at); ctx.Err() == nil { // otherwise the next goes on from there
				p.failed = cmp.Or(p.failed, err)
			}
		}))
	}
	for i, t := range p.tables {
		d.ask([]any{&p.tables[i].expired}, "SELECT count(*) FROM "+t.name+" WHERE "+t.condition, at)
	}
	p.round = d.measure(longestRound, func(ctx context.Context) {
		before := d.walWritten()
		p.failed = cmp.Or(p.failed, d.prune(ctx, at))
		p.wal = d.walWritten() - before
	})
	for i, t := range p.tables {
		d.ask([]any{&p.tables[i].still}, "SELECT count(*) FROM "+t.name+" WHERE "+t.condition, at)
	}
	say("  a round took %s, its error is %v", p.round.span.Round(time.Second), p.failed)
	return p
}

// spell measures refreshes for a short time.
func (d *load) spell(beside func(context.Context)) *latencies { return d.measure(spell, beside) }

// measure takes the times of refreshes alone, or beside something, as long as that lasts. It
// begins as each other does: after a checkpoint, the first change of a page has all of it
// logged.
func (d *load) measure(atMost time.Duration, beside func(context.Context)) (l *latencies) {
	d.sql("CHECKPOINT")
	ctx, end := context.WithTimeout(d.t.Context(), atMost)
	defer end()
	var refreshing sync.WaitGroup
	refreshing.Go(func() { l = d.steadily(ctx, perSecond) })
	if beside != nil {
		beside(ctx)
		end()
	}
	refreshing.Wait()
	say("  refreshes: p50 %s, p99 %s", l.percentile(.5), l.percentile(.99))
	return l
}

// prune is what a server does every ten minutes.
func (d *load) prune(ctx context.Context, at time.Time) error {
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
