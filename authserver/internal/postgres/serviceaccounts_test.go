// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/serviceaccount"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

func newAccount(name string) auth.ServiceAccount {
	return auth.ServiceAccount{ID: uuid.NewString(), Name: name, CreatedBy: uuid.NewString(), CreatedAt: start}
}

func addAccount(t *testing.T, s *postgres.Store, name string) auth.ServiceAccount {
	t.Helper()
	a := newAccount(name)
	if creation, err := s.CreateServiceAccount(t.Context(), a, serviceaccount.Most, auth.Effects{}); err != nil || !creation.Created {
		t.Fatalf("created %+v, %v", creation, err)
	}
	return a
}

// addAdmin is an administrator, and a session of theirs.
func addAdmin(t *testing.T, s *postgres.Store, url string) (auth.User, string) {
	t.Helper()
	u := addUser(t, s, uuid.NewString()+"@example.com")
	execute(t, url, "UPDATE users SET role = 'admin' WHERE id = '"+u.ID+"'")
	id := newSession(t, s, u, "", start)
	return reread(t, s, u), id
}

// makeAccountToken makes a token of a service account.
func makeAccountToken(t *testing.T, s *postgres.Store, url string, a auth.ServiceAccount) personaltoken.Making {
	t.Helper()
	u, id := addAdmin(t, s, url)
	m := making(u, id, start)
	if outcome, err := s.MakeAccountToken(t.Context(), a.ID, m, auth.Effects{Events: []auth.Event{told(auth.ActMakeServiceAccountToken)}}); err != nil || outcome != personaltoken.Made {
		t.Fatalf("the token is %s, %v", outcome, err)
	}
	return m
}

func isOfAccount(t *testing.T, s *postgres.Store, m personaltoken.Making, a auth.ServiceAccount) bool {
	t.Helper()
	held, found, err := s.PersonalToken(t.Context(), m.Hash, start)
	if err != nil {
		t.Fatal(err)
	}
	if found && (held.Account == nil || held.Account.ID != a.ID || held.Account.Name != a.Name || held.User.ID != "" || held.Token.ID != m.ID || held.Token.MadeBy != m.User.ID) {
		t.Errorf("found %+v", held)
	}
	return found
}

// Of 50 who ask for the last place at once, one gets it; and a name is given once.
func TestTheLastServiceAccountIsMadeOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	const most = 3
	for round := range rounds {
		execute(t, url, "DELETE FROM service_accounts; UPDATE totals SET total = 0")
		for i := range most - 1 {
			addAccount(t, s, fmt.Sprintf("account-%d-%d", round, i))
		}
		if won := race(t, func(i int) (bool, error) {
			creation, err := s.CreateServiceAccount(context.Background(), newAccount(fmt.Sprintf("racer-%d", i)), most, auth.Effects{Events: []auth.Event{told(auth.ActCreateServiceAccount)}})
			return creation.Created, err
		}); won != 1 || count(t, url, "service_accounts") != most {
			t.Fatalf("%d have won, and there are %d", won, count(t, url, "service_accounts"))
		}
		execute(t, url, "DELETE FROM service_accounts; UPDATE totals SET total = 0")
		taken := atomic.Int32{}
		if won := race(t, func(int) (bool, error) {
			creation, err := s.CreateServiceAccount(context.Background(), newAccount("deployer"), most, auth.Effects{})
			if creation.Taken {
				taken.Add(1)
			}
			return creation.Created, err
		}); won != 1 || taken.Load() != callers-1 || count(t, url, "totals WHERE total = 1") != 1 {
			t.Fatalf("%d have the name, %d were told that it is taken", won, taken.Load())
		}
	}
	if n := count(t, url, "audit_events WHERE action = 'service_account.created'"); n != rounds {
		t.Errorf("%d are in the audit log, want %d", n, rounds)
	}
}

// While some are deleted, others of the same names are made, and the total stays right.
func TestServiceAccountsAreCountedWhileTheyComeAndGo(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for range rounds {
		first := addAccount(t, s, "deployer")
		race(t, func(i int) (bool, error) {
			if i%2 == 0 {
				deleted, err := s.DeleteServiceAccount(context.Background(), first.ID, start, auth.Effects{})
				return deleted.Known, err
			}
			creation, err := s.CreateServiceAccount(context.Background(), newAccount("deployer"), serviceaccount.Most, auth.Effects{})
			return creation.Created, err
		})
		if n := count(t, url, "totals WHERE total = (SELECT count(*) FROM service_accounts)"); n != 1 {
			t.Fatal("the total is wrong")
		}
		execute(t, url, "DELETE FROM service_accounts; UPDATE totals SET total = 0")
	}
}

