// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/live"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// bootstrap creates an admin with credentials that the realm has never seen.
// Those it has seen do nothing again, whatever has become of the admin: who was
// deleted, or has another address or password, does not come back at a restart.
func bootstrap(ctx context.Context, o Options, store *postgres.Store, address mailaddress.Address, secret auth.Secret, folder *live.Folder) error {
	account := auth.KeyOf(string(address))
	engine := o.newPasswordEngine(1, folder)
	defer engine.Close()
	outcome := postgres.Overtaken
	for outcome == postgres.Overtaken {
		seen, err := store.BootstrapsOf(ctx, account)
		if err != nil {
			return err
		}
		if known, err := matchesAny(ctx, engine, seen, secret); err != nil || known {
			return err
		}
		hash, err := engine.Hash(ctx, "", string(auth.NormalPassword(secret)), folder.Config().Passwords.BcryptCost)
		if err != nil {
			return err
		}
		admin, created, err := newAdmin(address, hash, o.Now())
		if err != nil {
			return err
		}
		also := auth.Effects{Events: []auth.Event{created}}
		if outcome, err = store.BootstrapAdmin(ctx, admin, len(seen)+1, also); err != nil {
			return err
		}
		if outcome == postgres.AdminCreated {
			created.Log(ctx, o.Log)
		}
	}
	logOutcome(ctx, o.Log.With("account", account.Short()), outcome)
	return nil
}

func logOutcome(ctx context.Context, log *slog.Logger, outcome postgres.Bootstrapped) {
	switch outcome {
	case postgres.AdminCreated:
		log.InfoContext(ctx, "initial admin created")
	case postgres.AddressTaken:
		log.WarnContext(ctx, "initial admin not created: the address has a user, who stays as they are; name one that nobody has")
	case postgres.UsedBefore:
		log.InfoContext(ctx, "initial admin not created: these credentials count as used before the upgrade; mount others to have one created")
	case postgres.Overtaken: // tried again until it is something else
	}
}

func matchesAny(ctx context.Context, engine *password.Engine, hashes []string, secret auth.Secret) (bool, error) {
	for _, hash := range hashes {
		for _, form := range auth.PasswordForms(secret) {
			if same, err := engine.Verify(ctx, "", hash, string(form)); err != nil || same {
				return same, err
			}
		}
	}
	return false, nil
}

func newAdmin(address mailaddress.Address, hash string, now time.Time) (auth.User, auth.Event, error) {
	ids := [2]uuid.UUID{}
	for i := range ids {
		var err error
		if ids[i], err = uuid.NewV7(); err != nil {
			return auth.User{}, auth.Event{}, fmt.Errorf("make id: %w", err)
		}
	}
	user := auth.User{ID: ids[0].String(), Email: string(address), PasswordHash: hash, Role: auth.AdminRole, CreatedAt: now}
	return user, auth.Event{
		ID: ids[1].String(), Action: auth.ActCreateUser, Outcome: auth.Succeeded, TargetID: user.ID, Detail: "bootstrapped", At: now,
	}, nil
}
