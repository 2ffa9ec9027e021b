// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// An application that other people's code is made of signs somebody in, knows who it is,
// and goes on knowing it.
func TestAnApplicationSignsPeopleIn(t *testing.T) {
	t.Parallel()
	by := func(a realmconfig.Algorithm) func(*realmconfig.Client) {
		return func(c *realmconfig.Client) { c.IDTokenSigningAlg = a }
	}
	for name, c := range map[string]realmconfig.Client{
		"confidential": newWebClient(), "public": newWebClient(publicClient),
		"ES256": newWebClient(by(realmconfig.ES256)), "EdDSA": newWebClient(by(realmconfig.EdDSA)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOfClients(t, c)
			r.Keyset = realmfolder.Keyset(append([]realmconfig.Key{realmfolder.NewKey(realmconfig.EdDSA)}, keysOf(r.Keyset)...)...)
			r.Update()
			s := r.serve()
			b, f := s.newPageBrowser(), s.newApplication(c, "openid", "email", "profile").newFlow()
			first := f.signIn(b)
			sid := claimsOf(t, s.pagesOf(b).Access)["sid"]
			for claim := range first.claims {
				if listed := f.a.claims(t); !slices.Contains(listed, claim) {
					t.Errorf("the ID token has %s, listed are %q", claim, listed)
				}
			}
			for claim, want := range map[string]any{
				"email": adminEmail, "email_verified": true, "sid": sid, "acr": "1", "sub": claimsOf(t, s.pagesOf(b).Access)["sub"],
			} {
				if first.claims[claim] != want {
					t.Errorf("%s is %v, not %v", claim, first.claims[claim], want)
				}
			}
			if amr, _ := json.Marshal(first.claims["amr"]); string(amr) != `["pwd"]` {
				t.Errorf("amr is %s", amr)
			}
			access := claimsOf(t, first.AccessToken)
			if access["client_id"] != c.ID || access["aud"] != c.ID && !slices.Equal(access["aud"].([]any), []any{c.ID}) || access["scope"] != "openid email profile" {
				t.Errorf("the access token is %v", access)
			}
			info := decode[map[string]any](t, s.userInfo(first.AccessToken), http.StatusOK)
			if info["sub"] != first.claims["sub"] || info["email"] != adminEmail || info["groups"] != nil {
				t.Errorf("UserInfo says %v", info)
			}

			r.Clock.Advance(10 * time.Minute)
			again := f.refresh(first.RefreshToken)
			if again.claims["auth_time"] != first.claims["auth_time"] || again.claims["iat"] == first.claims["iat"] || again.RefreshToken == first.RefreshToken {
				t.Errorf("after a refresh, the ID token is %v", again.claims)
			}

			second := s.newApplication(c, "openid").newFlow()
			b.open(second.address())
			quick := second.exchange(second.code(b)) // at once: nobody is asked
			if quick.claims["sid"] != sid || quick.claims["email"] != nil || quick.claims["auth_time"] != first.claims["auth_time"] {
				t.Errorf("another ID token of the session is %v", quick.claims)
			}
		})
	}
}

// A client's token opens the client's world: an application that an admin signs in to must
// not become an admin.
func TestATokenOfAUserAtAClientOpensNothingOfTheRealm(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	s := newRealmOfClients(t, c).serve()
	h := s.newApplication(c, "openid", "email").newFlow().signIn(s.newPageBrowser())
	for _, path := range []string{"/api/user/profile", "/api/admin/users", "/api/auth/verify"} {
		s.as(h.AccessToken, http.MethodGet, path, nil).Expect(t, http.StatusUnauthorized, "token_invalid")
	}
	s.tryRefresh(h.RefreshToken).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	s.post("/api/auth/logout", map[string]string{"refresh_token": h.RefreshToken})
	if a := s.userInfo(h.AccessToken); a.Status != http.StatusOK {
		t.Errorf("UserInfo answered %d %s", a.Status, a.Body)
	}
	refused(t, s.userInfo(s.login().Access), http.StatusUnauthorized, "invalid_token") // nor the other way round
}

