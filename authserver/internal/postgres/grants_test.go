// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

const (
	appURI       = "https://app.example.com/callback"
	appChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

var appTerms = grant.Terms{
	ClientID: "apps.shop", Name: "Shop", Refreshes: true, AccessTokenLifetime: time.Minute, RefreshTokenLifetime: time.Hour,
}

func told(action auth.Action) auth.Event {
	return auth.Event{ID: uuid.NewString(), Action: action, Outcome: auth.Succeeded, At: start, Detail: appTerms.ClientID}
}

// userOf is the user of login.
func userOf(t *testing.T, s *postgres.Store) auth.User {
	t.Helper()
	user, found, err := s.UserByEmail(t.Context(), "ann@example.com")
	if err != nil || !found {
		t.Fatalf("found %t, %v", found, err)
	}
	return user
}

// appCode is one of a session, as it was issued.
func appCode(t *testing.T, s *postgres.Store, sessionID string, offline bool) grant.Code {
	t.Helper()
	c := grant.Code{
		Hash: randomHash(), UserID: userOf(t, s).ID, SessionID: sessionID, RedirectURI: appURI, Challenge: appChallenge, Offline: offline,
		CreatedAt: start, ExpiresAt: start.Add(time.Minute),
		Authorization: grant.Authorization{
			ClientID: appTerms.ClientID, Scopes: []string{"openid", "email"}, Audience: []string{"apps.shop"}, Nonce: "n", Claims: []byte(`{"userinfo": {}}`),
		},
	}
	if _, issued, err := s.IssueAuthorizationCode(t.Context(), c); err != nil || !issued {
		t.Fatalf("issued %t, %v", issued, err)
	}
	return c
}

func redemption(c grant.Code) grant.Redemption {
	token := randomHash()
	return grant.Redemption{
		Code: c.Hash, Terms: appTerms, RedirectURI: c.RedirectURI, Challenge: c.Challenge, GrantID: uuid.NewString(), Refresh: &token,
		Now: start, ExpiresAt: start.Add(time.Hour),
	}
}

func redeem(t *testing.T, s *postgres.Store, r grant.Redemption) grant.Held {
	t.Helper()
	held, begun, err := s.UseAuthorizationCode(t.Context(), r, told(auth.ActBeginGrant))
	if err != nil || !begun {
		t.Fatalf("begun %t, %v", begun, err)
	}
	return held
}

func grantRotation(used auth.TokenHash, now time.Time) grant.Rotation {
	return grant.Rotation{
		Used: used, Successor: randomHash(), Sealed: []byte("sealed"), Terms: appTerms, Now: now,
		ExpiresAt: now.Add(time.Hour), SessionExpiresAt: now.Add(time.Hour),
	}
}

// refreshes reports whether a refresh token is good.
func refreshes(t *testing.T, s *postgres.Store, token auth.TokenHash, now time.Time) bool {
	t.Helper()
	_, rotated, err := s.RotateGrantToken(t.Context(), grantRotation(token, now))
	if err != nil {
		t.Fatal(err)
	}
	return rotated
}

// endings are all ways in which a session ends that a user or an admin knows.
func endings() map[string]func(t *testing.T, s *postgres.Store, browser string, user auth.User) {
	return map[string]func(t *testing.T, s *postgres.Store, browser string, user auth.User){
		"all sessions are ended": func(t *testing.T, s *postgres.Store, _ string, user auth.User) {
			if _, done, err := s.EndSessions(t.Context(), session.SessionsEnd{UserID: user.ID, Reason: session.EndedByUser, Now: start}, auth.Effects{}); err != nil || !done {
				t.Fatalf("done %t, %v", done, err)
			}
		},
		"an admin ends them": func(t *testing.T, s *postgres.Store, _ string, user auth.User) {
			if c, err := s.EndSessionsOfUser(t.Context(), user.ID, start, auth.Effects{}); err != nil || !c.Done {
				t.Fatalf("done %t, %v", c.Done, err)
			}
		},
		"the user is disabled": func(t *testing.T, s *postgres.Store, _ string, user auth.User) {
			yes := true
			if c, err := s.ChangeUser(t.Context(), user.ID, admin.UserChange{Disabled: &yes}, start, auth.Effects{}); err != nil || !c.Done {
				t.Fatalf("done %t, %v", c.Done, err)
			}
		},
		"the settings end them": func(t *testing.T, s *postgres.Store, _ string, _ auth.User) {
			if err := s.EndSessionsBefore(t.Context(), start.Add(time.Second), session.EndedBySettings, start); err != nil {
				t.Fatal(err)
			}
		},
	}
}

func TestAGrantEndsWithItsSession(t *testing.T) {
	t.Parallel()
	signOut := func(t *testing.T, s *postgres.Store, browser string, _ auth.User) {
		if ended, err := s.EndSession(t.Context(), browser, session.EndedByLogout, start, auth.Effects{}); err != nil || !ended {
			t.Fatalf("ended %t, %v", ended, err)
		}
	}
	all := endings()
	all["the browser signs out"] = signOut
	for name, end := range all {
		for kind, offline := range map[string]bool{"": false, ", with a session of its own": true} {
			t.Run(name+kind, func(t *testing.T) {
				t.Parallel()
				s, url := newStoreAt(t)
				browser := login(t, s, 1, start)
				r := redemption(appCode(t, s, browser, offline))
				held := redeem(t, s, r)
				end(t, s, browser, held.User)
				survives := offline && name == "the browser signs out"
				if refreshes(t, s, *r.Refresh, start) != survives {
					t.Errorf("its refresh token is good: %t", !survives)
				}
				if _, live, err := s.LiveGrant(t.Context(), held.Grant.ID, start, time.Time{}); err != nil || live != survives {
					t.Errorf("it lives: %t, %v", live, err)
				}
				if n := count(t, url, "revocations WHERE about = '"+held.Grant.SessionID+"'"); (n == 0) != survives {
					t.Errorf("%d revocations are of its session", n)
				}
			})
		}
	}
}

func TestAGrantWithASessionOfItsOwnStandsInTheList(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	browser := login(t, s, 1, start)
	held := redeem(t, s, redemption(appCode(t, s, browser, true)))
	if !held.Grant.Offline() || held.Grant.SID != browser {
		t.Errorf("it is %+v", held.Grant)
	}
	list, err := s.SessionsOf(t.Context(), held.User.ID, start)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d sessions, %v", len(list), err)
	}
	i := slices.IndexFunc(list, func(one session.Session) bool { return one.ID == held.Grant.ID })
	if i < 0 || list[i].ClientID != "apps.shop" || list[i].Client.UserAgent != "Shop" {
		t.Errorf("they are %+v", list)
	}
	if ended, done, err := s.EndSessions(t.Context(), session.SessionsEnd{UserID: held.User.ID, Only: held.Grant.ID, Reason: session.EndedByUser, Now: start}, auth.Effects{}); err != nil || !done || len(ended) != 1 {
		t.Fatalf("ended %v, %t, %v", ended, done, err)
	}
	if _, live, err := s.LiveGrant(t.Context(), held.Grant.ID, start, time.Time{}); err != nil || live {
		t.Errorf("it lives: %t, %v", live, err)
	}
	if n := count(t, url, "sessions WHERE ended_at IS NULL"); n != 1 {
		t.Errorf("%d sessions are alive, not the browser's", n)
	}
}

func TestATokenOfAGrantRotatesOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	r := redemption(appCode(t, s, login(t, s, 1, start), false))
	redeem(t, s, r)
	token := *r.Refresh
	for range rounds {
		rotations := [callers]grant.Rotation{}
		won := -1
		if n := race(t, func(i int) (bool, error) {
			rotations[i] = grantRotation(token, start)
			_, rotated, err := s.RotateGrantToken(context.Background(), rotations[i])
			return rotated, err
		}); n != 1 {
			t.Fatalf("%d of %d rotated one token", n, callers)
		}
		for i, rotation := range rotations {
			if _, known, err := s.UsedGrantToken(t.Context(), rotation.Successor, start); err != nil {
				t.Fatal(err)
			} else if known {
				won = i
			}
		}
		token = rotations[won].Successor
	}
	if n := count(t, url, "grant_tokens"); n != rounds+1 {
		t.Errorf("%d tokens are kept", n)
	}
}

func TestATokenOfAGrantIsOfItsClientAlone(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	r := redemption(appCode(t, s, login(t, s, 1, start), false))
	redeem(t, s, r)
	for name, change := range map[string]func(*grant.Rotation){
		"another client":      func(r *grant.Rotation) { r.ClientID = "apps.other" },
		"a client made since": func(r *grant.Rotation) { r.Terms.Since = start.Add(time.Microsecond) },
		"an expired token":    func(r *grant.Rotation) { r.Now = start.Add(time.Hour) },
		"an old session":      func(r *grant.Rotation) { r.SessionsSince = start.Add(time.Microsecond) },
	} {
		rotation := grantRotation(*r.Refresh, start)
		change(&rotation)
		if _, rotated, err := s.RotateGrantToken(t.Context(), rotation); err != nil || rotated {
			t.Errorf("%s: rotated %t, %v", name, rotated, err)
		}
	}
	if _, rotated, err := s.Rotate(t.Context(), session.Rotation{Used: *r.Refresh, Successor: randomHash(), Sealed: []byte("s"), Now: start, ExpiresAt: start.Add(time.Hour)}); err != nil || rotated {
		t.Errorf("as a session's: rotated %t, %v", rotated, err)
	}
	if !refreshes(t, s, *r.Refresh, start) {
		t.Error("it is not good any more")
	}
}

