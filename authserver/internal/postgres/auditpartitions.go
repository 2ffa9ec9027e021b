// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// brief is how long a change of partitions waits for a lock. Sign-ins queue behind
	// it for as long, so it gives way to a long search and is made in the next round.
	brief = 25 * time.Millisecond
	// small is how many bytes of a partition may be read under a lock that keeps
	// everybody out.
	small = 8 << 20
	// provingTime bounds the reading of a whole partition, which is in nobody's way.
	provingTime = 10 * time.Minute
	// provenAhead is how far ahead of now a partition ends that is not small. Until it
	// is bounded, which any server tries in every round, it takes no later event.
	provenAhead = 8 * day
	day         = 24 * time.Hour
)

// partition is one of audit_events. They follow each other without a gap: the oldest
// has no beginning and the newest no end, so that every event has its place, whatever
// a server's clock says. There is no default one: whoever waited with an event for it,
// while the right one is made, would be refused.
type partition struct {
	schema   string // that of audit_events, too
	name     string
	from, to *time.Time // to is the first time that is not in it
	bytes    int64
	ends     *time.Time // what its constraint says, valid or not
}

// A bound is text that follows the settings of the session: in other styles than ISO the
// zone is an abbreviation, which may be that of another zone, too.
//
// Reading nothing of audit_events keeps it as it is for as long as the statement takes:
// of a partition that is dropped meanwhile, the functions here fail to say anything.
const eventPartitions = `
WITH style AS MATERIALIZED (SELECT set_config('DateStyle', 'ISO', true))
SELECT c.relnamespace::regnamespace::text, c.relname,
    (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\)'))[1]::timestamptz AS beginning,
    (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz,
    coalesce(pg_relation_size(c.oid), 0),
    (SELECT (regexp_match(pg_get_constraintdef(k.oid), '''([^'']+)'''))[1]::timestamptz
     FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conname = 'ends')
FROM style CROSS JOIN pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'audit_events'::regclass AND NOT EXISTS (SELECT FROM audit_events LIMIT 0)
ORDER BY beginning NULLS FIRST`

// partitions are those of audit_events, the oldest first.
func (s *Store) partitions(ctx context.Context) ([]partition, error) {
	ctx, end := s.bounded(ctx, "list audit partitions")
	defer end()
	rows, err := s.pool.Query(ctx, eventPartitions)
	if err != nil {
		return nil, classify("list audit partitions", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p partition, err error) {
		return p, row.Scan(&p.schema, &p.name, &p.from, &p.to, &p.bytes, &p.ends)
	})
	if err == nil && len(list) == 0 {
		err = errors.New("audit_events has none")
	}
	return list, classify("list audit partitions", err)
}

// ExtendEvents implements audit.Store. Any number may do so at once: of changes that
// contradict each other, the catalogue takes one.
func (s *Store) ExtendEvents(ctx context.Context, now time.Time, width time.Duration) error {
	all, err := s.partitions(ctx)
	if err != nil {
		return err
	}
	for p := all[len(all)-1]; p.from == nil || p.from.Before(now.Add(width)); {
		end, proven := p.end(now, width), p.bytes > small || p.ends != nil
		if proven {
			if end, err = s.prove(ctx, p, now); err != nil {
				return unlessOthersWork(err)
			}
		}
		next := partition{schema: p.schema, name: "audit_events_" + end.UTC().Format("20060102"), from: &end}
		if err := s.define(ctx, "make audit partition", p.dividing(end, next, proven)); err != nil {
			return unlessOthersWork(err)
		}
		p = next
	}
	return nil
}

// end is where the newest partition is to end: a width from its beginning, or, when
// nobody has made any for as long, with the day.
func (p partition) end(now time.Time, width time.Duration) time.Time {
	if p.from != nil && p.from.Add(width).After(now) {
		return p.from.Add(width)
	}
	return now.Truncate(day).Add(day)
}

// prove has a constraint say where the newest partition ends, and reads the partition
// while others write to it, so that nobody has to read it under a lock. A constraint
// that has outlived its server is gone on with, or removed before it refuses anything.
func (s *Store) prove(ctx context.Context, p partition, now time.Time) (time.Time, error) {
	if p.expires(now) {
		if err := s.unbound(ctx, p); err != nil {
			return time.Time{}, err
		}
		p.ends = nil
	}
	if p.ends == nil {
		end, err := s.provable(ctx, p, now)
		if err != nil {
			return time.Time{}, err
		}
		if err := s.define(ctx, boundingPartition, p.bounding(end)); err != nil {
			return time.Time{}, err
		}
		p.ends = &end
	}
	ctx, cancel := context.WithTimeout(ctx, provingTime)
	defer cancel()
	return *p.ends, s.defineUnbounded(ctx, boundingPartition, p.validating())
}

const boundingPartition = "bound audit partition"

// bounding has constraints say where the partition ends and, until it does, where it
// begins: who attaches it would read all of it for either.
func (p partition) bounding(end time.Time) string {
	statement := `ALTER TABLE ` + p.table() + ` ADD CONSTRAINT ends CHECK (at < ` + literal(&end, "") + `) NOT VALID`
	if p.from != nil {
		statement += `, ADD CONSTRAINT begins CHECK (at >= ` + literal(p.from, "") + `) NOT VALID`
	}
	return statement
}