// Of whoever asks for the last token of one at once, one gets it.
func TestTheLastTokenOfAServiceAccountIsMadeOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u, id := addAdmin(t, s, url)
	for round := range rounds {
		a := addAccount(t, s, fmt.Sprintf("account-%d", round))
		const most = 3
		for range most - 1 {
			makeAccountToken(t, s, url, a)
		}
		won := race(t, func(int) (bool, error) {
			for {
				m := making(u, id, start)
				m.Most = most
				outcome, err := s.MakeAccountToken(context.Background(), a.ID, m, auth.Effects{})
				if outcome != personaltoken.Overtaken || err != nil {
					return outcome == personaltoken.Made, err
				}
			}
		})
		if n := count(t, url, "personal_access_tokens WHERE service_account_id = '"+a.ID+"'"); won != 1 || n != most {
			t.Fatalf("%d of %d won, and there are %d tokens", won, callers, n)
		}
	}
}

func TestNoTokenOfAServiceAccountIsMadeWithoutWhatItStandsOn(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for name, spoil := range map[string]func(a *auth.ServiceAccount, u auth.User, m *personaltoken.Making){
		"a session that has ended": func(_ *auth.ServiceAccount, _ auth.User, m *personaltoken.Making) {
			if ended, err := s.EndSession(t.Context(), m.SessionID, session.EndedByLogout, start, auth.Effects{}); err != nil || !ended {
				t.Fatalf("ended %t, %v", ended, err)
			}
		},
		"no session": func(_ *auth.ServiceAccount, _ auth.User, m *personaltoken.Making) { m.SessionID = "" },
		"somebody else's session": func(_ *auth.ServiceAccount, _ auth.User, m *personaltoken.Making) {
			_, m.SessionID = addAdmin(t, s, url)
		},
		"an admin who is one no more": func(_ *auth.ServiceAccount, u auth.User, _ *personaltoken.Making) {
			execute(t, url, "UPDATE users SET role = 'user' WHERE id = '"+u.ID+"'")
		},
		"an admin who is shut out": func(_ *auth.ServiceAccount, u auth.User, _ *personaltoken.Making) {
			execute(t, url, "UPDATE users SET disabled_at = now() WHERE id = '"+u.ID+"'")
		},
		"another password than the one that was shown": func(_ *auth.ServiceAccount, u auth.User, _ *personaltoken.Making) {
			execute(t, url, "UPDATE users SET password_changed_at = now() WHERE id = '"+u.ID+"'")
		},
		"an account that is disabled": func(a *auth.ServiceAccount, _ auth.User, _ *personaltoken.Making) {
			execute(t, url, "UPDATE service_accounts SET disabled_at = now() WHERE id = '"+a.ID+"'")
		},
		"an account that is gone": func(a *auth.ServiceAccount, _ auth.User, _ *personaltoken.Making) { a.ID = uuid.NewString() },
		"a user as the account":   func(a *auth.ServiceAccount, u auth.User, _ *personaltoken.Making) { a.ID = u.ID },
		"no account":              func(a *auth.ServiceAccount, _ auth.User, _ *personaltoken.Making) { a.ID = "" },
	} {
		a := addAccount(t, s, "a"+uuid.NewString())
		u, id := addAdmin(t, s, url)
		m := making(u, id, start)
		spoil(&a, u, &m)
		outcome, err := s.MakeAccountToken(t.Context(), a.ID, m, auth.Effects{Events: []auth.Event{told(auth.ActMakeServiceAccountToken)}})
		if err != nil || outcome != personaltoken.Unmade && outcome != personaltoken.Closed {
			t.Errorf("with %s it is %s, %v", name, outcome, err)
		}
	}
	if n := count(t, url, "personal_access_tokens") + count(t, url, "audit_events WHERE action = 'service_account.token_made'"); n != 0 {
		t.Errorf("%d tokens and events are there", n)
	}
}

