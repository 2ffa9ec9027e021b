// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// Rows of the release before have all of a User-Agent, and those of this one a word for
// most of it.
func TestUserAgentsOfBothReleasesAreRead(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	login(t, s, 1, start)
	user, _, err := s.UserByEmail(t.Context(), "ann@example.com")
	if err != nil {
		t.Fatal(err)
	}
	execute(t, url, `UPDATE sessions SET user_agent = '`+agent+`', address = '192.0.2.1'`) // as it was stored
	execute(t, url, `INSERT INTO audit_events (id, at, action, outcome, target_id, user_agent)
		VALUES (gen_random_uuid(), '2026-01-02', 'login', 'succeeded', '`+user.ID+`', '`+agent+`')`)
	event := auth.Event{ID: uuid.NewString(), Action: auth.ActLogin, Outcome: auth.Succeeded, TargetID: user.ID, UserAgent: agent, At: start}
	started, err := s.StartSession(t.Context(), signin.NewSession{
		SessionID: uuid.NewString(), User: user, Refresh: randomHash(), NewHash: user.PasswordHash, Now: start, ExpiresAt: start.Add(time.Hour),
		Client: auth.Client{UserAgent: agent, Address: "192.0.2.2"},
	}, auth.Effects{Events: []auth.Event{event}})
	if err != nil || !started.Started {
		t.Fatalf("started %t, %v", started.Started, err)
	}
	for _, table := range []string{"sessions", "audit_events"} {
		if n := count(t, url, table+" WHERE user_agent = '~Linux Chrome/131~s'"); n != 1 {
			t.Errorf("%d rows of %s are short", n, table)
		}
	}
	sessions, err := s.SessionsOf(t.Context(), user.ID, start)
	if err != nil || len(sessions) != 2 || sessions[0].Client.UserAgent != agent || sessions[1].Client.UserAgent != agent {
		t.Errorf("the sessions are %+v, %v", sessions, err)
	}
	events, err := s.FindEvents(t.Context(), admin.EventQuery{TargetID: user.ID, Limit: 10})
	if err != nil || len(events) != 2 || events[0].UserAgent != agent || events[1].UserAgent != agent {
		t.Errorf("the events are %+v, %v", events, err)
	}
	addresses, err := s.AddressesOf(t.Context(), user.ID, agent)
	if slices.Sort(addresses); err != nil || !slices.Equal(addresses, []string{"192.0.2.1", "192.0.2.2"}) {
		t.Errorf("it was seen at %v, %v", addresses, err)
	}
}
