// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// deviceCode is one that waits.
func deviceCode(t *testing.T, s *postgres.Store) grant.NewDeviceCode {
	t.Helper()
	c := grant.NewDeviceCode{
		DeviceRequest: grant.DeviceRequest{
			Hash: randomHash(), From: auth.Client{UserAgent: "television/1", Address: "192.0.2.9"}, CreatedAt: start, ExpiresAt: start.Add(10 * time.Minute),
			Authorization: grant.Authorization{ClientID: appTerms.ClientID, Scopes: []string{"openid", "email"}, Audience: []string{"apps.shop"}},
		},
		UserCode: randomHash(), Interval: 5 * time.Second, MostOpen: 1000,
	}
	if created, room, err := s.CreateDeviceCode(t.Context(), c); err != nil || !created || !room {
		t.Fatalf("created %t, room %t, %v", created, room, err)
	}
	return c
}

func deviceAnswer(t *testing.T, s *postgres.Store, c grant.NewDeviceCode, sessionID string) grant.DeviceAnswer {
	t.Helper()
	return grant.DeviceAnswer{Device: c.Hash, Terms: appTerms, UserID: userOf(t, s).ID, SessionID: sessionID, GrantID: uuid.NewString(), Now: start}
}

func deviceRedemption(c grant.NewDeviceCode) grant.Redemption {
	token := randomHash()
	return grant.Redemption{Code: c.Hash, Terms: appTerms, Refresh: &token, Now: start, ExpiresAt: start.Add(time.Hour)}
}

// allowed is a code that the user of a session has let in.
func allowed(t *testing.T, s *postgres.Store, sessionID string) (grant.NewDeviceCode, grant.DeviceAnswer) {
	t.Helper()
	c := deviceCode(t, s)
	a := deviceAnswer(t, s, c, sessionID)
	if first, err := s.AllowDeviceCode(t.Context(), a, auth.Effects{Events: []auth.Event{told(auth.ActAllowDevice)}}); err != nil || !first {
		t.Fatalf("first %t, %v", first, err)
	}
	return c, a
}

func poll(c grant.NewDeviceCode, now time.Time) grant.DevicePoll {
	return grant.DevicePoll{Code: c.Hash, ClientID: c.ClientID, Punctual: now, Now: now, SlowDown: 5 * time.Second}
}

// polled fails the test unless a poll is answered so.
func polled(t *testing.T, s *postgres.Store, p grant.DevicePoll, want grant.DeviceState) {
	t.Helper()
	if state, err := s.PollDeviceCode(t.Context(), p); err != nil || state != want {
		t.Errorf("it is %q, %v, not %q", state, err, want)
	}
}

func TestADeviceCodeBeginsOneGrant(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	id := login(t, s, 1, start)
	for round := range rounds {
		c := deviceCode(t, s)
		answer, denied := deviceAnswer(t, s, c, id), deniedBy(t, s)
		if won := race(t, func(i int) (bool, error) {
			a, d := answer, denied
			a.GrantID, d.ID = uuid.NewString(), uuid.NewString()
			if i%2 == 0 {
				return s.DenyDeviceCode(context.Background(), c.Hash, start, d)
			}
			return s.AllowDeviceCode(context.Background(), a, auth.Effects{Events: []auth.Event{told(auth.ActAllowDevice)}})
		}); won != 1 {
			t.Fatalf("%d of %d answers have counted", won, callers)
		}
		c, a := allowed(t, s, id)
		if won := race(t, func(int) (bool, error) {
			_, begun, err := s.UseDeviceCode(context.Background(), deviceRedemption(c), told(auth.ActBeginGrant))
			return begun, err
		}); won != 1 {
			t.Fatalf("%d of %d have exchanged one code", won, callers)
		}
		if n := count(t, url, "grant_tokens WHERE grant_id = '"+a.GrantID+"'"); n != 1 {
			t.Fatalf("%d refresh tokens were given", n)
		}
		if n := count(t, url, "audit_events WHERE action = 'grant.begun'"); n != round+1 {
			t.Errorf("%d events tell of it", n)
		}
	}
}

func deniedBy(t *testing.T, s *postgres.Store) auth.Event {
	t.Helper()
	event := told(auth.ActDenyDevice)
	event.ActorID = userOf(t, s).ID
	return event
}