func TestACodeIsGoodOnceForWhomItIs(t *testing.T) {
	t.Parallel()
	c, other := newWebClient(), newClient("apps.other")
	s := newRealmOfClients(t, c, other).serve()
	shop, stranger := s.newApplication(c, "openid"), s.newApplication(other, "openid")
	b := s.newPageBrowser()
	for name, steal := range map[string]func(f *flow, code string) answer{
		"without a verifier": func(f *flow, code string) answer {
			values := f.redemption(code)
			values.Del("code_verifier")
			return shop.token(values)
		},
		"with the verifier of another flow": func(f *flow, code string) answer {
			values := f.redemption(code)
			values.Set("code_verifier", shop.newFlow().verifier)
			return shop.token(values)
		},
		"at another address": func(f *flow, code string) answer {
			values := f.redemption(code)
			values.Set("redirect_uri", appURL+"callback/")
			return shop.token(values)
		},
		"by another client": func(f *flow, code string) answer { return stranger.token(f.redemption(code)) },
	} {
		f := shop.newFlow()
		b.open(f.address())
		if b.away == nil {
			b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
		}
		code := f.code(b)
		t.Log(name)
		refused(t, steal(f, code), http.StatusBadRequest, "invalid_grant")
		refused(t, shop.token(f.redemption(code)), http.StatusBadRequest, "invalid_grant") // which it has burned
	}
}

// A verifier that nobody has asked for is a challenge that somebody has taken out.
func TestPKCECannotBeTakenOut(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	s := newRealmOfClients(t, c).serve()
	f, b := s.newApplication(c, "openid").newFlow(), s.newPageBrowser()
	address, err := url.Parse(f.address())
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Del("code_challenge")
	query.Del("code_challenge_method")
	address.RawQuery = query.Encode()
	b.open(address.String())
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	refused(t, f.a.token(f.redemption(f.code(b))), http.StatusBadRequest, "invalid_grant")
}

func TestOneOfManyExchangesACode(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	f, b := s.newApplication(c, "openid").newFlow(), s.newPageBrowser()
	b.open(f.address())
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	code := f.code(b)
	winners := race.Winners(50, func(int) answer { return f.a.token(f.redemption(code)) }, func(a answer) bool { return a.Status == http.StatusOK })
	if len(winners) != 1 {
		t.Fatalf("%d have exchanged one code", len(winners))
	}
	if n := query[int](r, "SELECT count(*) FROM grants"); n != 1 {
		t.Errorf("%d grants have begun", n)
	}
	// Those who came later have shown that the code is in several hands.
	got := decode[map[string]any](t, winners[0], http.StatusOK)
	suite.secrets.used(got["access_token"].(string), got["refresh_token"].(string))
	refused(t, s.userInfo(got["access_token"].(string)), http.StatusUnauthorized, "invalid_token")
	refused(t, f.a.tryRefresh(got["refresh_token"].(string)), http.StatusBadRequest, "invalid_grant")
}

func TestACopiedRefreshTokenEndsItsGrant(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	r.Clock.Stop() // within the grace period, however long it takes
	s := r.serve()
	f, b := s.newApplication(c, "openid").newFlow(), s.newPageBrowser()
	first := f.signIn(b)
	second := f.refresh(first.RefreshToken)
	if again := f.refresh(first.RefreshToken); again.RefreshToken != second.RefreshToken { // an answer that was lost
		t.Error("a retry is given another token")
	}
	r.Clock.Advance(time.Minute)
	refused(t, f.a.tryRefresh(first.RefreshToken), http.StatusBadRequest, "invalid_grant")
	refused(t, f.a.tryRefresh(second.RefreshToken), http.StatusBadRequest, "invalid_grant")
	refused(t, s.userInfo(second.AccessToken), http.StatusUnauthorized, "invalid_token")
	b.open("/account")
	b.sees("/account", http.StatusOK) // the browser's session has nothing to do with it
}

