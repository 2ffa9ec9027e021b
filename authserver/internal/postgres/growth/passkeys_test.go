// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
)

func passkeyExercises() []exercise {
	without := anybody + " AND NOT EXISTS (SELECT FROM passkeys p WHERE p.user_id = users.id)"
	return []exercise{
		{"UserHandle", "that is known", func(ctx context.Context, w *world) error {
			return done(w.store.UserHandle(ctx, w.user(keyed).ID, []byte(newID())))
		}},
		{"UserHandle", "", func(ctx context.Context, w *world) error {
			return done(w.store.UserHandle(ctx, w.user(without).ID, []byte(newID())))
		}},
		{"AddPasskey", "", func(ctx context.Context, w *world) error {
			n := w.newPasskey()
			return want(w.store.AddPasskey(ctx, n, w.mailed(auth.ActAddPasskey, n.User.ID)))
		}},
		{"AddPasskey", "that is a second factor", func(ctx context.Context, w *world) error {
			n := w.newPasskey()
			n.UserVerified, n.BackupCodes = false, []auth.TokenHash{newHash(), newHash()}
			return want(w.store.AddPasskey(ctx, n, w.event(auth.ActAddPasskey, n.User.ID)))
		}},
		{"AddPasskey", "at a sign-in that is stopped", func(ctx context.Context, w *world) error {
			n, stopped := w.newPasskey(), newHash()
			w.stop(n.User.ID, stopped)
			n.SessionID, n.Stopped = "", &stopped
			return want(w.store.AddPasskey(ctx, n, w.event(auth.ActAddPasskey, n.User.ID)))
		}},
		{"PasskeysOf", "", func(ctx context.Context, w *world) error { return done(w.store.PasskeysOf(ctx, w.user(keyed).ID)) }},
		{"PasskeyByCredential", "", func(ctx context.Context, w *world) error {
			_, credential := w.passkeyOf(w.user(keyed))
			return want(found(w.store.PasskeyByCredential(ctx, credential)))
		}},
		{"PasskeyByCredential", "of nobody", func(ctx context.Context, w *world) error {
			_, is, err := w.store.PasskeyByCredential(ctx, []byte(newID()))
			return want(!is, err)
		}},
		{"StartSession", "by passkey", func(ctx context.Context, w *world) error {
			n := w.newSession(w.user(keyed))
			id, _ := w.passkeyOf(n.User)
			n.Passkey = &passkey.Presented{ID: id, UserID: n.User.ID, SignCount: 1000, BackedUp: true}
			return w.start(ctx, n)
		}},
		{"UsePasskey", "", func(ctx context.Context, w *world) error {
			u := w.user(keyed)
			id, _ := w.passkeyOf(u)
			return want(w.store.UsePasskey(ctx, passkey.Presented{ID: id, UserID: u.ID, SignCount: 1000}, w.now(), w.event(auth.ActSuspectClone, u.ID)))
		}},
		{"RenamePasskey", "", func(ctx context.Context, w *world) error {
			u := w.user(keyed)
			id, _ := w.passkeyOf(u)
			return want(w.store.RenamePasskey(ctx, u.ID, id, "Laptop", w.now(), w.event(auth.ActRenamePasskey, u.ID)))
		}},
		{"RemovePasskey", "", func(ctx context.Context, w *world) error {
			u := w.user(keyed)
			id, _ := w.passkeyOf(u)
			r, err := w.store.RemovePasskey(ctx, passkey.Remove{UserID: u.ID, ID: id, RelyingPartyID: "login.example.com"}, w.now(), w.event(auth.ActRemovePasskey, u.ID))
			return want(r.Removed, err)
		}},
		{"RemovePasskey", "that was required", func(ctx context.Context, w *world) error {
			u := w.user(keyed)
			id, _ := w.passkeyOf(u)
			r, err := w.store.RemovePasskey(ctx, passkey.Remove{UserID: u.ID, ID: id, Required: true}, w.now(), w.event(auth.ActRemovePasskey, u.ID))
			return want(r.Removed, err)
		}},
	}
}

// newPasskey is of a user who has a session.
func (w *world) newPasskey() passkey.NewPasskey {
	held, u := w.session(), auth.User{}
	w.ask([]any{&u.ID, &u.PasswordChangedAt}, "SELECT id::text, password_changed_at FROM users WHERE id = $1", held.user)
	return passkey.NewPasskey{User: u, SessionID: held.id, Most: 20, Passkey: passkey.Passkey{ID: newID(), UserID: u.ID, Name: "Telephone", CreatedAt: w.now(), Credential: passkey.Credential{
		CredentialID: []byte(newID()), RelyingPartyID: "login.example.com", Record: make([]byte, 900), UserVerified: true,
	}}}
}

// passkeyOf is one that a user has.
func (w *world) passkeyOf(u auth.User) (id string, credential []byte) {
	w.ask([]any{&id, &credential}, "SELECT id::text, credential_id FROM passkeys WHERE user_id = $1 LIMIT 1", u.ID)
	return id, credential
}
