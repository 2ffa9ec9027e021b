// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const serviceAccounts = "/api/admin/service-accounts"

// serviceAccount is one as the API tells of it.
type serviceAccount struct {
	ID, Name, Username, Description string
	Disabled                        bool
	CreatedBy                       string `json:"created_by"`
}

func (a serviceAccount) path() string { return serviceAccounts + "/" + a.ID }

// accountToken is a token of one.
type accountToken struct {
	personalToken
	MadeBy string `json:"made_by"`
}

func (s *server) newServiceAccount(admin, name string) serviceAccount {
	s.t.Helper()
	return decode[serviceAccount](s.t, s.as(admin, http.MethodPost, serviceAccounts, map[string]string{"name": name, "description": "What it is for"}), http.StatusCreated)
}

// makeTokenOf makes a token of a service account.
func (s *server) makeTokenOf(admin string, a serviceAccount, c oauthClient, scope string) accountToken {
	s.t.Helper()
	made := decode[accountToken](s.t, s.as(admin, http.MethodPost, a.path()+"/tokens", wanted(c, scope)), http.StatusCreated)
	suite.secrets.used(made.Token)
	return made
}

func (s *server) tokensOfAccount(admin string, a serviceAccount) []accountToken {
	s.t.Helper()
	return decode[struct{ Tokens []accountToken }](s.t, s.as(admin, http.MethodGet, a.path()+"/tokens", nil), http.StatusOK).Tokens
}

// join puts a service account into a group.
func (s *server) join(admin string, a serviceAccount, groupID string) answer {
	s.t.Helper()
	return s.as(admin, http.MethodPost, a.path()+"/groups", map[string]string{"group_id": groupID})
}

