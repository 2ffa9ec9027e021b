// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
)

func secondFactorExercises() []exercise {
	plain := anybody + " AND NOT EXISTS (SELECT FROM second_factors f WHERE f.user_id = users.id)"
	return []exercise{
		{"FactorsOf", "", func(ctx context.Context, w *world) error {
			return done(w.store.FactorsOf(ctx, w.user(enrolled).ID, w.now()))
		}},
		{"Enrol", "", func(ctx context.Context, w *world) error { return want(w.store.Enrol(ctx, w.newFactor(w.user(plain)))) }},
		{"VerifyFactor", "", func(ctx context.Context, w *world) error {
			u, step := w.user(plain), int64(77)
			f := w.newFactor(u)
			w.sql(`INSERT INTO second_factors (user_id, method, enrolment, sealed, backup_codes, created_at) VALUES ($1, $2, $3, $4, ARRAY[$5::bytea], now())`,
				u.ID, f.Method, f.Enrolment, f.Sealed, f.BackupCodes[0][:])
			code := mfa.MatchedCode{UserID: u.ID, Method: f.Method, Enrolment: f.Enrolment, Step: &step}
			return want(w.store.VerifyFactor(ctx, code, w.now(), w.event(auth.ActAddSecondFactor, u.ID)))
		}},
		{"UseCode", "of an app", func(ctx context.Context, w *world) error {
			u := w.user(enrolled)
			code := mfa.MatchedCode{UserID: u.ID, Method: auth.TOTPMethod, Step: new(int64)}
			w.ask([]any{&code.Enrolment, code.Step}, "SELECT enrolment::text, last_step + 1 FROM second_factors WHERE user_id = $1 AND method = 'totp'", u.ID)
			return want(w.store.UseCode(ctx, code, w.now()))
		}},
		{"UseCode", "from a sheet", func(ctx context.Context, w *world) error {
			u, hash := w.user(enrolled), []byte{}
			w.ask([]any{&hash}, "SELECT hashes[1] FROM backup_codes WHERE user_id = $1", u.ID)
			backup := auth.TokenHash(hash)
			return want(w.store.UseCode(ctx, mfa.MatchedCode{UserID: u.ID, Method: auth.BackupCodeMethod, Backup: &backup}, w.now()))
		}},
		{"RemoveFactors", "", func(ctx context.Context, w *world) error {
			u := w.user(enrolled)
			return want(w.store.RemoveFactors(ctx, u.ID, mfa.Which{Method: auth.TOTPMethod}, w.now(), w.event(auth.ActRemoveSecondFactor, u.ID)))
		}},
		{"RemoveFactors", "and every passkey", func(ctx context.Context, w *world) error {
			u := w.user(keyed)
			return want(w.store.RemoveFactors(ctx, u.ID, mfa.Which{Passkeys: true}, w.now(), w.event(auth.ActRemoveSecondFactor, u.ID)))
		}},
		{"RemoveFactors", "that were required", func(ctx context.Context, w *world) error {
			u := w.user(enrolled)
			return want(w.store.RemoveFactors(ctx, u.ID, mfa.Which{Required: true}, w.now(), w.event(auth.ActRemoveSecondFactor, u.ID)))
		}},
		{"VerifyFactor", "at a sign-in that is stopped", func(ctx context.Context, w *world) error {
			u, step, stopped := w.user(plain), int64(77), newHash()
			f := w.newFactor(u)
			w.sql(`INSERT INTO second_factors (user_id, method, enrolment, sealed, created_at) VALUES ($1, $2, $3, $4, now())`, u.ID, f.Method, f.Enrolment, f.Sealed)
			w.stop(u.ID, stopped)
			code := mfa.MatchedCode{UserID: u.ID, Method: f.Method, Enrolment: f.Enrolment, Step: &step, Stopped: &stopped}
			return want(w.store.VerifyFactor(ctx, code, w.now(), w.event(auth.ActAddSecondFactor, u.ID)))
		}},
		{"ReplaceBackupCodes", "", func(ctx context.Context, w *world) error {
			u := w.user(enrolled)
			return want(w.store.ReplaceBackupCodes(ctx, u.ID, []auth.TokenHash{newHash(), newHash()}, w.now(), w.event(auth.ActRenewBackupCodes, u.ID)))
		}},
		{"SendText", "", func(ctx context.Context, w *world) error {
			sent, err := w.sendText(ctx, nil)
			return want(sent.Sent, err)
		}},
		{"SendText", "to enrol a telephone", func(ctx context.Context, w *world) error {
			u := w.user(plain)
			f := w.newFactor(u)
			f.Method = auth.SMSMethod
			code := mfa.TextCode{ID: newID(), UserID: u.ID, Enrolment: f.Enrolment, Sealed: f.Sealed, SentAt: w.now(), ExpiresAt: w.now().Add(time.Hour)}
			sent, err := w.store.SendText(ctx, code, &f, mfa.TextLimit{Pause: time.Second, PerHour: 5}, w.mailed(auth.ActAddSecondFactor, u.ID))
			return want(sent.Sent, err)
		}},
		{"SendText", "refused for being soon", func(ctx context.Context, w *world) error {
			sent, err := w.sendText(ctx, func(limit *mfa.TextLimit) { limit.Pause = time.Hour })
			return want(sent.RetryAt != nil, err)
		}},
	}
}

func (w *world) newFactor(u auth.User) mfa.NewFactor {
	return mfa.NewFactor{
		Factor:      mfa.Factor{UserID: u.ID, Method: auth.TOTPMethod, Enrolment: newID(), Sealed: append(primaryKey(), newID()...), CreatedAt: w.now()},
		BackupCodes: []auth.TokenHash{newHash(), newHash()},
	}
}

// sendText sends one to a telephone that the user has shown.
func (w *world) sendText(ctx context.Context, other func(*mfa.TextLimit)) (mfa.TextSent, error) {
	u := w.user(texted)
	code := mfa.TextCode{ID: newID(), UserID: u.ID, Sealed: make([]byte, 40), SentAt: w.now(), ExpiresAt: w.now().Add(time.Hour)}
	w.ask([]any{&code.Enrolment}, "SELECT enrolment::text FROM second_factors WHERE user_id = $1 AND method = 'sms'", u.ID)
	w.sql("UPDATE text_codes SET sent_at = now() - interval '10 minutes', sent_in_hour = 1 WHERE user_id = $1", u.ID)
	limit := mfa.TextLimit{Pause: time.Second, PerHour: 5}
	if other != nil {
		other(&limit)
	}
	return w.store.SendText(ctx, code, nil, limit, w.mailed(auth.ActChallenge, u.ID))
}
