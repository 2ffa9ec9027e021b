// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
)

func recoveryExercises() []exercise {
	return []exercise{
		{"MailRegistration", "", func(ctx context.Context, w *world) error {
			token := w.token(auth.RegistrationToken, auth.User{})
			token.UserID, token.Email = "", w.newcomer().Email
			return want(w.store.MailRegistration(ctx, token, w.mailed(auth.ActRequestRegistration, w.user(anybody).ID)))
		}},
		{"AddProvenUser", "with a passkey", func(ctx context.Context, w *world) error {
			u := w.newcomer()
			u.PasswordHash = ""
			return want(w.store.AddProvenUser(ctx, w.registered(u, w.credential()), w.event(auth.ActRegister, u.ID)))
		}},
		{"AddProvenUser", "with a password", func(ctx context.Context, w *world) error {
			u := w.newcomer()
			return want(w.store.AddProvenUser(ctx, w.registered(u, nil), w.event(auth.ActRegister, u.ID)))
		}},
		{"WaysIn", "", func(ctx context.Context, w *world) error {
			ways, err := w.store.WaysIn(ctx, w.user(keyed).ID, w.now())
			return want(ways.Others, err)
		}},
		{"WaysIn", "of somebody who waits", func(ctx context.Context, w *world) error {
			ways, err := w.store.WaysIn(ctx, w.user(inRecovery).ID, w.now())
			return want(ways.Recovery != nil, err)
		}},
		{"WaysIn", "of nobody", func(ctx context.Context, w *world) error { return done(w.store.WaysIn(ctx, "", w.now())) }},
		{"BeginRecovery", "", func(ctx context.Context, w *world) error {
			n := w.newRecovery()
			return want(w.store.BeginRecovery(ctx, n, w.mailed(auth.ActBeginRecovery, n.UserID)))
		}},
		{"BeginRecovery", "refused by a quota", func(ctx context.Context, w *world) error {
			n := w.newRecovery()
			also := w.mailed(auth.ActBeginRecovery, n.UserID)
			key := also.Messages[0].Quotas[0].Key
			w.sql("INSERT INTO quotas (key, used, allowed, since) VALUES ($1, 5, 5, now())", key[:])
			if _, err := w.store.BeginRecovery(ctx, n, also); auth.OutcomeOf(err) != string(auth.RateLimited) {
				return errNothing
			}
			return nil
		}},
		{"RecoveryByLink", "", func(ctx context.Context, w *world) error {
			link, _ := w.recoverySecrets(w.passwordless(inRecovery))
			return want(found(w.store.RecoveryByLink(ctx, link, w.now())))
		}},
		{"RecoveryByLink", "of nobody", func(ctx context.Context, w *world) error {
			_, is, err := w.store.RecoveryByLink(ctx, newHash(), w.now())
			return want(!is, err)
		}},
		{"RecoveryByCancel", "", func(ctx context.Context, w *world) error {
			_, cancel := w.recoverySecrets(w.passwordless(inRecovery))
			return want(found(w.store.RecoveryByCancel(ctx, cancel, w.now())))
		}},
		{"CancelRecovery", "by mail", func(ctx context.Context, w *world) error {
			u := w.user(inRecovery)
			_, cancel := w.recoverySecrets(u)
			c := account.Cancellation{UserID: u.ID, Link: &cancel, Now: w.now(), Until: w.now().Add(time.Hour)}
			return want(w.store.CancelRecovery(ctx, c, w.mailed(auth.ActCancelRecovery, u.ID)))
		}},
		{"CancelRecovery", "from a session", func(ctx context.Context, w *world) error {
			u := w.user(inRecovery)
			c := account.Cancellation{UserID: u.ID, Most: 3, Now: w.now(), Until: w.now().Add(time.Hour)}
			return want(w.store.CancelRecovery(ctx, c, w.mailed(auth.ActCancelRecovery, u.ID)))
		}},
		{"ApproveRecovery", "", func(ctx context.Context, w *world) error {
			a := account.Approval{Recovery: account.Recovery{UserID: w.user(inRecovery).ID, ReadyAt: w.now(), ExpiresAt: w.now().Add(time.Hour)}, Link: newHash(), Mail: newID()}
			return want(w.store.ApproveRecovery(ctx, a, w.mailed(auth.ActApproveRecovery, a.UserID)))
		}},
		{"GiveCredential", "after a wait", func(ctx context.Context, w *world) error {
			u := w.passwordless(inRecovery)
			w.sql("UPDATE recoveries SET ready_at = now() - interval '1 minute' WHERE user_id = $1", u.ID)
			link, _ := w.recoverySecrets(u)
			return w.give(ctx, account.NewCredential{User: u, Redeems: link, Passkey: w.credential()})
		}},
		{"GiveCredential", "at once", func(ctx context.Context, w *world) error {
			u := w.passwordless(signedIn)
			return w.give(ctx, account.NewCredential{User: u, Redeems: w.ticket(auth.ResetPasswordToken, u, u.Email), AtOnce: true, Hash: "$2a$12$"})
		}},
		{"GiveCredential", "as the first proof", func(ctx context.Context, w *world) error {
			u := w.passwordless(unproved)
			return w.give(ctx, account.NewCredential{User: u, Redeems: w.ticket(auth.ResetPasswordToken, u, u.Email), Passkey: w.credential()})
		}},
	}
}

