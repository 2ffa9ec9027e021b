// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// making is a token of a user, asked for in a session.
func making(u auth.User, sessionID string, now time.Time) personaltoken.Making {
	return personaltoken.Making{
		Token: personaltoken.Token{
			ID: uuid.NewString(), ClientID: "shop.web", Name: "Nightly backup", Scopes: []string{"email", "groups"},
			CreatedAt: now, ExpiresAt: now.Add(30 * day),
		},
		Hash: randomHash(), User: u, SessionID: sessionID, Most: personaltoken.Most,
	}
}

// makeToken makes a token in a new session of its user.
func makeToken(t *testing.T, s *postgres.Store, u auth.User) personaltoken.Making {
	t.Helper()
	m := making(u, newSession(t, s, u, "", start), start)
	if outcome, err := s.MakePersonalToken(t.Context(), m, auth.Effects{Events: []auth.Event{told(auth.ActMakePersonalToken)}}); err != nil || outcome != personaltoken.Made {
		t.Fatalf("the token is %s, %v", outcome, err)
	}
	return m
}

func isGood(t *testing.T, s *postgres.Store, m personaltoken.Making, now time.Time) bool {
	t.Helper()
	held, found, err := s.PersonalToken(t.Context(), m.Hash, now)
	if err != nil {
		t.Fatal(err)
	}
	if found && (held.Token.ID != m.ID || held.User.ID != m.User.ID || !slices.Equal(held.Token.Scopes, m.Scopes) || !held.Token.ExpiresAt.Equal(m.ExpiresAt)) {
		t.Errorf("found %+v of %s", held.Token, held.User.ID)
	}
	return found
}

func TestAPersonalTokenIsGoodUntilItExpires(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	ann, bob := addUser(t, s, "ann@example.com"), addUser(t, s, "bob@example.com")
	m := makeToken(t, s, ann)
	makeToken(t, s, bob)
	if !isGood(t, s, m, start) || !isGood(t, s, m, m.ExpiresAt.Add(-time.Microsecond)) || isGood(t, s, m, m.ExpiresAt) {
		t.Error("it is not good for as long as it says")
	}
	if _, found, err := s.PersonalToken(t.Context(), randomHash(), start); err != nil || found {
		t.Errorf("noise is found: %t, %v", found, err)
	}
	for now, want := range map[time.Time]int{start: 1, m.ExpiresAt: 0} {
		list, err := s.PersonalTokensOf(t.Context(), ann.ID, now)
		if err != nil || len(list) != want || want == 1 && (list[0].ID != m.ID || list[0].Name != m.Name || list[0].LastUsedOn != nil) {
			t.Errorf("at %s the list is %+v, %v", now, list, err)
		}
	}
	if err := s.Prune(t.Context(), m.ExpiresAt); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "personal_access_tokens"); n != 0 {
		t.Errorf("%d tokens are left that have expired", n)
	}
}

// Of whoever asks for the last one at once, one gets it.
func TestTheLastPersonalTokenIsMadeOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for round := range rounds {
		u := addUser(t, s, fmt.Sprintf("ann-%d@example.com", round))
		id := newSession(t, s, u, "", start)
		u = reread(t, s, u)
		const most = 3
		for range most - 1 {
			makeToken(t, s, u)
		}
		full := atomic.Int32{}
		won := race(t, func(int) (bool, error) {
			for { // as the use case does, if not for ever
				m := making(u, id, start)
				m.Most = most
				outcome, err := s.MakePersonalToken(context.Background(), m, auth.Effects{})
				if outcome == personaltoken.Full {
					full.Add(1)
				}
				if outcome != personaltoken.Overtaken || err != nil {
					return outcome == personaltoken.Made, err
				}
			}
		})
		if n := count(t, url, "personal_access_tokens WHERE user_id = '"+u.ID+"'"); won != 1 || n != most || full.Load() != callers-1 {
			t.Fatalf("%d of %d won, %d were told that there is no room, and there are %d tokens", won, callers, full.Load(), n)
		}
	}
}

