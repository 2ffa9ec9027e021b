// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// Who signs in, in every realm.
const (
	userEmail = "ann@example.com"
	password  = "correct horse battery staple"
)

// postgres is shared by the tests; only TestMain writes to it.
var postgres *testenv.Postgres

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx := context.Background()
	if err := trustPublished(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared, err := testenv.SharedPostgres(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = shared.Stop() }()
	if err := realmtest.Prepare(ctx, shared, slog.New(slog.DiscardHandler), fill); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	postgres = shared
	return m.Run()
}

// fill adds the user to a migrated database.
func fill(ctx context.Context, o authserver.Options) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return err
	}
	return authserver.Import(ctx, o, strings.NewReader(
		fmt.Sprintf(`{"email":%q,"name":"Ann Lee","password_hash":%q,"email_verified":true}`+"\n", userEmail, hash)))
}
