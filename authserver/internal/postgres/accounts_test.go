// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func addUser(t *testing.T, s *postgres.Store, email string) auth.User {
	t.Helper()
	u := auth.User{ID: uuid.NewString(), Email: email, Role: auth.UserRole, PasswordHash: "hash", CreatedAt: start}
	if added, err := s.AddUser(t.Context(), u, nil, auth.Effects{}); err != nil || !added {
		t.Fatalf("added %t, %v", added, err)
	}
	return u
}

// mailed is a ticket of the user, made at now.
func mailed(t *testing.T, s *postgres.Store, kind auth.OneTimeTokenKind, u auth.User, to string, now time.Time) auth.OneTimeToken {
	t.Helper()
	ticket := auth.OneTimeToken{
		Hash: randomHash(), Kind: kind, UserID: u.ID, Email: to,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	if sent, err := s.MailToken(t.Context(), ticket, auth.Effects{}); err != nil || !sent {
		t.Fatalf("sent %t, %v", sent, err)
	}
	return ticket
}

func randomHash() auth.TokenHash {
	a, b := uuid.New(), uuid.New()
	return auth.TokenHash(append(a[:], b[:]...))
}

func TestAddressGoesToOneUser(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for range rounds {
		email := uuid.NewString() + "@example.com"
		if won := race(t, func(int) (bool, error) {
			u := auth.User{ID: uuid.NewString(), Email: email, Role: auth.UserRole, PasswordHash: "hash", CreatedAt: start}
			ticket := auth.OneTimeToken{Hash: randomHash(), Kind: auth.VerifyEmailToken, Email: email, CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
			return s.AddUser(context.Background(), u, &ticket, auth.Effects{})
		}); won != 1 {
			t.Fatalf("%d of %d got the address", won, callers)
		}
	}
}

func TestResetTicketSetsOnePassword(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	u := addUser(t, s, "ann@example.com")
	now := start
	for range rounds {
		now = now.Add(auth.QuotaWindow)
		ticket := mailed(t, s, auth.ResetPasswordToken, u, u.Email, now)
		won := race(t, func(int) (bool, error) {
			c, err := s.SetPassword(context.Background(), account.NewPassword{
				User: u, Hash: uuid.NewString(), Redeems: &ticket.Hash, Now: now,
			}, auth.Effects{})
			return c.Changed, err
		})
		if won != 1 {
			t.Fatalf("%d of %d set the password", won, callers)
		}
		u = reread(t, s, u)
	}
}

func reread(t *testing.T, s *postgres.Store, u auth.User) auth.User {
	t.Helper()
	u, found, err := s.UserByID(t.Context(), u.ID)
	if err != nil || !found {
		t.Fatalf("found %t, %v", found, err)
	}
	return u
}

func TestCheckedPasswordIsChangedOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	u := addUser(t, s, "ann@example.com")
	for range rounds {
		next := uuid.NewString()
		won := race(t, func(int) (bool, error) {
			c, err := s.SetPassword(context.Background(), account.NewPassword{User: u, Hash: next, Now: start}, auth.Effects{})
			return c.Changed, err
		})
		if won != 1 {
			t.Fatalf("%d of %d changed the password", won, callers)
		}
		u.PasswordHash = next
	}
}

// A login and a reset that meet: whichever comes second knows of the other.
func TestNoLoginSlipsPastANewPassword(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	now := start
	for round := range rounds {
		now = now.Add(auth.QuotaWindow)
		ticket := mailed(t, s, auth.ResetPasswordToken, u, u.Email, now)
		changed := atomic.Bool{}
		race(t, func(i int) (bool, error) {
			if i == callers/2 {
				c, err := s.SetPassword(context.Background(), account.NewPassword{
					User: u, Hash: uuid.NewString(), Redeems: &ticket.Hash, Now: now,
				}, auth.Effects{})
				changed.Store(c.Changed)
				return c.Changed, err
			}
			started, err := s.StartSession(context.Background(), signin.NewSession{
				SessionID: uuid.NewString(), User: u, Clears: auth.CounterKey(annKey), Refresh: randomHash(),
				NewHash: u.PasswordHash, Now: now, ExpiresAt: now.Add(time.Hour),
			}, auth.Effects{})
			return started.Started, err
		})
		alive, err := s.SessionsOf(t.Context(), u.ID, now)
		if err != nil {
			t.Fatal(err)
		}
		if changed.Load() && len(alive) > 0 {
			t.Fatalf("in round %d, %d sessions of the old password are alive", round, len(alive))
		}
		if u, _, err = s.UserByStoredEmail(t.Context(), u.Email); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.EndSessions(t.Context(), session.SessionsEnd{UserID: u.ID, Reason: session.EndedByUser, Now: now}, auth.Effects{}); err != nil {
			t.Fatal(err)
		}
	}
	if count(t, url, "sessions") == 0 {
		t.Error("no login ever met a reset")
	}
}

func TestEmailIsProvedOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	u := addUser(t, s, "ann@example.com")
	now := start
	for range rounds {
		now = now.Add(auth.QuotaWindow)
		ticket := mailed(t, s, auth.VerifyEmailToken, u, u.Email, now)
		if won := race(t, func(int) (bool, error) {
			return s.ProveEmail(context.Background(), auth.VerifyEmailToken, ticket.Hash, auth.Effects{}, now)
		}); won != 1 {
			t.Fatalf("%d of %d proved the address", won, callers)
		}
	}
}

