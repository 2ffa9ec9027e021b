// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

var clientSince = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// goodClient says no more than it must.
func goodClient() realmconfig.Client {
	c := realmconfig.DefaultClient()
	c.ID, c.Since, c.DisplayName = "shop.web", clientSince, "Shop"
	c.RedirectURIs = []string{"https://shop.example.com/callback"}
	c.Secrets = []realmconfig.ClientSecret{{ID: "one", SHA256: realmconfig.DigestSecret("hunter2")}}
	return c
}

// publicClient is one that runs where its users are.
func publicClient(redirectURIs ...string) realmconfig.Client {
	c := goodClient()
	c.Type, c.TokenEndpointAuthMethod, c.Secrets, c.RedirectURIs = realmconfig.PublicClient, realmconfig.NoAuthMethod, nil, redirectURIs
	return c
}

const goodJWKS = `{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`

func TestClientValidate(t *testing.T) {
	t.Parallel()
	type client = realmconfig.Client
	keyed := func(c *client) {
		c.TokenEndpointAuthMethod, c.Secrets, c.JWKS = realmconfig.PrivateKeyJWT, nil, json.RawMessage(goodJWKS)
	}
	public := func(c *client) { *c = publicClient("https://shop.example.com/callback") }
	many := func(n int, of string) (list []string) {
		for i := range n {
			list = append(list, of+strings.Repeat("x", i))
		}
		return list
	}
	cases := map[string]struct {
		change  func(*client)
		problem string
	}{
		"good":                          {func(*client) {}, ""},
		"a name with dots":              {func(c *client) { c.ID = "shop.web.eu-1" }, ""},
		"no id":                         {func(c *client) { c.ID = "" }, "id: "},
		"no namespace":                  {func(c *client) { c.ID = "web" }, "id: "},
		"an empty namespace":            {func(c *client) { c.ID = ".web" }, "id: "},
		"an empty name":                 {func(c *client) { c.ID = "shop." }, "id: "},
		"an id in capitals":             {func(c *client) { c.ID = "Shop.web" }, "id: "},
		"an id with a line":             {func(c *client) { c.ID = "shop.web\n" }, "id: "},
		"a long namespace":              {func(c *client) { c.ID = strings.Repeat("a", 64) + ".web" }, "id: "},
		"the longest id":                {func(c *client) { c.ID = strings.Repeat("a", 63) + "." + strings.Repeat("b", 253) }, ""},
		"since ever":                    {func(c *client) { c.Since = time.Time{} }, "since: "},
		"no display name":               {func(c *client) { c.DisplayName = "" }, "displayName: "},
		"a hundred letters":             {func(c *client) { c.DisplayName = strings.Repeat("ü", 100) }, ""},
		"a hundred and one":             {func(c *client) { c.DisplayName = strings.Repeat("ü", 101) }, "displayName: "},
		"a display name of two lines":   {func(c *client) { c.DisplayName = "a\nb" }, "displayName: "},
		"no type":                       {func(c *client) { c.Type = "" }, "type: must be Confidential or Public"},
		"a public client":               {public, ""},
		"a public client with a secret": {func(c *client) { public(c); c.Secrets = goodClient().Secrets }, "secrets: are not for none"},
		"a public client for itself":    {func(c *client) { public(c); c.GrantTypes = append(c.GrantTypes, realmconfig.ClientCredentialsGrant) }, "is not for public clients"},
		"a public client with a method": {func(c *client) { c.Type = realmconfig.PublicClient }, "must be none for public clients, and for no others"},
		"none of a confidential client": {func(c *client) { c.TokenEndpointAuthMethod = realmconfig.NoAuthMethod; c.Secrets = nil }, "must be none for public clients, and for no others"},
		"a foreign method":              {func(c *client) { c.TokenEndpointAuthMethod = "client_secret_jwt" }, "tokenEndpointAuthMethod: must be client_secret_basic, "},
		"no grant":                      {func(c *client) { c.GrantTypes = nil }, "grantTypes: must name at least one"},
		"a foreign grant":               {func(c *client) { c.GrantTypes = append(c.GrantTypes, "password") }, "grantTypes[2]: is not known"},
		"the implicit grant":            {func(c *client) { c.GrantTypes = append(c.GrantTypes, "implicit") }, "grantTypes[2]: is not known"},
		"a grant twice":                 {func(c *client) { c.GrantTypes = append(c.GrantTypes, c.GrantTypes[0]) }, "grantTypes[2]: stands twice"},
		"refreshing alone":              {func(c *client) { c.GrantTypes = c.GrantTypes[1:] }, "refresh_token needs authorization_code or urn:ietf:params:oauth:grant-type:device_code"},
		"devices alone": {func(c *client) {
			c.GrantTypes = []realmconfig.GrantType{realmconfig.DeviceCodeGrant, realmconfig.RefreshTokenGrant}
			c.RedirectURIs = nil
		}, ""},
		"devices and a browser, nowhere": {func(c *client) {
			c.GrantTypes = append(c.GrantTypes, realmconfig.DeviceCodeGrant)
			c.RedirectURIs = nil
		}, "redirectURIs: authorization_code needs at least one"},
		"for itself alone": {func(c *client) {
			c.GrantTypes = []realmconfig.GrantType{realmconfig.ClientCredentialsGrant}
			c.RedirectURIs = nil
		}, ""},
		"codes that can go nowhere":      {func(c *client) { c.RedirectURIs = nil }, "redirectURIs: authorization_code needs at least one"},
		"a redirect URI that is refused": {func(c *client) { c.RedirectURIs = []string{"http://hunter2.example.com"} }, "redirectURIs[0]: must start with https://"},
		"too many redirect URIs":         {func(c *client) { c.RedirectURIs = many(51, "https://a.example/") }, "redirectURIs: must be 50 at most"},
		"a logout URI that is refused":   {func(c *client) { c.PostLogoutRedirectURIs = []string{"javascript:alert(1)"} }, "postLogoutRedirectURIs[0]: "},
		"logout in the back":             {func(c *client) { c.BackchannelLogoutURI = "http://web.shop.svc/logout" }, ""},
		"logout in the back, in public":  {func(c *client) { public(c); c.BackchannelLogoutURI = "http://web.shop.svc/logout" }, "backchannelLogoutURI: "},
		"logout with a fragment":         {func(c *client) { c.BackchannelLogoutURI = "https://web.example/logout#" }, "backchannelLogoutURI: "},
		"logout with a user":             {func(c *client) { c.BackchannelLogoutURI = "https://hunter2@web.example/logout" }, "backchannelLogoutURI: "},
		"logout by another protocol":     {func(c *client) { c.BackchannelLogoutURI = "ftp://web.example/logout" }, "backchannelLogoutURI: "},
		"a key":                          {keyed, ""},
		"a key and a secret":             {func(c *client) { keyed(c); c.Secrets = goodClient().Secrets }, "secrets: are not for private_key_jwt"},
		"keys at an address":             {func(c *client) { keyed(c); c.JWKS = nil; c.JWKSURI = "https://web.example/jwks" }, ""},
		"keys at an open address":        {func(c *client) { keyed(c); c.JWKS = nil; c.JWKSURI = "http://web.example/jwks" }, "jwksURI: "},
		"keys in two places":             {func(c *client) { keyed(c); c.JWKSURI = "https://web.example/jwks" }, "jwks: private_key_jwt needs jwks or jwksURI"},
		"keys in no place":               {func(c *client) { keyed(c); c.JWKS = nil }, "jwks: private_key_jwt needs jwks or jwksURI"},
		"keys for nothing":               {func(c *client) { c.JWKS = json.RawMessage(goodJWKS) }, "jwks: is for private_key_jwt alone"},
		"keys that are none":             {func(c *client) { keyed(c); c.JWKS = json.RawMessage(`{"keys": []}`) }, "jwks: must be"},
		"no secret":                      {func(c *client) { c.Secrets = nil }, "secrets: must be one or two"},
		"two secrets": {func(c *client) {
			c.Secrets = append(c.Secrets, realmconfig.ClientSecret{ID: "two", SHA256: realmconfig.DigestSecret("x")})
		}, ""},
		"a secret twice":                  {func(c *client) { c.Secrets = append(c.Secrets, c.Secrets[0]) }, "secrets[1].id: stands twice"},
		"three secrets":                   {func(c *client) { c.Secrets = slices.Repeat(c.Secrets, 3) }, "secrets: must be one or two"},
		"a secret without digest":         {func(c *client) { c.Secrets[0].SHA256 = realmconfig.SecretDigest{} }, "secrets[0].sha256: must not be empty"},
		"a secret without id":             {func(c *client) { c.Secrets[0].ID = "" }, "secrets[0].id: "},
		"an algorithm without a key":      {func(c *client) { c.IDTokenSigningAlg = "HS256" }, "idTokenSigningAlg: must be RS256, ES256 or EdDSA"},
		"no signature":                    {func(c *client) { c.IDTokenSigningAlg = "none" }, "idTokenSigningAlg: "},
		"a scope with a space":            {func(c *client) { c.Scopes = []string{"a b"} }, "scopes[0]: "},
		"a scope with a quote":            {func(c *client) { c.Scopes = []string{`a"b`} }, "scopes[0]: "},
		"a scope twice":                   {func(c *client) { c.Scopes = []string{"a", "a"} }, "scopes[1]: stands twice"},
		"no scope":                        {func(c *client) { c.Scopes = nil }, ""},
		"an audience":                     {func(c *client) { c.Audiences = []string{"https://api.example.com", "orders"} }, ""},
		"an empty audience":               {func(c *client) { c.Audiences = []string{""} }, "audiences[0]: "},
		"too many audiences":              {func(c *client) { c.Audiences = many(21, "a") }, "audiences: must be 20 at most"},
		"consent":                         {func(c *client) { c.Consent = realmconfig.AskConsent }, ""},
		"no word about pushed requests":   {func(c *client) { c.PushedAuthorizationRequests = "" }, ""},
		"pushed requests":                 {func(c *client) { c.PushedAuthorizationRequests = realmconfig.Required }, ""},
		"pushed requests, never":          {func(c *client) { c.PushedAuthorizationRequests = "Never" }, "pushedAuthorizationRequests: must be Allowed or Required"},
		"keys that are proven":            {func(c *client) { c.DPoP = realmconfig.Required }, ""},
		"keys that are never proven":      {func(c *client) { c.DPoP = "Never" }, "dpop: must be Allowed or Required"},
		"two factors by default":          {func(c *client) { c.DefaultACRValues = []string{"2", "1"} }, ""},
		"a class that nobody knows":       {func(c *client) { c.DefaultACRValues = []string{"phr"} }, "defaultACRValues[0]: must be 1 or 2"},
		"a class twice":                   {func(c *client) { c.DefaultACRValues = []string{"2", "2"} }, "defaultACRValues[1]: stands twice"},
		"an age by default":               {func(c *client) { c.DefaultMaxAge = realmconfig.Duration(time.Minute) }, ""},
		"an age that is no time":          {func(c *client) { c.DefaultMaxAge = realmconfig.Duration(time.Second) }, "defaultMaxAge: must be 1m0s to 8760h0m0s"},
		"an age before":                   {func(c *client) { c.DefaultMaxAge = realmconfig.Duration(-time.Hour) }, "defaultMaxAge: must be"},
		"no word about consent":           {func(c *client) { c.Consent = "" }, "consent: must be Skip or Ask"},
		"access for a group":              {func(c *client) { c.Access = &realmconfig.ClientAccess{Groups: []string{"staff"}} }, ""},
		"access for nobody":               {func(c *client) { c.Access = &realmconfig.ClientAccess{} }, "access.groups: must name at least one"},
		"access for a group without name": {func(c *client) { c.Access = &realmconfig.ClientAccess{Groups: []string{""}} }, "access.groups[0]: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := goodClient()
			c.change(&client)
			expectProblem(t, client.Validate(), c.problem)
		})
	}
}

