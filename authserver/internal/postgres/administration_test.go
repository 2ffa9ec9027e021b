// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// A login that has begun when an admin ends every session, and is not over yet,
// is not overlooked.
func TestNoLoginSlipsPastAnEndOfAllSessions(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	login, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"UPDATE users SET last_login_at = $2 WHERE id = $1",
		"INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at, user_agent, address) SELECT $1::uuid, $1::uuid, $2::timestamptz, $2, $2 + interval '1 hour', '', ''",
	} {
		if _, err := login.Exec(t.Context(), statement, u.ID, start); err != nil {
			t.Fatal(err)
		}
	}
	end := func() auth.UserChanged {
		ended, err := s.EndSessionsOfUser(context.Background(), u.ID, start, auth.Effects{})
		if err != nil {
			t.Error(err)
		}
		return ended
	}
	first := make(chan auth.UserChanged, 1)
	go func() { first <- end() }()
	awaitWaiting(t, url)
	if err := login.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-first; !got.Known || got.Done || len(got.Ended) > 0 {
		t.Errorf("past the login it did %+v", got)
	}
	if got := end(); !got.Done || len(got.Ended) != 1 {
		t.Errorf("after the login it did %+v", got)
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
	deadline := time.Now().Add(time.Minute)
	for waiting := 0; waiting == 0; {
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("nobody waits for a lock: %v", err)
		}
	}
}