// Whoever leaves a group leaves the applications that are for its members alone.
func TestARefreshAsksWhetherTheUserMayStillUseTheClient(t *testing.T) {
	t.Parallel()
	c := newWebClient(forStaff)
	s := newRealmOfClients(t, c).serve()
	staff := s.newStaff()
	f := s.newApplication(c, "openid", "groups").newFlow()
	h := f.refresh(f.signIn(s.newPageBrowser()).RefreshToken)
	if groups, _ := h.claims["groups"].([]any); len(groups) != 1 || groups[0] != "staff" {
		t.Errorf("the ID token names the groups %v", h.claims["groups"])
	}
	staff.leave()
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
}

func TestARefreshTokenIsItsClients(t *testing.T) {
	t.Parallel()
	c, other := newWebClient(), newClient("apps.other")
	s := newRealmOfClients(t, c, other).serve()
	f := s.newApplication(c, "openid").newFlow()
	h := f.signIn(s.newPageBrowser())
	refused(t, s.newApplication(other).tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
	narrow := f.a.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {h.RefreshToken}, "scope": {"openid email"}})
	refused(t, narrow, http.StatusBadRequest, "invalid_scope")
	f.refresh(h.RefreshToken)
}

func TestGrantsEndWithTheBrowsersSession(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	for name, end := range endings() {
		for kind, scopes := range map[string][]string{"": {"openid"}, "offline": {"openid", "offline_access"}} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				s := newRealmOfClients(t, c).serve()
				a := s.newAnn("user")
				b, f := s.newPageBrowser(), s.newApplication(c, scopes...).newFlow()
				b.open(f.address())
				b.submit("/signin", map[string]string{"email": a.user.Email, "password": strangerPassword})
				h := f.exchange(f.code(b))
				a.session = s.pagesOf(b)
				if ended := end(s, a); ended.Status >= 300 {
					t.Fatalf("ending answered %d %s", ended.Status, ended.Body)
				}
				survives := kind != "" && (strings.HasPrefix(name, "logout") || strings.HasPrefix(name, "by its user,") || strings.HasPrefix(name, "by reuse"))
				if survives {
					f.refresh(h.RefreshToken)
					return
				}
				refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
				refused(t, s.userInfo(h.AccessToken), http.StatusUnauthorized, "invalid_token")
			})
		}
	}
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	s := newRealmOfClients(t, c).serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	plain := a.newFlow().signIn(b)
	if info := decode[map[string]any](t, s.userInfo(plain.AccessToken), http.StatusOK); len(info) != 1 || info["sub"] == nil {
		t.Errorf("for openid alone it says %v", info)
	}
	named := a.newFlow().signIn(b, param("claims", `{"userinfo":{"email":null},"id_token":{"email_verified":{"essential":true}}}`))
	if info := decode[map[string]any](t, s.userInfo(named.AccessToken), http.StatusOK); info["email"] != adminEmail || info["email_verified"] != nil {
		t.Errorf("by the claims parameter it says %v", info)
	}
	if named.claims["email_verified"] != true || named.claims["email"] != nil {
		t.Errorf("by the claims parameter the ID token says %v", named.claims)
	}
	groups := s.newApplication(c, "openid", "groups").newFlow().signIn(b)
	if list, _ := json.Marshal(groups.claims["groups"]); string(list) != "[]" {
		t.Errorf("groups are %s", list)
	}

	body := url.Values{"access_token": {plain.AccessToken}}.Encode()
	post := func(header, body string) answer {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer+"/oauth2/userinfo", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if header != "" {
			r.Header.Set("Authorization", "Bearer "+header)
		}
		return s.do(r)
	}
	for name, got := range map[string]answer{"in the header of a POST": post(plain.AccessToken, ""), "in its body": post("", body)} {
		if got.Status != http.StatusOK {
			t.Errorf("a token %s is answered %d %s", name, got.Status, got.Body)
		}
	}
	refused(t, post(plain.AccessToken, body), http.StatusBadRequest, "invalid_request")
	refused(t, post("noise", ""), http.StatusUnauthorized, "invalid_token")
	if got := post("", ""); got.Status != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") != `Bearer realm="`+issuer+`"` {
		t.Errorf("without a token it answers %d %q", got.Status, got.Header.Get("WWW-Authenticate"))
	}
	bare := s.newApplication(c, "email").newFlow().signIn(b)
	if bare.id != nil {
		t.Error("there is an ID token without the scope openid")
	}
	refused(t, s.userInfo(bare.AccessToken), http.StatusForbidden, "insufficient_scope")
}