func TestNoPersonalTokenIsMadeWithoutWhatItStandsOn(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for name, spoil := range map[string]func(u auth.User, m *personaltoken.Making){
		"a session that has ended": func(_ auth.User, m *personaltoken.Making) {
			if ended, err := s.EndSession(t.Context(), m.SessionID, session.EndedByLogout, start, auth.Effects{}); err != nil || !ended {
				t.Fatalf("ended %t, %v", ended, err)
			}
		},
		"a session that has expired": func(_ auth.User, m *personaltoken.Making) { m.CreatedAt = start.Add(2 * time.Hour) },
		"a session of before":        func(_ auth.User, m *personaltoken.Making) { m.SessionsSince = start.Add(time.Minute) },
		"a session of nobody":        func(_ auth.User, m *personaltoken.Making) { m.SessionID = uuid.NewString() },
		"no session":                 func(_ auth.User, m *personaltoken.Making) { m.SessionID = "" },
		"a user who is gone":         func(_ auth.User, m *personaltoken.Making) { m.User.ID = uuid.NewString() },
		"somebody else's session": func(_ auth.User, m *personaltoken.Making) {
			m.SessionID = newSession(t, s, addUser(t, s, uuid.NewString()+"@example.com"), "", start)
		},
		"another password than the one that was shown": func(u auth.User, m *personaltoken.Making) {
			execute(t, url, "UPDATE users SET password_changed_at = now() WHERE id = '"+u.ID+"'")
		},
		"a user who is shut out": func(u auth.User, m *personaltoken.Making) {
			execute(t, url, "UPDATE users SET disabled_at = now() WHERE id = '"+u.ID+"'")
		},
	} {
		u := addUser(t, s, uuid.NewString()+"@example.com")
		m := making(u, newSession(t, s, u, "", start), start)
		spoil(u, &m)
		outcome, err := s.MakePersonalToken(t.Context(), m, auth.Effects{Events: []auth.Event{told(auth.ActMakePersonalToken)}})
		if err != nil || outcome != personaltoken.Unmade {
			t.Errorf("with %s it is %s, %v", name, outcome, err)
		}
	}
	if n := count(t, url, "personal_access_tokens") + count(t, url, "audit_events WHERE action = 'personal_access_token.made'"); n != 0 {
		t.Errorf("%d tokens and events are there", n)
	}
}

