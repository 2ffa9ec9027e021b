// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

const (
	tokenPath      = "/oauth2/token"
	introspectPath = "/oauth2/introspect"
	revokePath     = "/oauth2/revoke"
	// orders is an audience that every realm of newRealmWithClients allows.
	orders = "https://orders.example.com"
)

// oauthClient is a client of a realm, with what it shows.
type oauthClient struct {
	realmconfig.Client
	secret string
	key    crypto.Signer
}

// newOAuthClient is a confidential client that may act for itself.
func newOAuthClient(name string, changes ...func(*oauthClient)) oauthClient {
	c := oauthClient{Client: newClient("shop."+name, actsForItself)}
	c.DisplayName = name
	for _, change := range changes {
		change(&c)
	}
	if m := c.TokenEndpointAuthMethod; m == realmconfig.ClientSecretBasic || m == realmconfig.ClientSecretPost {
		c.secret = rand.Text() + rand.Text()
		suite.secrets.used(c.secret)
		c.Secrets = []realmconfig.ClientSecret{{ID: "one", SHA256: realmconfig.DigestSecret(c.secret)}}
	}
	return c
}

// actsForItself makes a client one that signs nobody in, and has no secret yet.
func actsForItself(c *realmconfig.Client) {
	c.GrantTypes, c.RedirectURIs, c.Secrets = []realmconfig.GrantType{realmconfig.ClientCredentialsGrant}, nil, nil
	c.Scopes = []string{"openid", "orders:read", "orders:write"}
}

// byPost lets a client show its secret in the body.
func byPost(c *oauthClient) { c.TokenEndpointAuthMethod = realmconfig.ClientSecretPost }

// byKey lets a client sign assertions.
func byKey(c *oauthClient) {
	c.TokenEndpointAuthMethod = realmconfig.PrivateKeyJWT
	key := realmfolder.NewKey(realmconfig.ES256)
	signer, err := key.Signer()
	if err != nil {
		panic(err)
	}
	public, err := realmconfig.NewJWK(signer.Public())
	if err != nil {
		panic(err)
	}
	set, err := json.Marshal(map[string]any{"keys": []any{public}})
	if err != nil {
		panic(err)
	}
	c.key, c.JWKS = signer, set
}

// public lets a client show nothing; its pages are at an origin.
func public(origin string) func(*oauthClient) {
	return func(c *oauthClient) {
		c.Type, c.TokenEndpointAuthMethod = realmconfig.PublicClient, realmconfig.NoAuthMethod
		c.GrantTypes, c.RedirectURIs = []realmconfig.GrantType{realmconfig.AuthorizationCodeGrant}, []string{origin + "/callback"}
	}
}

// withAudiences are whom a client may have tokens for.
func withAudiences(audiences ...string) func(*oauthClient) {
	return func(c *oauthClient) { c.Audiences = audiences }
}

// newRealmWithClients is a realm that nobody serves yet. What its clients may have
// tokens for, it allows.
func newRealmWithClients(t *testing.T, clients ...oauthClient) *realm {
	t.Helper()
	r := newRealm(t)
	r.register(clients...)
	return r
}

// register replaces the realm's clients.
func (r *realm) register(clients ...oauthClient) {
	r.t.Helper()
	r.Clients, r.Config.Clients.Audiences = []realmconfig.Client{}, []string{orders, audience}
	for _, c := range clients {
		r.Clients = append(r.Clients, c.Client)
		r.Config.Clients.Audiences = append(r.Config.Clients.Audiences, c.ID)
	}
	r.Update()
}

// assertion is what a client shows instead of a secret, but for changes; nil takes a
// claim away. It lives long enough for a machine that is busy.
func (c oauthClient) assertion(t testing.TB, changes map[string]any) string {
	t.Helper()
	claims := jwt.MapClaims{"iss": c.ID, "sub": c.ID, "aud": issuer, "jti": rand.Text(), "exp": time.Now().Add(20 * time.Minute).Unix()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	signed, err := jwt.NewWithClaims(jwt.SigningMethodES256, claims).SignedString(c.key)
	if err != nil {
		t.Fatal(err)
	}
	suite.secrets.used(signed)
	return signed
}

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// request is one of the client, which shows who it is by its method.
func (c oauthClient) request(t testing.TB, path string, parameters url.Values) *http.Request {
	t.Helper()
	shown := maps.Clone(parameters)
	if shown == nil {
		shown = url.Values{}
	}
	switch c.TokenEndpointAuthMethod {
	case realmconfig.ClientSecretPost:
		shown.Set("client_id", c.ID)
		shown.Set("client_secret", c.secret)
	case realmconfig.PrivateKeyJWT:
		shown.Set("client_assertion_type", jwtBearer)
		shown.Set("client_assertion", c.assertion(t, nil))
	case realmconfig.NoAuthMethod:
		shown.Set("client_id", c.ID)
	case realmconfig.ClientSecretBasic:
	}
	r := newFormRequest(t, path, shown.Encode())
	if c.TokenEndpointAuthMethod == realmconfig.ClientSecretBasic {
		r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.secret))
	}
	return r
}

// newFormRequest posts a body as it stands.
func newFormRequest(t testing.TB, path, body string) *http.Request {
	t.Helper()
	r := newRequest(t, http.MethodPost, path, body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// ask sends a request of a client.
func (s *server) ask(c oauthClient, path string, parameters url.Values) answer {
	s.t.Helper()
	return s.do(c.request(s.t, path, parameters))
}

// clientTokens is the answer of a token endpoint.
type clientTokens struct {
	Access    string `json:"access_token"`
	Type      string `json:"token_type"`
	ExpiresIn int64  `json:"expires_in"`
	Scope     string `json:"scope"`
	Refresh   string `json:"refresh_token"`
	ID        string `json:"id_token"`
}

// credentialsOf is a token that a client asks for in its own name.
func (s *server) tokenFor(c oauthClient, parameters url.Values) clientTokens {
	s.t.Helper()
	asked := maps.Clone(parameters)
	if asked == nil {
		asked = url.Values{}
	}
	asked.Set("grant_type", "client_credentials")
	got := decode[clientTokens](s.t, s.ask(c, tokenPath, asked), http.StatusOK)
	suite.secrets.used(got.Access)
	return got
}

// refusal is what a client reads of one (RFC 6749, section 5.2).
type refusal struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// refuses fails the test unless an answer is a refusal of a code, in the form of RFC
// 6749, section 5.2, that says what is wrong and keeps to the characters allowed there.
func (s *server) refuses(a answer, status int, code string) {
	s.t.Helper()
	got := decode[refusal](s.t, a, status)
	odd := func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
	if got.Error != code || got.Description == "" || strings.ContainsFunc(got.Description, odd) {
		s.t.Errorf("refused with %+v, want %s", got, code)
	}
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Content-Type") != "application/json" {
		s.t.Errorf("the refusal has headers %v", a.Header)
	}
	if challenge := a.Header.Get("WWW-Authenticate"); (challenge == `Basic realm="`+s.URL()+`"`) != (status == http.StatusUnauthorized) {
		s.t.Errorf("a %d challenges with %q", status, challenge)
	}
}
