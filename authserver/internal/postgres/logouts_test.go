// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/backchannel"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// hearing is a redemption of a client that wants to be told of sign-outs. It lasts: what
// has expired is told to nobody.
func hearing(c grant.Code) grant.Redemption {
	r := redemption(c)
	r.HearsLogouts, r.ExpiresAt = true, time.Now().Add(time.Hour)
	return r
}

func signOut(t *testing.T, s *postgres.Store, browser string, _ auth.User) {
	if ended, err := s.EndSession(t.Context(), browser, session.EndedByLogout, start, auth.Effects{}); err != nil || !ended {
		t.Fatalf("ended %t, %v", ended, err)
	}
}

func TestWhateverEndsASessionTellsItsClients(t *testing.T) {
	t.Parallel()
	all := endings()
	all["the browser signs out"] = signOut
	all["the user is deleted"] = func(t *testing.T, s *postgres.Store, _ string, user auth.User) {
		if c, err := s.DeleteUser(t.Context(), user.ID, start, auth.Effects{}); err != nil || !c.Done {
			t.Fatalf("done %t, %v", c.Done, err)
		}
	}
	for name, end := range all {
		for kind, offline := range map[string]bool{"": false, ", with a session of its own": true} {
			t.Run(name+kind, func(t *testing.T) {
				t.Parallel()
				s, url := newStoreAt(t)
				browser := login(t, s, 1, start)
				execute(t, url, "UPDATE sessions SET expires_at = now() + interval '1 hour'")
				held := redeem(t, s, hearing(appCode(t, s, browser, offline)))
				redeem(t, s, hearing(appCode(t, s, browser, offline))) // again: it is told once all the same
				if n := count(t, url, "logouts"); n != 0 {
					t.Fatalf("%d logouts before the end", n)
				}
				end(t, s, browser, held.User)
				told := fmt.Sprintf("logouts WHERE client_id = '%s' AND sid = '%s' AND user_id = '%s' AND granted_at = '%s'",
					appTerms.ClientID, browser, held.User.ID, start.Format(time.RFC3339))
				if n := count(t, url, told); n != 1 || count(t, url, "logouts") != 1 {
					t.Errorf("%d of %d logouts are right, not one of one", n, count(t, url, "logouts"))
				}
			})
		}
	}
}

func TestWhatTellsNobody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		offline bool
		end     func(t *testing.T, s *postgres.Store, url, browser string, held grant.Held)
		want    int
	}{
		"a client that wants to hear nothing": {false, func(t *testing.T, s *postgres.Store, url, browser string, held grant.Held) {
			execute(t, url, "DELETE FROM session_clients")
			redeem(t, s, redemption(appCode(t, s, browser, false)))
			signOut(t, s, browser, held.User)
		}, 0},
		"a session that has expired": {false, func(t *testing.T, s *postgres.Store, url, _ string, _ grant.Held) {
			execute(t, url, "UPDATE sessions SET expires_at = now() - interval '2 days', prune_after = '2026-01-01'")
			if err := s.Prune(t.Context(), time.Now()); err != nil || count(t, url, "sessions") != 0 {
				t.Fatalf("%d sessions, %v", count(t, url, "sessions"), err)
			}
		}, 0},
		"a session that had ended when its user was deleted": {false, func(t *testing.T, s *postgres.Store, url, browser string, held grant.Held) {
			signOut(t, s, browser, held.User)
			execute(t, url, "DELETE FROM users")
		}, 1},
		"a token that was revoked": {false, func(t *testing.T, s *postgres.Store, _, _ string, _ grant.Held) {
			if err := s.RevokeToken(t.Context(), uuid.NewString()); err != nil {
				t.Fatal(err)
			}
		}, 0},
		"a grant that its client has given back": {true, func(t *testing.T, s *postgres.Store, _, _ string, held grant.Held) {
			endGrant(t, s, held, session.EndedByRevocation)
		}, 0},
		"a grant with a session of its own whose token was copied": {true, func(t *testing.T, s *postgres.Store, _, _ string, held grant.Held) {
			endGrant(t, s, held, session.EndedByReuse)
		}, 1},
		"a grant of the browser's session whose token was copied": {false, func(t *testing.T, s *postgres.Store, _, _ string, held grant.Held) {
			endGrant(t, s, held, session.EndedByReuse)
		}, 0},
		"a grant that is over before its session": {false, func(t *testing.T, s *postgres.Store, url, browser string, held grant.Held) {
			execute(t, url, "DELETE FROM grants")
			signOut(t, s, browser, held.User)
		}, 1},
		"a pod of the release before that ends a session": {false, func(t *testing.T, _ *postgres.Store, url, browser string, _ grant.Held) {
			execute(t, url, fmt.Sprintf(`WITH ended AS (UPDATE sessions SET ended_at = now(), ended_reason = 'logout' WHERE id = '%s' RETURNING id)
				INSERT INTO revocations (about) SELECT id FROM ended ON CONFLICT (about) DO NOTHING`, browser))
		}, 1},
		"a pod of the release before that deletes a user": {false, func(t *testing.T, _ *postgres.Store, url, _ string, _ grant.Held) {
			execute(t, url, "DELETE FROM users")
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := newStoreAt(t)
			browser := login(t, s, 1, start)
			execute(t, url, "UPDATE sessions SET expires_at = now() + interval '1 hour'")
			held := redeem(t, s, hearing(appCode(t, s, browser, c.offline)))
			c.end(t, s, url, browser, held)
			if n := count(t, url, "logouts"); n != c.want {
				t.Errorf("%d logouts, not %d", n, c.want)
			}
		})
	}
}

