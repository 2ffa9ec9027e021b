// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// revocations reads all of them, by what they are about, a few at a time.
func revocations(t *testing.T, s *postgres.Store) map[string]string {
	t.Helper()
	const limit = 2
	found, last := map[string]string{}, session.Revocation{}
	for {
		page, err := s.RevokedWithin(t.Context(), time.Hour, last, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			found[r.About] = "ended"
			if r.Role != nil {
				found[r.About] = "role " + *r.Role
			}
			if r.At.Before(last.At) {
				t.Errorf("%s comes after %s", r.At, last.At)
			}
			last = r
		}
		if len(page) < limit {
			return found
		}
	}
}

// session starts one more session of a user.
func newSession(t *testing.T, s *postgres.Store, u auth.User, parent string, now time.Time) string {
	t.Helper()
	id := uuid.NewString()
	if started, err := descend(s, u, id, parent, now); err != nil || !started {
		t.Fatalf("started %t, %v", started, err)
	}
	return id
}

func descend(s *postgres.Store, u auth.User, id, parent string, now time.Time) (bool, error) {
	start, err := s.StartSession(context.Background(), signin.NewSession{
		SessionID: id, User: u, Parent: parent, Refresh: randomHash(), NewHash: u.PasswordHash,
		AuthTime: now, Now: now, ExpiresAt: now.Add(time.Hour),
	}, auth.Effects{})
	return start.Started, err
}

// ends are all the ways in which a session may end.
func ends(s *postgres.Store) map[string]func(u auth.User, sessionID string) (bool, error) {
	ctx := context.Background()
	return map[string]func(u auth.User, sessionID string) (bool, error){
		"one, by logout or reuse": func(_ auth.User, sessionID string) (bool, error) {
			return s.EndSession(ctx, sessionID, session.EndedByLogout, start, auth.Effects{})
		},
		"one, by its user": func(u auth.User, sessionID string) (bool, error) {
			ended, done, err := s.EndSessions(ctx, session.SessionsEnd{UserID: u.ID, Only: sessionID, Reason: session.EndedByUser, Now: start}, auth.Effects{})
			return done && len(ended) == 1, err
		},
		"all, by their user": func(u auth.User, _ string) (bool, error) {
			_, done, err := s.EndSessions(ctx, session.SessionsEnd{UserID: u.ID, Reason: session.EndedByUser, Now: start}, auth.Effects{})
			return done, err
		},
		"all, by an admin": func(u auth.User, _ string) (bool, error) {
			c, err := s.EndSessionsOfUser(ctx, u.ID, start, auth.Effects{})
			return c.Done, err
		},
		"all, by being disabled": func(u auth.User, _ string) (bool, error) {
			c, err := s.ChangeUser(ctx, u.ID, admin.UserChange{Disabled: new(true)}, start, auth.Effects{})
			return c.Done, err
		},
		"all, by a new password": func(u auth.User, _ string) (bool, error) {
			now, _, err := s.UserByID(ctx, u.ID)
			if err != nil {
				return false, err
			}
			c, err := s.SetPassword(ctx, account.NewPassword{User: now, Hash: uuid.NewString(), Now: start}, auth.Effects{})
			return c.Changed, err
		},
		"all of the realm, by the settings": func(auth.User, string) (bool, error) {
			return true, s.EndSessionsBefore(ctx, start.Add(time.Second), session.EndedBySettings, start)
		},
		"all, by deletion": func(u auth.User, _ string) (bool, error) {
			c, err := s.DeleteUser(ctx, u.ID, start, auth.Effects{})
			return c.Done, err
		},
	}
}

// A client may repeat itself, and the first time counts.
func TestARevokedTokenIsRemembered(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	id := uuid.NewString()
	for range 2 {
		if err := s.RevokeToken(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if found := revocations(t, s); len(found) != 1 || found[id] != "ended" {
		t.Errorf("remembered are %v", found)
	}
}

func TestEveryEndOfASessionIsRemembered(t *testing.T) {
	t.Parallel()
	named, _ := newStoreAt(t)
	for name := range ends(named) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			u := addUser(t, s, "ann@example.com")
			id := newSession(t, s, u, "", start)
			if len(revocations(t, s)) != 0 {
				t.Fatal("a session that lives is revoked")
			}
			if done, err := ends(s)[name](u, id); err != nil || !done {
				t.Fatalf("done %t, %v", done, err)
			}
			if got := revocations(t, s); got[id] != "ended" && got[u.ID] != "role " {
				t.Errorf("remembered is %v", got)
			}
		})
	}
}

// A statement that ends sessions and forgets their tokens is not to be written again.
var endsSessions = regexp.MustCompile(`UPDATE sessions( s)?\s+SET ended_at`)

func TestEveryStatementThatEndsSessionsRevokesTheirTokens(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		ending := len(endsSessions.FindAll(source, -1))
		if revoking := strings.Count(string(source), "+ withRevoked"); revoking < ending {
			t.Errorf("%s: %d statements end sessions, %d revoke their tokens", file, ending, revoking)
		}
	}
}

func TestTheRoleInForceIsRemembered(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	u := addUser(t, s, "ann@example.com")
	last := time.Time{}
	for _, c := range []struct {
		change admin.UserChange
		role   string
	}{
		{admin.UserChange{Role: new("auditor")}, "auditor"},
		{admin.UserChange{Role: new("editor")}, "editor"},
		{admin.UserChange{Disabled: new(true)}, ""},
		{admin.UserChange{Role: new("user")}, ""}, // disabled still
		{admin.UserChange{Disabled: new(false)}, "user"},
	} {
		got, err := s.ChangeUser(t.Context(), u.ID, c.change, start, auth.Effects{})
		if err != nil || !got.Done || got.InForce == nil || *got.InForce.Role != c.role || !got.InForce.At.After(last) {
			t.Fatalf("after %+v: %+v, %v", c.change, got, err)
		}
		if all := revocations(t, s); len(all) != 1 || all[u.ID] != "role "+c.role {
			t.Errorf("remembered is %v", all)
		}
		last = got.InForce.At
	}
	got, err := s.ChangeUser(t.Context(), u.ID, admin.UserChange{Name: new("Ann")}, start, auth.Effects{})
	if err != nil || !got.Done || got.InForce != nil {
		t.Errorf("another name is another role: %+v, %v", got, err)
	}
}

func TestRevocationsArePrunedWhenNoTokenCanLive(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	for range 2 {
		id := newSession(t, s, u, "", start)
		if _, err := s.EndSession(t.Context(), id, session.EndedByLogout, start, auth.Effects{}); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, url, fmt.Sprintf(`UPDATE revocations SET revoked_at = now() - interval '%d seconds'
		WHERE about = (SELECT about FROM revocations LIMIT 1)`, int(session.RevocationMemory.Seconds())+1))
	if err := s.Prune(t.Context(), start); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "revocations"); n != 1 {
		t.Errorf("%d revocations are left", n)
	}
}
