// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// newProgram may have tokens of a scope for what the application behind a gateway has for
// programs.
func newProgram(t *testing.T, scope string) client {
	t.Helper()
	return newClient(t, actsForItself("agents."+strings.ReplaceAll(scope, ":", "-"), scope), func(c *client) {
		c.Audiences = []string{gatedURL + "/mcp"}
	})
}

// tokenOf is one that a client asks for in its own name.
func (r *realm) tokenOf(c client) string {
	r.t.Helper()
	v := r.newVisitor()
	ask, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.Config.Issuer+"/oauth2/token", strings.NewReader(url.Values{
		"grant_type": {"client_credentials"}, "resource": {c.Audiences[0]},
	}.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	ask.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	ask.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.secret))
	v.send(ask)
	return decode[struct {
		Token string `json:"access_token"`
	}](v).Token
}

// letsProgramsIn tries what programs may with tokens of a scope that is needed, and of another.
func (g *gate) letsProgramsIn(r *realm, reader, other client) {
	r.t.Helper()
	v := r.newGatedVisitor(g)
	v.open(gatedURL + "/.well-known/oauth-protected-resource/mcp")
	if told := decode[struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
	}](v); told.Resource != gatedURL+"/mcp" || !slices.Equal(told.Servers, []string{r.Config.Issuer}) {
		r.t.Errorf("the resource is described as %+v", told)
	}
	described := `resource_metadata="` + r.Config.Issuer + `/oauth2/protected-resources/shop.reports"`
	for what, c := range map[string]struct {
		path, token string
		status      int
		challenge   []string
	}{
		"a token":                     {"/mcp", r.tokenOf(reader), 200, nil},
		"a token, below":              {"/mcp/sessions?x=y", r.tokenOf(reader), 200, nil},
		"no token":                    {"/mcp", "", 401, []string{described, `scope="reports:read"`}},
		"noise":                       {"/mcp", "x", 401, []string{described, `error="invalid_token"`}},
		"a token of another scope":    {"/mcp", r.tokenOf(other), 403, []string{described, `error="insufficient_scope"`, `scope="reports:read"`}},
		"a token, beside":             {"/orders", r.tokenOf(reader), 401, []string{described, `error="invalid_token"`}},
		"a token, for what is alike":  {"/mcp2", r.tokenOf(reader), 401, []string{described, `error="invalid_token"`}},
		"a token, for the admins":     {"/admin/users", r.tokenOf(reader), 401, []string{described}},
		"a token, on the way round":   {"/mcp/..%2fadmin/users", r.tokenOf(reader), 0, nil},
		"a token, on the way round 2": {"/mcp/%2e%2e/admin/users", r.tokenOf(reader), 0, nil},
	} {
		headers := []string{"Accept", "application/json, text/event-stream"}
		if c.token != "" {
			headers = append(headers, "Authorization", "Bearer "+c.token)
		}
		response, told := v.sends(g, http.MethodPost, c.path, headers...)
		if c.status == 0 {
			if told != nil {
				r.t.Errorf("%s has come through", what)
			}
			continue
		}
		if response.StatusCode != c.status || (told != nil) != (c.status == http.StatusOK) {
			r.t.Errorf("%s is answered %d, and has come through: %t", what, response.StatusCode, told != nil)
		}
		for _, part := range c.challenge {
			if said := response.Header.Get("WWW-Authenticate"); !strings.Contains(said, part) {
				r.t.Errorf("%s: the challenge is %s", what, said)
			}
		}
		if told != nil && told.Get("X-Auth-Client-Id") != reader.ID {
			r.t.Errorf("%s: the application is told %v", what, told)
		}
	}
}