// An administrator makes a service account, puts it into a group and makes a token for it, by
// which an application knows it, and knows that it is no person.
func TestAServiceAccountUsesAnApplication(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens, func(c *oauthClient) { c.Access = &realmconfig.ClientAccess{Groups: []string{"ops"}} })
	other := newOAuthClient("other", takesTokens)
	r, s, a := newRealmOfTokens(t, deploy, other)
	self := s.profileOf(a.admin).ID
	account := s.newServiceAccount(a.admin, "deployer")
	if account.Username != "service-account:deployer" || account.Description != "What it is for" || account.Disabled || account.CreatedBy != self {
		t.Errorf("created %+v", account)
	}
	s.as(a.admin, http.MethodPost, account.path()+"/tokens", wanted(deploy, "")).Expect(t, http.StatusForbidden, "personal_access_token_refused")
	ops := s.createGroup(a.admin, "ops")
	s.join(a.admin, account, ops.ID).Expect(t, http.StatusNoContent, "")
	s.join(a.admin, account, ops.ID).Expect(t, http.StatusNoContent, "")
	in := decode[struct {
		Accounts []serviceAccount `json:"service_accounts"`
	}](t, s.as(a.admin, http.MethodGet, groupsPath+"/"+ops.ID+"/service-accounts", nil), http.StatusOK)
	of := decode[struct{ Groups []groupAnswer }](t, s.as(a.admin, http.MethodGet, account.path()+"/groups", nil), http.StatusOK)
	if len(in.Accounts) != 1 || in.Accounts[0].ID != account.ID || len(of.Groups) != 1 || of.Groups[0].Name != "ops" {
		t.Errorf("in the group are %+v, and it is in %+v", in, of)
	}
	offered := decode[struct {
		Applications []struct{ Scope string }
	}](t, s.as(a.admin, http.MethodGet, account.path()+"/tokens/applications", nil), http.StatusOK)
	if len(offered.Applications) != 2 || offered.Applications[0].Scope != "groups orders:read orders:write" {
		t.Errorf("offered are %+v", offered)
	}

	made := s.makeTokenOf(a.admin, account, deploy, "groups orders:read")
	if !regexp.MustCompile(`^rkpat_[A-Za-z0-9_-]{48}$`).MatchString(made.Token) || made.MadeBy != self {
		t.Errorf("made %+v", made)
	}
	told := s.introspect(deploy, made.Token)
	for name, want := range map[string]any{
		"active": true, "iss": issuer, "sub": account.ID, "username": "service-account:deployer", "client_id": deploy.ID, "scope": "groups orders:read",
		"token_type": "Bearer", "jti": made.ID, "token_use": "service_account_token", "exp": float64(made.ExpiresAt.Unix()),
	} {
		if told[name] != want {
			t.Errorf("the client is told that %s is %v, want %v", name, told[name], want)
		}
	}
	if fmt.Sprint(told["groups"], told["aud"]) != "[ops] ["+deploy.ID+"]" || len(told) != 13 {
		t.Errorf("the client is told %v", told)
	}
	s.knowsNothing(other, "of another client", made.Token)

	// What it is exchanged for is marked as well, however often.
	short, claims := s.mustExchange(deploy, made.Token, url.Values{"scope": {"orders:read"}})
	again, further := s.mustExchange(deploy, short.Access, nil)
	for _, claims := range []map[string]any{claims, further} {
		if claims["sub"] != account.ID || claims["username"] != "service-account:deployer" || claims["scope"] != "orders:read" {
			t.Errorf("the exchange says %v", claims)
		}
	}
	if told := s.introspect(deploy, again.Access); told["active"] != true || told["username"] != "service-account:deployer" {
		t.Errorf("of the exchange the client is told %v", told)
	}
	s.refuses(s.exchangeToken(deploy, made.Token, url.Values{"scope": {"orders:write"}}), http.StatusBadRequest, "invalid_scope")
	s.refuses(s.exchangeToken(deploy, short.Access, url.Values{"scope": {"orders:read groups"}}), http.StatusBadRequest, "invalid_scope")

	today := r.Clock.Now().UTC().Format(time.DateOnly)
	if list := s.tokensOfAccount(a.admin, account); len(list) != 1 || list[0].Token != "" || list[0].LastUsedOn == nil || *list[0].LastUsedOn != today || list[0].MadeBy != self {
		t.Errorf("an admin sees %+v", list)
	}
	for action, actor := range map[auth.Action]string{
		auth.ActCreateServiceAccount: self, auth.ActAddServiceAccount: self, auth.ActMakeServiceAccountToken: self, auth.ActUseServiceAccountToken: account.ID,
	} {
		n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = $1 AND actor_id = $2 AND target_id = $3 AND outcome = 'succeeded'", string(action), actor, account.ID)
		if n != 1 {
			t.Errorf("the audit log has %d of %s", n, action)
		}
	}
	if held := query[int](r, "SELECT count(*) FROM personal_access_tokens t WHERE t::text LIKE '%'||$1||'%'", made.Token[6:]); held != 0 {
		t.Error("the token is stored")
	}

	// Out of the group, it is nobody to the application.
	s.as(a.admin, http.MethodDelete, account.path()+"/groups/"+ops.ID, nil).Expect(t, http.StatusNoContent, "")
	r.Clock.Advance(10 * time.Second)
	s.knowsNothing(deploy, "of one that has left the group", made.Token)
	s.refuses(s.exchangeToken(deploy, short.Access, nil), http.StatusBadRequest, "invalid_request")
}

