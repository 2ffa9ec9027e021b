// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

func signInExercises() []exercise {
	return []exercise{
		{"UserByEmail", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.UserByEmail(ctx, mailaddress.Address(w.user(anybody).Email))))
		}},
		{"UserByStoredEmail", "of nobody", func(ctx context.Context, w *world) error {
			_, _, err := w.store.UserByStoredEmail(ctx, newID()+"@example.com")
			return err
		}},
		{"UserByID", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.UserByID(ctx, w.user(anybody).ID)))
		}},
		{"StartSession", "by password", func(ctx context.Context, w *world) error {
			n := w.newSession(w.user(anybody))
			return w.start(ctx, n)
		}},
		{"StartSession", "by code of an app", func(ctx context.Context, w *world) error {
			n := w.newSession(w.user(enrolled))
			code := mfa.MatchedCode{UserID: n.User.ID, Method: auth.TOTPMethod, Step: new(int64), Guesses: auth.CounterKey(newHash())}
			w.ask([]any{&code.Enrolment, code.Step}, "SELECT enrolment::text, last_step + 1 FROM second_factors WHERE user_id = $1 AND method = 'totp'", n.User.ID)
			n.Code = &code
			return w.start(ctx, n)
		}},
		{"StartSession", "descending from another", func(ctx context.Context, w *world) error {
			held := w.session()
			user, _, err := w.store.UserByID(ctx, held.user)
			n := w.newSession(user)
			n.Parent = held.id
			if err != nil {
				return err
			}
			return w.start(ctx, n)
		}},
		{"StartSession", "by one-time token", func(ctx context.Context, w *world) error {
			n := w.newSession(w.user(anybody))
			hash := w.ticket(auth.ChallengeToken, n.User, "")
			n.Redeems = &hash
			return w.start(ctx, n)
		}},
		{"AddressesOf", "", func(ctx context.Context, w *world) error {
			return done(w.store.AddressesOf(ctx, w.user(signedIn).ID, from.UserAgent))
		}},
		{"ReserveAttempts", "", func(ctx context.Context, w *world) error {
			return done(w.store.ReserveAttempts(ctx, counters(w.user(anybody).Email, newID()), w.now()))
		}},
		{"ReserveAttempts", "refused", func(ctx context.Context, w *world) error {
			r, err := w.store.ReserveAttempts(ctx, counters(w.lockedEmail(), newID()), w.now())
			if err == nil && !r.Refused {
				err = fmt.Errorf("the account is not locked: %+v", r)
			}
			return err
		}},
		{"ReleaseAttempts", "", func(ctx context.Context, w *world) error {
			return w.store.ReleaseAttempts(ctx, counters(w.strangersEmail(), newID()))
		}},
		{"FailAttempts", "", func(ctx context.Context, w *world) error {
			return done(w.store.FailAttempts(ctx, counters(w.strangersEmail(), newID()), w.now(), w.event(auth.ActLock, w.user(anybody).ID)))
		}},
		{"ClearAttempts", "", func(ctx context.Context, w *world) error {
			keys := []auth.CounterKey{}
			for _, c := range counters(w.strangersEmail(), newID()) {
				keys = append(keys, c.Key)
			}
			return w.store.ClearAttempts(ctx, keys, w.now(), w.event(auth.ActUnlock, w.user(anybody).ID))
		}},
		{"RecordEvent", "", func(ctx context.Context, w *world) error {
			return w.store.RecordEvent(ctx, w.event(auth.ActLogin, w.user(anybody).ID).Events[0])
		}},
		{"IssueToken", "", func(ctx context.Context, w *world) error {
			return w.store.IssueToken(ctx, w.token(auth.ChallengeToken, w.user(anybody)), w.event(auth.ActChallenge, w.user(anybody).ID))
		}},
		{"SpendToken", "", func(ctx context.Context, w *world) error {
			return want(w.store.SpendToken(ctx, w.token(auth.ClientAssertionToken, auth.User{})))
		}},
		{"SpendToken", "that is spent", func(ctx context.Context, w *world) error {
			spent := w.token(auth.ClientAssertionToken, auth.User{})
			spent.Hash = w.ticket(auth.ChallengeToken, w.user(anybody), "")
			again, err := w.store.SpendToken(ctx, spent)
			return want(!again, err)
		}},
		{"PeekToken", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.PeekToken(ctx, auth.ChallengeToken, w.ticket(auth.ChallengeToken, w.user(anybody), ""), w.now())))
		}},
		{"RedeemToken", "", func(ctx context.Context, w *world) error {
			return want(found(w.store.RedeemToken(ctx, auth.ChallengeToken, w.ticket(auth.ChallengeToken, w.user(anybody), ""), w.now())))
		}},
		{"ExchangeToken", "", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			return want(w.store.ExchangeToken(ctx, w.ticket(auth.MailedCodeToken, u, u.Email), w.token(auth.ChallengeToken, u), w.event(auth.ActChallenge, u.ID)))
		}},
		{"MailedCode", "", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			_, _, found, err := w.store.MailedCode(ctx, w.ticket(auth.MailedCodeToken, u, u.Email), w.now())
			return want(found, err)
		}},
		{"CancelToken", "", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			return want(w.store.CancelToken(ctx, auth.ChangeEmailToken, w.ticket(auth.ChangeEmailToken, u, u.Email), w.event(auth.ActCancelEmailChange, u.ID), w.now()))
		}},
	}
}

