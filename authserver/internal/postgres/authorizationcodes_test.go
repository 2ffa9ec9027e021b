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
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

func TestAnAuthorizationCodeBeginsOneGrant(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	id := login(t, s, 1, start)
	for round := range rounds {
		c := appCode(t, s, id, false)
		if won := race(t, func(int) (bool, error) {
			_, begun, err := s.UseAuthorizationCode(context.Background(), redemption(c), told(auth.ActBeginGrant))
			return begun, err
		}); won != 1 {
			t.Fatalf("%d of %d have exchanged one code", won, callers)
		}
		if n := count(t, url, "grants"); n != round+1 {
			t.Fatalf("%d grants have begun", n)
		}
	}
	if n := count(t, url, "audit_events WHERE action = 'grant.begun' AND actor_id = target_id AND detail = 'apps.shop'"); n != rounds {
		t.Errorf("%d events tell of it", n)
	}
}

func TestAGrantIsWhatTheCodeSays(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := login(t, s, 1, start)
	c := appCode(t, s, id, false)
	r := redemption(c)
	held := redeem(t, s, r)
	g := held.Grant
	if g.ID != r.GrantID || g.SessionID != id || g.SID != id || g.ClientID != "apps.shop" || g.Nonce != "n" || string(g.Claims) != `{"userinfo": {}}` ||
		!slices.Equal(g.Scopes, c.Scopes) || !slices.Equal(g.Audience, c.Audience) || g.Offline() || held.User.Email != "ann@example.com" {
		t.Errorf("it is %+v", held)
	}
	live, found, err := s.LiveGrant(t.Context(), g.ID, start, time.Time{})
	if err != nil || !found || live.Grant.ID != g.ID || live.User.ID != held.User.ID {
		t.Errorf("found %t, %v: %+v", found, err, live)
	}
}

func TestACodeIsUsedUpByAWrongRedemption(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*grant.Redemption){
		"another verifier":      func(r *grant.Redemption) { r.Challenge = "another" },
		"no verifier":           func(r *grant.Redemption) { r.Challenge = "" },
		"another address":       func(r *grant.Redemption) { r.RedirectURI += "/" },
		"another client":        func(r *grant.Redemption) { r.ClientID = "apps.other" },
		"too late":              func(r *grant.Redemption) { r.Now = start.Add(time.Minute) },
		"a client made since":   func(r *grant.Redemption) { r.Terms.Since = start.Add(time.Microsecond) },
		"a session from before": func(r *grant.Redemption) { r.SessionsSince = start.Add(time.Microsecond) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := newStoreAt(t)
			c := appCode(t, s, login(t, s, 1, start), false)
			wrong := redemption(c)
			change(&wrong)
			for _, r := range []grant.Redemption{wrong, redemption(c)} {
				if _, begun, err := s.UseAuthorizationCode(t.Context(), r, told(auth.ActBeginGrant)); err != nil || begun {
					t.Errorf("begun %t, %v", begun, err)
				}
			}
			if n := count(t, url, "grants") + count(t, url, "grant_tokens") + count(t, url, "audit_events WHERE action = 'grant.begun'"); n != 0 {
				t.Errorf("%d rows tell of a grant", n)
			}
		})
	}
}

func TestACodeThatIsUsedAgainEndsItsGrant(t *testing.T) {
	t.Parallel()
	for name, offline := range map[string]bool{"of the browser's session": false, "with a session of its own": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := newStoreAt(t)
			c := appCode(t, s, login(t, s, 1, start), offline)
			r := redemption(c)
			redeem(t, s, r)
			if won := race(t, func(int) (bool, error) {
				_, ended, err := s.EndGrantOfCode(context.Background(), c.Hash, start, told(auth.ActReuseCode))
				return ended, err
			}); won != 1 {
				t.Errorf("%d of %d have ended one grant", won, callers)
			}
			if refreshes(t, s, *r.Refresh, start) {
				t.Error("its refresh token is good")
			}
			if n := count(t, url, "revocations WHERE about = '"+r.GrantID+"'"); n != 1 {
				t.Error("its access tokens are not revoked")
			}
			if n := count(t, url, "sessions WHERE ended_at IS NULL"); n != 1 {
				t.Errorf("%d sessions are alive, not the browser's", n)
			}
			if n := count(t, url, "audit_events WHERE action = 'authorization_code.reused' AND actor_id IS NULL AND target_id IS NOT NULL"); n != 1 {
				t.Errorf("%d events tell of it", n)
			}
		})
	}
}

func TestACodeNobodyHasUsedEndsNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := appCode(t, s, login(t, s, 1, start), false)
	for _, hash := range []auth.TokenHash{c.Hash, randomHash()} {
		if _, ended, err := s.EndGrantOfCode(t.Context(), hash, start, told(auth.ActReuseCode)); err != nil || ended {
			t.Errorf("ended %t, %v", ended, err)
		}
	}
	redeem(t, s, redemption(c))
}

func TestOnlyASessionThatLivesIsGivenACode(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := login(t, s, 1, start)
	good := appCode(t, s, id, false)
	for name, change := range map[string]func(*grant.Code){
		"of another user":       func(c *grant.Code) { c.UserID = uuid.NewString() },
		"of no session":         func(c *grant.Code) { c.SessionID = uuid.NewString() },
		"of a text":             func(c *grant.Code) { c.SessionID = "session" },
		"of an expired session": func(c *grant.Code) { c.CreatedAt = start.Add(time.Hour) },
		"of an old session":     func(c *grant.Code) { c.SessionsSince = start.Add(time.Microsecond) },
	} {
		c := good
		c.Hash = randomHash()
		change(&c)
		if _, issued, err := s.IssueAuthorizationCode(t.Context(), c); err != nil || issued {
			t.Errorf("%s: issued %t, %v", name, issued, err)
		}
	}
	if ended, err := s.EndSession(t.Context(), id, session.EndedByLogout, start, auth.Effects{}); err != nil || !ended {
		t.Fatalf("ended %t, %v", ended, err)
	}
	good.Hash = randomHash()
	if _, issued, err := s.IssueAuthorizationCode(t.Context(), good); err != nil || issued {
		t.Errorf("of an ended session: issued %t, %v", issued, err)
	}
}
