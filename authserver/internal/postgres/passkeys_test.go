// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// passkeyOf is a new one that signs its user in by itself, asked for in a new session.
func passkeyOf(t *testing.T, s *postgres.Store, u auth.User) passkey.NewPasskey {
	t.Helper()
	return passkeyIn(newSession(t, s, u, "", start), u)
}

func passkeyIn(sessionID string, u auth.User) passkey.NewPasskey {
	id := uuid.New()
	return passkey.NewPasskey{User: u, SessionID: sessionID, Most: 20, Passkey: passkey.Passkey{
		ID: id.String(), UserID: u.ID, Name: "Telephone", CreatedAt: start,
		Credential: passkey.Credential{CredentialID: id[:], RelyingPartyID: "auth.example.com", Record: []byte("{}"), UserVerified: true, SignCount: 5},
	}}
}

func TestAUserHasOneHandle(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	u := addUser(t, s, "ann@example.com")
	handles := make([][]byte, callers)
	won := race(t, func(i int) (bool, error) {
		var err error
		handles[i], err = s.UserHandle(t.Context(), u.ID, []byte{byte(i), 1})
		return err == nil, err
	})
	for _, h := range handles {
		if won != callers || !bytes.Equal(h, handles[0]) {
			t.Fatalf("the handles are %v", handles)
		}
	}
}

func TestACredentialHasOneUser(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	ann, bob := addUser(t, s, "ann@example.com"), addUser(t, s, "bob@example.com")
	n, other := passkeyOf(t, s, ann), passkeyOf(t, s, bob)
	other.CredentialID = n.CredentialID
	won := race(t, func(i int) (bool, error) {
		own := []passkey.NewPasskey{n, other}[i%2]
		own.ID = uuid.NewString()
		return s.AddPasskey(t.Context(), own, auth.Effects{})
	})
	if rows := count(t, url, "passkeys"); won != 1 || rows != 1 {
		t.Errorf("%d of %d have won, and there are %d", won, callers, rows)
	}
}

func TestPasskeysWantTheUserAsTheyWere(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	u := addUser(t, s, "ann@example.com")
	late := passkeyOf(t, s, u)
	changed := start.Add(time.Hour)
	late.User.PasswordChangedAt = &changed
	over, foreign, expired := passkeyOf(t, s, u), passkeyOf(t, s, u), passkeyOf(t, s, u)
	if ended, err := s.EndSession(t.Context(), over.SessionID, session.EndedByLogout, start, auth.Effects{}); err != nil || !ended {
		t.Fatalf("ended %t, %v", ended, err)
	}
	foreign.SessionID = newSession(t, s, addUser(t, s, "bob@example.com"), "", start)
	expired.CreatedAt = start.Add(time.Hour)
	full := passkeyOf(t, s, u)
	full.Most = 1
	for name, n := range map[string]passkey.NewPasskey{
		"another password": late, "a session that has ended": over, "somebody else's session": foreign, "a session that has expired": expired,
	} {
		if added, err := s.AddPasskey(t.Context(), n, auth.Effects{}); err != nil || added {
			t.Errorf("%s: added %t, %v", name, added, err)
		}
	}
	if added, err := s.AddPasskey(t.Context(), full, auth.Effects{}); err != nil || !added {
		t.Errorf("the first: added %t, %v", added, err)
	}
	again := passkeyOf(t, s, u)
	again.Most = 1
	if added, err := s.AddPasskey(t.Context(), again, auth.Effects{}); err != nil || added {
		t.Errorf("one more than there may be: added %t, %v", added, err)
	}
}

// start opens a session with what was shown.
func startBy(t *testing.T, s *postgres.Store, u auth.User, p passkey.Presented) bool {
	t.Helper()
	started, err := s.StartSession(t.Context(), signin.NewSession{
		SessionID: uuid.NewString(), User: u, Refresh: randomHash(), NewHash: u.PasswordHash, Passkey: &p,
		Now: start.Add(time.Hour), ExpiresAt: start.Add(2 * time.Hour),
	}, auth.Effects{})
	if err != nil {
		t.Fatal(err)
	}
	return started.Started
}

