// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const mcp = "https://mcp.example.com/mcp"

// Whoever has registered itself has tokens for what is declared for such clients, and for
// nothing else that the realm knows.
func TestWhatClientsThatHaveRegisteredThemselvesMayAskFor(t *testing.T) {
	t.Parallel()
	server := newClient("apps.mcp", func(c *realmconfig.Client) {
		c.ProtectedResource = &realmconfig.ProtectedResource{Resource: mcp, Scopes: []string{"mcp:tools", "groups"}}
	})
	shop := newClient("apps.shop", func(c *realmconfig.Client) { c.Audiences = []string{orders} })
	undeclared := newClient("apps.undeclared", func(c *realmconfig.Client) {
		c.ProtectedResource = &realmconfig.ProtectedResource{Resource: "https://undeclared.example.com"}
	})
	r := newRealmThatRegisters(t, server, shop, undeclared)
	r.Config.Clients.Audiences = []string{mcp, orders}
	r.Update()
	s := r.serve()
	c := s.registerClient(func(m map[string]any) { m["redirect_uris"] = []string{"https://agent.example.com/callback"} })
	b := s.newPageBrowser().staysHere()
	a := s.newApplication(c, "openid", "offline_access", "mcp:tools", "groups")
	f := a.newFlow()
	b.open(f.address(param("resource", mcp)))
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	b.isAsked("do what it calls “mcp:tools”")
	b.answers("allow")
	h := f.exchange(f.code(b))
	if got := claimsOf(t, h.AccessToken); fmt.Sprint(got["aud"]) != "["+mcp+"]" || got["scope"] != "openid offline_access mcp:tools" {
		t.Errorf("the access token is %v", got)
	}
	refused(t, s.userInfo(h.AccessToken), http.StatusUnauthorized, "invalid_token")
	h = f.refresh(h.RefreshToken)
	if got := claimsOf(t, h.AccessToken); fmt.Sprint(got["aud"]) != "["+mcp+"]" || got["scope"] != "openid offline_access mcp:tools" {
		t.Errorf("the access token is %v after a refresh", got)
	}

	other := a.newFlow()
	b.open(other.address())
	if got := claimsOf(t, other.exchange(other.code(b)).AccessToken); fmt.Sprint(got["aud"]) != "["+c.ID+"]" || got["scope"] != "openid offline_access" {
		t.Errorf("without a resource, the access token is %v", got)
	}
	for name, resource := range map[string]string{
		"an audience of another client": orders, "a client": server.ID, "the realm": issuer, "what the realm does not list": "https://undeclared.example.com",
		"what nobody declares": "https://evil.example.com", "more than it": mcp + "/", "a part of it": "https://mcp.example.com",
	} {
		f := a.newFlow()
		b.open(f.address(param("resource", resource)))
		t.Log(name)
		f.refusedWith(b, "invalid_target")
		refused(t, f.push(func(v url.Values) { v["resource"] = []string{resource} }), http.StatusBadRequest, "invalid_target")
	}
	refused(t, a.newFlow().push(func(v url.Values) { v["resource"] = []string{mcp, c.ID} }), http.StatusBadRequest, "invalid_target")
	refused(t, a.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {h.RefreshToken}, "resource": {orders}}), http.StatusBadRequest, "invalid_target")

	s.Change(func(c *realmconfig.Config) { c.Clients.Audiences = []string{orders} })
	refused(t, a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
}