func TestWhoMaySignInAtAClient(t *testing.T) {
	t.Parallel()
	open, closed := goodClient(), goodClient()
	closed.Access = &realmconfig.ClientAccess{Groups: []string{"staff", "guests"}}
	for name, c := range map[string]struct {
		client realmconfig.Client
		groups []string
		want   bool
	}{
		"anybody, where nothing is said": {open, nil, true},
		"somebody of one of the groups":  {closed, []string{"x", "guests"}, true},
		"somebody of other groups":       {closed, []string{"x", "Staff"}, false},
		"somebody of no group":           {closed, nil, false},
	} {
		if got := c.client.Admits(c.groups); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestKeySetsOfClients(t *testing.T) {
	t.Parallel()
	rsaModulus := func(bytes int) string {
		return base64.RawURLEncoding.EncodeToString(slices.Repeat([]byte{0xff}, bytes))
	}
	one := func(members string) string { return `{"keys": [{` + members + `}]}` }
	for name, c := range map[string]struct{ document, problem string }{
		"an Edwards curve":       {goodJWKS, ""},
		"with members of others": {one(`"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "a", "alg": "EdDSA", "use": "sig", "x5t": "x"`), ""},
		"RSA of 2048 bits":       {one(`"kty": "RSA", "e": "AQAB", "n": "` + rsaModulus(256) + `"`), ""},
		"RSA of 2040 bits":       {one(`"kty": "RSA", "e": "AQAB", "n": "` + rsaModulus(255) + `"`), "keys[0]: an RSA key must have 2048 to 8192 bits"},
		"RSA of 16384 bits":      {one(`"kty": "RSA", "e": "AQAB", "n": "` + rsaModulus(2048) + `"`), "keys[0]: an RSA key must have"},
		"RSA without exponent":   {one(`"kty": "RSA", "n": "` + rsaModulus(256) + `"`), "keys[0]: an RSA key must have"},
		"an elliptic curve":      {one(`"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`), ""}, // RFC 7515, A.3
		"a point off the curve":  {one(`"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"`), "must be a point on its curve"},
		"a point on no curve":    {one(`"kty": "EC", "crv": {"a": "b"}, "x": 1`), "an EC key must be of P-256"},
		"another curve":          {one(`"kty": "EC", "crv": "secp256k1"`), "an EC key must be of P-256"},
		"a curve for secrets":    {one(`"kty": "OKP", "crv": "X25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`), "an OKP key must be of Ed25519"},
		"a shared secret":        {one(`"kty": "oct", "k": "hunter2"`), "holds a private key"},
		"a private key":          {one(`"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "hunter2"`), "holds a private key"},
		"a kind of no use":       {one(`"kty": "oct"`), "kty must be RSA, EC or OKP"},
		"a key to encrypt with":  {one(`"kty": "RSA", "use": "enc"`), "use must be sig"},
		"a key alone":            {`{"kty": "OKP"}`, "must be {"},
		"not JSON":               {`hunter2`, "must be {"},
		"no keys":                {`{"keys": []}`, "must be {"},
		"many keys":              {`{"keys": [` + strings.Repeat(`{},`, 16) + `{}]}`, "must be {"},
		"a megabyte":             {`{"keys": [{"x": "` + strings.Repeat("x", 1<<20) + `"}]}`, "must be 16384 bytes at most"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectProblem(t, realmconfig.CheckJWKS([]byte(c.document)), c.problem)
		})
	}
}
