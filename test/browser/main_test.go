// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"
	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// Who has an account in every realm, all with the same password.
const (
	adminEmail = "grace@example.com"
	userEmail  = "ann@example.com"
	password   = "correct horse battery staple"
)

// suite is what the tests share; only TestMain writes to its fields.
var suite struct {
	postgres  *testenv.Postgres
	authority *authority
	// browser is the context of one Chromium, in which each test has a window.
	browser context.Context
	// axe is the source of axe-core.
	axe string
	// clipboard is held by who uses that of the browser.
	clipboard sync.Mutex
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	stop, err := start(context.Background())
	defer stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// start fills the suite; stop ends what it has started, also after an error.
func start(ctx context.Context) (stop func(), err error) {
	stop = func() {}
	finally := func(f func()) {
		before := stop
		stop = func() { f(); before() }
	}
	if suite.authority, err = newAuthority(); err != nil {
		return stop, err
	}
	if suite.axe, err = testenv.NodeFile(ctx, "node_modules/axe-core/axe.min.js"); err != nil {
		return stop, err
	}
	if suite.postgres, err = testenv.SharedPostgres(ctx); err != nil {
		return stop, err
	}
	finally(func() { _ = suite.postgres.Stop() })
	if err := realmtest.Prepare(ctx, suite.postgres, slog.New(slog.DiscardHandler), fill); err != nil {
		return stop, err
	}
	chromium, err := testenv.StartChromium(ctx, suite.authority.certificate)
	if err != nil {
		return stop, err
	}
	finally(func() { _ = chromium.Stop() })
	allocator, cancel := remote.NewAllocator(ctx, chromium.DevTools, remote.NoModifyURL)
	finally(cancel)
	suite.browser, cancel = chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	finally(cancel)
	return stop, chromedp.Do(suite.browser)
}

// fill adds the people to a migrated database.
func fill(ctx context.Context, o authserver.Options) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return err
	}
	return authserver.Import(ctx, o, strings.NewReader(fmt.Sprintf(
		`{"email":%q,"name":"Grace Hopper","role":"admin","password_hash":%q,"email_verified":true}
{"email":%q,"name":"Ann Lee","password_hash":%q,"email_verified":true}
`, adminEmail, hash, userEmail, hash)))
}