// With a token of a service account nobody gets into an account, or administers anything.
func TestAServiceAccountOpensNothingOfTheRealm(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens)
	_, s, a := newRealmOfTokens(t, deploy)
	account := s.newServiceAccount(a.admin, "deployer")
	token := s.makeTokenOf(a.admin, account, deploy, "groups orders:read")
	short, _ := s.mustExchange(deploy, token.Token, nil)
	for kind, access := range map[string]string{"its token": token.Token, "what that was exchanged for": short.Access} {
		for _, op := range s.described() {
			if op.bearer {
				op.answers(t, s, "of a service account, "+kind, "Bearer "+access, "token_invalid")
			}
		}
		for _, path := range []string{"/api/user/profile", "/api/auth/sessions", "/api/auth/applications", "/api/user/personal-access-tokens", "/api/admin/users", serviceAccounts, account.path(), account.path() + "/tokens"} {
			s.as(access, http.MethodGet, path, nil).Expect(t, http.StatusUnauthorized, "token_invalid")
		}
		s.as(access, http.MethodPost, "/api/auth/proof", map[string]string{"password": strangerPassword}).Expect(t, http.StatusUnauthorized, "token_invalid")
		s.as(access, http.MethodPost, account.path()+"/tokens", wanted(deploy, "")).Expect(t, http.StatusUnauthorized, "token_invalid")
		s.as(access, http.MethodDelete, account.path()+"/tokens/"+token.ID, nil).Expect(t, http.StatusUnauthorized, "token_invalid")
	}
	s.tryRefresh(token.Token).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	refused(t, s.userInfo(token.Token), http.StatusUnauthorized, "invalid_token")
	refused(t, s.userInfo(short.Access), http.StatusForbidden, "insufficient_scope")
}

// There is no way to sign in as one: neither its name nor its id is anybody's address.
func TestNobodySignsInAsAServiceAccount(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	account := s.newServiceAccount(s.login().Access, "deployer")
	for _, name := range []string{account.Name, account.ID, account.Username, account.Name + "@example.com"} {
		if got := s.tryLogin(name, strangerPassword); got.Status != http.StatusBadRequest && got.Status != http.StatusUnauthorized && got.Problem.Code != "user_not_found" {
			t.Errorf("a login as %s is answered %d %s", name, got.Status, got.Body)
		}
	}
	users := query[int](r, "SELECT count(*) FROM users WHERE id = $1 OR email LIKE '%deployer%'", account.ID)
	if mails := query[int](r, "SELECT count(*) FROM outbox"); users+mails != 0 {
		t.Errorf("%d users and %d mails are there", users, mails)
	}
	admin := s.login().Access
	s.as(admin, http.MethodGet, "/api/admin/users/"+account.ID, nil).Expect(t, http.StatusNotFound, "not_found")
	s.addMember(admin, s.createGroup(admin, "ops").ID, account.ID).Expect(t, http.StatusNotFound, "not_found")
	s.as(admin, http.MethodGet, "/api/admin/users/"+account.ID+"/personal-access-tokens", nil).Expect(t, http.StatusNotFound, "not_found")
}

// What one may be called, and what a person may not have.
func TestWhatServiceAccountsAreCalled(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	for name, body := range map[string]map[string]any{
		"an address":              {"name": "ann@example.com"},
		"capitals":                {"name": "Deployer"},
		"the mark itself":         {"name": "service-account:deployer"},
		"a letter like another":   {"name": "d\u0435ployer"},
		"a hyphen first":          {"name": "-deployer"},
		"a dot":                   {"name": "ann.example"},
		"a line break":            {"name": "deployer\n"},
		"nothing":                 {"name": ""},
		"no name":                 {},
		"too much":                {"name": strings.Repeat("a", 64)},
		"a description of two":    {"name": "deployer", "description": "a\nb"},
		"a description that ends": {"name": "deployer", "description": strings.Repeat("a", 1001)},
	} {
		if got := s.as(admin, http.MethodPost, serviceAccounts, body); got.Status != http.StatusBadRequest || got.Problem.Code != "invalid_request" {
			t.Errorf("%s is answered %d %s", name, got.Status, got.Body)
		}
	}
	first := s.newServiceAccount(admin, "deployer")
	s.as(admin, http.MethodPost, serviceAccounts, map[string]string{"name": "deployer"}).Expect(t, http.StatusConflict, "service_account_exists")
	if n := query[int](r, "SELECT count(*) + (SELECT total FROM totals) FROM service_accounts"); n != 2 {
		t.Errorf("there is one, counted as one, but %d", n)
	}
	for _, role := range []string{auth.ServiceAccountRole, "service-account:" + first.ID} {
		s.as(admin, http.MethodPost, "/api/admin/users", map[string]any{"email": annEmail, "password": strangerPassword, "role": role}).Expect(t, http.StatusBadRequest, "invalid_request")
	}
	for _, name := range []string{"b", "c"} {
		s.newServiceAccount(admin, name)
	}
	page := decode[struct {
		Accounts []serviceAccount `json:"service_accounts"`
		Next     *string          `json:"next_cursor"`
	}](t, s.as(admin, http.MethodGet, serviceAccounts+"?limit=2", nil), http.StatusOK)
	if len(page.Accounts) != 2 || page.Accounts[0].Name != "b" || page.Next == nil || *page.Next != "c" {
		t.Errorf("the first page is %+v", page)
	}
	described := decode[serviceAccount](t, s.as(admin, http.MethodPatch, first.path(), map[string]string{"description": "Another"}), http.StatusOK)
	if described.Description != "Another" || described.Name != "deployer" {
		t.Errorf("described is %+v", described)
	}
}

