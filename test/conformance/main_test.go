// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// suite is what the tests share; only TestMain writes to it.
var suite struct{ postgres *testenv.Postgres }

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, err := context.Background(), error(nil)
	if suite.postgres, err = testenv.SharedPostgres(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := 1
	if err = realmtest.Prepare(ctx, suite.postgres, slog.New(slog.DiscardHandler)); err == nil {
		code = m.Run()
	}
	if err = errors.Join(err, suite.postgres.Stop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
