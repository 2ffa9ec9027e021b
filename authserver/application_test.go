// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// shopSecret is what the application shop shows.
const shopSecret = "bwqcyBYgDp1oEGOSVVNyTwGXw9gcWJcJcXK2_PFgDJM"

// newClient is a confidential client that may do what most may, and shows shopSecret,
// changed. Every client of the suite begins as one.
func newClient(id string, changes ...func(*realmconfig.Client)) realmconfig.Client {
	c := realmconfig.DefaultClient()
	c.ID, c.DisplayName, c.Since = id, "Shop", time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	c.RedirectURIs = []string{appURL + "callback"}
	c.Scopes = []string{"openid", "profile", "email", "groups", "offline_access"}
	c.Secrets = []realmconfig.ClientSecret{{ID: "one", SHA256: realmconfig.DigestSecret(shopSecret)}}
	for _, change := range changes {
		change(&c)
	}
	return c
}

// newWebClient is newClient for the application that most tests have.
func newWebClient(changes ...func(*realmconfig.Client)) realmconfig.Client {
	return newClient("apps.shop", changes...)
}

// publicClient makes a client one without a secret.
func publicClient(c *realmconfig.Client) {
	c.Type, c.TokenEndpointAuthMethod, c.Secrets = realmconfig.PublicClient, realmconfig.NoAuthMethod, nil
}

// newRealmOfClients is a realm that nobody serves yet.
func newRealmOfClients(t *testing.T, clients ...realmconfig.Client) *realm {
	t.Helper()
	suite.secrets.used(shopSecret)
	r := newRealm(t)
	r.Clients = clients
	r.Update()
	return r
}

// relyingParty is a client with its own server, which knows the OAuth 2.0 of other people.
type relyingParty struct {
	s        *server
	config   oauth2.Config
	provider *oidc.Provider
}

func (s *server) newApplication(c realmconfig.Client, scopes ...string) *relyingParty {
	s.t.Helper()
	provider, err := oidc.NewProvider(oidc.ClientContext(s.t.Context(), s.HTTP), issuer)
	if err != nil {
		s.t.Fatal(err)
	}
	a := &relyingParty{s, oauth2.Config{
		ClientID: c.ID, Endpoint: provider.Endpoint(), RedirectURL: strings.Join(c.RedirectURIs[:min(len(c.RedirectURIs), 1)], ""), Scopes: scopes,
	}, provider}
	a.config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	if c.TokenEndpointAuthMethod == realmconfig.ClientSecretBasic {
		a.config.ClientSecret, a.config.Endpoint.AuthStyle = shopSecret, oauth2.AuthStyleInHeader
	}
	return a
}

// flow is one way through the code flow.
type flow struct {
	a                      *relyingParty
	state, nonce, verifier string
}

func (a *relyingParty) newFlow() *flow {
	f := &flow{a, oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()}
	suite.secrets.used(f.verifier)
	return f
}

// address is where the application sends a browser.
func (f *flow) address(also ...oauth2.AuthCodeOption) string {
	return f.a.config.AuthCodeURL(f.state, append([]oauth2.AuthCodeOption{oidc.Nonce(f.nonce), oauth2.S256ChallengeOption(f.verifier)}, also...)...)
}

func param(name, value string) oauth2.AuthCodeOption { return oauth2.SetAuthURLParam(name, value) }

// answered is what the browser brings the application.
func (f *flow) answered(b *pageBrowser) url.Values {
	f.a.s.t.Helper()
	if b.away == nil || !strings.HasPrefix(b.away.String(), f.a.config.RedirectURL) {
		f.a.s.t.Fatalf("the browser is at %s with %d, not sent to the application:\n%s", b.at, b.status, b.text())
	}
	query := b.away.Query()
	b.away = nil
	if query.Get("state") != f.state || query.Get("iss") != issuer {
		f.a.s.t.Errorf("the answer is %v", query)
	}
	suite.secrets.used(query.Get("code"))
	return query
}

// code is what the browser brings the application, which must be one.
func (f *flow) code(b *pageBrowser) string {
	f.a.s.t.Helper()
	query := f.answered(b)
	if query.Get("code") == "" {
		f.a.s.t.Fatalf("the answer is %v", query)
	}
	return query.Get("code")
}

// held is what an application is given.
type held struct {
	*oauth2.Token
	id     *oidc.IDToken
	claims map[string]any
}

// exchange turns a code into tokens, and verifies them as foreign code does.
func (f *flow) exchange(code string) held {
	f.a.s.t.Helper()
	token, err := f.a.config.Exchange(oidc.ClientContext(f.a.s.t.Context(), f.a.s.HTTP), code, oauth2.VerifierOption(f.verifier))
	if err != nil {
		f.a.s.t.Fatal(err)
	}
	return f.verified(token)
}

