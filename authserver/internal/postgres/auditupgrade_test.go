// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// What a pod of the release before does with the trail: pruning, reading, writing.
const (
	pruningOfBefore = `DELETE FROM audit_events WHERE id IN (
		SELECT id FROM audit_events WHERE at <= $1 LIMIT 10 FOR UPDATE SKIP LOCKED)`
	readingOfBefore = `SELECT id::text, at, action, outcome, coalesce(actor_id::text, ''), account_key, coalesce(reason, '')
		FROM audit_events WHERE action = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT 20`
	writingOfBefore = `WITH cause AS (SELECT), recorded AS (
		INSERT INTO audit_events (id, at, action, outcome, actor_id, target_id, account_key, address, user_agent, detail, reason)
		SELECT id, at, action, outcome, actor_id, target_id, decode(account_key, 'hex'), address, user_agent, detail, reason
		FROM jsonb_to_recordset($1) AS e (
			id uuid, at timestamptz, action text, outcome text, actor_id uuid, target_id uuid,
			account_key text, address text, user_agent text, detail text, reason text)
		WHERE EXISTS (SELECT FROM cause)) SELECT`
)

// podOfBefore writes, reads and prunes through statements that it has prepared before
// the trail had partitions. Each is refused nothing.
type podOfBefore struct {
	t       *testing.T
	conn    *pgx.Conn
	written int
}

func (p *podOfBefore) work(ctx context.Context) {
	for ctx.Err() == nil {
		event := fmt.Sprintf(`[{"id": %q, "at": %q, "action": "login", "outcome": "succeeded", "address": "", "user_agent": "", "detail": ""}]`,
			uuid.NewString(), time.Now().Format(time.RFC3339Nano))
		if _, err := p.conn.Exec(p.t.Context(), writingOfBefore, event); err != nil {
			p.t.Errorf("writing: %v", err)
			return
		}
		p.written++
		rows, err := p.conn.Query(p.t.Context(), readingOfBefore, "login", time.Now().Add(time.Hour), numbered(1))
		if rows.Close(); err != nil || rows.Err() != nil || rows.CommandTag().RowsAffected() != 20 {
			p.t.Errorf("reading finds %d: %v, %v", rows.CommandTag().RowsAffected(), err, rows.Err())
			return
		}
		if _, err := p.conn.Exec(p.t.Context(), pruningOfBefore, start.AddDate(-1, 0, 0)); err != nil {
			p.t.Errorf("pruning: %v", err)
			return
		}
	}
}

func TestPodsOfBeforeGoOnWhileTheTrailGetsPartitions(t *testing.T) {
	t.Parallel()
	url := at(t, ownFiles(t).upTo("00079"))
	const before = 50_000
	fillTrail(t, url, before, time.Now().Add(-90*day), time.Now().Add(-time.Hour))
	ctx, stop := context.WithCancel(t.Context())
	pods, group := make([]*podOfBefore, 4), sync.WaitGroup{}
	for i := range pods {
		pods[i] = &podOfBefore{t: t, conn: connect(t, url)}
		// Nothing but others' locks counts, whatever else the machine is busy with. A migration
		// asks for its own for a second.
		if _, err := pods[i].conn.Exec(t.Context(), "SET lock_timeout = '3s'"); err != nil {
			t.Fatal(err)
		}
		group.Go(func() { pods[i].work(ctx) })
	}
	written := connect(t, url)
	grows := func(when string) {
		first := rowsOf(t, written)
		eventually.Holds(t, when+", pods of before write", func() bool { return rowsOf(t, written) > first+20 })
	}
	grows("before the migration")
	if err := migrate(url); err != nil {
		t.Error(err)
	}
	grows("after it")
	s := open(t, place(url))
	eventually.Holds(t, "the trail is bounded while others write", func() bool {
		extend(t, s, time.Now(), week)
		return len(rooms(t, url)) > 1
	})
	grows("with partitions")
	stop()
	group.Wait()
	sum := 0
	for _, p := range pods {
		sum += p.written
	}
	if n := rowsOf(t, written); n != before+sum {
		t.Errorf("of %d events, %d are there", before+sum, n)
	}
	hourAgo := time.Now().Add(-time.Hour)
	if found, err := s.FindEvents(t.Context(), admin.EventQuery{From: &hourAgo, Limit: sum + 1}); err != nil || len(found) != sum {
		t.Errorf("of %d events of the last hour, %d are found, %v", sum, len(found), err)
	}
}

func rowsOf(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM audit_events").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Down gives back the one table with every event that the partitions have.
func TestTheTrailBecomesOneTableAgain(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	extend(t, s, start, week)
	record(t, s, start.AddDate(-1, 0, 0), start, start.Add(3*day), start.AddDate(1, 0, 0))
	all := ownFiles(t).read(t)
	last := all[len(all)-1]
	for _, m := range all {
		if m.Name() == "00089_audit_events_partitions.sql" {
			last = m
		}
	}
	execute(t, url, last.Down())
	if n := count(t, url, "audit_events"); n != 4 {
		t.Errorf("%d events are left", n)
	}
	execute(t, url, last.Up())
	if n := len(trail(t, s)); n != 4 {
		t.Errorf("%d events are found", n)
	}
}

// Who may read or write the trail, a collector of logs, say, may do so afterwards.
func TestRightsOnTheTrailOutliveItsPartitions(t *testing.T) {
	t.Parallel()
	url := at(t, ownFiles(t).upTo("00088"))
	execute(t, url, `
		GRANT SELECT ON audit_events TO pg_monitor WITH GRANT OPTION;
		GRANT INSERT ON audit_events TO PUBLIC;
		ALTER TABLE audit_events OWNER TO pg_database_owner`)
	if err := migrate(url); err != nil {
		t.Fatal(err)
	}
	for _, right := range []string{"'pg_monitor', 'audit_events', 'SELECT WITH GRANT OPTION'", "'pg_read_all_stats', 'audit_events', 'INSERT'"} {
		if n := count(t, url, "(SELECT WHERE has_table_privilege("+right+")) AS r"); n != 1 {
			t.Errorf("%s is lost", right)
		}
	}
	if n := count(t, url, "pg_class WHERE oid = 'audit_events'::regclass AND relowner = 'pg_database_owner'::regrole"); n != 1 {
		t.Error("the trail belongs to somebody else")
	}
}