// However its user's trust ends, a token goes, and every pod hears of it.
func TestPersonalTokensEndWithWhatTheyStandOn(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	yes, no := true, false
	for name, end := range map[string]func(u auth.User, m personaltoken.Making) error{
		"by hand": func(u auth.User, m personaltoken.Making) error {
			ended, err := s.EndPersonalToken(t.Context(), u.ID, m.ID, start, auth.Effects{})
			if err == nil && !ended {
				t.Error("nothing has ended")
			}
			return err
		},
		"by a new password": func(u auth.User, m personaltoken.Making) error {
			changed, err := s.SetPassword(t.Context(), account.NewPassword{User: reread(t, s, u), Hash: "new", KeepSession: m.SessionID, Now: start}, auth.Effects{})
			if err == nil && (!changed.Changed || !slices.Contains(changed.Ended, m.ID)) {
				t.Errorf("the change is %+v", changed)
			}
			return err
		},
		"by a reset": func(u auth.User, _ personaltoken.Making) error {
			ticket := mailed(t, s, auth.ResetPasswordToken, u, u.Email, start)
			_, err := s.SetPassword(t.Context(), account.NewPassword{User: reread(t, s, u), Hash: "new", Redeems: &ticket.Hash, Now: start}, auth.Effects{})
			return err
		},
		"when the user is shut out": func(u auth.User, m personaltoken.Making) error {
			changed, err := s.ChangeUser(t.Context(), u.ID, admin.UserChange{Disabled: &yes}, start, auth.Effects{})
			if err == nil && !slices.Contains(changed.Ended, m.ID) {
				t.Errorf("ended are %v", changed.Ended)
			}
			if err == nil {
				_, err = s.ChangeUser(t.Context(), u.ID, admin.UserChange{Disabled: &no}, start, auth.Effects{})
			}
			return err
		},
		"when a pod of the release before lets the user in again": func(u auth.User, _ personaltoken.Making) error {
			execute(t, url, "UPDATE users SET disabled_at = now() WHERE id = '"+u.ID+"'")
			_, err := s.ChangeUser(t.Context(), u.ID, admin.UserChange{Disabled: &no}, start, auth.Effects{})
			return err
		},
		"with the user": func(u auth.User, _ personaltoken.Making) error {
			_, err := s.DeleteUser(t.Context(), u.ID, start, auth.Effects{})
			return err
		},
	} {
		u := addUser(t, s, uuid.NewString()+"@example.com")
		m, others := makeToken(t, s, u), makeToken(t, s, addUser(t, s, uuid.NewString()+"@example.com"))
		if err := end(u, m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if isGood(t, s, m, start) || count(t, url, "personal_access_tokens WHERE id = '"+m.ID+"'") != 0 {
			t.Errorf("%s, the token is left", name)
		}
		if !isGood(t, s, others, start) {
			t.Errorf("%s, somebody else's token has ended", name)
		}
		if heard := revocations(t, s); heard[m.ID] != "ended" && heard[u.ID] != "role " {
			t.Errorf("%s, nobody hears of it", name)
		}
	}
}

// A pod of the release before knows of no tokens, and sets passwords.
func TestAPasswordThatAnOlderPodSetsEndsPersonalTokens(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	m := makeToken(t, s, addUser(t, s, "ann@example.com"))
	execute(t, url, "UPDATE users SET password_hash = 'new', password_changed_at = now()")
	if isGood(t, s, m, start) {
		t.Error("the token is good with another password than that of then")
	}
}

// Whoever has the old password makes tokens at every moment of its end; none of them is good.
func TestNoPersonalTokenSlipsPastANewPassword(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for round := range rounds {
		u := addUser(t, s, fmt.Sprintf("ann-%d@example.com", round))
		id := newSession(t, s, u, "", start)
		u = reread(t, s, u)
		race(t, func(i int) (bool, error) {
			if i == callers/2 {
				change, err := s.SetPassword(context.Background(), account.NewPassword{User: u, Hash: "new", Now: start}, auth.Effects{})
				if err == nil && !change.Changed {
					t.Error("the password was not changed")
				}
				return change.Changed, err
			}
			outcome, err := s.MakePersonalToken(context.Background(), making(u, id, start), auth.Effects{})
			return outcome == personaltoken.Made, err
		})
		good := count(t, url, `personal_access_tokens t JOIN users u ON u.id = t.user_id
			WHERE t.password_changed_at IS NOT DISTINCT FROM u.password_changed_at AND u.id = '`+u.ID+"'")
		if good != 0 {
			t.Fatalf("in round %d, %d tokens are good", round, good)
		}
	}
}

// Each day is noted once, and the first use told of once, however many use it at once.
func TestAUseOfAPersonalTokenIsNotedOnceADay(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	for range rounds {
		m := makeToken(t, s, u)
		today := start.Truncate(day)
		for i, want := range []int{1, 0} {
			if first := race(t, func(int) (bool, error) {
				return s.UsePersonalToken(context.Background(), m.ID, today.Add(time.Duration(i)*day), told(auth.ActUsePersonalToken))
			}); first != want {
				t.Fatalf("on day %d, %d uses were the first", i, first)
			}
		}
		if first, err := s.UsePersonalToken(t.Context(), m.ID, today, told(auth.ActUsePersonalToken)); err != nil || first {
			t.Fatalf("a use of yesterday is the first: %t, %v", first, err)
		}
		held, _, err := s.PersonalToken(t.Context(), m.Hash, start)
		if err != nil || held.Token.LastUsedOn == nil || !held.Token.LastUsedOn.Equal(today.Add(day)) {
			t.Fatalf("last used on %v, %v", held.Token.LastUsedOn, err)
		}
		if ended := race(t, func(int) (bool, error) {
			return s.EndPersonalToken(context.Background(), u.ID, m.ID, start, auth.Effects{Events: []auth.Event{told(auth.ActEndPersonalToken)}})
		}); ended != 1 {
			t.Fatalf("it was ended %d times", ended)
		}
	}
	for _, action := range []auth.Action{auth.ActMakePersonalToken, auth.ActUsePersonalToken, auth.ActEndPersonalToken} {
		if n := count(t, url, fmt.Sprintf("audit_events WHERE action = '%s'", action)); n != rounds {
			t.Errorf("%s is told of %d times, want %d", action, n, rounds)
		}
	}
}

func TestAPersonalTokenIsEndedByItsUserAlone(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ann, bob := addUser(t, s, "ann@example.com"), addUser(t, s, "bob@example.com")
	m := makeToken(t, s, ann)
	for name, ids := range map[string][2]string{
		"somebody else": {bob.ID, m.ID}, "another token": {ann.ID, uuid.NewString()}, "nobody": {"", m.ID}, "no token": {ann.ID, "x"},
	} {
		if ended, err := s.EndPersonalToken(t.Context(), ids[0], ids[1], start, auth.Effects{}); err != nil || ended {
			t.Errorf("%s ends it: %t, %v", name, ended, err)
		}
	}
	if !isGood(t, s, m, start) {
		t.Error("the token is gone")
	}
}

func TestUsingAPersonalTokenConcernsNoIndex(t *testing.T) {
	t.Parallel()
	s, url := filledWithSessions(t)
	execute(t, url, `
		INSERT INTO personal_access_tokens (id, hash, user_id, client_id, name, scopes, created_at, expires_at)
		SELECT id, sha256(id::text::bytea), id, 'shop.web', 'Nightly backup', ARRAY['groups'], '2026-01-01', '2027-01-01' FROM users;
		ANALYZE`)
	ids := []string{}
	conn := connect(t, url)
	rows, err := conn.Query(t.Context(), "SELECT id::text FROM personal_access_tokens")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		id := ""
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for i := range changes {
		if _, err := s.UsePersonalToken(t.Context(), ids[i*stride], start, told(auth.ActUsePersonalToken)); err != nil {
			t.Fatal(err)
		}
	}
	changedInPlace(t, s, url, "personal_access_tokens", changes)
}
