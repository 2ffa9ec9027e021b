// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// signIn goes through a provider and returns where it ended.
func (b *browser) signIn(provider string, query url.Values) (string, answer) {
	b.t.Helper()
	return b.follow(issuer + "/api/auth/oauth/" + provider + "?" + query.Encode())
}

// serveWith is a realm with providers, and a server for it.
func serveWith(t *testing.T, providers ...realmconfig.Provider) (*realm, *server) {
	t.Helper()
	r := newRealm(t)
	r.withProviders(upstreamSecret, providers...)
	return r, r.serve()
}

func TestProviderDialects(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		kind    realmconfig.ProviderType
		claims  realmconfig.Claims
		script  func(u *upstream)
		subject string
	}{
		"OIDC":   {kind: realmconfig.OIDC, subject: "subject-1"},
		"Google": {kind: realmconfig.Google, subject: "subject-1"},
		"GitLab": {kind: realmconfig.GitLab, subject: "subject-1"},
		"Microsoft, whose tenant owns the domain": {
			kind: realmconfig.Microsoft, subject: "subject-1",
			script: func(u *upstream) { u.claims["xms_edov"], u.claims["email_verified"] = "1", nil },
		},
		"Microsoft for many tenants": {
			kind: realmconfig.Microsoft, subject: "subject-1",
			script: func(u *upstream) {
				const tenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
				u.metadata = func(d map[string]any) { d["issuer"] = u.server.URL + "/{tenantid}/v2.0" }
				u.claims["iss"], u.claims["tid"], u.claims["xms_edov"] = u.server.URL+"/"+tenant+"/v2.0", tenant, true
			},
		},
		"OIDC with the address only in the profile": {
			kind: realmconfig.OIDC, subject: "subject-1",
			script: func(u *upstream) {
				u.forge = func(_ *jwt.Token, c jwt.MapClaims) { delete(c, "email"); delete(c, "email_verified") }
			},
		},
		"OIDC that takes the secret in the body and says so": {
			kind: realmconfig.OIDC, subject: "subject-1",
			script: func(u *upstream) {
				u.metadata = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"} }
				u.instead["/token"] = u.onlyInBody
			},
		},
		"GitHub": {
			kind: realmconfig.GitHub, subject: "4711",
			script: func(u *upstream) { u.claims["email"] = "shown@example.com" }, // the list of addresses counts
		},
		"OAuth2": {
			kind: realmconfig.OAuth2, claims: realmconfig.Claims{Subject: "id", Name: "login"}, subject: "4711",
		},
		"OAuth2 that takes the secret in the body alone": {
			kind: realmconfig.OAuth2, subject: "subject-1",
			script: func(u *upstream) { u.instead["/token"] = u.onlyInBody },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			if c.script != nil {
				u.script(func() { c.script(u) })
			}
			p := u.provider("elsewhere", c.kind)
			p.Claims = c.claims
			r, s := serveWith(t, p)
			for range 2 { // the second time, the identity is known
				_, a := s.newBrowser().signIn("elsewhere", nil)
				if got := s.profileOf(s.tokensOf(a).Access); got.Email != "bob@example.com" || !got.EmailVerified || got.Role != "user" {
					t.Errorf("the user is %+v", got)
				}
			}
			if got := query[string](r, "SELECT subject FROM identities"); got != c.subject {
				t.Errorf("the subject is %s, want %s", got, c.subject)
			}
		})
	}
}

