// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

const userInfoAt = issuer + "/oauth2/userinfo"

// withItself lets a client act for itself as well.
func withItself(c *realmconfig.Client) {
	c.GrantTypes = append(c.GrantTypes, realmconfig.ClientCredentialsGrant)
	c.Scopes = append(c.Scopes, "orders:read")
}

// boundTokens are an answer of the token endpoint.
type boundTokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type"`
}

// boundTo is what a good answer gives, which is bound to a key, or to none.
func boundTo(t *testing.T, a answer, thumbprint string) boundTokens {
	t.Helper()
	got := decode[boundTokens](t, a, http.StatusOK)
	suite.secrets.used(got.AccessToken, got.RefreshToken)
	want, jkt := "Bearer", ""
	if thumbprint != "" {
		want = "DPoP"
	}
	if confirmed, ok := claimsOf(t, got.AccessToken)["cnf"].(map[string]any); ok {
		jkt, _ = confirmed["jkt"].(string)
	}
	if got.TokenType != want || jkt != thumbprint {
		t.Errorf("the token is a %s one, bound to %q, not to %q", got.TokenType, jkt, thumbprint)
	}
	return got
}

// signInBy signs the admin in, and exchanges the code by the key of h.
func (f *flow) signInBy(h *keyholder, address string) answer {
	f.a.s.t.Helper()
	return f.a.proven(h, tokenPath, f.redemption(f.signInForCode(address)))
}

func (f *flow) signInForCode(address string) string {
	f.a.s.t.Helper()
	b := f.a.s.newPageBrowser()
	b.open(address)
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	return f.code(b)
}

