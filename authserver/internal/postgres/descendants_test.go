// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func TestASessionDescendsFromALiveOne(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ann, eve := addUser(t, s, "ann@example.com"), addUser(t, s, "eve@example.com")
	parent := newSession(t, s, ann, "", start)
	refused := func(why string, u auth.User, parent string, now time.Time) {
		t.Helper()
		if started, err := descend(s, u, uuid.NewString(), parent, now); err != nil || started {
			t.Errorf("%s: started %t, %v", why, started, err)
		}
	}
	newSession(t, s, ann, parent, start)
	refused("of somebody else's", eve, parent, start)
	refused("of an expired one", ann, parent, start.Add(time.Hour))
	refused("of none", ann, uuid.NewString(), start)
	late, err := s.StartSession(t.Context(), signin.NewSession{
		SessionID: uuid.NewString(), User: ann, Parent: parent, Since: start.Add(time.Microsecond), Refresh: randomHash(),
		NewHash: ann.PasswordHash, Now: start, ExpiresAt: start.Add(time.Hour),
	}, auth.Effects{})
	if err != nil || late.Started {
		t.Errorf("of one that the settings ended: %+v, %v", late, err)
	}
}

func TestNothingDescendsFromAnEndedSession(t *testing.T) {
	t.Parallel()
	named := newStore(t)
	for name := range ends(named) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			u := addUser(t, s, "ann@example.com")
			parent := newSession(t, s, u, "", start)
			if done, err := ends(s)[name](u, parent); err != nil || !done {
				t.Fatalf("done %t, %v", done, err)
			}
			// Nothing else is to stop it.
			u.PasswordHash = enable(t, s, u).PasswordHash
			if started, err := descend(s, u, uuid.NewString(), parent, start); err != nil || started {
				t.Errorf("started %t, %v", started, err)
			}
		})
	}
}

// Codes are redeemed while every session is being ended. Whoever is first, none is
// alive afterwards, and nobody waits for ever.
func TestNoDescendantSlipsPastAnEndOfAllSessions(t *testing.T) {
	t.Parallel()
	const redeemers = 6
	for _, name := range []string{"all, by their user", "all, by an admin", "all, by being disabled", "all, by a new password", "all, by deletion"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := newStoreAt(t)
			began, refused := atomic.Int32{}, atomic.Int32{}
			raced := func() bool { return began.Load() > 0 && refused.Load() > 0 }
			// A busy machine may let the same side win for a while.
			for round := 0; round < rounds || !raced() && round < 100*rounds; round++ {
				u := addUser(t, s, uuid.NewString()+"@example.com")
				parent := newSession(t, s, u, "", start)
				raceOf(t, redeemers+1, func(i int) (bool, error) {
					if i == redeemers/2 {
						return untilDone(func() (bool, error) { return ends(s)[name](u, parent) })
					}
					// No two logins are at one microsecond.
					started, err := descend(s, u, uuid.NewString(), parent, start.Add(time.Duration(i+1)*time.Microsecond))
					if started {
						began.Add(1)
					} else {
						refused.Add(1)
					}
					return started, err
				})
				alive(t, s, url, u, name)
			}
			if !raced() {
				t.Errorf("%d began before an end, %d came after: there was no race", began.Load(), refused.Load())
			}
		})
	}
}

// alive fails if any session of the user is of use.
func alive(t *testing.T, s *postgres.Store, url string, u auth.User, after string) {
	t.Helper()
	sessions, err := s.SessionsOf(t.Context(), u.ID, start)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range sessions {
		if _, live, err := s.UserOfSession(t.Context(), u.ID, one.ID, start); err != nil || live {
			t.Errorf("after %s, a session lives: %v", after, err)
		}
	}
	enable(t, s, u)
	if n := count(t, url, "sessions WHERE ended_at IS NULL AND user_id = '"+u.ID+"'"); n > 0 {
		t.Errorf("after %s, %d sessions come back", after, n)
	}
}

