// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	racing "github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

const personalTokens = "/api/user/personal-access-tokens"

// personalToken is one as the API tells of it; the token itself is shown once.
type personalToken struct {
	ID, Name, Token, Scope string
	ClientID               string    `json:"client_id"`
	Application            string    `json:"application_name"`
	ExpiresAt              time.Time `json:"expires_at"`
	LastUsedOn             *string   `json:"last_used_on"`
}

// takesTokens lets people make tokens for a client, which may exchange them for some of these
// audiences.
func takesTokens(c *oauthClient) {
	c.PersonalAccessTokens = realmconfig.PersonalAccessTokensAllowed
	c.GrantTypes, c.Audiences = []realmconfig.GrantType{realmconfig.TokenExchangeGrant}, []string{orders}
	c.Scopes = []string{"openid", "offline_access", "profile", "email", "groups", "orders:read", "orders:write"}
}

// letTokensBeMade is a realm in which people may make tokens, for these clients and others.
func (r *realm) letTokensBeMade(clients ...oauthClient) {
	r.t.Helper()
	r.register(clients...)
	r.allowPersonalTokens(90 * 24 * time.Hour)
}

// allowPersonalTokens lets people make tokens that live for so long at most.
func (r *realm) allowPersonalTokens(longest time.Duration) {
	r.t.Helper()
	r.Config.PersonalAccessTokens = &realmconfig.PersonalAccessTokens{MaxLifetime: realmconfig.Duration(longest)}
	r.Update()
}

// newRealmOfTokens is such a realm, with Ann, and a token of hers for the first client.
func newRealmOfTokens(t *testing.T, clients ...oauthClient) (*realm, *server, ann) {
	t.Helper()
	r := newRealm(t)
	r.letTokensBeMade(clients...)
	s := r.serve()
	return r, s, s.newAnn("user")
}

// wanted is what a token shall be.
func wanted(c oauthClient, scope string) map[string]any {
	return map[string]any{"name": "Nightly backup", "client_id": c.ID, "scope": scope, "expires_in": 30 * 24 * 3600}
}

// makeToken makes a token.
func (s *server) makeToken(access string, c oauthClient, scope string) personalToken {
	s.t.Helper()
	made := decode[personalToken](s.t, s.as(access, http.MethodPost, personalTokens, wanted(c, scope)), http.StatusCreated)
	suite.secrets.used(made.Token)
	return made
}

// tokensMadeBy lists tokens.
func (s *server) tokensMadeBy(access, path string) []personalToken {
	s.t.Helper()
	list := decode[struct {
		Tokens []personalToken `json:"personal_access_tokens"`
	}](s.t, s.as(access, http.MethodGet, path, nil), http.StatusOK)
	return list.Tokens
}

