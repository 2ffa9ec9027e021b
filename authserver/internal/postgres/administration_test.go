// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// A login that has begun when all sessions are ended, and is not over yet, is
// not overlooked.
func TestNoLoginSlipsPastAnEndOfAllSessions(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for name, end := range map[string]func(userID string) (ended []string, done bool, err error){
		"by an admin": func(userID string) ([]string, bool, error) {
			c, err := s.EndSessionsOfUser(context.Background(), userID, start, auth.Effects{})
			return c.Ended, c.Done, err
		},
		"by their user": func(userID string) ([]string, bool, error) {
			return s.EndSessions(context.Background(), session.SessionsEnd{UserID: userID, Reason: session.EndedByUser, Now: start}, auth.Effects{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := addUser(t, s, strings.ReplaceAll(name, " ", ".")+"@example.com")
			conclude := halfLogin(t, url, u.ID)
			first := make(chan string, 1)
			go func() {
				ended, done, err := end(u.ID)
				first <- fmt.Sprint(len(ended), done, err)
			}()
			awaitWaiting(t, url)
			conclude()
			if got := <-first; got != "0 false <nil>" {
				t.Errorf("past the login it did %s", got)
			}
			if ended, done, err := end(u.ID); err != nil || !done || len(ended) != 1 {
				t.Errorf("after the login it ended %v, %t, %v", ended, done, err)
			}
		})
	}
}

// halfLogin opens a session that nobody sees until it is concluded.
func halfLogin(t *testing.T, url, userID string) (conclude func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	login, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"UPDATE users SET last_login_at = $2 WHERE id = $1",
		`INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at, user_agent, address)
			SELECT $1::uuid, $1::uuid, $2::timestamptz, $2, $2 + interval '1 hour', '', ''`,
	} {
		if _, err := login.Exec(t.Context(), statement, userID, start); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := login.Commit(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// awaitWaiting returns once a statement waits for another's lock.
func awaitWaiting(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	deadline := time.Now().Add(eventually.Patience)
	for waiting := 0; waiting == 0; {
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("nobody waits for a lock: %v", err)
		}
	}
}
