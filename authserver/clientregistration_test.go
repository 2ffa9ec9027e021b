// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

const (
	registerPath = "/oauth2/register"
	// initialToken and nextToken are what whoever registers a client shows.
	initialToken = "an-initial-access-token-of-the-suite-0123456789"
	nextToken    = "another-initial-access-token-of-the-suite-0123456"
)

// newRealmThatRegisters is one at which clients register themselves.
func newRealmThatRegisters(t *testing.T, clients ...realmconfig.Client) *realm {
	t.Helper()
	suite.secrets.used(initialToken, nextToken)
	r := newRealmOfClients(t, clients...)
	settings := realmconfig.DefaultClientRegistration()
	settings.InitialAccessTokens = []realmconfig.SecretDigest{realmconfig.DigestSecret(initialToken), realmconfig.DigestSecret(nextToken)}
	r.Config.Clients.Registration = &settings
	r.Config.Network.RequestsPerMinute = 0
	r.Update()
	return r
}

// registration is what a client is told of itself.
type registration struct {
	ID            string   `json:"client_id"`
	IssuedAt      int64    `json:"client_id_issued_at"`
	Name          string   `json:"client_name"`
	RedirectURIs  []string `json:"redirect_uris"`
	GrantTypes    []string `json:"grant_types"`
	ResponseTypes []string `json:"response_types"`
	AuthMethod    string   `json:"token_endpoint_auth_method"`
}

func (s *server) tryRegisterClient(token string, metadata any) answer {
	s.t.Helper()
	r := newRequest(s.t, http.MethodPost, registerPath, metadata)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return s.do(r)
}

// metadata is what an agent on its user's machine registers.
func metadata(changes ...func(map[string]any)) map[string]any {
	m := map[string]any{
		"client_name": "Agent", "redirect_uris": []string{"http://127.0.0.1/callback"}, "grant_types": []string{"authorization_code", "refresh_token"},
		"response_types": []string{"code"}, "token_endpoint_auth_method": "none", "scope": "openid groups",
	}
	for _, change := range changes {
		change(m)
	}
	return m
}

// registerClient is a client that has registered itself, as it knows itself.
func (s *server) registerClient(changes ...func(map[string]any)) realmconfig.Client {
	s.t.Helper()
	a, got := s.tryRegisterClient(initialToken, metadata(changes...)), registration{}
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil || a.Status != http.StatusCreated || a.Header.Get("Cache-Control") != "no-store" {
		s.t.Fatalf("answered %d %s", a.Status, a.Body)
	}
	return realmconfig.Client{ID: got.ID, RedirectURIs: got.RedirectURIs, TokenEndpointAuthMethod: realmconfig.NoAuthMethod}
}

func TestAClientRegistersItself(t *testing.T) {
	t.Parallel()
	r := newRealmThatRegisters(t)
	s := r.serve()
	a, got := s.tryRegisterClient(nextToken, metadata()), registration{}
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil || a.Status != http.StatusCreated {
		t.Fatalf("answered %d %s", a.Status, a.Body)
	}
	if !realmconfig.IsRegisteredID(got.ID) || got.IssuedAt == 0 || got.Name != "Agent" || fmt.Sprint(got.RedirectURIs) != "[http://127.0.0.1/callback]" ||
		fmt.Sprint(got.GrantTypes) != "[authorization_code refresh_token]" || fmt.Sprint(got.ResponseTypes) != "[code]" || got.AuthMethod != "none" || strings.Contains(a.Body, "secret") {
		t.Errorf("it is told %s", a.Body)
	}
	c := realmconfig.Client{ID: got.ID, RedirectURIs: []string{"http://127.0.0.1:4711/callback"}, TokenEndpointAuthMethod: realmconfig.NoAuthMethod}
	b, f := s.newPageBrowser().staysHere(), s.newApplication(c, "openid", "email", "groups", "offline_access").newFlow()
	b.signIn(adminEmail, adminPassword)
	b.open(f.address())
	b.isAsked("Allow Agent?", "The application has registered itself and calls itself “Agent”. Nobody has checked who it is.", "Next you go to 127.0.0.1:4711")
	b.answers("allow")
	h := f.exchange(f.code(b))
	if h.claims["email"] != adminEmail || h.claims["groups"] != nil {
		t.Errorf("the ID token is %v", h.claims)
	}
	if n := query[int](r, "SELECT count(*) FROM registered_clients WHERE used_on = $1", r.Clock.Now().UTC()); n != 1 {
		t.Error("nobody has noted that it was used")
	}
	f.refresh(h.RefreshToken)
	b.open("/account")
	b.sees("/account", http.StatusOK, "Agent", got.ID)
	b.submit("/account/applications/revoke", map[string]string{"client": got.ID})
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'client.registered' AND detail = $1", got.ID); n != 1 {
		t.Errorf("%d events tell of it", n)
	}
}