// Somebody makes a token for a script, which uses one application with it and nothing else.
func TestSomebodyMakesAPersonalToken(t *testing.T) {
	t.Parallel()
	deploy, other := newOAuthClient("deploy", takesTokens), newOAuthClient("other", takesTokens)
	r := newMailingRealm(t)
	r.letTokensBeMade(deploy, other, newOAuthClient("api"))
	r.Clock.Stop()
	s := r.serve()
	a := s.newAnn("user")
	s.addMember(a.admin, s.createGroup(a.admin, "ops").ID, a.user.ID).Expect(t, http.StatusNoContent, "")

	offered := decode[struct {
		Applications []struct {
			ClientID    string `json:"client_id"`
			Name, Scope string
		}
		Max int64 `json:"max_expires_in"`
	}](t, s.as(a.session.Access, http.MethodGet, personalTokens+"/applications", nil), http.StatusOK)
	if len(offered.Applications) != 2 || offered.Applications[0].ClientID != deploy.ID || offered.Applications[0].Scope != "profile email groups orders:read orders:write" || offered.Max != 90*24*3600 {
		t.Errorf("offered are %+v", offered)
	}

	made := s.makeToken(a.session.Access, deploy, "groups email orders:read")
	if !regexp.MustCompile(`^rkpat_[A-Za-z0-9_-]{48}$`).MatchString(made.Token) || made.Name != "Nightly backup" || made.Application != "deploy" ||
		made.Scope != "email groups orders:read" || !made.ExpiresAt.Equal(r.Clock.Now().Add(30*24*time.Hour).Truncate(time.Microsecond)) && made.ExpiresAt.Sub(r.Clock.Now()) > 30*24*time.Hour {
		t.Errorf("made %+v", made)
	}
	letter := r.lastLetter(a.user.Email, auth.PersonalTokenMadeMessage)
	if text := letter.Text; !strings.Contains(text, "use deploy in your name") || strings.Contains(text, made.Token) {
		t.Errorf("the mail says\n%s", text)
	}
	if held := query[int](r, "SELECT count(*) FROM personal_access_tokens t WHERE t::text LIKE '%'||$1||'%'", made.Token[6:]); held != 0 {
		t.Error("the token is stored")
	}
	if list := s.tokensMadeBy(a.session.Access, personalTokens); len(list) != 1 || list[0].ID != made.ID || list[0].Token != "" || list[0].LastUsedOn != nil {
		t.Errorf("listed are %+v", list)
	}

	told := s.introspect(deploy, made.Token)
	for name, want := range map[string]any{
		"active": true, "iss": issuer, "sub": a.user.ID, "client_id": deploy.ID, "scope": "email groups orders:read", "token_type": "Bearer", "jti": made.ID,
		"token_use": "personal_access_token", "exp": float64(made.ExpiresAt.Unix()), "email": a.user.Email, "email_verified": true,
	} {
		if told[name] != want {
			t.Errorf("the client is told that %s is %v, want %v", name, told[name], want)
		}
	}
	if fmt.Sprint(told["groups"], told["aud"]) != "[ops] ["+deploy.ID+"]" || told["auth_time"] != nil || told["name"] != nil || told["acr"] != nil || len(told) != 14 {
		t.Errorf("the client is told %v", told)
	}
	if plain := s.introspect(deploy, s.makeToken(a.session.Access, deploy, "").Token); plain["scope"] != nil || plain["email"] != nil || plain["groups"] != nil || plain["active"] != true {
		t.Errorf("of a token without scopes it is told %v", plain)
	}
	s.knowsNothing(other, "of another client", made.Token)
	today := r.Clock.Now().UTC().Format(time.DateOnly)
	if list := s.tokensMadeBy(a.admin, "/api/admin/users/"+a.user.ID+"/personal-access-tokens"); len(list) != 2 || list[1].LastUsedOn == nil || *list[1].LastUsedOn != today {
		t.Errorf("an admin sees %+v", list)
	}
	for action, want := range map[auth.Action]int{auth.ActMakePersonalToken: 2, auth.ActUsePersonalToken: 2} {
		s.introspect(deploy, made.Token)
		if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = $1 AND actor_id = $2 AND target_id = $2", string(action), a.user.ID); n != want {
			t.Errorf("the audit log has %d of %s, want %d", n, action, want)
		}
	}

	// It opens nothing of the realm, and is no token of a session or a grant.
	for name, got := range map[string]answer{
		"the profile":     s.profile(made.Token),
		"more tokens":     s.as(made.Token, http.MethodPost, personalTokens, wanted(deploy, "")),
		"an end":          s.as(made.Token, http.MethodDelete, personalTokens+"/"+made.ID, nil),
		"a new address":   s.as(made.Token, http.MethodPost, "/api/user/email", map[string]string{"email": annNext}),
		"the admins' API": s.as(made.Token, http.MethodGet, "/api/admin/users", nil),
		"forward-auth":    s.forward(http.MethodGet, verifyPath, made.Token),
		"another way":     s.forward(http.MethodGet, verifyPath+"?client="+deploy.ID, made.Token),
	} {
		if got.Status != http.StatusUnauthorized || got.Problem.Code != "token_invalid" {
			t.Errorf("%s is answered %d %s", name, got.Status, got.Body)
		}
	}
	refused(t, s.userInfo(made.Token), http.StatusUnauthorized, "invalid_token")
	s.tryRefresh(made.Token).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	b := s.newPageBrowser()
	at, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"__Host-rk-session", "__Host-rk-access"} {
		b.client.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: made.Token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}})
	}
	b.open("/account")
	b.sees("/signin", http.StatusOK)
}