// onlyInBody is a token endpoint that knows no Authorization header.
func (u *upstream) onlyInBody(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		reply(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.token(w, r)
}

// Whatever a provider does, the answer is a clear problem, nobody gets in and no
// account is made.
func TestProviderAnswersAreChecked(t *testing.T) {
	t.Parallel()
	const away, refused = "provider_unavailable", "provider_refused"
	forge := func(change func(*jwt.Token, jwt.MapClaims)) func(*upstream) {
		return func(u *upstream) { u.forge = change }
	}
	claim := func(name string, value any) func(*upstream) {
		return forge(func(_ *jwt.Token, c jwt.MapClaims) { c[name] = value })
	}
	token := func(answer http.HandlerFunc) func(*upstream) {
		return func(u *upstream) { u.instead["/token"] = answer }
	}
	document := func(path string, answer any) func(*upstream) {
		return func(u *upstream) {
			u.instead[path] = func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, answer) }
		}
	}
	profile := func(name string, value any) func(*upstream) {
		return func(u *upstream) { u.claims[name] = value }
	}
	cases := map[string]struct {
		kind   realmconfig.ProviderType // OIDC unless stated
		policy func(*realmconfig.Provider)
		script func(*upstream)
		status int
		code   string
	}{
		"a nonce of another sign-in":    {script: claim("nonce", "another"), status: 503, code: away},
		"no nonce":                      {script: claim("nonce", nil), status: 503, code: away},
		"another issuer":                {script: claim("iss", "https://evil.example"), status: 503, code: away},
		"another audience":              {script: claim("aud", "another"), status: 503, code: away},
		"two audiences and no azp":      {script: claim("aud", []string{"client", "another"}), status: 503, code: away},
		"another authorised party":      {script: claim("azp", "another"), status: 503, code: away},
		"another access token's hash":   {script: claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), status: 503, code: away},
		"an expired ID token":           {script: claim("exp", 1), status: 503, code: away},
		"an ID token of the far future": {script: claim("nbf", time.Now().Add(time.Hour).Unix()), status: 503, code: away},
		"an unsigned ID token":          {script: forge(func(t *jwt.Token, _ jwt.MapClaims) { sign(t, jwt.SigningMethodNone) }), status: 503, code: away},
		"an ID token signed with the client's secret": {
			script: forge(func(t *jwt.Token, _ jwt.MapClaims) { sign(t, jwt.SigningMethodHS256) }), status: 503, code: away,
		},
		"a key that is not published": {script: func(u *upstream) {
			foreign := realmfolder.NewKey(realmconfig.ES256)
			foreign.KID, u.key = u.key.KID, foreign
		}, status: 503, code: away},
		"no ID token":                         {script: token(answering(200, map[string]string{"access_token": "x", "token_type": "Bearer"})), status: 503, code: away},
		"no access token":                     {script: token(answering(200, map[string]string{})), status: 503, code: away},
		"a token endpoint that fails":         {script: token(answering(500, nil)), status: 503, code: away},
		"a token endpoint that says nonsense": {script: token(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }), status: 503, code: away},
		"a token endpoint that redirects": {script: token(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}), status: 503, code: away},
		"an endless token":              {script: token(endless), status: 503, code: away},
		"a secret that is not ours":     {script: token(answering(401, map[string]string{"error": "invalid_client"})), status: 503, code: away},
		"an answer of another provider": {script: answers("iss", "https://evil.example"), status: 400, code: "state_invalid"},
		"an answer without its promised name": {script: func(u *upstream) {
			u.metadata = func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }
		}, status: 400, code: "state_invalid"},
		"another issuer's discovery document": {script: document("/.well-known/openid-configuration", map[string]string{"issuer": "https://evil.example"}), status: 503, code: away},
		"endpoints without addresses": {script: func(u *upstream) {
			u.metadata = func(d map[string]any) { d["token_endpoint"] = "file:///etc/passwd" }
		}, status: 503, code: away},
		"no keys":                       {script: document("/keys", map[string]any{"keys": []any{}}), status: 503, code: away},
		"keys that are nonsense":        {script: document("/keys", "keys"), status: 503, code: away},
		"endless keys":                  {script: func(u *upstream) { u.instead["/keys"] = endless }, status: 503, code: away},
		"no consent":                    {script: answers("error", "access_denied"), status: 401, code: refused},
		"an error nobody knows":         {script: answers("error", "\"><script>"), status: 401, code: refused},
		"a provider in trouble":         {script: answers("error", "temporarily_unavailable"), status: 503, code: away},
		"a code of another sign-in":     {script: answers("code", "another"), status: 401, code: refused},
		"no code":                       {script: answers("code", ""), status: 401, code: refused},
		"a profile of somebody else":    {script: func(u *upstream) { profileOfAnother(u) }, status: 503, code: away},
		"a subject with a NUL":          {script: profile("sub", "a\x00b"), status: 503, code: away},
		"an endless subject":            {script: profile("sub", strings.Repeat("a", 256)), status: 503, code: away},
		"no subject":                    {script: profile("sub", nil), status: 503, code: away},
		"an address nobody has checked": {script: profile("email_verified", false), status: 403, code: "identity_refused"},
		"an address that is none":       {script: profile("email", "bob\r\n@example.com"), status: 403, code: "identity_refused"},
		"no sign-up":                    {policy: func(p *realmconfig.Provider) { p.SignUp = false }, status: 403, code: "identity_refused"},
		"a domain that is not let in": {policy: func(p *realmconfig.Provider) { p.AllowedEmailDomains = []string{"example.org", "le.com"} },
			status: 403, code: "identity_refused"},
		"an address in the private network": {policy: func(p *realmconfig.Provider) { p.AllowPrivateNetworks = false }, status: 503, code: away},
		"a Microsoft account's own claim":   {kind: realmconfig.Microsoft, status: 403, code: "identity_refused"},
		"a tenant that is none": {kind: realmconfig.Microsoft, script: func(u *upstream) {
			u.metadata = func(d map[string]any) { d["issuer"] = u.server.URL + "/{tenantid}/v2.0" }
			u.claims["iss"], u.claims["tid"] = u.server.URL+"/evil/v2.0", "evil"
		}, status: 503, code: away},
		"another tenant than it says": {kind: realmconfig.Microsoft, script: func(u *upstream) {
			u.metadata = func(d map[string]any) { d["issuer"] = u.server.URL + "/{tenantid}/v2.0" }
			u.claims["iss"], u.claims["tid"] = u.server.URL+"/evil/v2.0", "9188040d-6c67-4c5b-b112-36a304b66dad"
		}, status: 503, code: away},
		"GitHub's unverified address": {kind: realmconfig.GitHub, script: func(u *upstream) { u.addresses[1]["verified"] = false },
			status: 403, code: "identity_refused"},
		"GitHub without a primary address": {kind: realmconfig.GitHub, script: func(u *upstream) { u.addresses = u.addresses[:1] },
			status: 403, code: "identity_refused"},
		"GitHub's used code": {kind: realmconfig.GitHub, script: token(answering(200, map[string]string{"error": "bad_verification_code"})),
			status: 401, code: refused},
		"GitHub's profile is null":      {kind: realmconfig.GitHub, script: document("/user", nil), status: 503, code: away},
		"GitHub's addresses are a text": {kind: realmconfig.GitHub, script: document("/user/emails", "addresses"), status: 503, code: away},
		"a plain profile that fails":    {kind: realmconfig.OAuth2, script: func(u *upstream) { u.instead["/user"] = answering(500, nil) }, status: 503, code: away},
	}
	// Each case is a provider of its own in one realm.
	providers, named := []realmconfig.Provider{}, map[string]string{}
	for name, c := range cases {
		u := newUpstream(t)
		if c.script != nil {
			u.script(func() { c.script(u) })
		}
		named[name] = fmt.Sprint("provider-", len(named))
		p := u.provider(named[name], cmp.Or(c.kind, realmconfig.OIDC))
		if c.policy != nil {
			c.policy(&p)
		}
		providers = append(providers, p)
	}
	r, s := serveWith(t, providers...)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, a := s.newBrowser().signIn(named[name], nil)
			a.Expect(t, c.status, c.code)
			for _, quoted := range []string{"evil", "script", "access_denied", "nobody has"} {
				if strings.Contains(a.Body, quoted) {
					t.Errorf("the answer quotes the provider: %s", a.Body)
				}
			}
			if n := query[int](r, "SELECT count(*) FROM users"); n != 1 {
				t.Errorf("there are %d users, want the admin alone", n)
			}
		})
	}
	s.login() // nothing else has suffered
}