// found leaves out what was found.
func found[T any](_ T, is bool, err error) (bool, error) { return is, err }

// want insists that a method has done, or found, what it was asked for: the plan of a
// statement that does nothing says nothing.
func want(is bool, err error) error {
	if err == nil && !is {
		return errNothing
	}
	return err
}

var errNothing = fmt.Errorf("the statement has done nothing")

func (w *world) newSession(u auth.User) signin.NewSession {
	now := w.now()
	return signin.NewSession{
		SessionID: newID(), User: u, Client: from, Refresh: newHash(), Family: familyOfAll, Clears: auth.KeyOf(u.Email).Counter(), Releases: auth.CounterKey(newHash()),
		NewHash: u.PasswordHash, AuthTime: now, Now: now, ExpiresAt: now.Add(7 * 24 * time.Hour),
	}
}

func (w *world) start(ctx context.Context, n signin.NewSession) error {
	s, err := w.store.StartSession(ctx, n, w.event(auth.ActLogin, n.User.ID))
	return want(s.Started, err)
}

func (w *world) token(kind auth.OneTimeTokenKind, u auth.User) auth.OneTimeToken {
	now := w.now()
	return auth.OneTimeToken{Hash: newHash(), Kind: kind, UserID: u.ID, Sealed: make([]byte, 120), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
}

// ticket is one that a user has, instead of any other of its kind.
func (w *world) ticket(kind auth.OneTimeTokenKind, u auth.User, mailedTo string) auth.TokenHash {
	w.t.Helper()
	hash := newHash()
	w.sql("DELETE FROM tickets WHERE user_id = $1 AND kind = $2", u.ID, kind)
	w.sql(`INSERT INTO tickets (hash, kind, user_id, email, created_at, expires_at) VALUES ($1, $2, $3, nullif($4, ''), now(), now() + interval '1 hour')`,
		hash[:], kind, u.ID, mailedTo)
	return hash
}

// counters are those of a login.
func counters(email, device string) []auth.Counter {
	limit := auth.AttemptLimit{Failures: 5, Duration: 24 * time.Hour}
	return []auth.Counter{
		{Kind: auth.ByAccount, Key: auth.KeyOf(email).Counter(), Limit: limit},
		{Kind: auth.BySource, Key: auth.NewCounterKey(auth.BySource, device), Limit: auth.AttemptLimit{Failures: 100, Duration: time.Hour}},
	}
}

// lockedEmail is an address whose account is locked.
func (w *world) lockedEmail() (address string) {
	w.ask([]any{&address}, "SELECT "+email(fmt.Sprint(50*w.number(w.fill.size.tenth()/50))))
	return address
}

// strangersEmail is an address without an account, at which somebody has guessed.
func (w *world) strangersEmail() string {
	return fmt.Sprintf("nobody-%d@example.com", w.number(w.fill.size.tenth()/50)*50-1)
}