// What somebody may not have is refused, and nothing is made.
func TestWhichPersonalTokensAreMade(t *testing.T) {
	t.Parallel()
	deploy, without := newOAuthClient("deploy", takesTokens), newOAuthClient("without")
	staff := newOAuthClient("staff", takesTokens, func(c *oauthClient) { c.Access = &realmconfig.ClientAccess{Groups: []string{"staff"}} })
	r, s, a := newRealmOfTokens(t, deploy, without, staff)
	const refusedCode, invalidCode = "personal_access_token_refused", "invalid_request"
	for name, c := range map[string]struct {
		change map[string]any
		status int
		code   string
	}{
		"a client that takes none":           {map[string]any{"client_id": without.ID}, http.StatusForbidden, refusedCode},
		"a client for others":                {map[string]any{"client_id": staff.ID}, http.StatusForbidden, refusedCode},
		"a client that there is not":         {map[string]any{"client_id": "shop.nothing"}, http.StatusForbidden, refusedCode},
		"the realm's own applications":       {map[string]any{"client_id": realmconfig.FirstPartyID}, http.StatusForbidden, refusedCode},
		"a scope that the client has not":    {map[string]any{"scope": "orders:delete"}, http.StatusBadRequest, invalidCode},
		"a scope that is for sign-in":        {map[string]any{"scope": "openid"}, http.StatusBadRequest, invalidCode},
		"going on while one is away":         {map[string]any{"scope": "email offline_access"}, http.StatusBadRequest, invalidCode},
		"longer than the realm lets it live": {map[string]any{"expires_in": 90*24*3600 + 1}, http.StatusBadRequest, invalidCode},
		"for a second":                       {map[string]any{"expires_in": 1}, http.StatusBadRequest, invalidCode},
		"for ever":                           {map[string]any{"expires_in": nil}, http.StatusBadRequest, invalidCode},
		"without a name":                     {map[string]any{"name": " "}, http.StatusBadRequest, invalidCode},
		"with a name on two lines":           {map[string]any{"name": "a\nb"}, http.StatusBadRequest, invalidCode},
		"with a long name":                   {map[string]any{"name": strings.Repeat("a", 201)}, http.StatusBadRequest, invalidCode},
	} {
		t.Run(name, func(t *testing.T) {
			body := wanted(deploy, "email")
			maps.Copy(body, c.change)
			s.as(a.session.Access, http.MethodPost, personalTokens, body).Expect(t, c.status, c.code)
		})
	}
	if n := query[int](r, "SELECT count(*) FROM personal_access_tokens"); n != 0 {
		t.Errorf("%d tokens were made", n)
	}
	longest := wanted(deploy, "email email")
	longest["expires_in"] = 90 * 24 * 3600
	made := decode[personalToken](t, s.as(a.session.Access, http.MethodPost, personalTokens, longest), http.StatusCreated)
	suite.secrets.used(made.Token)
	if made.Scope != "email" {
		t.Errorf("made %+v", made)
	}
	s.addMember(a.admin, s.createGroup(a.admin, "staff").ID, a.user.ID).Expect(t, http.StatusNoContent, "")
	s.makeToken(a.session.Access, staff, "")

	// Where the realm has none, nobody makes any, and none is good.
	r.Config.PersonalAccessTokens = nil
	r.Update()
	s.eventually("the realm has none", func() bool { return s.introspect(deploy, made.Token)["active"] == false })
	s.as(a.session.Access, http.MethodPost, personalTokens, wanted(deploy, "")).Expect(t, http.StatusForbidden, refusedCode)
	if list := s.tokensMadeBy(a.session.Access, personalTokens); len(list) != 0 {
		t.Errorf("listed are %+v", list)
	}
}

// Of 50 who ask for the last token at once, one gets it.
func TestTheLastPersonalTokenIsGivenOnce(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens)
	r, s, a := newRealmOfTokens(t, deploy)
	r.Config.Network.RequestsPerMinute = 0
	r.Update()
	s.eventually("requests are not counted", func() bool { return s.Report().ConfigRevision != "" })
	for range 49 {
		s.makeToken(a.session.Access, deploy, "")
	}
	requests := make([]*http.Request, 50)
	for i := range requests {
		requests[i] = newRequest(t, http.MethodPost, personalTokens, wanted(deploy, ""))
		requests[i].Header.Set("Authorization", "Bearer "+a.session.Access)
	}
	statuses := make([]int, len(requests))
	won := racing.Winners(len(requests), func(i int) bool {
		response, err := s.HTTP.Do(requests[i])
		if err != nil {
			t.Error(err)
			return false
		}
		_ = response.Body.Close()
		statuses[i] = response.StatusCode
		return response.StatusCode == http.StatusCreated
	}, func(made bool) bool { return made })
	if n := query[int](r, "SELECT count(*) FROM personal_access_tokens"); len(won) != 1 || n != 50 {
		t.Errorf("%d won, and there are %d tokens: %v", len(won), n, statuses)
	}
	s.as(a.session.Access, http.MethodPost, personalTokens, wanted(deploy, "")).Expect(t, http.StatusConflict, "too_many_personal_access_tokens")
	last := s.tokensMadeBy(a.session.Access, personalTokens)
	s.as(a.session.Access, http.MethodDelete, personalTokens+"/"+last[0].ID, nil).Expect(t, http.StatusNoContent, "")
	s.makeToken(a.session.Access, deploy, "")
}

