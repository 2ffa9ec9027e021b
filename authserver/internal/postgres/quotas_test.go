// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
)

// mail is one message with quotas.
func mail(kind auth.MessageKind, quotas ...auth.Quota) auth.Effects {
	return auth.Effects{Messages: []auth.Message{
		{ID: uuid.NewString(), Channel: auth.ByMail, Kind: kind, Sealed: []byte{1}, Quotas: quotas},
	}}
}

// to is the quota of a target, ofAll that of everything that is sent.
func to(target string, limit int) auth.Quota {
	return auth.Quota{Key: auth.NewCounterKey("target", target), Limit: limit}
}

func ofAll(kind string, limit int) auth.Quota {
	return auth.Quota{Key: auth.NewCounterKey("total", kind), Limit: limit, IfSent: true}
}

// A number is one number, whoever asks: of any number of accounts at once, as many get
// a text as it may get, and the others lose nothing by asking.
func TestTextsToANumberAreLimitedAcrossUsers(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	const limit = 3
	now := start
	for round := range rounds / 10 {
		now = now.Add(auth.QuotaWindow)
		won := race(t, func(int) (bool, error) {
			u := auth.User{ID: uuid.NewString(), Email: uuid.NewString() + "@example.com", Role: auth.UserRole, CreatedAt: now}
			if _, err := s.AddUser(context.Background(), u, nil, auth.Effects{}); err != nil {
				return false, err
			}
			factor := mfa.Factor{UserID: u.ID, Method: auth.SMSMethod, Enrolment: uuid.NewString(), Sealed: []byte{1}, CreatedAt: now}
			code := mfa.TextCode{ID: uuid.NewString(), UserID: u.ID, Enrolment: factor.Enrolment, Sealed: []byte{1}, SentAt: now, ExpiresAt: now.Add(time.Minute)}
			text := mail(auth.CodeMessage, to("a number", limit), ofAll("texts", 1000))
			text.Messages[0].Channel = auth.BySMS
			sent, err := s.SendText(context.Background(), code, &mfa.NewFactor{Factor: factor}, textLimit, text)
			if err == nil && !sent.Sent && (sent.RetryAt == nil || !sent.RetryAt.Equal(now.Add(auth.QuotaWindow))) {
				t.Errorf("refused until %v", sent.RetryAt)
			}
			return sent.Sent, err
		})
		if won != limit {
			t.Fatalf("%d texts went to one number", won)
		}
		for _, table := range []string{"outbox", "text_codes", "second_factors"} {
			if got := count(t, url, table); got != limit*(round+1) {
				t.Fatalf("%s has %d rows after %d texts", table, got, limit*(round+1))
			}
		}
		// The very first ones, at once, found no row that says no.
		if round > 0 && count(t, url, "quotas WHERE allowed = 1000 AND used = 3") != 1 {
			t.Fatal("what was not sent to the number was counted for the realm")
		}
	}
}

// What one quota refuses uses up no other.
func TestAMessageCountsAgainstAllOfItsQuotasOrNone(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	send := func(quotas ...auth.Quota) bool {
		t.Helper()
		sent, err := s.MailNotice(t.Context(), mail(auth.AlreadyRegisteredMessage, quotas...), start)
		if err != nil {
			t.Fatal(err)
		}
		return sent
	}
	for range 3 {
		send(to("ann", 1), ofAll("mails", 3))
	}
	if !send(to("bob", 1), ofAll("mails", 3)) || !send(to("cid", 1), ofAll("mails", 3)) {
		t.Error("what was refused to one target is missing in all")
	}
	if send(to("dora", 1), ofAll("mails", 3)) || !send(to("dora", 1)) {
		t.Error("the total was exceeded, or what it refused was counted")
	}
	if got := count(t, url, "outbox"); got != 4 {
		t.Errorf("%d mails were sent", got)
	}
}

// A message that is only told of a change is left out, each for itself; the change
// and its events are not.
func TestAChangeHappensWithoutTheMailThatIsTooMuch(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	for range 3 {
		also := mail(auth.PasswordChangedMessage, to("changed", 2))
		also.Messages = append(also.Messages, mail(auth.AccountReclaimedMessage, to("reclaimed", 100)).Messages...)
		also.Events = []auth.Event{{ID: uuid.NewString(), At: start, Action: auth.ActUpdateProfile, Outcome: auth.Succeeded}}
		name := uuid.NewString()
		if changed, _, err := s.UpdateProfile(t.Context(), u.ID, account.ProfileChange{Name: &name}, also, start); err != nil || changed.Name != name {
			t.Errorf("the user is %+v, %v", changed, err)
		}
	}
	if changed, reclaimed := count(t, url, "outbox WHERE kind = 'password-changed'"), count(t, url, "outbox WHERE kind = 'account-reclaimed'"); changed != 2 || reclaimed != 3 {
		t.Errorf("told %d and %d times", changed, reclaimed)
	}
	if got := count(t, url, "audit_events"); got != 3 {
		t.Errorf("%d events", got)
	}
}

// Registering tells nobody about a quota; an invitation that cannot be sent is
// refused, and leaves nothing.
func TestUsersBeyondAQuota(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	add := func(email string, required bool) (bool, error) {
		u := auth.User{ID: uuid.NewString(), Email: email, Role: auth.UserRole, CreatedAt: start}
		also := mail(auth.VerifyEmailMessage, to("links", 1))
		also.Required = required
		return s.AddUser(t.Context(), u, nil, also)
	}
	for _, email := range []string{"a@example.com", "b@example.com"} {
		if added, err := add(email, false); err != nil || !added {
			t.Errorf("added %t, %v", added, err)
		}
	}
	_, err := add("c@example.com", true)
	var refusal *auth.Error
	if !errors.As(err, &refusal) || refusal.Code != auth.RateLimited || refusal.RetryAfter != auth.QuotaWindow {
		t.Errorf("refused with %v", err)
	}
	if users, mails := count(t, url, "users"), count(t, url, "outbox"); users != 2 || mails != 1 {
		t.Errorf("%d users, %d mails", users, mails)
	}
}

// The message for which there was room just now is no message too many.
func TestATakenAddressIsNotRefusedByTheQuotaThatItUses(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	add := func() (bool, error) {
		u := auth.User{ID: uuid.NewString(), Email: "ann@example.com", Role: auth.UserRole, CreatedAt: start}
		also := mail(auth.VerifyEmailMessage, to("links", 2))
		also.Required = true
		return s.AddUser(t.Context(), u, nil, also)
	}
	for _, want := range []bool{true, false} {
		if added, err := add(); err != nil || added != want {
			t.Errorf("added %t, %v, want %t", added, err, want)
		}
	}
	if _, err := add(); !errors.Is(err, auth.Refuse(auth.RateLimited)) {
		t.Errorf("beyond the quota: %v", err)
	}
}