// A session is used by its grants, and so lasts as long as one of them is.
func TestAGrantThatIsUsedKeepsItsSession(t *testing.T) {
	t.Parallel()
	for name, offline := range map[string]bool{"of the browser": false, "of its own": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			r := redemption(appCode(t, s, login(t, s, 1, start), offline))
			held := redeem(t, s, r)
			token := *r.Refresh
			for i := 1; i < 4; i++ {
				rotation := grantRotation(token, start.Add(time.Duration(i)*50*time.Minute))
				if _, rotated, err := s.RotateGrantToken(t.Context(), rotation); err != nil || !rotated {
					t.Fatalf("rotated %t, %v", rotated, err)
				}
				token = rotation.Successor
				if err := s.Prune(t.Context(), rotation.Now); err != nil {
					t.Fatal(err)
				}
			}
			if _, live, err := s.LiveGrant(t.Context(), held.Grant.ID, start.Add(200*time.Minute), time.Time{}); err != nil || !live {
				t.Errorf("it lives: %t, %v", live, err)
			}
		})
	}
}

func TestGrantsAndCodesArePruned(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	id := login(t, s, 1, start)
	redeem(t, s, redemption(appCode(t, s, id, false)))
	redeem(t, s, redemption(appCode(t, s, id, true)))
	appCode(t, s, id, false)
	if err := s.Prune(t.Context(), start.Add(30*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "authorization_codes"); n != 3 {
		t.Errorf("%d codes are left while a replay is to be noticed", n)
	}
	if err := s.Prune(t.Context(), start.Add(2*day)); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"authorization_codes", "grants", "grant_tokens", "sessions"} {
		if n := count(t, url, table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

func TestAGrantEndsOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	held := redeem(t, s, redemption(appCode(t, s, login(t, s, 1, start), true)))
	if won := race(t, func(int) (bool, error) {
		return s.EndGrant(context.Background(), held.Grant.ID, session.EndedByRevocation, start, told(auth.ActEndGrant))
	}); won != 1 {
		t.Errorf("%d of %d ended one grant", won, callers)
	}
	if n := count(t, url, "audit_events WHERE action = 'grant.ended' AND target_id = '"+held.User.ID+"'"); n != 1 {
		t.Errorf("%d events tell of it", n)
	}
	if ended, err := s.EndGrant(t.Context(), "no grant", session.EndedByRevocation, start, told(auth.ActEndGrant)); err != nil || ended {
		t.Errorf("ended %t, %v", ended, err)
	}
}