// tokenEndings are the ways to end a token, over HTTPS.
func tokenEndings() map[string]func(r *realm, s *server, a ann, c oauthClient, token personalToken) answer {
	all := map[string]func(r *realm, s *server, a ann, c oauthClient, token personalToken) answer{
		"by its user": func(_ *realm, s *server, a ann, _ oauthClient, token personalToken) answer {
			return s.as(a.session.Access, http.MethodDelete, personalTokens+"/"+token.ID, nil)
		},
		"by an admin": func(_ *realm, s *server, a ann, _ oauthClient, token personalToken) answer {
			return s.as(a.admin, http.MethodDelete, "/api/admin/users/"+a.user.ID+"/personal-access-tokens/"+token.ID, nil)
		},
		"by its client, which has found it": func(_ *realm, s *server, _ ann, c oauthClient, token personalToken) answer {
			return s.ask(c, revokePath, url.Values{"token": {token.Token}})
		},
		"by a reset of the password": func(_ *realm, s *server, a ann, _ oauthClient, _ personalToken) answer {
			return s.reset(s.resetToken(a.user.Email), newPassword)
		},
		"with its client": func(r *realm, s *server, _ ann, c oauthClient, _ personalToken) answer {
			again := c.Client
			again.Since = r.Clock.Now().Add(time.Second).Truncate(time.Second)
			r.Clients = []realmconfig.Client{again}
			r.Update()
			s.eventually("the client is another one", func() bool { return s.Report().ClientRevisions != nil })
			return answer{Status: http.StatusOK}
		},
		"by the settings, with all sessions": func(r *realm, s *server, _ ann, _ oauthClient, _ personalToken) answer {
			r.Clock.Advance(2 * time.Second) // access tokens tell the time in whole seconds
			since := r.Clock.Now()
			r.Config.Tokens.SessionsNotBefore = &since
			r.Update()
			return answer{Status: http.StatusOK}
		},
	}
	for _, name := range []string{"by a new password", "by disabling its user", "by deleting its user"} {
		all[name] = func(_ *realm, s *server, a ann, _ oauthClient, _ personalToken) answer { return endings()[name](s, a) }
	}
	return all
}

// However it ends, a token is good for nothing within moments, at every server, and so is what
// it was exchanged for.
func TestPersonalTokensEnd(t *testing.T) {
	t.Parallel()
	for name, end := range tokenEndings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deploy := newOAuthClient("deploy", takesTokens)
			r := newMailingRealm(t)
			r.letTokensBeMade(deploy)
			s, elsewhere := r.serve(), r.serve()
			a := s.newAnn("user")
			r.Clock.Advance(time.Second)
			token, bystander := s.makeToken(a.session.Access, deploy, "email orders:read"), s.makeToken(a.admin, deploy, "")
			short, _ := s.mustExchange(deploy, token.Token, nil)
			for _, s := range []*server{s, elsewhere} {
				for _, one := range []string{token.Token, short.Access, bystander.Token} {
					if told := s.introspect(deploy, one); told["active"] != true {
						t.Fatalf("before, the client is told %v", told)
					}
				}
			}
			if ended := end(r, s, a, deploy, token); ended.Status >= 300 {
				t.Fatalf("ending answered %d %s", ended.Status, ended.Body)
			}
			for where, s := range map[string]*server{"where it ended": s, "elsewhere": elsewhere} {
				s.eventually("it is known "+where, func() bool { return s.introspect(deploy, token.Token)["active"] == false })
				s.eventually("its exchange is known "+where, func() bool { return s.introspect(deploy, short.Access)["active"] == false })
				s.refuses(s.exchangeToken(deploy, token.Token, nil), http.StatusBadRequest, "invalid_request")
			}
			if client := slices.Contains([]string{"with its client", "by the settings, with all sessions"}, name); !client && s.introspect(deploy, bystander.Token)["active"] != true {
				t.Error("somebody else's token has ended, too")
			}
			s.knowsNothing(deploy, "that has ended", token.Token) // and never again
			r.Clock.Advance(time.Minute)
			s.knowsNothing(deploy, "that has ended a while ago", token.Token)
		})
	}
}