func sign(t *jwt.Token, method jwt.SigningMethod) {
	t.Method, t.Header["alg"] = method, method.Alg()
}

func answering(status int, document any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { reply(w, status, document) }
}

// endless goes on until nobody reads any more.
func endless(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write([]byte(`{"keys": "`))
	for err == nil {
		_, err = w.Write([]byte(strings.Repeat("a", 64<<10)))
	}
}

// answers changes a parameter of the redirect back; an empty value removes it.
func answers(name, value string) func(*upstream) {
	return func(u *upstream) {
		u.answer = func(q url.Values) {
			if q.Set(name, value); value == "" {
				q.Del(name)
			}
		}
	}
}

func profileOfAnother(u *upstream) {
	u.forge = func(_ *jwt.Token, c jwt.MapClaims) { c["sub"] = "subject-2"; delete(c, "email") }
}

func TestProviderThatHangs(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	over := make(chan struct{})
	u.script(func() { u.instead["/token"] = func(http.ResponseWriter, *http.Request) { <-over } })
	r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	signIn := func() string {
		address, _ := s.newBrowser().signIn("elsewhere", url.Values{"return_to": {appURL}})
		return address
	}
	if got := signIn(); got != appURL+"?error=provider_unavailable" {
		t.Errorf("sent back to %s", got)
	}
	close(over)
	u.server.Close() // now it is not even there to begin with
	r.Clock.Advance(25 * time.Hour)
	if got := signIn(); got != appURL+"?error=provider_unavailable" {
		t.Errorf("sent back to %s", got)
	}
}