// However one ends, its tokens go, and every pod hears of it.
func TestTokensOfServiceAccountsGoWithThem(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	yes, no := true, false
	for name, end := range map[string]func(a auth.ServiceAccount, m personaltoken.Making) (serviceaccount.Changed, error){
		"deleted": func(a auth.ServiceAccount, _ personaltoken.Making) (serviceaccount.Changed, error) {
			return s.DeleteServiceAccount(t.Context(), a.ID, start, auth.Effects{})
		},
		"disabled": func(a auth.ServiceAccount, _ personaltoken.Making) (serviceaccount.Changed, error) {
			return s.ChangeServiceAccount(t.Context(), a.ID, serviceaccount.Change{Disabled: &yes}, start, auth.Effects{})
		},
		"enabled, with a token that slipped in": func(a auth.ServiceAccount, _ personaltoken.Making) (serviceaccount.Changed, error) {
			execute(t, url, "UPDATE service_accounts SET disabled_at = now() WHERE id = '"+a.ID+"'")
			return s.ChangeServiceAccount(t.Context(), a.ID, serviceaccount.Change{Disabled: &no}, start, auth.Effects{})
		},
	} {
		a, other := addAccount(t, s, "a"+uuid.NewString()), addAccount(t, s, "b"+uuid.NewString())
		m, others := makeAccountToken(t, s, url, a), makeAccountToken(t, s, url, other)
		of := makeToken(t, s, addUser(t, s, uuid.NewString()+"@example.com"))
		if !isOfAccount(t, s, m, a) {
			t.Fatal("the token is not good at first")
		}
		changed, err := end(a, m)
		if err != nil || !changed.Known || !slices.Equal(changed.Ended, []string{m.ID}) || changed.InForce == nil || changed.InForce.About != a.ID {
			t.Fatalf("%s: %+v, %v", name, changed, err)
		}
		if isOfAccount(t, s, m, a) || count(t, url, "personal_access_tokens WHERE id = '"+m.ID+"'") != 0 {
			t.Errorf("%s, its token is left", name)
		}
		if !isOfAccount(t, s, others, other) || !isGood(t, s, of, start) {
			t.Errorf("%s, another's token has ended", name)
		}
		want := "role "
		if name[0] == 'e' {
			want += auth.ServiceAccountRole
		}
		if heard := revocations(t, s); heard[m.ID] != "ended" || heard[a.ID] != want {
			t.Errorf("%s, pods hear %q and %q", name, heard[m.ID], heard[a.ID])
		}
	}
}

// Whoever makes tokens while one is disabled and enabled again leaves none from before.
func TestNoTokenSlipsPastTheEndOfAServiceAccount(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u, id := addAdmin(t, s, url)
	yes, no := true, false
	for round := range rounds {
		a := addAccount(t, s, fmt.Sprintf("account-%d", round))
		race(t, func(i int) (bool, error) {
			if i == callers/2 {
				changed, err := s.ChangeServiceAccount(context.Background(), a.ID, serviceaccount.Change{Disabled: &yes}, start, auth.Effects{})
				return changed.Known, err
			}
			outcome, err := s.MakeAccountToken(context.Background(), a.ID, making(u, id, start), auth.Effects{})
			return outcome == personaltoken.Made, err
		})
		changed, err := s.ChangeServiceAccount(t.Context(), a.ID, serviceaccount.Change{Disabled: &no}, start, auth.Effects{})
		if n := count(t, url, "personal_access_tokens WHERE service_account_id = '"+a.ID+"'"); err != nil || !changed.Known || n != 0 {
			t.Fatalf("in round %d, %d tokens are left, %v", round, n, err)
		}
	}
}

// An administrator who loses their role while they make tokens makes none afterwards.
func TestNobodyMakesTokensOfServiceAccountsAfterTheirRole(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	addAdmin(t, s, url) // there is always one
	role := auth.UserRole
	for round := range rounds {
		u, id := addAdmin(t, s, url)
		a := addAccount(t, s, fmt.Sprintf("account-%d", round))
		race(t, func(i int) (bool, error) {
			if i == callers/2 {
				changed, err := s.ChangeUser(context.Background(), u.ID, admin.UserChange{Role: &role}, start, auth.Effects{})
				return changed.Done, err
			}
			outcome, err := s.MakeAccountToken(context.Background(), a.ID, making(u, id, start), auth.Effects{})
			return outcome == personaltoken.Made, err
		})
		if outcome, err := s.MakeAccountToken(t.Context(), a.ID, making(u, id, start), auth.Effects{}); err != nil || outcome != personaltoken.Unmade {
			t.Fatalf("in round %d, it is %s, %v", round, outcome, err)
		}
	}
}