func (f *flow) verified(token *oauth2.Token) held {
	f.a.s.t.Helper()
	h := held{Token: token, claims: map[string]any{}}
	suite.secrets.used(token.AccessToken, token.RefreshToken)
	raw, found := token.Extra("id_token").(string)
	if !found {
		return h
	}
	ctx, err := oidc.ClientContext(f.a.s.t.Context(), f.a.s.HTTP), error(nil)
	h.id, err = f.a.provider.VerifierContext(ctx, &oidc.Config{
		ClientID: f.a.config.ClientID, Now: f.a.s.realm.Clock.Now, SupportedSigningAlgs: []string{"ES256", "RS256", "EdDSA"},
	}).Verify(ctx, raw)
	if err != nil {
		f.a.s.t.Fatal(err)
	}
	if err := h.id.VerifyAccessToken(token.AccessToken); err != nil {
		f.a.s.t.Error(err)
	}
	if err := h.id.Claims(&h.claims); err != nil || h.id.Nonce != f.nonce {
		f.a.s.t.Errorf("the ID token is %+v, %v", h.claims, err)
	}
	return h
}

// token asks the token endpoint as the application does, whatever it says.
func (a *relyingParty) token(values url.Values) answer {
	a.s.t.Helper()
	return a.ask("/oauth2/token", values)
}

func (a *relyingParty) ask(path string, values url.Values) answer {
	a.s.t.Helper()
	return a.s.do(a.request(path, values))
}

// request is one of the application, which shows who it is.
func (a *relyingParty) request(path string, values url.Values) *http.Request {
	a.s.t.Helper()
	if a.config.ClientSecret == "" {
		values.Set("client_id", a.config.ClientID)
	}
	r, err := http.NewRequestWithContext(a.s.t.Context(), http.MethodPost, issuer+path, strings.NewReader(values.Encode()))
	if err != nil {
		a.s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a.config.ClientSecret != "" {
		r.SetBasicAuth(url.QueryEscape(a.config.ClientID), url.QueryEscape(a.config.ClientSecret))
	}
	return r
}

// redemption is what a flow shows of a code.
func (f *flow) redemption(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {f.a.config.RedirectURL}, "code_verifier": {f.verifier},
	}
}

// refresh is a refresh of foreign code.
func (f *flow) refresh(token string) held {
	f.a.s.t.Helper()
	a := f.a.tryRefresh(token)
	if a.Status != http.StatusOK {
		f.a.s.t.Fatalf("a refresh answered %d %s", a.Status, a.Body)
	}
	got := struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		IDToken      string `json:"id_token"`
	}{}
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
		f.a.s.t.Fatal(err)
	}
	return f.verified((&oauth2.Token{AccessToken: got.AccessToken, RefreshToken: got.RefreshToken}).WithExtra(map[string]any{"id_token": got.IDToken}))
}

func (a *relyingParty) tryRefresh(token string) answer {
	a.s.t.Helper()
	return a.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// refused reports whether an answer is the error of OAuth 2.0, and nothing else.
func refused(t testing.TB, a answer, status int, code string) {
	t.Helper()
	body := map[string]any{}
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil || a.Status != status || body["error"] != code || body["error_description"] == "" {
		t.Errorf("answered %d %s, not %d %s", a.Status, a.Body, status, code)
	}
}

// userInfo asks with an access token.
func (s *server) userInfo(access string) answer {
	s.t.Helper()
	r := newRequest(s.t, http.MethodGet, "/oauth2/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+access)
	return s.do(r)
}

// signIn goes to the application's address and signs the admin in where asked.
func (f *flow) signIn(b *pageBrowser, also ...oauth2.AuthCodeOption) held {
	f.a.s.t.Helper()
	b.away = nil
	b.open(f.address(also...))
	if b.away == nil {
		b.sees("/signin", http.StatusOK)
		b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	}
	return f.exchange(f.code(b))
}

// claims are those that the discovery document lists.
func (a *relyingParty) claims(t testing.TB) []string {
	t.Helper()
	said := struct {
		Claims []string `json:"claims_supported"`
	}{}
	if err := a.provider.Claims(&said); err != nil {
		t.Fatal(err)
	}
	return said.Claims
}

// keysOf are all of a key set.
func keysOf(set realmconfig.Keyset) (keys []realmconfig.Key) {
	for _, family := range set.Families {
		keys = append(keys, family.Keys...)
	}
	return keys
}
