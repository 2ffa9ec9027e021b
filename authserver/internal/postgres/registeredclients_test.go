// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const documented = "https://agent.example.com/client.json"

// documentedClient is one that is known by a document, as it has been read at a time.
func documentedClient(id string, at time.Time) client.Registered {
	return client.Registered{
		ID: id, Since: at, ReadAt: at, FreshUntil: at.Add(time.Hour), ExpiresAt: at.Add(24 * time.Hour),
		Metadata: client.Metadata{
			Name: "Agent", RedirectURIs: []string{"https://agent.example.com/callback"}, GrantTypes: []realmconfig.GrantType{realmconfig.AuthorizationCodeGrant},
		},
	}
}

func store(t *testing.T, s *postgres.Store, r client.Registered, most int) (client.Registered, bool) {
	t.Helper()
	stored, room, err := s.StoreRegisteredClient(t.Context(), r, most, told(auth.ActRegisterClient))
	if err != nil {
		t.Fatal(err)
	}
	return stored, room
}

func registered(t *testing.T, s *postgres.Store, id string) (client.Registered, bool) {
	t.Helper()
	r, found, err := s.RegisteredClient(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r, found
}

func TestARegisteredClientIsKept(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	if _, found := registered(t, s, documented); found {
		t.Error("there is one that nobody has stored")
	}
	store(t, s, documentedClient(documented, start), 10)
	got, _ := registered(t, s, documented)
	if want := documentedClient(documented, start); fmt.Sprint(got.Metadata) != fmt.Sprint(want.Metadata) || !got.Since.Equal(start) || !got.ReadAt.Equal(start) ||
		!got.FreshUntil.Equal(want.FreshUntil) || !got.ExpiresAt.Equal(want.ExpiresAt) || !got.UsedOn.IsZero() {
		t.Errorf("it is read as %+v", got)
	}

	// It lasts for its use, which is noted once a day.
	later := start.Add(time.Hour)
	for i, until := range []time.Time{start.Add(48 * time.Hour), start.Add(72 * time.Hour)} {
		if err := s.KeepRegisteredClient(t.Context(), documented, later, until); err != nil {
			t.Fatal(err)
		}
		if got, _ := registered(t, s, documented); !got.ExpiresAt.Equal(start.Add(48 * time.Hour)) {
			t.Errorf("after use %d it lasts until %s", i+1, got.ExpiresAt)
		}
	}

	// What it says now replaces what it said, and it does not expire sooner.
	again := documentedClient(documented, later)
	again.Name, again.ExpiresAt = "Another name", later.Add(time.Minute)
	if stored, room := store(t, s, again, 0); !room || stored.Name != "Another name" || !stored.Since.Equal(start) || !stored.ExpiresAt.Equal(start.Add(48*time.Hour)) {
		t.Errorf("it is %+v then", stored)
	}
	if n := count(t, url, "audit_events"); n != 1 {
		t.Errorf("%d events tell of it", n)
	}

	// One that has expired is not kept, and comes to be anew.
	expired := start.Add(48 * time.Hour)
	if err := s.KeepRegisteredClient(t.Context(), documented, expired, expired.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	stored, _ := store(t, s, documentedClient(documented, expired), 0)
	if !stored.Since.Equal(expired) || !stored.ExpiresAt.Equal(expired.Add(24*time.Hour)) || !stored.UsedOn.IsZero() {
		t.Errorf("it comes to be again as %+v", stored)
	}
	if n := count(t, url, "audit_events"); n != 2 {
		t.Errorf("%d events tell of it", n)
	}
}

func TestTheLastFreePlaceIsGivenAwayOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for i := range 4 {
		store(t, s, documentedClient(fmt.Sprintf("https://agent-%d.example.com/", i), start), 5)
	}
	store(t, s, client.Registered{ID: "registered-01938b1e-7a1c-7c3a-9d3f-0123456789ab", Since: start, ExpiresAt: start.Add(time.Hour)}, 1) // of another kind
	won := race(t, func(i int) (bool, error) {
		_, room, err := s.StoreRegisteredClient(t.Context(), documentedClient(fmt.Sprintf("https://other-%d.example.com/", i), start), 5, told(auth.ActRegisterClient))
		return room, err
	})
	if n := count(t, url, "registered_clients"); won != 1 || n != 6 {
		t.Errorf("%d have won, and there are %d", won, n)
	}
}

// Pods that read one document at once add one client.
func TestOneClientIsCountedOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	if taken := race(t, func(int) (bool, error) {
		_, room, err := s.StoreRegisteredClient(t.Context(), documentedClient(documented, start), 10, told(auth.ActRegisterClient))
		return room, err
	}); taken != callers {
		t.Errorf("%d were told that it is one", taken)
	}
	if clients, counted, events := count(t, url, "registered_clients"), counted(t, url), count(t, url, "audit_events"); clients != 1 || counted != 1 || events != 1 {
		t.Errorf("there are %d, counted are %d, and %d events tell of it", clients, counted, events)
	}
}

func counted(t *testing.T, url string) (n int) {
	t.Helper()
	if err := connect(t, url).QueryRow(t.Context(), "SELECT sum(clients) FROM registered_client_counts").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// With a client that has expired goes what people have agreed to, batch by batch; what they
// have agreed to of others stays.
func TestExpiredClientsArePruned(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start)
	ann := userOf(t, s).ID
	store(t, s, documentedClient(documented, start), 10)
	lasting := documentedClient("https://lasting.example.com/", start)
	lasting.ExpiresAt = start.Add(72 * time.Hour)
	store(t, s, lasting, 10)
	for _, id := range []string{documented, lasting.ID, appTerms.ClientID} {
		c := consentTo(ann, "openid")
		c.ClientID = id
		agree(t, s, c)
	}
	execute(t, url, `INSERT INTO users (id, email, name, locale, role, created_at) SELECT gen_random_uuid(), 'user-' || i || '@example.com', '', '', 'user', now() FROM generate_series(1, 2500) AS i;
		INSERT INTO consents (user_id, client_id, client_since, scopes, given_at) SELECT id, '`+documented+`', now(), '{openid}', now() FROM users WHERE email LIKE 'user-%@example.com'`)
	if err := s.Prune(t.Context(), start.Add(25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, found := registered(t, s, documented); found {
		t.Error("the client is left")
	}
	if _, found := registered(t, s, lasting.ID); !found {
		t.Error("another one is gone")
	}
	if consents, counted := count(t, url, "consents"), counted(t, url); consents != 2 || counted != 1 {
		t.Errorf("%d consents are left, and %d clients are counted", consents, counted)
	}
}
