// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"fmt"
	"io"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/userimport"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Import adds the users that stand in users, one JSON object on each line, to the
// realm's database, which may be in use. A bad line is logged and left out, and makes
// Import return an error in the end. A user who is there already stays as they are, so that Import may
// be repeated. Of Options it reads ConfigDir, DatabaseTimeout, Log and Now.
func Import(ctx context.Context, o Options, users io.Reader) error {
	snapshot, err := realmconfig.Load(o.ConfigDir)
	if err != nil {
		return fmt.Errorf("load realm: %w", err)
	}
	o.Log = o.Log.With("realm", snapshot.Config.Realm)
	store, err := postgres.Open(ctx, snapshot.Credentials.Database(), o.databaseOptions())
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.CheckSchema(ctx); err != nil {
		return err
	}
	report, err := userimport.Options{
		Store: store, Adopt: password.Adopt, Now: o.Now,
		Refuse: func(line int, p auth.FieldProblem) {
			o.Log.ErrorContext(ctx, "line refused", "line", line, "field", p.Field, "problem", p.Detail)
		},
	}.Run(ctx, users)
	o.Log.InfoContext(ctx, "users imported", "added", report.Added, "known", report.Known, "refused", report.Refused)
	switch {
	case err != nil:
		return fmt.Errorf("import users: %w", err)
	case report.Refused > 0:
		return fmt.Errorf("import users: %d lines were refused, each for the reason in the log", report.Refused)
	}
	return nil
}
