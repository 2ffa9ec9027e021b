// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// On the account page, somebody makes a token after they have shown who they are, sees it
// once, and ends it.
func TestPagesMakeAndEndPersonalTokens(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens, func(c *oauthClient) { c.DisplayName = "Deployments" })
	r := newRealm(t)
	r.letTokensBeMade(deploy)
	s := r.serve()
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open("/account")
	b.sees("/account", http.StatusOK, "Personal access tokens", "Deployments")
	b.submit("/account/tokens/new", map[string]string{"client": deploy.ID})
	b.sees("/account/tokens/new", http.StatusOK, "New token for Deployments", "know your e-mail address", "do what it calls “orders:read”", "7 days", "90 days")
	if strings.Contains(b.text(), "365 days") || strings.Contains(b.text(), "recognize you") {
		t.Errorf("offered is too much:\n%s", b.text())
	}
	b.submit("/account/tokens", map[string]string{"name": " ", "scope": "orders:read"})
	b.sees("/account/tokens", http.StatusBadRequest, "Give it a name on one line.")
	if !strings.Contains(b.body, `value="orders:read" checked`) {
		t.Error("the scope was forgotten")
	}
	r.Clock.Advance(longAgo)
	b.submit("/account/tokens", map[string]string{"name": "Nightly backup", "scope": "orders:read", "days": "7"})
	b.sees("/account/tokens", http.StatusForbidden, "Is it you?")
	b.submit("/account/tokens", map[string]string{"password": adminPassword})
	b.sees("/account/tokens", http.StatusOK, "Your new token", "Nightly backup", "Deployments")
	token := b.find("code", "id", "token").FirstChild.Data
	suite.secrets.used(token)
	if told := s.introspect(deploy, token); told["active"] != true || told["scope"] != "orders:read" || b.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the client is told %v", told)
	}
	b.open("/account")
	b.sees("/account", http.StatusOK, "Nightly backup", "do what it calls “orders:read”", "last used "+r.Clock.Now().UTC().Format(time.DateOnly),
		"expires "+r.Clock.Now().UTC().Add(7*24*time.Hour).Format(time.DateOnly))
	if strings.Contains(b.body, token) {
		t.Error("the token is shown again")
	}
	id := s.tokensMadeBy(s.login().Access, personalTokens)[0].ID
	b.submit("/account/tokens/"+id+"/end", nil)
	b.sees("/account", http.StatusOK, "The token has ended.")
	s.eventually("it is worthless", func() bool { return s.introspect(deploy, token)["active"] == false })

	// An administrator sees what others have made, and ends it.
	ann := s.createUser(s.login().Access, "ann@example.com", "user")
	of := s.makeToken(s.tokensOf(s.tryLogin(ann.Email, strangerPassword)).Access, deploy, "")
	b.open("/admin/users/" + ann.ID)
	b.sees("/admin/users/"+ann.ID, http.StatusOK, "Personal access tokens", "Nightly backup", "never used")
	b.submit("/admin/users/"+ann.ID+"/tokens/"+of.ID+"/end", nil)
	b.sees("/admin/users/"+ann.ID, http.StatusOK, "The token has ended.")
	s.knowsNothing(deploy, "that an administrator has ended", of.Token)

	// Of what there is not, there is nothing to see.
	for _, address := range []string{"/account/tokens/new", "/account/tokens/new?client=shop.nothing"} {
		b.open(address)
		b.sees("/account/tokens/new", http.StatusForbidden, "There are no personal access tokens for this application")
	}
	r.Config.PersonalAccessTokens = nil
	r.Update()
	s.eventually("the realm has none", func() bool { b.open("/account"); return !strings.Contains(b.text(), "Personal access tokens") })
}

// A realm that lets tokens live for a few days offers no more.
func TestPagesOfferWhatTheRealmAllows(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens)
	r := newRealm(t)
	r.letTokensBeMade(deploy)
	r.allowPersonalTokens(36 * time.Hour)
	b := r.serve().newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open("/account/tokens/new?client=" + deploy.ID)
	b.sees("/account/tokens/new", http.StatusOK, "1 day")
	b.submit("/account/tokens", map[string]string{"name": "Nightly backup", "days": "7"})
	b.sees("/account/tokens", http.StatusBadRequest, "Choose for how long among what is shown.")
	b.submit("/account/tokens", map[string]string{"name": "Nightly backup", "days": "1"})
	b.sees("/account/tokens", http.StatusOK, "Your new token")
	suite.secrets.used(b.find("code", "id", "token").FirstChild.Data)
}