func TestASessionCountsItsPasskey(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ann, bob := addUser(t, s, "ann@example.com"), addUser(t, s, "bob@example.com")
	n := passkeyOf(t, s, ann)
	if added, err := s.AddPasskey(t.Context(), n, auth.Effects{}); err != nil || !added {
		t.Fatalf("added %t, %v", added, err)
	}
	if _, err := s.UserHandle(t.Context(), ann.ID, []byte("handle")); err != nil {
		t.Fatal(err)
	}
	shown := passkey.Presented{ID: n.ID, UserID: ann.ID, SignCount: 9, BackedUp: true}
	if !startBy(t, s, ann, shown) || startBy(t, s, bob, shown) {
		t.Error("not its user alone has signed in")
	}
	shown.SignCount = 7 // of an answer that was overtaken
	if !startBy(t, s, ann, shown) {
		t.Error("the one that was overtaken was refused")
	}
	found, is, err := s.PasskeyByCredential(t.Context(), n.CredentialID)
	if err != nil || !is || found.SignCount != 9 || !found.BackedUp || found.LastUsedAt == nil || found.User.ID != ann.ID || string(found.Handle) != "handle" {
		t.Errorf("it is %+v, %v", found, err)
	}
	if r, err := s.RemovePasskey(t.Context(), passkey.Remove{UserID: bob.ID, ID: n.ID, RelyingPartyID: n.RelyingPartyID}, start, auth.Effects{}); err != nil || r.Found {
		t.Errorf("somebody else has removed it: %+v, %v", r, err)
	}
	if r, err := s.RemovePasskey(t.Context(), passkey.Remove{UserID: ann.ID, ID: n.ID, RelyingPartyID: n.RelyingPartyID}, start, auth.Effects{}); err != nil || !r.Removed {
		t.Errorf("it was not removed: %+v, %v", r, err)
	}
	if startBy(t, s, ann, shown) {
		t.Error("it has signed in after its end")
	}
}

// What never signs anybody in is no way in, neither for itself nor for another.
func TestWhichPasskeysAreAWayIn(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	const here, elsewhere = "auth.example.com", "old.example.com"
	type kind struct {
		rp       string
		verified bool
	}
	signsIn, key, old := kind{here, true}, kind{here, false}, kind{elsewhere, true}
	for name, try := range map[string]struct {
		goes, stays kind
		rp          string
		want        bool
	}{
		"beside another that signs in":      {signsIn, signsIn, here, true},
		"beside a security key":             {signsIn, key, here, false},
		"beside one of another host":        {signsIn, old, here, false},
		"a security key":                    {key, signsIn, here, true},
		"a security key beside another":     {key, key, here, true},
		"one of another host":               {old, key, here, true},
		"while the realm has passkeys off":  {signsIn, key, "", true},
		"the one that stays, of another rp": {old, signsIn, elsewhere, false},
	} {
		u := addUser(t, s, uuid.NewString()+"@example.com")
		n := [2]passkey.NewPasskey{}
		for i, k := range []kind{try.goes, try.stays} {
			n[i] = passkeyOf(t, s, u)
			n[i].RelyingPartyID, n[i].UserVerified = k.rp, k.verified
			if added, err := s.AddPasskey(t.Context(), n[i], auth.Effects{}); err != nil || !added {
				t.Fatalf("added %t, %v", added, err)
			}
		}
		execute(t, url, "UPDATE users SET password_hash = NULL WHERE id = '"+u.ID+"'")
		if r, err := s.RemovePasskey(t.Context(), passkey.Remove{UserID: u.ID, ID: n[0].ID, RelyingPartyID: try.rp}, start, auth.Effects{}); err != nil || !r.Found || r.Removed != try.want {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}