func refreshing(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

func itself() url.Values { return url.Values{"grant_type": {"client_credentials"}} }

func TestATokenIsBoundToTheKeyOfItsClient(t *testing.T) {
	t.Parallel()
	for _, method := range []jwt.SigningMethod{jwt.SigningMethodES256, jwt.SigningMethodEdDSA, jwt.SigningMethodPS256, jwt.SigningMethodRS256} {
		t.Run(method.Alg(), func(t *testing.T) {
			t.Parallel()
			c := newWebClient(withItself)
			s := newRealmOfClients(t, c).serve()
			a, h := s.newApplication(c, "openid", "email"), s.newKeyholder(method)
			f := a.newFlow()
			first := boundTo(t, f.signInBy(h, f.address()), h.thumbprint)
			next := boundTo(t, a.proven(h, tokenPath, refreshing(first.RefreshToken)), h.thumbprint)
			boundTo(t, a.proven(h, tokenPath, itself()), h.thumbprint)
			boundTo(t, a.token(itself()), "") // who has asked for nothing has what there was before
			for what, access := range map[string]string{"the first": first.AccessToken, "a refreshed one": next.AccessToken} {
				got := h.heard(s.shows("/oauth2/userinfo", "DPoP", access, nil, h.proof(http.MethodGet, userInfoAt, access)))
				if info := decode[map[string]any](t, got, http.StatusOK); info["email"] != adminEmail {
					t.Errorf("%s opens %v", what, info)
				}
				told := decode[map[string]any](t, a.ask(introspectPath, url.Values{"token": {access}}), http.StatusOK)
				if cnf, _ := told["cnf"].(map[string]any); told["active"] != true || told["token_type"] != "DPoP" || cnf["jkt"] != h.thumbprint {
					t.Errorf("%s is %v", what, told)
				}
			}
		})
	}
}

// What a thief may have: the token, an old proof, a proof of something else, a key of their own.
func TestAStolenTokenIsNothingWithoutItsKey(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, h, thief := s.newApplication(c, "openid"), s.newKeyholder(jwt.SigningMethodES256), s.newKeyholder(jwt.SigningMethodES256)
	f := a.newFlow()
	given := boundTo(t, f.signInBy(h, f.address()), h.thumbprint)
	access, unbound := given.AccessToken, f.refresh(given.RefreshToken).AccessToken
	show := func(scheme, access string, proofs ...string) answer {
		t.Helper()
		return s.shows("/oauth2/userinfo", scheme, access, nil, proofs...)
	}
	yesterday := h.nonce
	shown := h.proof(http.MethodGet, userInfoAt, access)
	if got := show("DPoP", access, shown); got.Status != http.StatusOK {
		t.Fatalf("its client is answered %d %s", got.Status, got.Body)
	}
	thief.nonce = h.nonce
	get := func(change ...func(*dpopProof)) string { return h.proof(http.MethodGet, userInfoAt, access, change...) }
	for name, w := range map[string]struct {
		scheme, access string
		proofs         []string
		code           string
	}{
		"as anybody's":                 {"Bearer", access, nil, "invalid_token"},
		"as anybody's, with a proof":   {"Bearer", access, []string{get()}, "invalid_token"},
		"without a proof":              {"DPoP", access, nil, "invalid_dpop_proof"},
		"with an empty proof":          {"DPoP", access, []string{""}, "invalid_dpop_proof"},
		"with a key of one's own":      {"DPoP", access, []string{thief.proof(http.MethodGet, userInfoAt, access)}, "invalid_dpop_proof"},
		"with a proof that was shown":  {"DPoP", access, []string{shown}, "invalid_dpop_proof"},
		"with two proofs":              {"DPoP", access, []string{get(), get()}, "invalid_dpop_proof"},
		"of another method":            {"DPoP", access, []string{h.proof(http.MethodPost, userInfoAt, access)}, "invalid_dpop_proof"},
		"of another address":           {"DPoP", access, []string{h.proof(http.MethodGet, issuer+tokenPath, access)}, "invalid_dpop_proof"},
		"of another host":              {"DPoP", access, []string{h.proof(http.MethodGet, "https://evil.example.com/oauth2/userinfo", access)}, "invalid_dpop_proof"},
		"of another token":             {"DPoP", access, []string{h.proof(http.MethodGet, userInfoAt, unbound)}, "invalid_dpop_proof"},
		"of no token":                  {"DPoP", access, []string{h.proof(http.MethodGet, userInfoAt, "")}, "invalid_dpop_proof"},
		"without a nonce":              {"DPoP", access, []string{get(claiming("nonce", nil))}, "use_dpop_nonce"},
		"with a nonce that is none":    {"DPoP", access, []string{get(claiming("nonce", "noise"))}, "use_dpop_nonce"},
		"another token, as if bound":   {"DPoP", unbound, []string{h.proof(http.MethodGet, userInfoAt, unbound)}, "invalid_token"},
		"noise":                        {"DPoP", "noise", []string{get()}, "invalid_token"},
		"a key of one's own, no nonce": {"DPoP", access, []string{thief.proof(http.MethodGet, userInfoAt, access, claiming("nonce", nil))}, "invalid_dpop_proof"},
	} {
		got := show(w.scheme, w.access, w.proofs...)
		refused(t, got, http.StatusUnauthorized, w.code)
		challenge := got.Header.Get("WWW-Authenticate")
		if !strings.Contains(challenge, `error="`+w.code+`"`) || name != "noise" && name != "another token, as if bound" && (!strings.HasPrefix(challenge, "DPoP ") || !strings.Contains(challenge, "ES256")) {
			t.Errorf("%s: the challenge is %s", name, challenge)
		}
		if (w.code == "use_dpop_nonce") && got.Header.Get("DPoP-Nonce") == "" {
			t.Errorf("%s: no nonce is told", name)
		}
	}
	r.Clock.Advance(5 * time.Minute)
	refused(t, show("DPoP", access, get(claiming("nonce", yesterday))), http.StatusUnauthorized, "use_dpop_nonce")
	if got := show("Bearer", unbound); got.Status != http.StatusOK {
		t.Errorf("a token of before is answered %d %s", got.Status, got.Body)
	}
}

func TestRefreshTokensOfPublicClientsAreBound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]realmconfig.Client{"a public client": newWebClient(publicClient), "a confidential one": newWebClient()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOfClients(t, c)
			r.Clock.Stop() // within the grace period, however long it takes
			s := r.serve()
			a, h, thief := s.newApplication(c, "openid"), s.newKeyholder(jwt.SigningMethodES256), s.newKeyholder(jwt.SigningMethodES256)
			f := a.newFlow()
			given := boundTo(t, f.signInBy(h, f.address()), h.thumbprint)
			if c.Type == realmconfig.ConfidentialClient { // which shows otherwise who it is
				next := boundTo(t, a.proven(thief, tokenPath, refreshing(given.RefreshToken)), thief.thumbprint)
				boundTo(t, a.token(refreshing(next.RefreshToken)), "")
				return
			}
			refused(t, a.proven(thief, tokenPath, refreshing(given.RefreshToken)), http.StatusBadRequest, "invalid_grant")
			refused(t, a.token(refreshing(given.RefreshToken)), http.StatusBadRequest, "invalid_grant")
			next := boundTo(t, a.proven(h, tokenPath, refreshing(given.RefreshToken)), h.thumbprint)
			for who, retry := range map[string]func() answer{ // of the token that was used a moment ago
				"another key": func() answer { return a.proven(thief, tokenPath, refreshing(given.RefreshToken)) },
				"none":        func() answer { return a.token(refreshing(given.RefreshToken)) },
			} {
				t.Log(who)
				refused(t, retry(), http.StatusBadRequest, "invalid_grant")
			}
			again := boundTo(t, a.proven(h, tokenPath, refreshing(given.RefreshToken)), h.thumbprint)
			if again.RefreshToken != next.RefreshToken {
				t.Error("a retry by the key is given something else")
			}
			boundTo(t, a.proven(h, tokenPath, refreshing(next.RefreshToken)), h.thumbprint)
		})
	}
}