// Nobody but an administrator of now has anything to do with them; and whoever was one when a
// token was made is named beside it.
func TestServiceAccountsAreForAdministrators(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens)
	r, s, a := newRealmOfTokens(t, deploy)
	account := s.newServiceAccount(a.admin, "deployer")
	ops := s.createGroup(a.admin, "ops")
	bob := s.createUser(a.admin, "bob@example.com", "admin")
	bobs := s.tokensOf(s.tryLogin(bob.Email, strangerPassword)).Access
	token := s.makeTokenOf(bobs, account, deploy, "")
	s.as(a.admin, http.MethodPatch, "/api/admin/users/"+bob.ID, map[string]any{"role": "user"}).Expect(t, http.StatusOK, "")
	for who, access := range map[string]string{"somebody": a.session.Access, "who was an admin": bobs} {
		for _, one := range []struct {
			method, path string
			body         any
		}{
			{"GET", serviceAccounts, nil}, {"POST", serviceAccounts, map[string]any{"name": "other"}}, {"GET", account.path(), nil},
			{"PATCH", account.path(), map[string]any{"disabled": true}}, {"DELETE", account.path(), map[string]any{}},
			{"GET", account.path() + "/groups", nil}, {"POST", account.path() + "/groups", map[string]any{"group_id": ops.ID}},
			{"DELETE", account.path() + "/groups/" + ops.ID, nil}, {"GET", account.path() + "/tokens", nil}, {"GET", account.path() + "/tokens/applications", nil},
			{"POST", account.path() + "/tokens", wanted(deploy, "")}, {"DELETE", account.path() + "/tokens/" + token.ID, nil},
			{"GET", groupsPath + "/" + ops.ID + "/service-accounts", nil},
		} {
			if got := s.as(access, one.method, one.path, one.body); got.Status != http.StatusForbidden || got.Problem.Code != "permission_denied" {
				t.Errorf("%s: %s %s is answered %d %s", who, one.method, one.path, got.Status, got.Body)
			}
		}
	}
	if refused := query[int](r, "SELECT count(*) FROM audit_events WHERE outcome = 'permission_denied' AND action LIKE 'service_account.%' AND target_id = $1 AND actor_id = $2", account.ID, bob.ID); refused != 6 {
		t.Errorf("%d refused acts are in the audit log", refused)
	}
	if list := s.tokensOfAccount(a.admin, account); len(list) != 1 || list[0].MadeBy != bob.ID || s.introspect(deploy, token.Token)["active"] != true {
		t.Errorf("listed are %+v", list)
	}
	s.as(a.admin, http.MethodDelete, "/api/admin/users/"+bob.ID, nil).Expect(t, http.StatusNoContent, "")
	if list := s.tokensOfAccount(a.admin, account); len(list) != 1 || list[0].MadeBy != bob.ID {
		t.Errorf("without their maker, listed are %+v", list)
	}
	other := s.newServiceAccount(a.admin, "other")
	s.as(a.admin, http.MethodDelete, other.path()+"/tokens/"+token.ID, nil).Expect(t, http.StatusNotFound, "not_found")
	s.as(a.admin, http.MethodDelete, "/api/admin/users/"+a.user.ID+"/personal-access-tokens/"+token.ID, nil).Expect(t, http.StatusNotFound, "not_found")
	s.as(a.admin, http.MethodDelete, personalTokens+"/"+token.ID, nil).Expect(t, http.StatusNotFound, "not_found")
	mine := s.makeToken(a.session.Access, deploy, "")
	s.as(a.admin, http.MethodDelete, account.path()+"/tokens/"+mine.ID, nil).Expect(t, http.StatusNotFound, "not_found")
}