// Nobody else ends a token, and each is ended, and its first use told of, once.
func TestATokenOfAServiceAccountIsItsOwn(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	a, other, u := addAccount(t, s, "deployer"), addAccount(t, s, "other"), addUser(t, s, "ann@example.com")
	m := makeAccountToken(t, s, url, a)
	for name, end := range map[string]func() (bool, error){
		"another account":  func() (bool, error) { return s.EndAccountToken(t.Context(), other.ID, m.ID, start, auth.Effects{}) },
		"a user":           func() (bool, error) { return s.EndPersonalToken(t.Context(), u.ID, m.ID, start, auth.Effects{}) },
		"its maker":        func() (bool, error) { return s.EndPersonalToken(t.Context(), m.User.ID, m.ID, start, auth.Effects{}) },
		"its id as a user": func() (bool, error) { return s.EndPersonalToken(t.Context(), a.ID, m.ID, start, auth.Effects{}) },
		"nobody":           func() (bool, error) { return s.EndAccountToken(t.Context(), "", m.ID, start, auth.Effects{}) },
	} {
		if ended, err := end(); err != nil || ended {
			t.Errorf("%s ends it: %t, %v", name, ended, err)
		}
	}
	if list, err := s.PersonalTokensOf(t.Context(), a.ID, start); err != nil || len(list) != 0 {
		t.Errorf("as a user's, there are %+v, %v", list, err)
	}
	if list, err := s.AccountTokensOf(t.Context(), a.ID, start); err != nil || len(list) != 1 || list[0].MadeBy != m.User.ID {
		t.Errorf("there are %+v, %v", list, err)
	}
	use := told(auth.ActUseServiceAccountToken)
	if first := race(t, func(int) (bool, error) {
		return s.UsePersonalToken(context.Background(), m.ID, start.Truncate(day), use)
	}); first != 1 {
		t.Errorf("%d uses were the first", first)
	}
	if n := count(t, url, "audit_events WHERE action = 'service_account.token_first_used' AND actor_id = '"+a.ID+"' AND target_id = actor_id"); n != 1 {
		t.Errorf("the first use is told of %d times", n)
	}
	if ended := race(t, func(int) (bool, error) {
		return s.EndAccountToken(context.Background(), a.ID, m.ID, start, auth.Effects{Events: []auth.Event{told(auth.ActEndServiceAccountToken)}})
	}); ended != 1 || isOfAccount(t, s, m, a) {
		t.Errorf("it was ended %d times", ended)
	}
}

// Nothing of a service account hangs on a user: whoever has made it may go.
func TestATokenHasOneOwner(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	a := addAccount(t, s, "deployer")
	m := makeAccountToken(t, s, url, a)
	addAdmin(t, s, url)
	if deleted, err := s.DeleteUser(t.Context(), m.User.ID, start, auth.Effects{}); err != nil || !deleted.Done {
		t.Fatalf("deleted %+v, %v", deleted, err)
	}
	if !isOfAccount(t, s, m, a) {
		t.Error("the token has gone with its maker")
	}
	u := addUser(t, s, "ann@example.com")
	conn := connect(t, url)
	for name, statement := range map[string]string{
		"two owners":             "UPDATE personal_access_tokens SET user_id = '" + u.ID + "'",
		"none":                   "UPDATE personal_access_tokens SET service_account_id = NULL",
		"no maker":               "UPDATE personal_access_tokens SET made_by = NULL",
		"another account's name": "INSERT INTO service_accounts (id, name, description, created_by, created_at) VALUES (gen_random_uuid(), 'ann@example.com', '', gen_random_uuid(), now())",
	} {
		if _, err := conn.Exec(t.Context(), statement); err == nil {
			t.Errorf("a token may have %s", name)
		}
	}
}

// Of any number of groups at once that one is put into, none is one too many; and a group that
// goes takes nothing else along.
func TestGroupsOfServiceAccounts(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	a := addAccount(t, s, "deployer")
	groups := []group.Group{}
	for i := range callers {
		g := group.Group{ID: uuid.NewString(), Name: fmt.Sprintf("group-%02d", i), CreatedAt: start}
		if created, err := s.CreateGroup(t.Context(), g, auth.Effects{}); err != nil || !created {
			t.Fatalf("created %t, %v", created, err)
		}
		groups = append(groups, g)
	}
	const most = 3
	won := race(t, func(i int) (bool, error) {
		for {
			adding, err := s.AddServiceAccount(context.Background(), groups[i].ID, a.ID, most, start, auth.Effects{})
			if err != nil || adding.Added || adding.Full {
				return adding.Added, err
			}
		}
	})
	names, err := s.NamesOf(t.Context(), a.ID, nil, group.MaxNames)
	if err != nil || won != most || len(names) != most {
		t.Fatalf("%d have won, and it is in %v, %v", won, names, err)
	}
	found, known, err := s.GroupByName(t.Context(), names[0])
	if err != nil || !known {
		t.Fatalf("found %+v, %v", found, err)
	}
	if in, err := s.ServiceAccountsIn(t.Context(), found.ID, "", 10); err != nil || len(in) != 1 || in[0].ID != a.ID {
		t.Errorf("in it are %+v, %v", in, err)
	}
	if _, err := s.DeleteGroup(t.Context(), found.ID, start, auth.Effects{}); err != nil {
		t.Fatal(err)
	}
	if left := count(t, url, "service_account_groups"); left != most-1 || count(t, url, "service_accounts") != 1 {
		t.Errorf("%d groups are left", left)
	}
	if adding, err := s.AddServiceAccount(t.Context(), uuid.NewString(), a.ID, most, start, auth.Effects{}); err != nil || adding.Known {
		t.Errorf("it is put into no group: %+v, %v", adding, err)
	}
}