func TestACodeIsBoundToAKey(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	s := newRealmOfClients(t, c).serve()
	a, h, thief := s.newApplication(c, "openid"), s.newKeyholder(jwt.SigningMethodES256), s.newKeyholder(jwt.SigningMethodES256)
	named := func(v url.Values) { v.Set("dpop_jkt", h.thumbprint) }
	proof := func(h *keyholder, f *flow, change ...func(url.Values)) answer {
		values := f.asked()
		for _, c := range change {
			c(values)
		}
		return a.proven(h, parPath, values)
	}
	for name, address := range map[string]func(f *flow) string{
		"at authorize":      func(f *flow) string { return f.address(param("dpop_jkt", h.thumbprint)) },
		"pushed":            func(f *flow) string { return f.pushed(named) },
		"pushed by a proof": func(f *flow) string { return f.brings(f.requestURI(proof(h, f))) },
		"pushed by both":    func(f *flow) string { return f.brings(f.requestURI(proof(h, f, named))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := a.newFlow()
			boundTo(t, f.signInBy(s.sameKey(h), address(f)), h.thumbprint)
			for who, steal := range map[string]func(f *flow, code string) answer{
				"another key": func(f *flow, code string) answer { return a.proven(s.sameKey(thief), tokenPath, f.redemption(code)) },
				"no key":      func(f *flow, code string) answer { return a.token(f.redemption(code)) },
			} {
				f := a.newFlow()
				code := f.signInForCode(address(f))
				t.Log(who)
				refused(t, steal(f, code), http.StatusBadRequest, "invalid_grant")
				refused(t, a.proven(s.sameKey(h), tokenPath, f.redemption(code)), http.StatusBadRequest, "invalid_grant") // which it has burned
			}
		})
	}
	refused(t, proof(thief, a.newFlow(), named), http.StatusBadRequest, "invalid_dpop_proof")
	refused(t, a.newFlow().push(func(v url.Values) { v.Set("dpop_jkt", "short") }), http.StatusBadRequest, "invalid_request")
	refused(t, a.prove(parPath, a.newFlow().asked(), h.proof(http.MethodPost, issuer+tokenPath, "")), http.StatusBadRequest, "invalid_dpop_proof")
}

// sameKey is the same key in another place, which hears nonces by itself.
func (s *server) sameKey(h *keyholder) *keyholder {
	other := *h
	other.s = s
	return &other
}

func TestAClientThatMustProveItsKeyIsGivenNothingElse(t *testing.T) {
	t.Parallel()
	c := newWebClient(withItself, func(c *realmconfig.Client) { c.DPoP = realmconfig.Required })
	s := newRealmOfClients(t, c).serve()
	a, h := s.newApplication(c, "openid"), s.newKeyholder(jwt.SigningMethodEdDSA)
	refused(t, a.token(itself()), http.StatusBadRequest, "invalid_dpop_proof")
	boundTo(t, a.proven(h, tokenPath, itself()), h.thumbprint)
	f := a.newFlow()
	code := f.signInForCode(f.pushed()) // which needs none
	refused(t, a.token(f.redemption(code)), http.StatusBadRequest, "invalid_dpop_proof")
	given := boundTo(t, a.proven(h, tokenPath, f.redemption(code)), h.thumbprint) // nothing was used up
	refused(t, a.token(refreshing(given.RefreshToken)), http.StatusBadRequest, "invalid_dpop_proof")
	boundTo(t, a.proven(h, tokenPath, refreshing(given.RefreshToken)), h.thumbprint)
}