// What a service account may not have is refused, and nothing is made.
func TestWhichTokensOfServiceAccountsAreMade(t *testing.T) {
	t.Parallel()
	deploy, without := newOAuthClient("deploy", takesTokens), newOAuthClient("without")
	r, s, a := newRealmOfTokens(t, deploy, without)
	account := s.newServiceAccount(a.admin, "deployer")
	for name, c := range map[string]struct {
		change map[string]any
		status int
		code   string
	}{
		"a client that takes none":           {map[string]any{"client_id": without.ID}, http.StatusForbidden, "personal_access_token_refused"},
		"the realm's own applications":       {map[string]any{"client_id": realmconfig.FirstPartyID}, http.StatusForbidden, "personal_access_token_refused"},
		"a scope that is for sign-in":        {map[string]any{"scope": "openid"}, http.StatusBadRequest, "invalid_request"},
		"a scope that is about people":       {map[string]any{"scope": "email"}, http.StatusBadRequest, "invalid_request"},
		"the other one":                      {map[string]any{"scope": "profile groups"}, http.StatusBadRequest, "invalid_request"},
		"a scope that the client has not":    {map[string]any{"scope": "orders:delete"}, http.StatusBadRequest, "invalid_request"},
		"longer than the realm lets it live": {map[string]any{"expires_in": 90*24*3600 + 1}, http.StatusBadRequest, "invalid_request"},
		"with a name on two lines":           {map[string]any{"name": "a\nb"}, http.StatusBadRequest, "invalid_request"},
		"with the password of somebody else": {map[string]any{"password": strangerPassword}, http.StatusUnauthorized, "invalid_credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			body := wanted(deploy, "")
			maps.Copy(body, c.change)
			s.as(a.admin, http.MethodPost, account.path()+"/tokens", body).Expect(t, c.status, c.code)
		})
	}
	s.as(a.admin, http.MethodPost, serviceAccounts+"/"+a.user.ID+"/tokens", wanted(deploy, "")).Expect(t, http.StatusNotFound, "not_found")
	s.as(a.admin, http.MethodPatch, account.path(), map[string]any{"disabled": true}).Expect(t, http.StatusOK, "")
	s.as(a.admin, http.MethodPost, account.path()+"/tokens", wanted(deploy, "")).Expect(t, http.StatusConflict, "service_account_disabled")
	if n := query[int](r, "SELECT count(*) FROM personal_access_tokens"); n != 0 {
		t.Errorf("%d tokens were made", n)
	}
}