func endGrant(t *testing.T, s *postgres.Store, held grant.Held, reason session.EndReason) {
	t.Helper()
	if ended, err := s.EndGrant(t.Context(), held.Grant.ID, reason, start, told(auth.ActEndGrant)); err != nil || !ended {
		t.Fatalf("ended %t, %v", ended, err)
	}
}

// A grant that begins while its session ends is either none, or its client is told: the
// statement that waited for the session has not seen the grant.
func TestNoGrantBeginsUnheardWhileItsSessionEnds(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	user := ""
	for i := range rounds {
		browser := ""
		if i == 0 {
			browser = login(t, s, 1, start)
			user = userOf(t, s).ID
		} else {
			browser = uuid.NewString()
			execute(t, url, fmt.Sprintf("INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at) VALUES ('%s', '%s', '%s', now(), now() + interval '1 hour')",
				browser, user, start.Format(time.RFC3339)))
		}
		r := hearing(appCode(t, s, browser, false))
		begun := false
		var both sync.WaitGroup
		both.Go(func() {
			var err error
			if _, begun, err = s.UseAuthorizationCode(context.Background(), r, told(auth.ActBeginGrant)); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, err := s.EndSession(context.Background(), browser, session.EndedByLogout, start, auth.Effects{}); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if n := count(t, url, "logouts WHERE sid = '"+browser+"'"); (n == 1) != begun || n > 1 {
			t.Errorf("a grant began: %t, and %d logouts wait", begun, n)
		}
	}
}

func TestASessionThatManyEndIsToldOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	browser := login(t, s, 1, start)
	redeem(t, s, hearing(appCode(t, s, browser, false)))
	if n := race(t, func(int) (bool, error) {
		return s.EndSession(context.Background(), browser, session.EndedByLogout, start, auth.Effects{})
	}); n != 1 {
		t.Errorf("%d have ended it", n)
	}
	if n := count(t, url, "logouts"); n != 1 {
		t.Errorf("%d logouts wait", n)
	}
}

// queueLogouts has clients told of as many logouts each.
func queueLogouts(t *testing.T, url string, each int, clients ...string) {
	t.Helper()
	for _, id := range clients {
		execute(t, url, fmt.Sprintf("INSERT INTO logouts (client_id, user_id, sid, granted_at) SELECT '%s', gen_random_uuid(), gen_random_uuid(), now() FROM generate_series(1, %d)", id, each))
	}
}

func claimLogouts(t *testing.T, s *postgres.Store, c backchannel.Claim) (map[string]int, []backchannel.Logout) {
	t.Helper()
	c.Now, c.Until = start, start.Add(time.Minute)
	list, err := s.ClaimLogouts(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	byClient := map[string]int{}
	for _, l := range list {
		byClient[l.ClientID]++
	}
	return byClient, list
}

func TestClaimsAreBoundedByClient(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	queueLogouts(t, url, 10, "a.a", "b.b", "c.c", "d.d")
	answer := []string{"a.a", "b.b", "d.d"}
	got, _ := claimLogouts(t, s, backchannel.Claim{Limit: 100, Each: 3, Spared: []string{"b.b"}, Proven: answer})
	if fmt.Sprint(got) != "map[a.a:3 c.c:1 d.d:3]" {
		t.Errorf("claimed are %v", got)
	}
	for range 20 {
		claimLogouts(t, s, backchannel.Claim{Limit: 5, Each: 3, Spared: []string{"b.b"}, Proven: append(answer, "c.c")})
	}
	got, _ = claimLogouts(t, s, backchannel.Claim{Limit: 100, Each: 100, Proven: answer})
	if fmt.Sprint(got) != "map[b.b:10]" {
		t.Errorf("claimed are %v; all others were", got)
	}
	if got, _ = claimLogouts(t, s, backchannel.Claim{Limit: 100, Each: 100, Proven: answer}); len(got) != 0 {
		t.Errorf("claimed twice are %v", got)
	}
}

func TestALogoutIsClaimedByOne(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	queueLogouts(t, url, 100, "a.a", "b.b")
	var mu sync.Mutex
	claimed := map[int64]int{}
	race(t, func(int) (bool, error) {
		list, err := s.ClaimLogouts(context.Background(), backchannel.Claim{Limit: 10, Each: 5, Proven: []string{"a.a", "b.b"}, Now: start, Until: start.Add(time.Minute)})
		mu.Lock()
		defer mu.Unlock()
		for _, l := range list {
			claimed[l.ID]++
		}
		return true, err
	})
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("%d claimed logout %d", n, id)
		}
	}
	if len(claimed) == 0 {
		t.Error("nobody claimed any")
	}
}

