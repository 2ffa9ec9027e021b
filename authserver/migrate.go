// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"errors"
	"fmt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/lifecycle"
	"github.com/realmkeeper/realmkeeper/authserver/internal/live"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// Migrate brings the realm's database to this build's schema and creates the
// initial admin if one is mounted with credentials that the realm has not seen
// and the address is free. It waits for the database for up to five minutes,
// wherever the mount says that it is by then, and for as long as it takes for what
// a migration needs and a pooler does not have; it says on the ops listener why.
// It changes nothing the second time, and any number may run at once. Of Options
// it reads ConfigDir, Build, DatabaseTimeout, Log, Now, and Ops, which may be nil.
func Migrate(ctx context.Context, o Options) error {
	folder, err := live.Open(o.ConfigDir, o.Log)
	if err != nil {
		return err
	}
	o.Log = o.Log.With("realm", folder.Config().Realm)
	s := newServer(o, folder, lifecycle.New(ctx, o.Log))
	s.life.Start("settings", lifecycle.Forever(folder.Watch))
	if o.Ops != nil {
		s.life.Start("ops listener", s.serveOps)
	}
	ctx, cancel := s.life.Until(ctx)
	defer cancel()
	for err = s.migrate(ctx); errors.Is(err, postgres.ErrNeedsSession); err = s.migrate(ctx) {
		s.database.record(ctx, status{s.database.status().place, problemOf(err)})
		pause(ctx, maxRetry, s.folder.Changed(), nil)
	}
	return errors.Join(err, s.life.Stop())
}

func (s *server) migrate(ctx context.Context) error {
	store, place, err := s.awaitDatabase(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := postgres.Migrate(ctx, place, s.Log); err != nil {
		return err
	}
	if err := account.RewriteAddresses(ctx, store, s.Now, s.Log); err != nil {
		return err
	}
	return createInitialAdmin(ctx, s.Options, store, s.folder)
}

// awaitDatabase returns the database once it answers. It has no tables yet, which
// tells it from the one that openDatabase waits for.
func (s *server) awaitDatabase(ctx context.Context) (store *postgres.Store, place realmconfig.Place, err error) {
	err = await(ctx, s.database.name, s.Log, func(ctx context.Context) error {
		var problem error
		if wanted := s.database.wanted(); store == nil || wanted != place {
			if store != nil {
				store.Close()
			}
			store, problem = postgres.Open(context.WithoutCancel(ctx), wanted, s.databaseOptions())
			place = wanted
		}
		if problem == nil {
			problem = store.Look(ctx)
		}
		s.database.record(ctx, status{place, problemOf(problem)})
		return problem
	})
	if err != nil && store != nil {
		store.Close()
		store = nil
	}
	return store, place, err
}

func createInitialAdmin(ctx context.Context, o Options, store *postgres.Store, folder *live.Folder) error {
	mountedEmail, emailErr := realmconfig.ReadCredential(o.ConfigDir, realmconfig.InitialAdminEmailFile)
	mountedPassword, passwordErr := realmconfig.ReadCredential(o.ConfigDir, realmconfig.InitialAdminPasswordFile)
	email, secret := string(mountedEmail), auth.Secret(mountedPassword)
	switch {
	case emailErr != nil || passwordErr != nil:
		return fmt.Errorf("read initial admin: %w", errors.Join(emailErr, passwordErr))
	case email == "" && secret == "":
		return store.NothingBootstrapped(ctx)
	case secret == "" || len(auth.NormalPassword(secret)) > auth.MaxPasswordLength:
		return fmt.Errorf("%s: must be 1 to %d bytes", realmconfig.InitialAdminPasswordFile, auth.MaxPasswordLength)
	}
	address, err := mailaddress.Parse(email)
	if err != nil {
		err = fmt.Errorf("%s: %w", realmconfig.InitialAdminEmailFile, err)
		if auth.FormerEmail(email) == "" {
			return err
		}
		return withoutAdmin(ctx, o, store, err)
	}
	return bootstrap(ctx, o, store, address, secret, folder)
}

// withoutAdmin lets a realm that has users go on although what is mounted was an
// address only before package mailaddress. A new realm would have nobody to
// administer it.
func withoutAdmin(ctx context.Context, o Options, store *postgres.Store, problem error) error {
	users, err := store.FindUsers(ctx, admin.UserQuery{Limit: 1}, o.Now())
	switch {
	case err != nil:
		return err
	case len(users) == 0:
		return problem
	}
	o.Log.WarnContext(ctx, "initial admin not created", "problem", problem)
	return store.NothingBootstrapped(ctx)
}
