// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// stall keeps everybody from reading a table until it is called.
func stall(t *testing.T, url, table string) (end func()) {
	t.Helper()
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.Exec(t.Context(), "COMMIT"); err != nil {
			t.Error(err)
		}
	}
}

// waiting is how many statements wait for a lock.
func waiting(t *testing.T, observer *pgx.Conn) (n int) {
	t.Helper()
	if err := observer.QueryRow(t.Context(), `
		SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// However many searches come to a standstill, everybody else has connections, and
// PostgreSQL ends what nobody waits for.
func TestSearchesLeaveConnectionsToOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query    string
		pooled   bool
		searches int // at once
	}{
		"ten connections":  {"&pool_max_conns=10", false, 2},
		"four connections": {"&pool_max_conns=4", false, 1},
		"a pooler":         {"&pool_max_conns=10", true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := server.Database(t)
			through := url
			if c.pooled {
				through = testenv.Pooled(t, url)
			}
			s, observer := open(t, place(through+c.query)), connect(t, url)
			end := stall(t, url, "user_search")
			const admins = 30
			refused, others := sync.WaitGroup{}, 0
			for range admins {
				refused.Go(func() {
					_, err := s.FindUsers(context.WithoutCancel(t.Context()), admin.UserQuery{Text: "ann", Limit: 10}, start)
					if !errors.Is(err, auth.Refuse(auth.Busy)) || auth.ReasonOf(err) != auth.SearchesBusy {
						t.Errorf("the search ends with %v", err)
					}
				})
			}
			eventually.Holds(t, "searches wait for their table", func() bool { return waiting(t, observer) == c.searches })
			done := make(chan struct{})
			go func() { refused.Wait(); close(done) }()
			for searching := true; searching; {
				if n := waiting(t, observer); n > c.searches {
					t.Fatalf("%d searches are at work", n)
				}
				if _, _, err := s.UserByStoredEmail(t.Context(), "ann@example.com"); err != nil {
					t.Fatal(err)
				}
				others++
				select {
				case <-done:
					searching = false
				default:
				}
			}
			t.Logf("%d others were served meanwhile", others)
			eventually.Holds(t, "PostgreSQL has ended them", func() bool { return waiting(t, observer) == 0 })
			end()
			addUser(t, s, "ann@example.com")
			makeDocuments(t, s)
			if got := findUsers(t, s, admin.UserQuery{Text: "ann"}); got != "ann" {
				t.Errorf("afterwards, ann finds %q", got)
			}
			if n := count(t, url, "pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"); n > 0 {
				t.Errorf("%d transactions are left open", n)
			}
		})
	}
}

// The other search shows that this one has not come to its end by itself.
func TestASearchEndsWithWhoeverAskedForIt(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	observer := connect(t, url)
	stall(t, url, "audit_events")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	left, stays := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := s.FindEvents(ctx, admin.EventQuery{Limit: 1})
		left <- err
	}()
	eventually.Holds(t, "the first search waits", func() bool { return waiting(t, observer) == 1 })
	go func() {
		_, err := s.FindEvents(context.WithoutCancel(t.Context()), admin.EventQuery{Limit: 1})
		stays <- err
	}()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the first search ends with %v", err)
	}
	eventually.Holds(t, "one search is left", func() bool { return waiting(t, observer) == 1 })
	select {
	case err := <-stays:
		t.Errorf("the other search has ended, too: %v", err)
	default:
	}
	if err := <-stays; !errors.Is(err, auth.Refuse(auth.Busy)) {
		t.Errorf("the other search ends with %v", err)
	}
}
