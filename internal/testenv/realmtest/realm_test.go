// SPDX-License-Identifier: Apache-2.0

package realmtest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

const (
	annEmail    = "ann@example.com"
	annPassword = "a horse that no battery staples"
)

func TestARealmInOneCall(t *testing.T) {
	t.Parallel()
	realm := realmtest.Start(t, realmtest.WithMail())
	app, ctx := realm.NewApp(), t.Context()
	if err := app.Register(ctx, annEmail, annPassword); err != nil {
		t.Fatal(err)
	}
	link := realm.SMTP.Await(t, annEmail, 1).Links[0]
	_, token, _ := strings.Cut(link, "token=")
	if err := app.VerifyEmail(ctx, token, annPassword); err != nil {
		t.Fatal(err)
	}
	if err := app.LogIn(ctx, annEmail, annPassword); err != nil {
		t.Fatal(err)
	}
	if p, err := app.Profile(ctx); err != nil || p.Email != annEmail || !p.EmailVerified || p.Role != "user" {
		t.Errorf("the profile is %+v, %v", p, err)
	}
	if err := app.Refresh(ctx); err != nil {
		t.Fatal(err)
	}

	enrolled, err := app.EnrolAuthenticator(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.ConfirmAuthenticator(ctx, testenv.AppCode(t, enrolled.Secret, realm.Clock.Now())); err != nil {
		t.Fatal(err)
	}
	realm.Clock.Advance(time.Minute) // to the app's next code
	other := realm.NewApp()
	var challenge *realmtest.Challenge
	if err := other.LogIn(ctx, annEmail, annPassword); !errors.As(err, &challenge) {
		t.Fatalf("a login without the second factor: %v", err)
	}
	if err := other.Validate(ctx, challenge, testenv.AppCode(t, enrolled.Secret, realm.Clock.Now())); err != nil {
		t.Fatal(err)
	}
	if err := other.LogOut(ctx); err != nil {
		t.Fatal(err)
	}
	var problem realmtest.Problem
	if _, err := other.Profile(ctx); !errors.As(err, &problem) || problem.Status != http.StatusUnauthorized || problem.Code != "token_invalid" {
		t.Errorf("after the logout: %v", err)
	}
}

func TestSettingsAreChangedWhileTheRealmIsServed(t *testing.T) {
	t.Parallel()
	realm := realmtest.Start(t)
	realm.Change(func(c *realmconfig.Config) { c.Registration.Mode = realmconfig.Closed })
	var problem realmtest.Problem
	err := realm.NewApp().Register(t.Context(), annEmail, annPassword)
	if !errors.As(err, &problem) || problem.Code != "registration_closed" {
		t.Errorf("answered %v", err)
	}
}

func TestStoresAreStopped(t *testing.T) {
	t.Parallel()
	postgres, redis := testenv.NewPostgres(t), testenv.StartRedis(t)
	realm := realmtest.Start(t, realmtest.WithPostgres(postgres), realmtest.WithCache(redis.URL()))
	app, ctx := realm.NewApp(), t.Context()
	if err := app.LogIn(ctx, realmtest.AdminEmail, realmtest.AdminPassword); err != nil {
		t.Fatal(err)
	}
	redis.Stop(t)
	if _, err := app.Profile(ctx); err != nil {
		t.Errorf("without its cache the realm answers %v", err)
	}
	if err := postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	var problem realmtest.Problem
	if err := app.Refresh(ctx); !errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable {
		t.Errorf("without its database the realm answers %v", err)
	}
}
