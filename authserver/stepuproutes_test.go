// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Every route of the administrators' API, by what it is described as, demands what the realm
// does; one that is added is here already.
func TestEveryRouteOfTheAdminAPIDemandsIt(t *testing.T) {
	t.Parallel()
	_, s := newGuardedRealm(t, realmconfig.Administration{ACR: "2"})
	access := s.login().Access
	document := decode[struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}](t, s.do(newRequest(t, http.MethodGet, "/api/openapi.json", nil)), http.StatusOK)
	const somebody = "0198c9c4-7a11-7d58-9e2f-4b6a1c3d5e70"
	// bodies have what one or the other route needs; none takes what it does not know.
	bodies := map[string]map[string]any{
		"POST /api/admin/users":                        {"email": annEmail},
		"POST /api/admin/groups":                       {"name": "ops"},
		"PATCH /api/admin/groups/{id}":                 {"name": "ops"},
		"POST /api/admin/groups/{id}/members":          {"user_id": somebody},
		"POST /api/admin/service-accounts":             {"name": "deployer"},
		"POST /api/admin/service-accounts/{id}/groups": {"group_id": somebody},
		"POST /api/admin/service-accounts/{id}/tokens": {"name": "a", "client_id": "a.b", "scope": "", "expires_in": 86400},
	}
	routes := 0
	for path, methods := range document.Paths {
		if !strings.HasPrefix(path, "/api/admin/") {
			continue
		}
		for method := range methods {
			routes++
			method = strings.ToUpper(method)
			var body any
			if b, needed := bodies[method+" "+path]; needed {
				body = b
			}
			got := s.as(access, method, regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, somebody), body)
			if got.Status != http.StatusForbidden || got.Problem.Code != "insufficient_user_authentication" {
				t.Errorf("%s %s is answered %d %s", method, path, got.Status, got.Body)
			}
		}
	}
	if routes < 37 {
		t.Errorf("%d routes are described", routes)
	}
}

// So does every page below /admin/ that shows something.
func TestEveryAdminPageDemandsIt(t *testing.T) {
	t.Parallel()
	_, s := newGuardedRealm(t, realmconfig.Administration{ACR: "2"})
	const somebody = "/0198c9c4-7a11-7d58-9e2f-4b6a1c3d5e70"
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	for _, page := range []string{
		"/admin/users", "/admin/users/new", "/admin/users" + somebody, "/admin/groups", "/admin/groups" + somebody, "/admin/audit",
		"/admin/service-accounts", "/admin/service-accounts" + somebody, "/admin/service-accounts" + somebody + "/tokens/new?client=a.b",
		"/admin/required-factors", "/admin/required-passwords",
	} {
		b.open(page)
		b.sees(stepUpPath, http.StatusOK, "A second factor is needed")
	}
}
