// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/reclaim"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

func accountExercises() []exercise {
	return []exercise{
		{"AddUser", "", func(ctx context.Context, w *world) error {
			u := w.newcomer()
			token := w.token(auth.VerifyEmailToken, u)
			token.Email = u.Email
			return want(w.store.AddUser(ctx, u, &token, w.mailed(auth.ActRegister, u.ID)))
		}},
		{"AddUser", "refused by a quota", func(ctx context.Context, w *world) error {
			u := w.newcomer()
			also := w.mailed(auth.ActRegister, u.ID)
			also.Required = true
			key := also.Messages[0].Quotas[0].Key
			w.sql("INSERT INTO quotas (key, used, allowed, since) VALUES ($1, 5, 5, now())", key[:])
			if _, err := w.store.AddUser(ctx, u, nil, also); auth.OutcomeOf(err) != string(auth.RateLimited) {
				return errNothing
			}
			return nil
		}},
		{"ImportUsers", "a hundred", func(ctx context.Context, w *world) error {
			list := []auth.User{}
			for range 100 {
				list = append(list, w.newcomer())
			}
			added, err := w.store.ImportUsers(ctx, list, w.now())
			return want(added == len(list), err)
		}},
		{"ProveEmail", "", func(ctx context.Context, w *world) error {
			u := w.user(unproved)
			return want(w.store.ProveEmail(ctx, auth.VerifyEmailToken, w.ticket(auth.VerifyEmailToken, u, u.Email), w.event(auth.ActVerifyEmail, u.ID), w.now()))
		}},
		{"ProveEmail", "another one", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			return want(w.store.ProveEmail(ctx, auth.ChangeEmailToken, w.ticket(auth.ChangeEmailToken, u, w.newcomer().Email), w.event(auth.ActChangeEmail, u.ID), w.now()))
		}},
		{"UpdateProfile", "", func(ctx context.Context, w *world) error {
			u, name := w.user(anybody), "Another Name"
			return want(found(w.store.UpdateProfile(ctx, u.ID, account.ProfileChange{Name: &name}, w.event(auth.ActUpdateProfile, u.ID), w.now())))
		}},
		{"SetPassword", "knowing the old one", func(ctx context.Context, w *world) error {
			u := w.user(signedIn)
			c, err := w.store.SetPassword(ctx, account.NewPassword{User: u, Hash: u.PasswordHash + "x", Clears: clears(u), Now: w.now()}, w.mailed(auth.ActChangePassword, u.ID))
			return want(c.Changed, err)
		}},
		{"SetPassword", "by mail", func(ctx context.Context, w *world) error {
			u := w.user(signedIn)
			hash := w.ticket(auth.ResetPasswordToken, u, u.Email)
			c, err := w.store.SetPassword(ctx, account.NewPassword{User: u, Hash: u.PasswordHash, Redeems: &hash, Clears: clears(u), Now: w.now()}, w.mailed(auth.ActResetPassword, u.ID))
			return want(c.Changed, err)
		}},
		{"SetPassword", "by mail, as the first proof", func(ctx context.Context, w *world) error {
			u := w.user(unproved)
			hash := w.ticket(auth.ResetPasswordToken, u, u.Email)
			c, err := w.store.SetPassword(ctx, account.NewPassword{User: u, Hash: u.PasswordHash, Redeems: &hash, Clears: clears(u), Now: w.now()}, w.mailed(auth.ActResetPassword, u.ID))
			return want(c.Changed, err)
		}},
		{"ReclaimByMail", "", func(ctx context.Context, w *world) error {
			u := w.user(unproved)
			token := auth.OneTimeToken{Kind: auth.VerifyEmailToken, Hash: w.ticket(auth.VerifyEmailToken, u, u.Email)}
			r, err := w.store.ReclaimByMail(ctx, reclaim.Claim{User: u, Clears: clears(u), Now: w.now()}, token, w.event(auth.ActReclaimAccount, u.ID))
			return want(r.Done, err)
		}},
		{"MailToken", "", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			token := w.token(auth.ResetPasswordToken, u)
			token.Email = u.Email
			return want(w.store.MailToken(ctx, token, w.mailed(auth.ActRequestReset, u.ID)))
		}},
		{"MailToken", "of a code", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			token := w.token(auth.MailedCodeToken, u)
			token.Email = u.Email
			return want(w.store.MailToken(ctx, token, w.mailed(auth.ActRequestCode, u.ID)))
		}},
		{"ReclaimByMail", "with a code", func(ctx context.Context, w *world) error {
			u := w.user(unproved)
			token := auth.OneTimeToken{Kind: auth.MailedCodeToken, Hash: w.ticket(auth.MailedCodeToken, u, u.Email)}
			r, err := w.store.ReclaimByMail(ctx, reclaim.Claim{User: u, Clears: clears(u), Now: w.now()}, token, w.event(auth.ActReclaimAccount, u.ID))
			return want(r.Done, err)
		}},
		{"MailNotice", "", func(ctx context.Context, w *world) error {
			return want(w.store.MailNotice(ctx, w.mailed(auth.ActRequestReset, w.user(anybody).ID), w.now()))
		}},
		{"FormerAddresses", "", func(ctx context.Context, w *world) error {
			return done(w.store.FormerAddresses(ctx, "00000000-0000-0000-0000-000000000000", 1000))
		}},
		{"RewriteAddress", "", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			to := mailaddress.Address(w.newcomer().Email)
			return want(w.store.RewriteAddress(ctx, account.FormerAddress{UserID: u.ID, Email: u.Email}, to, w.event(auth.ActRewriteEmail, u.ID), w.now()))
		}},
		{"ReportAddress", "", func(ctx context.Context, w *world) error {
			u := w.user(anybody)
			return want(w.store.ReportAddress(ctx, account.FormerAddress{UserID: u.ID, Email: u.Email}, w.event(auth.ActRewriteEmail, u.ID).Events[0]))
		}},
	}
}

// newcomer has no account yet.
func (w *world) newcomer() auth.User {
	id := newID()
	return auth.User{
		ID: id, Email: "new." + id + "@mail.example", Name: "New Comer", Locale: "en", Role: auth.UserRole,
		PasswordHash: "$2a$12$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", CreatedAt: w.now(),
	}
}

func clears(u auth.User) []auth.CounterKey {
	return []auth.CounterKey{auth.KeyOf(u.Email).Counter(), auth.NewCounterKey(auth.ByCode, u.ID)}
}