// What an application may do without the browser stands on the account page, under the
// application's name, and outlives a sign-out.
func TestAnOfflineGrantIsEndedOnTheAccountPage(t *testing.T) {
	t.Parallel()
	c := newWebClient(func(c *realmconfig.Client) { c.DisplayName = "The little shop" })
	s := newRealmOfClients(t, c).serve()
	b, f := s.newPageBrowser(), s.newApplication(c, "openid", "offline_access").newFlow()
	h := f.signIn(b)
	b.open("/account")
	b.sees("/account", http.StatusOK, "The little shop")
	b.submit("/signout", nil)
	h = f.refresh(h.RefreshToken)
	if info := s.userInfo(h.AccessToken); info.Status != http.StatusOK {
		t.Errorf("UserInfo answered %d %s", info.Status, info.Body)
	}
	b.signIn(adminEmail, adminPassword)
	b.submit("/account/sessions/"+claimsOf(t, h.AccessToken)["session_id"].(string)+"/end", nil)
	b.sees("/account", http.StatusOK, "The session has ended.")
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
	refused(t, s.userInfo(h.AccessToken), http.StatusUnauthorized, "invalid_token")
}

// A client that is deleted and made again inherits nothing.
func TestANewClientOfTheNameInheritsNothing(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	f := s.newApplication(c, "openid").newFlow()
	h := f.signIn(s.newPageBrowser())
	r.Clock.Advance(time.Minute)
	revision := s.Report().ClientRevisions[realmconfig.ClientShard(c.ID)]
	r.Clients[0].Since = r.Clock.Now()
	r.Update()
	s.eventually("the client is another one", func() bool {
		return s.Report().ClientRevisions[realmconfig.ClientShard(c.ID)] != revision
	})
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
	refused(t, s.userInfo(h.AccessToken), http.StatusUnauthorized, "invalid_token")
}

func TestRevocationAndIntrospectionOfARefreshToken(t *testing.T) {
	t.Parallel()
	c, other := newWebClient(), newClient("apps.other")
	s := newRealmOfClients(t, c, other).serve()
	f, stranger := s.newApplication(c, "openid").newFlow(), s.newApplication(other)
	h := f.signIn(s.newPageBrowser())
	token := func() url.Values { return url.Values{"token": {h.RefreshToken}} }
	if told := decode[map[string]any](t, f.a.ask("/oauth2/introspect", token()), http.StatusOK); told["active"] != true || told["sub"] != h.claims["sub"] {
		t.Errorf("its client is told %v", told)
	}
	if told := decode[map[string]any](t, stranger.ask("/oauth2/introspect", token()), http.StatusOK); len(told) != 1 || told["active"] != false {
		t.Errorf("another client is told %v", told)
	}
	refused(t, stranger.ask("/oauth2/revoke", token()), http.StatusBadRequest, "unauthorized_client")
	for range 2 {
		if a := f.a.ask("/oauth2/revoke", token()); a.Status != http.StatusOK {
			t.Errorf("a revocation answered %d %s", a.Status, a.Body)
		}
	}
	refused(t, s.userInfo(h.AccessToken), http.StatusUnauthorized, "invalid_token")
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
}
