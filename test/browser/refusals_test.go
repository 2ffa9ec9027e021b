// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

func TestNothingHere(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		b := newRealm(t).serve().newTab(s)
		b.open("/nothing-here")
		b.sees("/nothing-here", http.StatusNotFound, "There is nothing at this address.")
		b.look("error-404")
		b.press("Back to the start")
		b.sees("/signin", http.StatusOK)
	})
}

func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		r.Config.Network.RequestsPerMinute = 1
		b := r.serve().newTab(s)
		for range 20 {
			b.signIn(userEmail, wrongPassword)
			if b.status == http.StatusTooManyRequests {
				break
			}
		}
		b.sees("/signin", http.StatusTooManyRequests, "Too many requests from your network.", "Try again in")
		b.look("error-429")
	})
}

func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	postgres := realmtest.NewPostgres(t, slog.New(slog.DiscardHandler), fill)
	r := newRealmOn(t, postgres).serve()
	b := r.newTab(desk)
	b.open("/signin")
	if err := postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	b.fill("email", userEmail)
	b.fill("password", password)
	b.press("Sign in")
	b.sees("/signin", http.StatusServiceUnavailable, "We cannot look that up at the moment.")
	b.look("error-503")
	if err := postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.press("Back to the start")
	b.signIn(userEmail, password)
	b.sees("/account", http.StatusOK, userEmail)
}
