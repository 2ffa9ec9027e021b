// SPDX-License-Identifier: Apache-2.0

//go:build growth

package growth

import (
	"context"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// cost is what one of an operation leaves on the disk, and what it writes to the log.
type cost struct {
	name string
	// bytes are of heap and indexes together, of a database that has grown by nothing
	// else; wal of a large one, each page anew once in a checkpoint.
	heap, index, wal int
	// hot is the share of updates of sessions and refresh tokens that touched no index;
	// negative where there was none.
	hot float64
}

// measureCosts does each operation on a large database, for its log, and on a fresh
// one, for its bytes.
func measureCosts(d *load, fresh string) (costs []cost) {
	small := newLoad(newWorld(d.t, filler{url: fresh, size: d.fill.size, now: d.fill.now, say: d.fill.say}))
	grown := &people{}
	for _, op := range []struct {
		name         string
		often        int
		large, fresh func(ctx context.Context, i int) error
	}{
		{"registration", 500, d.register(nil), small.register(grown)},
		{"login", 1000, d.login(nil), small.login(grown)},
		{"refresh", 10_000, d.refreshes(nil), small.refreshes(grown)},
		{"event", 1000, d.record, small.record},
	} {
		c := cost{name: op.name}
		c.wal, c.hot = d.walOf(op.often, op.large)
		c.heap, c.index = small.bytesOf(op.fresh)
		say("  %-13s %6d bytes of heap, %6d of indexes, %7d of WAL, HOT %.3f", c.name, c.heap, c.index, c.wal, c.hot)
		costs = append(costs, c)
	}
	return costs
}

// turnOver writes anew what changes often, as this release has written all of it once the
// rows of before are gone: pages that an earlier one has filled have no room for another
// version of a row.
func (d *load) turnOver() {
	d.t.Helper()
	for _, table := range []string{"users", "sessions", "refresh_tokens", "attempts"} {
		d.sql("VACUUM (FULL, ANALYZE) " + table)
	}
}

const hands = 8

// walOf is what each of so many operations writes to the log, from a checkpoint on.
func (d *load) walOf(n int, do func(context.Context, int) error) (bytes int, hot float64) {
	d.t.Helper()
	d.sql("CHECKPOINT")
	updates, hots := d.updates()
	before := d.walWritten()
	if err := together(n, hands, func(i int) error { return do(d.t.Context(), i) }); err != nil {
		d.t.Fatal(err)
	}
	after := d.walWritten()
	updatesAfter, hotsAfter := d.updates()
	hot = -1
	if updatesAfter > updates {
		hot = float64(hotsAfter-hots) / float64(updatesAfter-updates)
	}
	return int(after-before) / n, hot
}

// walWritten is how many bytes of log there have been.
func (d *load) walWritten() (bytes int64) {
	d.ask([]any{&bytes}, "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint")
	return bytes
}

// updates are those of sessions, all and those that touched no index, as the Store's
// sessions tell when they end.
func (d *load) updates() (all, hot int64) {
	d.reopen()
	d.ask([]any{&all, &hot}, "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'sessions'")
	return all, hot
}

// bytesOf is by how much the database has grown for each operation, where vacuum has
// come by now and then.
func (d *load) bytesOf(do func(context.Context, int) error) (heap, index int) {
	const times, n = 5, 2000
	heapBefore, indexBefore := d.bytes()
	for round := range times {
		if err := together(n, hands, func(i int) error { return do(d.t.Context(), round*n+i) }); err != nil {
			d.t.Fatal(err)
		}
		d.sql("VACUUM")
	}
	heapAfter, indexAfter := d.bytes()
	return (heapAfter - heapBefore) / (times * n), (indexAfter - indexBefore) / (times * n)
}

func (d *load) bytes() (heap, index int) {
	d.ask([]any{&heap, &index}, `SELECT coalesce(sum(pg_table_size(oid)), 0)::bigint, coalesce(sum(pg_indexes_size(oid)), 0)::bigint
		FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`)
	return heap, index
}

// people are those of a database that began empty.
type people struct {
	mu       sync.Mutex
	users    []auth.User
	sessions []auth.TokenHash
}

func (p *people) user(i int) auth.User {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.users[i%len(p.users)]
}

func (p *people) add(u auth.User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users = append(p.users, u)
}

func (p *people) put(hash auth.TokenHash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions = append(p.sessions, hash)
}

func (p *people) take() auth.TokenHash {
	p.mu.Lock()
	defer p.mu.Unlock()
	hash := p.sessions[0]
	p.sessions = p.sessions[1:]
	return hash
}

func (d *load) register(p *people) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		u := d.newcomer()
		err := want(d.store.AddUser(ctx, u, nil, d.event(auth.ActRegister, u.ID)))
		if err == nil && p != nil {
			p.add(u)
		}
		return err
	}
}

func (d *load) login(p *people) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		u := auth.User{}
		if p != nil {
			u = p.user(i)
		} else {
			known := false
			for n := i; !known || u.DisabledAt != nil; n += 17 {
				var err error
				if u, known, err = d.store.UserByID(ctx, d.fill.userID(1+n*104_729%d.fill.size.users)); err != nil {
					return err
				}
			}
		}
		n := d.newSession(u)
		if p != nil {
			p.put(n.Refresh)
		}
		return d.start(ctx, n)
	}
}

func (d *load) refreshes(p *people) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		var used auth.TokenHash
		next := newHash()
		if p != nil {
			used = p.take()
			p.put(next)
		} else {
			used = d.lasting.take()
		}
		_, rotated, err := d.store.Rotate(ctx, rotation(used, next, time.Now().UTC()))
		if rotated && p == nil {
			d.lasting.put(next)
		}
		return err
	}
}

func (d *load) record(ctx context.Context, _ int) error {
	return d.store.RecordEvent(ctx, d.event(auth.ActLogin, newID()).Events[0])
}