func TestEmailOfATicketIsTheOneThatIsProved(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	u := addUser(t, s, "ann@example.com")
	old := mailed(t, s, auth.VerifyEmailToken, u, u.Email, start)
	next := mailed(t, s, auth.ChangeEmailToken, u, "ann.lee@example.com", start)
	prove := func(kind auth.OneTimeTokenKind, ticket auth.OneTimeToken) bool {
		t.Helper()
		ok, err := s.ProveEmail(t.Context(), kind, ticket.Hash, auth.Effects{}, start)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if prove(auth.VerifyEmailToken, next) || prove(auth.ChangeEmailToken, old) {
		t.Error("a ticket was taken for one of another kind")
	}
	if !prove(auth.ChangeEmailToken, next) {
		t.Fatal("the address was not changed")
	}
	if prove(auth.VerifyEmailToken, old) {
		t.Error("the old address's ticket has proved the new one")
	}
	got, _, err := s.UserByID(t.Context(), u.ID)
	if err != nil || got.Email != "ann.lee@example.com" || got.EmailVerifiedAt == nil {
		t.Errorf("the user is %+v, %v", got, err)
	}

	bob := addUser(t, s, "bob@example.com")
	taken := mailed(t, s, auth.ChangeEmailToken, bob, "ann.lee@example.com", start.Add(auth.QuotaWindow))
	if _, err := s.ProveEmail(t.Context(), auth.ChangeEmailToken, taken.Hash, auth.Effects{}, start.Add(auth.QuotaWindow)); !errors.Is(err, &auth.Error{Code: auth.EmailTaken}) {
		t.Errorf("the error is %v", err)
	}
}

func TestMailsAreLimitedAtOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	now := start
	for range rounds / 10 {
		now = now.Add(auth.QuotaWindow)
		won := race(t, func(i int) (bool, error) {
			if i%2 == 0 {
				return s.MailNotice(context.Background(), mail(auth.AlreadyRegisteredMessage, to("notice ann", notify.MailLimit)), now)
			}
			return s.MailToken(context.Background(), auth.OneTimeToken{
				Hash: randomHash(), Kind: auth.ResetPasswordToken, UserID: u.ID, Email: u.Email, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
			}, mail(auth.ResetPasswordMessage, to("reset ann", notify.MailLimit)))
		})
		if won != 2*notify.MailLimit {
			t.Fatalf("%d mails of two kinds were sent", won)
		}
	}
	for _, kind := range []auth.MessageKind{auth.ResetPasswordMessage, auth.AlreadyRegisteredMessage} {
		if got := count(t, url, "outbox WHERE kind = '"+string(kind)+"'"); got != notify.MailLimit*rounds/10 {
			t.Errorf("%d messages of kind %s are in the outbox", got, kind)
		}
	}
	if got := count(t, url, "tickets"); got > 1 {
		t.Errorf("%d reset links work at once", got)
	}
}

func TestMailToNobodyIsCountedAlike(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	sent, err := s.MailToken(t.Context(), auth.OneTimeToken{
		Hash: randomHash(), Kind: auth.ResetPasswordToken, Email: "nobody@example.com", CreatedAt: start, ExpiresAt: start.Add(time.Hour),
	}, mail(auth.ResetPasswordMessage, to("reset nobody", notify.MailLimit), ofAll("reset", 1)))
	if err != nil || sent {
		t.Errorf("sent %t, %v", sent, err)
	}
	if count(t, url, "quotas") != 1 || count(t, url, "outbox") != 0 || count(t, url, "tickets") != 0 {
		t.Error("it was not counted, or it was sent")
	}
	if err := s.Prune(t.Context(), start.Add(auth.QuotaWindow)); err != nil {
		t.Fatal(err)
	}
	if count(t, url, "quotas") != 0 {
		t.Error("the count is kept for ever")
	}
}