// However it ends, a token is good for nothing within moments, at every server, and so is what
// it was exchanged for; and enabling an account again brings none back.
func TestTokensOfServiceAccountsEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(r *realm, s *server, a ann, account serviceAccount, c oauthClient, token accountToken) answer{
		"by an admin": func(_ *realm, s *server, a ann, account serviceAccount, _ oauthClient, token accountToken) answer {
			return s.as(a.admin, http.MethodDelete, account.path()+"/tokens/"+token.ID, nil)
		},
		"by its client, which has found it": func(_ *realm, s *server, _ ann, _ serviceAccount, c oauthClient, token accountToken) answer {
			return s.ask(c, revokePath, url.Values{"token": {token.Token}})
		},
		"with its account": func(_ *realm, s *server, a ann, account serviceAccount, _ oauthClient, _ accountToken) answer {
			return s.as(a.admin, http.MethodDelete, account.path(), nil)
		},
		"when its account is disabled": func(_ *realm, s *server, a ann, account serviceAccount, _ oauthClient, _ accountToken) answer {
			return s.as(a.admin, http.MethodPatch, account.path(), map[string]any{"disabled": true})
		},
		"when its account is disabled, and enabled again": func(_ *realm, s *server, a ann, account serviceAccount, _ oauthClient, _ accountToken) answer {
			s.as(a.admin, http.MethodPatch, account.path(), map[string]any{"disabled": true}).Expect(t, http.StatusOK, "")
			return s.as(a.admin, http.MethodPatch, account.path(), map[string]any{"disabled": false})
		},
		"when the realm has no such tokens": func(r *realm, _ *server, _ ann, _ serviceAccount, _ oauthClient, _ accountToken) answer {
			r.Config.PersonalAccessTokens = nil
			r.Update()
			return answer{Status: http.StatusOK}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deploy := newOAuthClient("deploy", takesTokens)
			r := newRealm(t)
			r.letTokensBeMade(deploy)
			s, elsewhere := r.serve(), r.serve()
			a := s.newAnn("user")
			account := s.newServiceAccount(a.admin, "deployer")
			token, bystander := s.makeTokenOf(a.admin, account, deploy, "orders:read"), s.makeTokenOf(a.admin, s.newServiceAccount(a.admin, "other"), deploy, "")
			short, _ := s.mustExchange(deploy, token.Token, nil)
			ofSettings := name == "when the realm has no such tokens"
			for _, s := range []*server{s, elsewhere} {
				for _, one := range []string{token.Token, short.Access, bystander.Token} {
					if told := s.introspect(deploy, one); told["active"] != true {
						t.Fatalf("before, the client is told %v", told)
					}
				}
			}
			if ended := end(r, s, a, account, deploy, token); ended.Status >= 300 {
				t.Fatalf("ending answered %d %s", ended.Status, ended.Body)
			}
			for where, s := range map[string]*server{"where it ended": s, "elsewhere": elsewhere} {
				s.eventually("it is known "+where, func() bool { return s.introspect(deploy, token.Token)["active"] == false })
				if !ofSettings {
					s.eventually("its exchange is known "+where, func() bool { return s.introspect(deploy, short.Access)["active"] == false })
				}
				s.refuses(s.exchangeToken(deploy, token.Token, nil), http.StatusBadRequest, "invalid_request")
			}
			if !ofSettings && s.introspect(deploy, bystander.Token)["active"] != true {
				t.Error("the token of another account has ended, too")
			}
			r.Clock.Advance(time.Minute)
			s.knowsNothing(deploy, "that has ended a while ago", token.Token)
			if strings.HasSuffix(name, "again") {
				anew := s.makeTokenOf(a.admin, account, deploy, "")
				for _, s := range []*server{s, elsewhere} {
					s.eventually("a token made anew is good", func() bool { return s.introspect(deploy, anew.Token)["active"] == true })
				}
				if list := s.tokensOfAccount(a.admin, account); len(list) != 1 || list[0].ID != anew.ID {
					t.Errorf("listed are %+v", list)
				}
			}
		})
	}
}

// Claims are of people: what a service account's token is exchanged for has its own name, and
// nothing that an expression says, whatever that is.
func TestNoClaimsAreSaidOfAServiceAccount(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens)
	r, s, a := newRealmOfTokens(t, deploy)
	r.Config.Claims = []realmconfig.Claim{{Name: "tenant", Expression: "'acme'"}}
	r.Update()
	persons := s.makeToken(a.session.Access, deploy, "").Token
	s.eventually("claims are said of a person", func() bool {
		_, said := s.mustExchange(deploy, persons, nil)
		return said["tenant"] == "acme" && said["username"] == nil
	})
	_, said := s.mustExchange(deploy, s.makeTokenOf(a.admin, s.newServiceAccount(a.admin, "deployer"), deploy, "").Token, nil)
	says(t, "a service account's token", said, map[string]string{"tenant": "", "username": `"service-account:deployer"`, "acr": "", "auth_time": ""})
}
