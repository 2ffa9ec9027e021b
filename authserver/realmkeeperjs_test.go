// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// shop is a program that uses realmkeeper.js as a realm serves it.
type shop struct {
	s       *server
	node    *testenv.Node
	storage map[string]string
}

// saw is what the application has seen in one run.
type saw struct {
	Result   any
	SignedIn bool
	Events   []string
	Asked    []string
	Storage  map[string]string
}

// file is one that the realm serves, and how it was answered.
func (s *server) file(address string) (*http.Response, string) {
	s.t.Helper()
	response, err := s.HTTP.Get(s.realm.Config.Issuer + address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response, readAll(s.t, response.Body)
}

func (s *server) openShop() *shop {
	s.t.Helper()
	a := &shop{s, testenv.NewNode(s.t), map[string]string{}}
	_, script := s.file("/assets/realmkeeper.js")
	_, types := s.file("/assets/realmkeeper.d.ts")
	a.node.Write("realmkeeper.d.ts", types)
	a.node.Write("source.js", script) // where no declaration stands beside it
	a.node.Write("app/realmkeeper.js", script)
	if _, err := a.node.Run("", nil, "node_modules/typescript/bin/tsc", "-p", "tsconfig.app.json"); err != nil {
		s.t.Fatal(err)
	}
	return a
}

// run does one thing, in a process of its own, with what earlier ones have stored.
func (a *shop) run(what string, environment ...string) saw {
	a.s.t.Helper()
	storage, err := json.Marshal(a.storage)
	if err != nil {
		a.s.t.Fatal(err)
	}
	environment = slices.Concat(a.s.realm.trust(), environment, []string{
		"ISSUER=" + a.s.realm.Config.Issuer, "EMAIL=" + adminEmail, "PASSWORD=" + adminPassword,
		"WRONG_PASSWORD=" + wrongPassword, "STORAGE=" + string(storage),
	})
	out, err := a.node.Run("", environment, "app/app.js", what)
	if err != nil {
		a.s.t.Fatal(err)
	}
	seen := saw{}
	if err := json.Unmarshal([]byte(out), &seen); err != nil {
		a.s.t.Fatal(err)
	}
	a.storage = seen.Storage
	for _, value := range seen.Storage {
		kept := map[string]any{}
		if json.Unmarshal([]byte(value), &kept) != nil {
			suite.secrets.used(value) // the device's
			continue
		}
		suite.secrets.used(fmt.Sprint(kept["access_token"]), fmt.Sprint(kept["refresh_token"]))
	}
	return seen
}

// expect compares what matters of what was seen.
func (got saw) expect(t *testing.T, result any, signedIn bool, asked ...string) {
	t.Helper()
	have, haveErr := json.Marshal(got.Result)
	want, wantErr := json.Marshal(result)
	if haveErr != nil || wantErr != nil || string(have) != string(want) || got.SignedIn != signedIn {
		t.Errorf("it saw %s and is signed in: %t; want %s, %t", have, got.SignedIn, want, signedIn)
	}
	if len(asked) > 0 && !slices.Equal(got.Asked, asked) {
		t.Errorf("it asked %q, want %q", got.Asked, asked)
	}
}

const (
	profileOK      = "200 /api/user/profile"
	profileExpired = "401 /api/user/profile"
	refreshed      = "200 /api/auth/refresh"
)

func TestRealmkeeperJSRefreshesAndRetries(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serveAtItsIssuer()
	app := s.openShop()
	in := app.run("login")
	in.expect(t, map[string]any{"refused": "invalid_credentials", "challenged": false, "user": adminEmail}, true)
	if !slices.Equal(in.Events, []string{"signedin"}) {
		t.Errorf("events are %q", in.Events)
	}
	app.run("profile").expect(t, adminEmail, true, profileOK)
	app.run("strangers").expect(t, "TypeError: https://elsewhere.example is not one of the client's origins, and gets no token", true)

	r.Clock.Advance(r.AccessTokenLifetime())
	app.run("profile").expect(t, adminEmail, true, profileExpired, refreshed, profileOK)
	r.Clock.Advance(r.AccessTokenLifetime())
	app.run("post").expect(t, "Grace", true, profileExpired, refreshed, profileOK)
	r.Clock.Advance(r.AccessTokenLifetime())
	together := app.run("together")
	slices.Sort(together.Asked) // three at once are answered in any order
	together.expect(t, []string{adminEmail, adminEmail, adminEmail}, true,
		refreshed, profileOK, profileOK, profileOK, profileExpired, profileExpired, profileExpired)

	app.run("logout").expect(t, nil, false, "204 /api/auth/logout")
}

func TestRealmkeeperJSDropsTokensThatCannotBeRefreshed(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serveAtItsIssuer()
	app := s.openShop()
	app.run("login")
	r.Clock.Advance(time.Duration(r.Config.Tokens.RefreshTokenLifetime))
	out := app.run("ended")
	out.expect(t, "refresh_token_invalid", false, profileExpired, "401 /api/auth/refresh")
	if !slices.Equal(out.Events, []string{"signedout: expired"}) {
		t.Errorf("events are %q", out.Events)
	}
}

func TestRealmkeeperJSTakesASecondFactor(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serveAtItsIssuer()
	enrolment := s.enrol(s.login().Access)
	s.openShop().run("secondFactor", "CODE="+s.shown(enrolment.Secret)).expect(t,
		map[string]any{"refused": "code_invalid", "methods": []string{"totp", "backup_code"}, "user": adminEmail}, true)
}

func TestRealmkeeperJSTakesAMailedCode(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.sendsMail()
	r.mailsCodes()
	app := r.serveAtItsIssuer().openShop()
	asked, ok := app.run("mailCode").Result.(map[string]any)
	if !ok || asked["minutes"] != 10.0 {
		t.Fatalf("it was given %v", asked)
	}
	handle := fmt.Sprint(asked["handle"])
	suite.secrets.used(handle)
	app.run("loginWithCode", "HANDLE="+handle, "CODE="+r.digits(adminEmail)).expect(t,
		map[string]any{"refused": "invalid_request", "challenged": false, "user": adminEmail}, true)
	app.run("profile").expect(t, adminEmail, true, profileOK)
}

func TestRealmkeeperJSProves(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	app := r.serveAtItsIssuer().openShop()
	app.run("login")
	want := map[string]any{"before": "proof_required", "refused": "invalid_credentials", "after": http.StatusOK}
	r.Clock.Advance(longAgo)
	app.run("prove").expect(t, want, true)
	r.Clock.Advance(r.AccessTokenLifetime())
	refreshes := app.run("prove")
	refreshes.expect(t, want, true, "401 /api/auth/2fa/enable", refreshed, "403 /api/auth/2fa/enable",
		"401 /api/auth/proof", "200 /api/auth/proof", "200 /api/auth/2fa/enable")
	app.run("profile").expect(t, adminEmail, true, profileOK)
}

func TestRealmkeeperJSIsForEverybody(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	for _, name := range []string{"realmkeeper.js", "realmkeeper.d.ts"} {
		stable, content := s.file("/assets/" + name)
		twin, same := s.file(stable.Header.Get("Content-Location"))
		if content == "" || content != same || len(content) > 18<<10 {
			t.Errorf("%s has %d bytes; its twin at %s has %d", name, len(content), stable.Header.Get("Content-Location"), len(same))
		}
		for keep, response := range map[string]*http.Response{"public, max-age=300": stable, "public, max-age=31536000, immutable": twin} {
			if h := response.Header; h.Get("Cache-Control") != keep || h.Get("Access-Control-Allow-Origin") != "*" ||
				h.Get("Cross-Origin-Resource-Policy") != "cross-origin" || h.Get("ETag") == "" {
				t.Errorf("%s is answered %d with %v", name, response.StatusCode, h)
			}
		}
	}
	for _, private := range []string{"/assets/page.js", "/assets/style.css", "/assets/nothing.js"} {
		if response, _ := s.file(private); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s is answered %d", private, response.StatusCode)
		}
	}
}
