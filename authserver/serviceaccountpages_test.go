// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// On the pages, an administrator makes a service account, puts it into a group, makes a token
// for it after they have shown who they are, sees it once, ends it, and deletes the account.
func TestPagesManageServiceAccounts(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens, func(c *oauthClient) {
		c.DisplayName, c.Access = "Deployments", &realmconfig.ClientAccess{Groups: []string{"ops"}}
	})
	r := newRealm(t)
	r.letTokensBeMade(deploy)
	s := r.serve()
	admin := s.login().Access
	s.createGroup(admin, "ops")
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open("/admin/users")
	b.sees("/admin/users", http.StatusOK, "Service accounts")
	b.open("/admin/service-accounts")
	b.sees("/admin/service-accounts", http.StatusOK, "There are no service accounts yet.")
	const list = "/admin/service-accounts"
	b.submit(list, map[string]string{"name": "ann@example.com", "description": "Releases"})
	b.sees(list, http.StatusBadRequest, "Use lower-case letters, digits and hyphens")
	if !strings.Contains(b.body, `value="Releases"`) {
		t.Error("the description was forgotten")
	}
	b.submit(list, map[string]string{"name": "deployer", "description": "Releases"})
	id := query[string](r, "SELECT id::text FROM service_accounts")
	one := list + "/" + id
	b.sees(one, http.StatusOK, "The service account is created.", "service-account:deployer", adminEmail, "No application takes tokens of this service account.")
	b.open(list)
	b.submit(list, map[string]string{"name": "deployer"})
	b.sees(list, http.StatusBadRequest, "Another service account has this name.")

	b.open(one)
	b.submit(one+"/groups", map[string]string{"group": "nothing"})
	b.sees(one+"/groups", http.StatusBadRequest, "There is no group of this name.")
	b.submit(one+"/groups", map[string]string{"group": "ops"})
	b.sees(one, http.StatusOK, "The service account is in the group.", "ops", "Deployments")
	b.open("/admin/groups/" + query[string](r, "SELECT id::text FROM groups"))
	b.sees("/admin/groups/"+query[string](r, "SELECT id::text FROM groups"), http.StatusOK, "deployer", "Releases")

	b.open(one)
	b.submit(one+"/tokens/new", map[string]string{"client": deploy.ID})
	b.sees(one+"/tokens/new", http.StatusOK, "New token for Deployments", "as deployer", "do what it calls “orders:read”")
	if strings.Contains(b.text(), "e-mail address") {
		t.Errorf("offered is what is about people:\n%s", b.text())
	}
	r.Clock.Advance(longAgo)
	b.submit(one+"/tokens", map[string]string{"name": "Nightly backup", "scope": "orders:read", "days": "7"})
	b.sees(one+"/tokens", http.StatusForbidden, "Is it you?")
	b.submit(one+"/tokens", map[string]string{"password": adminPassword})
	b.sees(one+"/tokens", http.StatusOK, "The new token", "Nightly backup", "deployer", "Deployments")
	token := b.find("code", "id", "token").FirstChild.Data
	suite.secrets.used(token)
	if told := s.introspect(deploy, token); told["active"] != true || told["sub"] != id || b.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the client is told %v", told)
	}
	b.open(one)
	b.sees(one, http.StatusOK, "Nightly backup", "last used", "made by "+adminEmail)
	if strings.Contains(b.body, token) {
		t.Error("the token is shown again")
	}
	b.submit(one+"/tokens/"+query[string](r, "SELECT id::text FROM personal_access_tokens")+"/end", nil)
	b.sees(one, http.StatusOK, "The token has ended.", "There are no tokens.")
	s.knowsNothing(deploy, "that has ended", token)

	b.submit(one, map[string]string{"description": "Releases of the shop"})
	b.sees(one, http.StatusOK, "The description is saved.")
	b.submit(one+"/disable", nil)
	b.sees(one, http.StatusOK, "The service account is disabled", "Enable")
	b.submit(one+"/enable", nil)
	b.sees(one, http.StatusOK, "The service account is enabled.")
	b.open("/admin/audit")
	b.sees("/admin/audit", http.StatusOK, "deployer", "(service account)", "Service account disabled", "Token of a service account made")
	b.open(one)
	b.submit(one+"/delete", map[string]string{"confirm": "deploy"})
	b.sees(one+"/delete", http.StatusBadRequest, "This is not the name of the service account.")
	b.submit(one+"/delete", map[string]string{"confirm": "deployer"})
	b.sees(list, http.StatusOK, "The service account is deleted", "There are no service accounts yet.")
	b.open(one)
	b.sees(one, http.StatusNotFound)
}

// Nobody but administrators sees them; where the realm has no tokens, the pages say so.
func TestPagesOfServiceAccountsAreForAdministrators(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	a := s.newAnn("user")
	account := s.newServiceAccount(a.admin, "deployer")
	const list = "/admin/service-accounts"
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open(list)
	b.sees(list, http.StatusOK, "This realm has no access tokens for programs at present", "deployer", "What it is for")
	ann := s.newPageBrowser()
	ann.signIn(a.user.Email, strangerPassword)
	for _, path := range []string{list, list + "/" + account.ID, list + "/" + account.ID + "/tokens/new?client=shop.deploy"} {
		ann.open(path)
		if ann.status != http.StatusForbidden || strings.Contains(ann.body, "What it is for") {
			t.Errorf("%s is answered %d", path, ann.status)
		}
	}
}
