// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// heldRequest is a request to the resource notesURL that a gateway holds back.
type heldRequest struct {
	address, uri, access string
	more                 http.Header
}

// asksOf asks as the gateway does.
func (s *server) asksOf(q heldRequest) answer {
	s.t.Helper()
	r := newRequest(s.t, http.MethodGet, q.address, nil)
	for name, value := range map[string]string{
		"X-Forwarded-Host": "notes.example.com", "X-Forwarded-Method": http.MethodPost, "X-Forwarded-Uri": q.uri, "X-Forwarded-Proto": "https", "Accept": "*/*",
	} {
		r.Header.Set(name, value)
	}
	for name, values := range q.more {
		r.Header[name] = values
	}
	if q.access != "" {
		r.Header.Set("Authorization", "Bearer "+q.access)
	}
	response, err := s.HTTP.Do(r) // what gateways ask is no API of programs, and described nowhere
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := realmtest.ReadAnswer(response)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// A token for a resource is one for the client that answers for it, whoever has it, and opens
// nothing beside the resource.
func TestAGatewayInFrontOfAResource(t *testing.T) {
	t.Parallel()
	agent := newAgent()
	r, notes, _ := newRealmOfResources(t, agent)
	s := r.serve()
	a, b := s.newApplication(agent, "openid", "notes:read"), s.newPageBrowser()
	mine := a.newFlow().signIn(b, param("resource", notesURL))
	token := mine.AccessToken
	other := a.newFlow().signIn(b, param("resource", filesURL)).AccessToken
	own := s.tokenFor(notes, nil).Access
	session := s.login().Access
	ask := "/forward-auth/" + notes.ID
	const ok, unauthorized, forbidden, bad = http.StatusOK, http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest
	const invalid, missing, lacking, scopes = `error="invalid_token"`, "", `error="insufficient_scope"`, "?scope=notes:read+notes:write"
	page := http.Header{"Accept": {"text/html"}, "X-Forwarded-Method": {http.MethodGet}}
	for name, c := range map[string]struct {
		heldRequest
		status    int
		challenge string
	}{
		"a token for it":                             {heldRequest{ask, "/mcp", token, nil}, ok, ""},
		"below it":                                   {heldRequest{ask, "/mcp/sessions?x=y", token, nil}, ok, ""},
		"with the path behind":                       {heldRequest{ask + "/mcp", "", token, nil}, ok, ""},
		"the scope that it has":                      {heldRequest{ask + "?scope=notes:read", "/mcp", token, nil}, ok, ""},
		"a scope that it has not":                    {heldRequest{ask + scopes, "/mcp", token, nil}, forbidden, lacking},
		"no token":                                   {heldRequest{ask, "/mcp", "", nil}, unauthorized, missing},
		"no token, where scopes are needed":          {heldRequest{ask + scopes, "/mcp", "", nil}, unauthorized, missing},
		"a browser that opens a page there":          {heldRequest{ask + scopes, "/mcp", "", page}, unauthorized, missing},
		"a browser where nobody signs in":            {heldRequest{ask, "/mcp", "", page}, unauthorized, missing},
		"noise":                                      {heldRequest{ask, "/mcp", "noise", nil}, unauthorized, invalid},
		"a token for another resource":               {heldRequest{ask, "/mcp", other, nil}, unauthorized, invalid},
		"a token of the realm's own":                 {heldRequest{ask, "/mcp", session, nil}, unauthorized, invalid},
		"a token of its client's, for others":        {heldRequest{ask, "/mcp", own, nil}, unauthorized, invalid},
		"beside it":                                  {heldRequest{ask, "/admin", token, nil}, unauthorized, invalid},
		"what begins alike":                          {heldRequest{ask, "/mcp2", token, nil}, unauthorized, invalid},
		"the way round":                              {heldRequest{ask, "/mcp/../admin", token, nil}, unauthorized, invalid},
		"the way round, in disguise":                 {heldRequest{ask, "/mcp/%2e%2e/admin", token, nil}, unauthorized, invalid},
		"a gateway that does not say what":           {heldRequest{ask, "", token, nil}, unauthorized, invalid},
		"a host of nobody's":                         {heldRequest{ask, "/mcp", token, http.Header{"X-Forwarded-Host": {"evil.example"}}}, bad, ""},
		"a host of another's":                        {heldRequest{ask, "/mcp", other, http.Header{"X-Forwarded-Host": {"files.example.com"}}}, bad, ""},
		"a demand of no scope":                       {heldRequest{ask + "?scope=", "/mcp", token, nil}, bad, ""},
		"a demand in two places":                     {heldRequest{ask + "?scope=a&scope=b", "/mcp", token, nil}, bad, ""},
		"a demand with a quote":                      {heldRequest{ask + "?scope=%22", "/mcp", token, nil}, bad, ""},
		"a sign-in where nobody does":                {heldRequest{ask + "/_realm/signin", "", "", page}, bad, ""},
		"a role, of which a token tells nothing":     {heldRequest{ask + "?role=admin", "/mcp", token, nil}, forbidden, ""},
		"a group, of which a token tells nothing":    {heldRequest{ask + "?group=staff", "/mcp", token, nil}, forbidden, ""},
		"the question of an API, with its client":    {heldRequest{"/api/auth/verify?client=" + notes.ID, "/mcp", token, nil}, ok, ""},
		"that, for another resource":                 {heldRequest{"/api/auth/verify?client=" + notes.ID, "/mcp", other, nil}, unauthorized, invalid},
		"that, beside it":                            {heldRequest{"/api/auth/verify?client=" + notes.ID, "/admin", token, nil}, unauthorized, invalid},
		"that, without the client":                   {heldRequest{"/api/auth/verify", "/mcp", token, nil}, unauthorized, invalid},
		"that, with the client of another resource":  {heldRequest{"/api/auth/verify?client=shop.files", "/mcp", token, nil}, unauthorized, invalid},
		"that, from a gateway that says nothing":     {heldRequest{"/api/auth/verify?client=" + notes.ID, "", token, http.Header{"X-Forwarded-Uri": nil}}, unauthorized, invalid},
		"that, with the client that the token is of": {heldRequest{"/api/auth/verify?client=" + agent.ID, "/mcp", token, nil}, unauthorized, invalid},
	} {
		got := s.asksOf(c.heldRequest)
		said := got.Header.Get("WWW-Authenticate")
		if got.Status != c.status || !strings.Contains(said, c.challenge) || c.challenge == "" && strings.Contains(said, "error=") && c.status == unauthorized {
			t.Errorf("%s: answered %d %s with the challenge %s", name, got.Status, got.Body, said)
		}
		described := `resource_metadata="` + issuer + "/oauth2/protected-resources/" + notes.ID + `"`
		if challenged := strings.HasPrefix(said, "Bearer "); challenged != (c.status == unauthorized || c.challenge == lacking) ||
			challenged && strings.Contains(c.address, notes.ID) != strings.Contains(said, described) {
			t.Errorf("%s: the challenge is %s", name, said)
		}
		if wanted := strings.Contains(said, `scope="notes:read notes:write"`); wanted != strings.Contains(c.address, scopes) {
			t.Errorf("%s: the challenge is %s", name, said)
		}
		if c.status == ok && (got.Header.Get("X-Auth-Client-Id") != agent.ID || got.Header.Get("X-Auth-User-Id") != mine.claims["sub"]) {
			t.Errorf("%s: the application is told %v", name, got.Header)
		}
	}
	if got := s.asksOf(heldRequest{ask + scopes, "/mcp", token, nil}); got.Problem.Code != "permission_denied" || got.Problem.Reason != "scope_missing" {
		t.Errorf("answered %s", got.Body)
	}

	r.Clock.Advance(time.Duration(agent.AccessTokenLifetime))
	s.asksOf(heldRequest{ask, "/mcp", token, nil}).Expect(t, unauthorized, "token_expired")
}

// Where people sign in as well, their session opens pages, and no resource that is for
// programs.
func TestASessionOpensNoResourceThatIsForPrograms(t *testing.T) {
	t.Parallel()
	reports := newGatedClient("apps.reports", reportsURL, func(c *realmconfig.Client) {
		c.ProtectedResource = &realmconfig.ProtectedResource{Resource: reportsURL + "/mcp", Scopes: []string{"reports:read"}}
	})
	r := newRealmOfClients(t, reports)
	r.Config.Clients.Audiences = []string{reportsURL + "/mcp"}
	r.Update()
	s := r.serve()
	gate := through("")
	b := s.newGatedBrowser(gate)
	b.enters(reportsURL+"/", adminEmail, adminPassword)
	gate["reports.example.com"] = "apps.reports?scope=reports:read"
	b.open(reportsURL + "/mcp")
	if b.at.String() != reportsURL+"/mcp" || b.status != http.StatusUnauthorized {
		t.Errorf("is at %s with %d", b.at, b.status)
	}
}