func TestTheRealmsOwnApplicationsHaveNoBoundTokens(t *testing.T) {
	t.Parallel()
	s := newRealmWithApp(t).serve()
	own := realmconfig.Client{ID: realmconfig.FirstPartyID, TokenEndpointAuthMethod: realmconfig.NoAuthMethod, RedirectURIs: []string{appURL}}
	a, h := s.newApplication(own, "openid"), s.newKeyholder(jwt.SigningMethodES256)
	refused(t, a.proven(h, tokenPath, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}), http.StatusBadRequest, "invalid_request")
}

func TestOneOfManyShowsAProof(t *testing.T) {
	t.Parallel()
	c := newWebClient(withItself)
	s := newRealmOfClients(t, c).serve()
	a, h := s.newApplication(c, "openid"), s.newKeyholder(jwt.SigningMethodES256)
	f := a.newFlow()
	access := boundTo(t, f.signInBy(h, f.address()), h.thumbprint).AccessToken
	ok := func(a answer) bool { return a.Status == http.StatusOK }
	shown := h.proof(http.MethodGet, userInfoAt, access)
	if n := len(race.Winners(50, func(int) answer { return s.shows("/oauth2/userinfo", "DPoP", access, nil, shown) }, ok)); n != 1 {
		t.Errorf("%d have shown one proof", n)
	}
	asked := h.proof(http.MethodPost, issuer+tokenPath, "")
	if n := len(race.Winners(50, func(int) answer { return a.prove(tokenPath, itself(), asked) }, ok)); n != 1 {
		t.Errorf("%d have asked with one proof", n)
	}
}

// What a token and a proof of it would open is closed while nobody can say whether the proof
// was shown before.
func TestBoundTokensNeedRedisWhereTheyAreShown(t *testing.T) {
	t.Parallel()
	c := newWebClient(withItself)
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	r.Clients = []realmconfig.Client{c}
	r.Update()
	suite.secrets.used(shopSecret)
	s := r.serve()
	a, h := s.newApplication(c, "openid"), s.newKeyholder(jwt.SigningMethodES256)
	f := a.newFlow()
	given := boundTo(t, f.signInBy(h, f.address()), h.thumbprint)
	boundTo(t, a.proven(h, tokenPath, itself()), h.thumbprint)
	access := given.AccessToken
	got := s.shows("/oauth2/userinfo", "DPoP", access, nil, h.proof(http.MethodGet, userInfoAt, access))
	refused(t, got, http.StatusServiceUnavailable, "temporarily_unavailable")
	if got.Header.Get("Retry-After") == "" {
		t.Error("nobody knows when to come back")
	}
	through := s.shows("/api/auth/verify?client="+c.ID, "DPoP", access, heldBack("GET", "https", "app.example.com", "/orders"), h.proof("GET", "https://app.example.com/orders", access))
	through.Expect(t, http.StatusServiceUnavailable, "busy")
	if through.Problem.Reason != "proofs_unknown" {
		t.Errorf("the reason is %q", through.Problem.Reason)
	}
	if got := s.userInfo(f.refresh(given.RefreshToken).AccessToken); got.Status != http.StatusOK {
		t.Errorf("a token that is bound to nothing is answered %d %s", got.Status, got.Body)
	}
}

// A page of a public client reads which nonce it needs, here as at the token endpoint.
func TestAPageHearsOfTheNonce(t *testing.T) {
	t.Parallel()
	c := newWebClient(publicClient)
	s := newRealmOfClients(t, c).serve()
	a, h := s.newApplication(c, "openid"), s.newKeyholder(jwt.SigningMethodES256)
	f := a.newFlow()
	origin := strings.TrimSuffix(appURL, "/")
	code := f.signInForCode(f.address())
	ask := a.request(tokenPath, f.redemption(code))
	ask.Header.Set("Origin", origin)
	ask.Header.Set("DPoP", h.proof(http.MethodPost, issuer+tokenPath, ""))
	asked := h.heard(s.do(ask))
	access := boundTo(t, a.proven(h, tokenPath, f.redemption(code)), h.thumbprint).AccessToken
	shown := s.shows("/oauth2/userinfo", "DPoP", access, http.Header{"Origin": {origin}}, h.proof(http.MethodGet, userInfoAt, access, claiming("nonce", nil)))
	for where, got := range map[string]answer{"the token endpoint": asked, "UserInfo": shown} {
		if got.Header.Get("Access-Control-Allow-Origin") != origin || !strings.Contains(got.Header.Get("Access-Control-Expose-Headers"), "DPoP-Nonce") ||
			got.Header.Get("DPoP-Nonce") == "" || !strings.Contains(got.Body, "use_dpop_nonce") {
			t.Errorf("%s answers a page %d %s %v", where, got.Status, got.Body, got.Header)
		}
	}
}