func TestTheGrantOfADeviceIsWhatItAskedFor(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := login(t, s, 1, start)
	c := deviceCode(t, s)
	found, waits, err := s.OpenDeviceCode(t.Context(), c.UserCode, start)
	if err != nil || !waits || found.Hash != c.Hash || found.ClientID != c.ClientID || found.From != c.From || !found.CreatedAt.Equal(start) || !slices.Equal(found.Scopes, c.Scopes) {
		t.Fatalf("found %t, %v: %+v", waits, err, found)
	}
	a := deviceAnswer(t, s, c, id)
	if first, err := s.AllowDeviceCode(t.Context(), a, auth.Effects{Events: []auth.Event{told(auth.ActAllowDevice)}}); err != nil || !first {
		t.Fatalf("first %t, %v", first, err)
	}
	if _, waits, err := s.OpenDeviceCode(t.Context(), c.UserCode, start); err != nil || waits {
		t.Errorf("it waits still: %t, %v", waits, err)
	}
	held, begun, err := s.UseDeviceCode(t.Context(), deviceRedemption(c), told(auth.ActBeginGrant))
	g := held.Grant
	if err != nil || !begun || g.ID != a.GrantID || !g.Offline() || g.SID != g.ID || g.ClientID != c.ClientID || !slices.Equal(g.Scopes, c.Scopes) ||
		!slices.Equal(g.Audience, c.Audience) || !g.SessionExpiresAt.Equal(start.Add(time.Hour)) || held.User.ID != a.UserID {
		t.Errorf("begun %t, %v: %+v", begun, err, held)
	}
	sessions, err := s.SessionsOf(t.Context(), a.UserID, start)
	if err != nil || len(sessions) != 2 || !slices.ContainsFunc(sessions, func(one session.Session) bool {
		return one.ID == a.GrantID && one.ClientID == c.ClientID && one.Client.Address == "192.0.2.9"
	}) {
		t.Errorf("the sessions are %+v, %v", sessions, err)
	}
}

func TestADeviceCodeIsNotAnsweredByWhoMayNot(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	id := login(t, s, 1, start)
	c := deviceCode(t, s)
	for name, change := range map[string]func(*grant.DeviceAnswer){
		"another user":          func(a *grant.DeviceAnswer) { a.UserID = uuid.NewString() },
		"no session":            func(a *grant.DeviceAnswer) { a.SessionID = uuid.NewString() },
		"a text":                func(a *grant.DeviceAnswer) { a.SessionID = "session" },
		"another client":        func(a *grant.DeviceAnswer) { a.ClientID = "apps.other" },
		"too late":              func(a *grant.DeviceAnswer) { a.Now = start.Add(10 * time.Minute) },
		"a client made since":   func(a *grant.DeviceAnswer) { a.Terms.Since = start.Add(time.Microsecond) },
		"a session from before": func(a *grant.DeviceAnswer) { a.SessionsSince = start.Add(time.Microsecond) },
	} {
		a := deviceAnswer(t, s, c, id)
		change(&a)
		if first, err := s.AllowDeviceCode(t.Context(), a, auth.Effects{Events: []auth.Event{told(auth.ActAllowDevice)}}); err != nil || first {
			t.Errorf("%s: first %t, %v", name, first, err)
		}
	}
	if n := count(t, url, "grants") + count(t, url, "device_codes WHERE answered_at IS NOT NULL") + count(t, url, "audit_events WHERE action LIKE 'device.%'"); n != 0 {
		t.Errorf("%d rows tell of an answer", n)
	}
}

func TestADeviceCodeIsNotUsedByWhoMayNot(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	id := login(t, s, 1, start)
	waiting := deviceCode(t, s)
	c, answer := allowed(t, s, id)
	for name, r := range map[string]struct {
		of     grant.NewDeviceCode
		change func(*grant.Redemption)
	}{
		"one that waits":      {waiting, func(*grant.Redemption) {}},
		"of another client":   {c, func(r *grant.Redemption) { r.ClientID = "apps.other" }},
		"too late":            {c, func(r *grant.Redemption) { r.Now = start.Add(10 * time.Minute) }},
		"a client made since": {c, func(r *grant.Redemption) { r.Terms.Since = start.Add(time.Microsecond) }},
		"none":                {c, func(r *grant.Redemption) { r.Code = randomHash() }},
	} {
		redemption := deviceRedemption(r.of)
		r.change(&redemption)
		if _, begun, err := s.UseDeviceCode(t.Context(), redemption, told(auth.ActBeginGrant)); err != nil || begun {
			t.Errorf("%s: begun %t, %v", name, begun, err)
		}
	}
	if _, ended, err := s.EndGrantOfDeviceCode(t.Context(), c.Hash, start, told(auth.ActReuseDeviceCode)); err != nil || ended {
		t.Errorf("one that nobody has used ends something: %t, %v", ended, err)
	}
	if ended, err := s.EndGrant(t.Context(), answer.GrantID, session.EndedByUser, start, told(auth.ActEndGrant)); err != nil || !ended {
		t.Fatalf("ended %t, %v", ended, err)
	}
	if _, begun, err := s.UseDeviceCode(t.Context(), deviceRedemption(c), told(auth.ActBeginGrant)); err != nil || begun {
		t.Errorf("one whose grant has ended: begun %t, %v", begun, err)
	}
	if n := count(t, url, "grant_tokens"); n != 0 {
		t.Errorf("%d refresh tokens were given", n)
	}
}