// enable lets a user in again who was shut out, and says how they are now.
func enable(t *testing.T, s *postgres.Store, u auth.User) auth.User {
	t.Helper()
	now, _, err := s.UserByID(t.Context(), u.ID)
	if err == nil && now.DisabledAt != nil {
		_, err = s.ChangeUser(t.Context(), u.ID, admin.UserChange{Disabled: new(false)}, start, auth.Effects{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// untilDone tries as the service does, which knows how often to.
func untilDone(end func() (bool, error)) (bool, error) {
	for {
		if done, err := end(); done || err != nil {
			return done, err
		}
	}
}

func TestSignInsOnTheirWayEndWithAllSessions(t *testing.T) {
	t.Parallel()
	named := newStore(t)
	for name := range ends(named) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			u := addUser(t, s, "ann@example.com")
			id := newSession(t, s, u, "", start)
			open := map[auth.OneTimeTokenKind]auth.TokenHash{}
			for _, kind := range []auth.OneTimeTokenKind{auth.ChallengeToken, auth.AuthorizationCodeToken, auth.IdentityToken} {
				open[kind] = randomHash()
				err := s.IssueToken(t.Context(), auth.OneTimeToken{
					Hash: open[kind], Kind: kind, UserID: u.ID, CreatedAt: start, ExpiresAt: start.Add(time.Minute),
				}, auth.Effects{})
				if err != nil {
					t.Fatal(err)
				}
			}
			if done, err := ends(s)[name](u, id); err != nil || !done {
				t.Fatalf("done %t, %v", done, err)
			}
			over := name != "one, by logout or reuse" && name != "one, by its user" && name != "all of the realm, by the settings"
			for _, kind := range []auth.OneTimeTokenKind{auth.ChallengeToken, auth.AuthorizationCodeToken} {
				if _, found, err := s.PeekToken(t.Context(), kind, open[kind], start); err != nil || found == over {
					t.Errorf("%s is open %t, %v", kind, found, err)
				}
			}
		})
	}
}

func TestAUsersOwnCodeStaysWhenTheyEndTheOthers(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	u := addUser(t, s, "ann@example.com")
	mine := newSession(t, s, u, "", start)
	code := auth.OneTimeToken{
		Hash: randomHash(), Kind: auth.AuthorizationCodeToken, UserID: u.ID, SessionID: mine, CreatedAt: start, ExpiresAt: start.Add(time.Minute),
	}
	if err := s.IssueToken(t.Context(), code, auth.Effects{}); err != nil {
		t.Fatal(err)
	}
	end := session.SessionsEnd{UserID: u.ID, Except: mine, Reason: session.EndedByUser, Now: start}
	if _, done, err := s.EndSessions(t.Context(), end, auth.Effects{}); err != nil || !done {
		t.Fatalf("done %t, %v", done, err)
	}
	got, found, err := s.RedeemToken(t.Context(), code.Kind, code.Hash, start)
	if err != nil || !found || got.SessionID != mine {
		t.Errorf("redeemed %+v, %t, %v", got, found, err)
	}
}

// An address that a thief asked for must not become the user's when the thief is
// out; the user's own wish outlives a logout.
func TestANewAddressIsLostWithTheSessionThatAskedForIt(t *testing.T) {
	t.Parallel()
	named := newStore(t)
	cases := ends(named)
	cases["none"] = nil
	for name := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			u := addUser(t, s, "ann@example.com")
			id := newSession(t, s, u, "", start)
			ticket := auth.OneTimeToken{
				Hash: randomHash(), Kind: auth.ChangeEmailToken, UserID: u.ID, SessionID: id, Email: "new@example.com",
				CreatedAt: start, ExpiresAt: start.Add(time.Hour),
			}
			if sent, err := s.MailToken(t.Context(), ticket, auth.Effects{}); err != nil || !sent {
				t.Fatalf("sent %t, %v", sent, err)
			}
			if end := ends(s)[name]; end != nil {
				if done, err := end(u, id); err != nil || !done {
					t.Fatalf("done %t, %v", done, err)
				}
			}
			enable(t, s, u)
			trusted := name == "none" || name == "one, by logout or reuse"
			proved, err := s.ProveEmail(context.Background(), auth.ChangeEmailToken, ticket.Hash, auth.Effects{}, start)
			if err != nil || proved != trusted {
				t.Errorf("proved %t, %v", proved, err)
			}
		})
	}
}