func (p partition) validating() string {
	statement := `ALTER TABLE ` + p.table() + ` VALIDATE CONSTRAINT ends`
	if p.from != nil {
		statement += `, VALIDATE CONSTRAINT begins`
	}
	return statement
}

// expires is true of a constraint on the newest partition that refuses events soon, or
// already.
func (p partition) expires(now time.Time) bool { return p.ends != nil && p.ends.Before(now.Add(day)) }

func (s *Store) unbound(ctx context.Context, p partition) error {
	return s.define(ctx, boundingPartition, `ALTER TABLE `+p.table()+` DROP CONSTRAINT ends, DROP CONSTRAINT IF EXISTS begins`)
}

// provable is where a partition may end that is not small: after the latest event, too,
// which may be one of a clock that was wrong.
func (s *Store) provable(ctx context.Context, p partition, now time.Time) (time.Time, error) {
	const doing = "find latest event"
	ctx, end := s.bounded(ctx, doing)
	defer end()
	latest := now
	err := s.pool.QueryRow(ctx, `SELECT greatest($1, max(at)) FROM `+p.table(), now.Add(provenAhead)).Scan(&latest)
	if p.from != nil && p.from.After(latest) {
		latest = *p.from
	}
	return latest.UTC().Truncate(day).Add(day), classify(doing, err)
}

// UnboundEvents implements audit.Store.
func (s *Store) UnboundEvents(ctx context.Context, now time.Time) error {
	all, err := s.partitions(ctx)
	if err != nil {
		return err
	}
	if newest := all[len(all)-1]; newest.expires(now) {
		return unlessOthersWork(s.unbound(ctx, newest))
	}
	return nil
}

// dividing has the newest partition end, and the next one go on from there. Of a small
// one, events that are later already go over. What constraints prove, nobody reads
// again, here or when the partition becomes the oldest.
func (p partition) dividing(end time.Time, next partition, proven bool) string {
	this, that, bound := p.table(), next.table(), literal(&end, "")
	statements := []string{
		`ALTER TABLE ` + p.whole() + ` DETACH PARTITION ` + this,
		`CREATE TABLE ` + that + ` PARTITION OF ` + p.whole() + ` ` + between(&end, nil),
	}
	if !proven {
		statements = append(statements,
			`WITH late AS (DELETE FROM `+this+` WHERE at >= `+bound+` RETURNING *) INSERT INTO `+that+` SELECT * FROM late`,
			`ALTER TABLE `+this+` ADD CONSTRAINT ends CHECK (at < `+bound+`)`)
	}
	return strings.Join(append(statements,
		`ALTER TABLE `+p.whole()+` ATTACH PARTITION `+this+` `+between(p.from, &end),
		`ALTER TABLE `+this+` DROP CONSTRAINT IF EXISTS begins`, // the oldest takes all that is older
	), ";\n")
}

// dropping has the partition after the oldest take its place. A table that two drop at
// once fails one of them in words of its own, unless both have asked for the whole first.
func (p partition) dropping(next partition) string {
	that := next.table()
	return strings.Join([]string{
		`ALTER TABLE ` + p.whole() + ` DETACH PARTITION ` + p.table(),
		`DROP TABLE ` + p.table(),
		`ALTER TABLE ` + p.whole() + ` DETACH PARTITION ` + that,
		`ALTER TABLE ` + p.whole() + ` ATTACH PARTITION ` + that + ` ` + between(nil, next.to),
	}, ";\n")
}

// table is with its schema: as another role, search_path may be another.
func (p partition) table() string { return p.schema + "." + pgx.Identifier{p.name}.Sanitize() }

func (p partition) whole() string { return p.schema + ".audit_events" }

func between(from, to *time.Time) string {
	return fmt.Sprintf("FOR VALUES FROM (%s) TO (%s)", literal(from, "MINVALUE"), literal(to, "MAXVALUE"))
}

func literal(t *time.Time, absent string) string {
	if t == nil {
		return absent
	}
	return t.UTC().Format("'2006-01-02 15:04:05.999999Z'")
}

// asOwner is for whoever has logged in as another role than the one that owns the
// trail, and is a member of it: what one role makes, the next must be able to drop.
const asOwner = `SELECT set_config('role', pg_get_userbyid(relowner)::text, true) FROM pg_class
WHERE oid = 'audit_events'::regclass AND pg_get_userbyid(relowner) <> current_user`

// define runs statements that change tables, all or none of them. It is one message to
// the database, and thereby one transaction, also through a pooler.
func (s *Store) define(ctx context.Context, doing, statements string) error {
	ctx, end := s.bounded(ctx, doing)
	defer end()
	return s.defineUnbounded(ctx, doing, statements)
}

func (s *Store) defineUnbounded(ctx context.Context, doing, statements string) error {
	_, err := s.pool.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = 0;\n%s;\n%s",
		brief.Milliseconds(), asOwner, statements), pgx.QueryExecModeSimpleProtocol)
	return classify(doing, err)
}

// unlessOthersWork is nil for an error that says no more than that somebody has the
// tables for a moment, or has made the same change first: the next round will see.
func unlessOthersWork(err error) error {
	const lockNotAvailable, deadlock, tableExists, tableGone, overlap, constraintExists, constraintGone = "55P03", "40P01", "42P07", "42P01", "42P17", "42710", "42704"
	if slices.Contains([]string{lockNotAvailable, deadlock, tableExists, tableGone, overlap, constraintExists, constraintGone}, state(err)) {
		return nil
	}
	return err
}