func TestADeviceCodeThatIsUsedAgainEndsItsGrant(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	c, a := allowed(t, s, login(t, s, 1, start))
	r := deviceRedemption(c)
	if _, begun, err := s.UseDeviceCode(t.Context(), r, told(auth.ActBeginGrant)); err != nil || !begun {
		t.Fatalf("begun %t, %v", begun, err)
	}
	if won := race(t, func(int) (bool, error) {
		_, ended, err := s.EndGrantOfDeviceCode(context.Background(), c.Hash, start, told(auth.ActReuseDeviceCode))
		return ended, err
	}); won != 1 {
		t.Errorf("%d of %d have ended one grant", won, callers)
	}
	if refreshes(t, s, *r.Refresh, start) {
		t.Error("its refresh token is good")
	}
	if n := count(t, url, "revocations WHERE about = '"+a.GrantID+"'"); n != 1 {
		t.Error("its access tokens are not revoked")
	}
	if n := count(t, url, "sessions WHERE ended_at IS NULL"); n != 1 {
		t.Errorf("%d sessions are alive, not the browser's", n)
	}
}

func TestPollsOfADevice(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := login(t, s, 1, start)
	c := deviceCode(t, s)
	at := func(seconds int) grant.DevicePoll { return poll(c, start.Add(time.Duration(seconds)*time.Second)) }
	polled(t, s, at(0), grant.DeviceWaits)
	polled(t, s, at(4), grant.DeviceTooSoon)
	polled(t, s, at(13), grant.DeviceTooSoon) // 10 s by now
	polled(t, s, at(28), grant.DeviceWaits)   // 15 s
	other := at(60)
	other.ClientID = "apps.other"
	polled(t, s, other, grant.DeviceUnknown)
	since := at(60)
	since.Since = start.Add(time.Microsecond)
	polled(t, s, since, grant.DeviceUnknown)
	polled(t, s, at(600), grant.DeviceExpired)
	if first, err := s.DenyDeviceCode(t.Context(), c.Hash, start, deniedBy(t, s)); err != nil || !first {
		t.Fatalf("first %t, %v", first, err)
	}
	polled(t, s, at(60), grant.DeviceDenied)

	c, _ = allowed(t, s, id)
	polled(t, s, at(0), grant.DeviceAllowed)
	polled(t, s, at(0), grant.DeviceAllowed)
	if _, begun, err := s.UseDeviceCode(t.Context(), deviceRedemption(c), told(auth.ActBeginGrant)); err != nil || !begun {
		t.Fatalf("begun %t, %v", begun, err)
	}
	polled(t, s, at(0), grant.DeviceUsed)
	polled(t, s, at(600), grant.DeviceUsed)
}

func TestDeviceCodesAreMadeAgainOrRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := deviceCode(t, s)
	c.Hash = randomHash()
	if created, room, err := s.CreateDeviceCode(t.Context(), c); err != nil || created || !room {
		t.Errorf("the letters of another: created %t, room %t, %v", created, room, err)
	}
	c.UserCode, c.MostOpen = randomHash(), 1
	if created, room, err := s.CreateDeviceCode(t.Context(), c); err != nil || created || room {
		t.Errorf("one too many: created %t, room %t, %v", created, room, err)
	}
	c.ClientID = "apps.other"
	if created, room, err := s.CreateDeviceCode(t.Context(), c); err != nil || !created || !room {
		t.Errorf("of another client: created %t, room %t, %v", created, room, err)
	}
}

// A code is kept for an hour after it has expired, since whoever shows it once more ends what
// it was exchanged for.
func TestDeviceCodesArePruned(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	deviceCode(t, s)
	allowed(t, s, login(t, s, 1, start))
	if err := s.Prune(t.Context(), start.Add(69*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "device_codes"); n != 2 {
		t.Errorf("%d are left after an hour", n)
	}
	if err := s.Prune(t.Context(), start.Add(70*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "device_codes"); n != 0 {
		t.Errorf("%d are left", n)
	}
}