func TestProvidersChangeLive(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	names := func() string {
		list := struct{ Providers []struct{ Name string } }{}
		a := s.do(newRequest(t, http.MethodGet, "/api/auth/providers", nil))
		if err := json.Unmarshal([]byte(a.Body), &list); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(list.Providers)
	}
	if got := names(); got != "[{elsewhere}]" {
		t.Errorf("providers are %s", got)
	}
	signIn := func() answer {
		_, a := s.newBrowser().signIn("elsewhere", nil)
		return a
	}
	s.tokensOf(signIn())

	// A wrong secret, and the right one again.
	secret := func(value string) {
		r.Mount(map[string]any{realmconfig.ProviderSecretsDir + "/elsewhere": value})
	}
	secret("not the secret")
	s.eventually("the new secret is used", func() bool { return signIn().Status == http.StatusServiceUnavailable })
	secret(upstreamSecret)
	s.eventually("the old secret is used again", func() bool { return signIn().Status == http.StatusOK })

	r.Config.Providers = nil
	r.Update()
	s.eventually("the provider is gone", func() bool { return names() == "[]" })
	signIn().Expect(t, http.StatusNotFound, "provider_unknown")
}

func TestProviderRotatesItsKeys(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	r.Clock.Stop() // within ten seconds, however long it takes
	signIn := func() answer {
		_, a := s.newBrowser().signIn("elsewhere", nil)
		return a
	}
	s.tokensOf(signIn())
	s.tokensOf(signIn())
	if n := u.count("/keys"); n != 1 {
		t.Errorf("keys were read %d times, want once", n)
	}
	old, next := u.key, realmfolder.NewKey(realmconfig.RS256)
	u.script(func() {
		u.key, u.keys = next, []realmconfig.Key{old, next}
		u.forge = func(token *jwt.Token, _ jwt.MapClaims) { sign(token, jwt.SigningMethodRS256) }
	})
	r.Clock.Advance(time.Minute)
	s.tokensOf(signIn())
	if n := u.count("/keys"); n != 2 {
		t.Errorf("keys were read %d times, want once more for the unknown key", n)
	}

	// A key nobody knows is looked for once, not each time.
	u.script(func() { u.key = realmfolder.NewKey(realmconfig.RS256) })
	for range 3 {
		signIn().Expect(t, http.StatusServiceUnavailable, "provider_unavailable")
	}
	if n := u.count("/keys"); n != 2 {
		t.Errorf("keys were read %d times, want no more in ten seconds", n)
	}

	// A withdrawn key is not believed for ever, although its id is known.
	u.script(func() { u.key, u.keys = next, []realmconfig.Key{old} })
	r.Clock.Advance(15 * time.Minute)
	signIn().Expect(t, http.StatusServiceUnavailable, "provider_unavailable")

	// The documents of before make do while there are no others.
	u.script(func() { u.keys = []realmconfig.Key{next} })
	r.Clock.Advance(15 * time.Minute)
	s.tokensOf(signIn())
	u.script(func() {
		u.instead["/keys"], u.instead["/.well-known/openid-configuration"] = answering(500, nil), answering(500, nil)
	})
	r.Clock.Advance(16 * time.Minute)
	s.tokensOf(signIn())
}
