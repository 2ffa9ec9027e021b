// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// provider is a good one of a type.
func provider(name string, kind realmconfig.ProviderType, change ...func(*realmconfig.Provider)) realmconfig.Provider {
	p := realmconfig.Provider{Name: name, DisplayName: name, Type: kind, ClientID: "client"}
	switch kind {
	case realmconfig.OIDC:
		p.Issuer = "https://id.example.com"
	case realmconfig.OAuth2:
		p.Endpoints = stated()
	default: // needs no more
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func stated() *realmconfig.Endpoints {
	const server = "https://sso.example.com/"
	return &realmconfig.Endpoints{Authorization: server + "authorize", Token: server + "token", UserInfo: server + "me"}
}

func TestProvidersValidate(t *testing.T) {
	t.Parallel()
	const oidc, plain, github = realmconfig.OIDC, realmconfig.OAuth2, realmconfig.GitHub
	own := func(p *realmconfig.Provider) { p.OwnCallback = true }
	named := func(p *realmconfig.Provider) { p.RequireIssuer = true }
	type list = []realmconfig.Provider
	for name, c := range map[string]struct {
		providers list
		problem   string
	}{
		"one of each at its own callback":  {list{provider("a", oidc, own), provider("b", plain, own), provider("c", github, own)}, ""},
		"one alone at the shared callback": {list{provider("a", oidc), provider("b", plain, own)}, ""},
		"some that name themselves beside": {list{provider("a", oidc, named), provider("b", github), provider("c", realmconfig.GitLab, named)}, ""},
		"two that need not name themselves": {list{provider("a", oidc), provider("b", plain)},
			"providers[1]: must have ownCallback or requireIssuer, since providers[0] has the shared callback"},
		"GitHub above the callbacks of others": {list{provider("a", oidc, own), provider("b", github)},
			"providers[1]: must have ownCallback, since GitHub answers below the shared callback too"},
		"GitHub beside those that share it":   {list{provider("a", oidc, named), provider("b", github)}, ""},
		"an issuer of an OAuth 2.0 server":    {list{provider("a", plain, func(p *realmconfig.Provider) { p.Issuer = "https://id.example.com" })}, "OAuth2 has no issuer"},
		"an issuer that nobody could compare": {list{provider("a", github, named)}, "GitHub has no issuer"},
		"endpoints beside an issuer":          {list{provider("a", oidc, func(p *realmconfig.Provider) { p.Endpoints = stated() })}, "providers[0].endpoints: must be those of the issuer's own document"},
		"one that answers by a form":          {list{provider("a", oidc, func(p *realmconfig.Provider) { p.ResponseMode = realmconfig.FormPost })}, ""},
		"one that answers otherwise":          {list{provider("a", oidc, func(p *realmconfig.Provider) { p.ResponseMode = "fragment" })}, "providers[0].responseMode: must be Query or FormPost"},
		"the name of the callback":            {list{provider("callback", oidc)}, "providers[0].name: must not be callback or token"},
		"the name of the exchange":            {list{provider("token", oidc)}, "providers[0].name: must not be callback or token"},
		"a name of two segments":              {list{provider("callback/a", oidc)}, "providers[0].name: must be one segment"},
		"a name twice":                        {list{provider("a", oidc, own), provider("a", oidc, own)}, "providers[1].name: stands twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := goodConfig()
			config.Providers = c.providers
			err := config.Validate()
			if c.problem == "" && err != nil || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
				t.Errorf("got %v, want %q", err, c.problem)
			}
		})
	}
}
