// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// nowhere is a Redis at which nobody listens.
const nowhere = "redis://127.0.0.1:1/0"

// Prepare makes every later database of a server one of a realm, with the initial
// admin and what fill adds.
func Prepare(ctx context.Context, p *testenv.Postgres, log *slog.Logger, fill ...func(context.Context, authserver.Options) error) error {
	dir, err := os.MkdirTemp("", "realmkeeper-template-")
	if err != nil {
		return fmt.Errorf("prepare realms: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	return p.Prepare(ctx, func(url string) error {
		folder := realmfolder.In(dir, url, nowhere)
		furnish(folder)
		if err := folder.Save(); err != nil {
			return err
		}
		o := authserver.Options{ConfigDir: dir, Log: log, Now: time.Now, DatabaseTimeout: databasePatience}
		err := errors.Join(authserver.Migrate(ctx, o), Cheapen(ctx, url))
		for _, add := range fill {
			if err == nil {
				err = add(ctx, o)
			}
		}
		return err
	})
}

// NewPostgres is a prepared server of one test's own, which it may break.
func NewPostgres(t testing.TB, log *slog.Logger, fill ...func(context.Context, authserver.Options) error) *testenv.Postgres {
	t.Helper()
	p := testenv.NewPostgres(t)
	if err := Prepare(t.Context(), p, log, fill...); err != nil {
		t.Fatal(err)
	}
	return p
}

// Cheapen hashes the initial admin's password again at the least cost of bcrypt,
// so that a wrong one is found out quickly. The first login brings the realm's
// cost back.
func Cheapen(ctx context.Context, database string) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(AdminPassword), bcrypt.MinCost)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "UPDATE users SET password_hash = $1", string(hash))
	return err
}