func TestWhatBecomesOfAClaim(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	queueLogouts(t, url, 3, "a.a")
	queueLogouts(t, url, 1, "b.b")
	_, list := claimLogouts(t, s, backchannel.Claim{Limit: 100, Each: 100, Proven: []string{"a.a"}, Spared: []string{"b.b"}})
	late := list[1]
	late.Attempt-- // another caller has claimed it since
	err := errors.Join(s.ForgetLogout(t.Context(), list[0].ID), s.PostponeLogout(t.Context(), late, start.Add(time.Second)), s.PostponeLogout(t.Context(), list[2], start.Add(time.Second)))
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.ClaimLogouts(t.Context(), backchannel.Claim{Limit: 100, Each: 100, Proven: []string{"a.a"}, Spared: []string{"b.b"}, Now: start.Add(time.Second), Until: start.Add(time.Minute)})
	if err != nil || len(again) != 1 || again[0].ID != list[2].ID || again[0].Attempt != 2 {
		t.Errorf("claimed again are %+v, %v", again, err)
	}
	if b, err := s.LogoutBacklog(t.Context()); err != nil || b.Logouts != 3 || time.Since(b.Oldest) > time.Hour {
		t.Errorf("the backlog is %+v, %v", b, err)
	}
	for _, c := range []struct {
		before time.Time
		want   int
	}{{time.Now().Add(-time.Hour), 0}, {time.Now().Add(time.Hour), 1}, {time.Now().Add(time.Hour), 1}, {time.Now().Add(time.Hour), 0}} {
		if n, err := s.ForgetLogoutsOf(t.Context(), "a.a", c.before, 1); err != nil || n != c.want {
			t.Errorf("forgotten are %d, %v, not %d", n, err, c.want)
		}
	}
	if n := count(t, url, "logouts"); n != 1 {
		t.Errorf("%d are left", n)
	}
}

func TestSessionsOfClientsThatAreNoMoreEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		offline bool
		client  string
		before  time.Time
		lives   bool
	}{
		"of its own":              {true, appTerms.ClientID, start.Add(time.Second), false},
		"of the browser":          {false, appTerms.ClientID, start.Add(time.Second), true},
		"that has begun since":    {true, appTerms.ClientID, start, true},
		"of another client's own": {true, "apps.other", start.Add(time.Second), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := newStoreAt(t)
			browser := login(t, s, 1, start)
			held := redeem(t, s, redemption(appCode(t, s, browser, c.offline)))
			e := session.ClientsEnd{ClientIDs: []string{"apps.gone", c.client}, Before: []time.Time{start, c.before}, Reason: session.EndedWithClient, Now: start}
			if err := s.EndSessionsOfClients(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			if _, lives, err := s.LiveGrant(t.Context(), held.Grant.ID, start, time.Time{}); err != nil || lives != c.lives {
				t.Errorf("the grant lives: %t, %v", lives, err)
			}
			if n := count(t, url, "sessions WHERE ended_at IS NULL AND client_id IS NULL"); n != 1 {
				t.Errorf("%d sessions of the browser live", n)
			}
			if n := count(t, url, "revocations"); (n == 0) != c.lives {
				t.Errorf("there are %d revocations", n)
			}
		})
	}
}
