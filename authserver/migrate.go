// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"errors"
	"fmt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Migrate brings the realm's database to this build's schema and creates the
// initial admin if one is mounted and the address is free. It waits for the
// database for up to five minutes. It changes nothing the second time, and any
// number may run at once. Of Options it reads ConfigDir, Log and Now.
func Migrate(ctx context.Context, o Options) error {
	snapshot, err := realmconfig.Load(o.ConfigDir)
	if err != nil {
		return fmt.Errorf("load realm: %w", err)
	}
	o.Log = o.Log.With("realm", snapshot.Config.Realm)
	place := snapshot.Credentials.Database()
	store, err := postgres.Open(ctx, place)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := await(ctx, "database", o.Log, store.Look); err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, place, o.Log); err != nil {
		return err
	}
	return createInitialAdmin(ctx, o, store, snapshot.Config.Passwords.BcryptCost)
}

func createInitialAdmin(ctx context.Context, o Options, store *postgres.Store, cost int) error {
	mountedEmail, emailErr := realmconfig.ReadCredential(o.ConfigDir, realmconfig.InitialAdminEmailFile)
	mountedPassword, passwordErr := realmconfig.ReadCredential(o.ConfigDir, realmconfig.InitialAdminPasswordFile)
	email, secret := string(mountedEmail), string(mountedPassword)
	switch {
	case emailErr != nil || passwordErr != nil:
		return fmt.Errorf("read initial admin: %w", errors.Join(emailErr, passwordErr))
	case email == "" && secret == "":
		return nil
	case !auth.PlausibleEmail(email):
		return fmt.Errorf("%s: is not an e-mail address", realmconfig.InitialAdminEmailFile)
	case secret == "" || len(secret) > auth.MaxPasswordLength:
		return fmt.Errorf("%s: must be 1 to %d bytes", realmconfig.InitialAdminPasswordFile, auth.MaxPasswordLength)
	}
	email = auth.NormalizeEmail(email)
	if _, exists, err := store.UserByEmail(ctx, email); err != nil || exists {
		return err
	}
	engine := newPasswordEngine(1)
	defer engine.Close()
	hash, err := engine.Hash(ctx, "", secret, cost)
	if err != nil {
		return err
	}
	created, err := store.CreateUser(ctx, email, hash, auth.AdminRole, o.Now())
	if created {
		o.Log.InfoContext(ctx, "initial admin created", "account", auth.KeyOf(email).Short())
	}
	return err
}