// registrationEndpoint is what discovery says of it; empty for nothing.
func (s *server) registrationEndpoint() string {
	s.t.Helper()
	said := struct {
		Endpoint string `json:"registration_endpoint"`
	}{}
	if err := json.Unmarshal([]byte(s.do(newRequest(s.t, http.MethodGet, "/.well-known/oauth-authorization-server", nil)).Body), &said); err != nil {
		s.t.Fatal(err)
	}
	return said.Endpoint
}

func TestWhoMayNotRegisterAClient(t *testing.T) {
	t.Parallel()
	r := newRealmThatRegisters(t)
	s := r.serve()
	if got := s.registrationEndpoint(); got != issuer+registerPath {
		t.Errorf("discovery says that clients are registered at %q", got)
	}
	for name, token := range map[string]string{
		"with another token": initialToken + "0", "with a part of one": initialToken[:40], "with two": initialToken + " " + nextToken, "with a long one": strings.Repeat("a", 4000),
	} {
		if a := s.tryRegisterClient(token, metadata()); a.Status != http.StatusUnauthorized || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
	}
	if a := s.tryRegisterClient("", metadata()); a.Status != http.StatusUnauthorized || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer realm=") || strings.Contains(a.Header.Get("WWW-Authenticate"), "error=") {
		t.Errorf("without one: answered %d %v", a.Status, a.Header)
	}
	s.Change(func(c *realmconfig.Config) {
		c.Clients.Registration.InitialAccessTokens = []realmconfig.SecretDigest{realmconfig.DigestSecret(nextToken)}
	})
	refused(t, s.tryRegisterClient(initialToken, metadata()), http.StatusUnauthorized, "invalid_token")
	if a := s.tryRegisterClient(nextToken, metadata()); a.Status != http.StatusCreated {
		t.Errorf("the token that is left: answered %d %s", a.Status, a.Body)
	}
	s.Change(func(c *realmconfig.Config) { c.Clients.Registration.InitialAccessTokens = nil })
	refused(t, s.tryRegisterClient(nextToken, metadata()), http.StatusUnauthorized, "invalid_token")
	if got := s.registrationEndpoint(); got != "" {
		t.Errorf("discovery says that clients are registered at %q", got)
	}
	s.Change(func(c *realmconfig.Config) { c.Clients.Registration = nil })
	s.tryRegisterClient(nextToken, metadata()).Expect(t, http.StatusNotFound, "not_found")
}

func TestRegistrationsThatAreRefused(t *testing.T) {
	t.Parallel()
	r := newRealmThatRegisters(t)
	s := r.serve()
	set := func(name string, value any) map[string]any {
		return metadata(func(m map[string]any) {
			if m[name] = value; value == nil {
				delete(m, name)
			}
		})
	}
	const uri, other = "invalid_redirect_uri", "invalid_client_metadata"
	for name, c := range map[string]struct {
		metadata any
		code     string
	}{
		"no address":            {set("redirect_uris", nil), uri},
		"too many":              {set("redirect_uris", strings.Fields(strings.Repeat("https://a.example.com/ ", 21))), uri},
		"one in plain":          {set("redirect_uris", []string{"http://agent.example.com/callback"}), uri},
		"one that runs":         {set("redirect_uris", []string{"javascript:alert(1)"}), uri},
		"one of data":           {set("redirect_uris", []string{"data:text/html,a"}), uri},
		"one with a fragment":   {set("redirect_uris", []string{"https://agent.example.com/#a"}), uri},
		"any":                   {set("redirect_uris", []string{"https://*.example.com/"}), uri},
		"one beside a good one": {set("redirect_uris", []string{"https://agent.example.com/", "https://agent.example.com/?code=1"}), uri},
		"a secret":              {set("token_endpoint_auth_method", "client_secret_basic"), other},
		"a key":                 {set("token_endpoint_auth_method", "private_key_jwt"), other},
		"a secret of its own":   {set("client_secret", "hunter2"), other},
		"a grant of its own":    {set("grant_types", []string{"client_credentials"}), other},
		"the implicit flow":     {set("response_types", []string{"token"}), other},
		"a name of two lines":   {set("client_name", "Agent\nof yours"), other},
		"a name out of sight":   {set("client_name", "Agent\u200b"), other},
		"a page that runs":      {set("client_uri", "javascript:alert(1)"), other},
		"addresses in one":      {set("redirect_uris", "http://127.0.0.1/callback"), other},
		"nothing":               {map[string]any{}, uri},
		"a list":                {[]string{"redirect_uris"}, other},
		"a text":                {"redirect_uris", other},
	} {
		a := s.tryRegisterClient(initialToken, c.metadata)
		refused(t, a, http.StatusBadRequest, c.code)
		if strings.Contains(a.Body, "hunter2") || strings.Contains(a.Body, "javascript") {
			t.Errorf("%s: the answer quotes it: %s", name, a.Body)
		}
	}
	big := s.tryRegisterClient(initialToken, set("contacts", strings.Repeat("a", 16<<10)))
	refused(t, big, http.StatusRequestEntityTooLarge, "invalid_request")
	form := newRequest(t, http.MethodPost, registerPath, metadata())
	form.Header.Set("Authorization", "Bearer "+initialToken)
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	refused(t, s.do(form), http.StatusBadRequest, other)
	if n := query[int](r, "SELECT count(*) FROM registered_clients"); n != 0 {
		t.Errorf("%d clients are registered", n)
	}
}