// A token of somebody who has left the client's groups is worth nothing until they are back.
func TestAPersonalTokenIsOfSomebodyWhomTheClientAdmits(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens, func(c *oauthClient) { c.Access = &realmconfig.ClientAccess{Groups: []string{"ops"}} })
	r, s, a := newRealmOfTokens(t, deploy)
	ops := s.createGroup(a.admin, "ops")
	s.addMember(a.admin, ops.ID, a.user.ID).Expect(t, http.StatusNoContent, "")
	token := s.makeToken(a.session.Access, deploy, "groups")
	if told := s.introspect(deploy, token.Token); told["active"] != true {
		t.Fatalf("the client is told %v", told)
	}
	s.as(a.admin, http.MethodDelete, groupsPath+"/"+ops.ID+"/members/"+a.user.ID, nil).Expect(t, http.StatusNoContent, "")
	r.Clock.Advance(10 * time.Second)
	s.knowsNothing(deploy, "of somebody who has left", token.Token)
	s.refuses(s.exchangeToken(deploy, token.Token, nil), http.StatusBadRequest, "invalid_request")
	s.addMember(a.admin, ops.ID, a.user.ID).Expect(t, http.StatusNoContent, "")
	r.Clock.Advance(10 * time.Second)
	if told := s.introspect(deploy, token.Token); told["active"] != true {
		t.Errorf("after they are back, the client is told %v", told)
	}
}

// A token is good until it expires, or as long as the realm lets tokens live now.
func TestPersonalTokensExpire(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens)
	r, s, a := newRealmOfTokens(t, deploy)
	token := s.makeToken(a.session.Access, deploy, "email")
	r.allowPersonalTokens(7 * 24 * time.Hour)
	s.eventually("the realm lets it live a week", func() bool {
		exp, _ := s.introspect(deploy, token.Token)["exp"].(float64)
		return exp < float64(token.ExpiresAt.Unix())
	})
	r.Clock.Advance(7*24*time.Hour - time.Minute)
	if told := s.introspect(deploy, token.Token); told["active"] != true {
		t.Errorf("a minute before, the client is told %v", told)
	}
	short, _ := s.mustExchange(deploy, token.Token, nil)
	if short.ExpiresIn > 60 {
		t.Errorf("an exchange lives for %d s", short.ExpiresIn)
	}
	r.Clock.Advance(time.Minute)
	s.knowsNothing(deploy, "that has expired", token.Token)
	if list := s.tokensMadeBy(s.login().Access, "/api/admin/users/"+a.user.ID+"/personal-access-tokens"); len(list) != 0 {
		t.Errorf("listed are %+v", list)
	}
}

// Nobody sees, ends or makes tokens of others but an administrator, who makes none.
func TestPersonalTokensAreTheirUsersOwn(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens)
	r, s, a := newRealmOfTokens(t, deploy)
	token := s.makeToken(a.session.Access, deploy, "")
	bob := s.createUser(a.admin, "bob@example.com", "user")
	bobs := s.tokensOf(s.tryLogin(bob.Email, strangerPassword)).Access
	ofAnn := "/api/admin/users/" + a.user.ID + "/personal-access-tokens"
	s.as(bobs, http.MethodDelete, personalTokens+"/"+token.ID, nil).Expect(t, http.StatusNotFound, "not_found")
	s.as(bobs, http.MethodGet, ofAnn, nil).Expect(t, http.StatusForbidden, "permission_denied")
	s.as(bobs, http.MethodDelete, ofAnn+"/"+token.ID, nil).Expect(t, http.StatusForbidden, "permission_denied")
	s.as(a.admin, http.MethodDelete, "/api/admin/users/"+bob.ID+"/personal-access-tokens/"+token.ID, nil).Expect(t, http.StatusNotFound, "not_found")
	s.as(a.admin, http.MethodGet, "/api/admin/users/"+token.ID+"/personal-access-tokens", nil).Expect(t, http.StatusNotFound, "not_found")
	if list := s.tokensMadeBy(bobs, personalTokens); len(list) != 0 {
		t.Errorf("Bob sees %+v", list)
	}
	if n := query[int](r, "SELECT count(*) FROM personal_access_tokens"); n != 1 {
		t.Errorf("%d tokens are there", n)
	}
}