// inRecovery is somebody whose recovery goes on.
const inRecovery = anybody + " AND EXISTS (SELECT FROM recoveries r WHERE r.user_id = users.id AND r.ended_at IS NULL AND r.ready_at > now())"

// passwordless is the next user for whom a condition holds, without the password.
func (w *world) passwordless(condition string) auth.User {
	w.t.Helper()
	u := w.user(condition)
	w.sql("UPDATE users SET password_hash = NULL WHERE id = $1", u.ID)
	u.PasswordHash = ""
	return u
}

func (w *world) recoverySecrets(u auth.User) (link, cancel auth.TokenHash) {
	w.t.Helper()
	var l, c []byte
	w.ask([]any{&l, &c}, "SELECT link, cancel FROM recoveries WHERE user_id = $1", u.ID)
	return auth.TokenHash(l), auth.TokenHash(c)
}

func (w *world) newRecovery() account.NewRecovery {
	u := w.passwordless(anybody + " AND NOT EXISTS (SELECT FROM recoveries r WHERE r.user_id = users.id)")
	return account.NewRecovery{
		Recovery: account.Recovery{
			UserID: u.ID, Email: u.Email, BegunAt: w.now(), ReadyAt: w.now().Add(time.Hour), ExpiresAt: w.now().Add(2 * time.Hour),
			Address: from.Address, UserAgent: from.UserAgent,
		},
		Redeems: w.ticket(auth.ResetPasswordToken, u, u.Email), Link: newHash(), Cancel: newHash(), Mail: newID(), Forgets: w.now().Add(-time.Hour),
	}
}

// registered is somebody who follows the link of a registration.
func (w *world) registered(u auth.User, p *passkey.Passkey) account.NewUser {
	n := account.NewUser{User: u, Redeems: newHash(), Passkey: p}
	n.EmailVerifiedAt = &n.CreatedAt
	if p != nil {
		n.Handle = []byte(newID())
	}
	w.sql("INSERT INTO tickets (hash, kind, email, created_at, expires_at) VALUES ($1, 'registration', $2, now(), now() + interval '1 hour')", n.Redeems[:], u.Email)
	return n
}

// credential is a passkey of nobody's yet.
func (w *world) credential() *passkey.Passkey {
	return &passkey.Passkey{ID: newID(), Name: "Telephone", CreatedAt: w.now(), Credential: passkey.Credential{
		CredentialID: []byte(newID()), RelyingPartyID: "login.example.com", Record: make([]byte, 900), UserVerified: true,
	}}
}

func (w *world) give(ctx context.Context, n account.NewCredential) error {
	n.Clears, n.Now = clears(n.User), w.now()
	c, err := w.store.GiveCredential(ctx, n, w.mailed(auth.ActRecoverAccount, n.User.ID))
	return want(c.Changed, err)
}