// A client lasts after its last use, and with it goes what it was given and what people have
// agreed to.
func TestClientsThatNobodyUsesExpire(t *testing.T) {
	t.Parallel()
	r := newRealmThatRegisters(t)
	r.Config.Clients.Registration.ExpiresAfter = realmconfig.Duration(48 * time.Hour)
	r.Clock.Stop()
	r.Update()
	s := r.serve()
	c := s.registerClient()
	c.RedirectURIs = []string{"http://127.0.0.1:4711/callback"}
	b := s.newPageBrowser().staysHere()
	f := s.newApplication(c, "openid", "offline_access").newFlow()
	h := f.agreed(b)
	r.Clock.Advance(40 * time.Hour)
	h = f.refresh(h.RefreshToken)
	r.Clock.Advance(40 * time.Hour)
	h = f.refresh(h.RefreshToken)
	if n := query[int](r, "SELECT clients FROM registered_client_counts WHERE origin = 'registration'"); n != 1 {
		t.Errorf("%d clients are counted", n)
	}
	r.Clock.Advance(73 * time.Hour)
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusUnauthorized, "invalid_client")
	b.away = nil
	b.open(f.address())
	b.sees("/oauth2/authorize", http.StatusBadRequest, "We do not know the application")
	if a := s.userInfo(h.AccessToken); a.Status != http.StatusUnauthorized {
		t.Errorf("its access token is good for %s", a.Body)
	}
	b.open("/account")
	if strings.Contains(b.text(), c.ID) {
		t.Errorf("it stands on the account page:\n%s", b.text())
	}
}

// Nobody gets past the last free place, however many come at once.
func TestTheLastClientIsOne(t *testing.T) {
	t.Parallel()
	r := newRealmThatRegisters(t)
	s := r.serve()
	r.Exec("UPDATE registered_client_counts SET clients = 9999 WHERE origin = 'registration'")
	won := race.Winners(50, func(int) answer { return s.tryRegisterClient(initialToken, metadata()) }, func(a answer) bool { return a.Status == http.StatusCreated })
	if n := query[int](r, "SELECT count(*) FROM registered_clients"); n != 1 || len(won) != 1 {
		t.Errorf("%d were told that they are clients, and %d are", len(won), n)
	}
	refused(t, s.tryRegisterClient(initialToken, metadata()), http.StatusServiceUnavailable, "temporarily_unavailable")
}

// A client that the cluster declares has an id of its own, whatever others call themselves.
func TestNoClientTakesTheIdOfAnother(t *testing.T) {
	t.Parallel()
	declared := newClient("registered-0192.web")
	r := newRealmThatRegisters(t, declared)
	s := r.serve()
	s.registerClient()
	b, f := s.newPageBrowser().staysHere(), s.newApplication(declared, "openid").newFlow()
	f.signIn(b)
}

// A client that throws its id away because nobody knows it would have to ask its user again.
func TestNoClientIsToldThatItIsNoneWhilePostgresIsAway(t *testing.T) {
	t.Parallel()
	postgres := realmtest.NewPostgres(t, logger())
	r := newRealmOn(t, postgres.Database(t), testenv.RedisURL(t))
	settings := realmconfig.DefaultClientRegistration()
	settings.InitialAccessTokens = []realmconfig.SecretDigest{realmconfig.DigestSecret(initialToken)}
	r.Config.Clients.Registration = &settings
	r.Update()
	s := r.serve()
	known := s.registerClient()
	unknown := known
	unknown.ID = realmconfig.RegisteredPrefix + uuid.NewString()
	if err := postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []realmconfig.Client{known, unknown} {
		refused(t, s.newApplication(c, "openid").tryRefresh("rkg_"+strings.Repeat("A", 43)), http.StatusServiceUnavailable, "temporarily_unavailable")
	}
	refused(t, s.tryRegisterClient(initialToken, metadata()), http.StatusServiceUnavailable, "temporarily_unavailable")
	if err := postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.eventually("PostgreSQL is used again", func() bool { return s.tryRegisterClient(initialToken, metadata()).Status == http.StatusCreated })
	refused(t, s.newApplication(unknown, "openid").tryRefresh("rkg_none"), http.StatusUnauthorized, "invalid_client")
}
