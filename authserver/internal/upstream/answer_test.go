// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestWhoseAnswerItMayBe(t *testing.T) {
	t.Parallel()
	const ours, another = "https://id.example.com", "https://evil.example"
	for name, c := range map[string]struct {
		expected expected
		issuer   string
		want     bool
	}{
		"the one provider's, unnamed":                             {expected{issuer: ours}, "", true},
		"the one provider's, named unasked":                       {expected{issuer: ours}, ours, true},
		"another's at the shared callback":                        {expected{issuer: ours}, another, false},
		"another's by a slash":                                    {expected{issuer: ours}, ours + "/", false},
		"another's by its case":                                   {expected{issuer: ours}, "https://ID.example.com", false},
		"unnamed, where a name is promised":                       {expected{issuer: ours, named: true}, "", false},
		"named, as promised":                                      {expected{issuer: ours, named: true}, ours, true},
		"another's, where a name is promised":                     {expected{issuer: ours, named: true}, another, false},
		"unnamed at a callback of its own":                        {expected{issuer: ours, apart: true}, "", true},
		"another's at a callback of its own":                      {expected{issuer: ours, apart: true}, another, false},
		"unnamed at its own callback, against a promise":          {expected{issuer: ours, named: true, apart: true}, "", false},
		"of a provider without an issuer":                         {expected{}, "", true},
		"named, of a provider without an issuer":                  {expected{}, another, false},
		"named at its own callback, without an issuer to compare": {expected{apart: true}, another, true},
		"of a required issuer that nobody knows":                  {expected{named: true}, ours, false},
		"unnamed, of a required issuer that nobody knows":         {expected{named: true}, "", false},
	} {
		if got := c.expected.mayBeGivenBy(c.issuer); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

func TestPartiesThatDifferAreNotEqual(t *testing.T) {
	t.Parallel()
	of := func(change func(*provider, *endpoints)) string {
		p := &provider{Provider: realmconfig.Provider{Name: "a", Type: realmconfig.OIDC, ClientID: "client"}}
		e := endpoints{authorization: "https://a/1", token: "https://a/2", userInfo: "https://a/3", issuer: "https://a"}
		change(p, &e)
		return string(p.party(e))
	}
	same := of(func(*provider, *endpoints) {})
	for name, change := range map[string]func(*provider, *endpoints){
		"type":                   func(p *provider, _ *endpoints) { p.Type = realmconfig.GitLab },
		"client":                 func(p *provider, _ *endpoints) { p.ClientID = "another" },
		"callback":               func(p *provider, _ *endpoints) { p.OwnCallback = true },
		"issuer":                 func(_ *provider, e *endpoints) { e.issuer = "https://b" },
		"authorization endpoint": func(_ *provider, e *endpoints) { e.authorization = "https://b/1" },
		"token endpoint":         func(_ *provider, e *endpoints) { e.token = "https://b/2" },
		"UserInfo endpoint":      func(_ *provider, e *endpoints) { e.userInfo = "https://b/3" },
		"endpoints in another order": func(_ *provider, e *endpoints) {
			e.token, e.userInfo = e.userInfo, e.token
		},
	} {
		if of(change) == same {
			t.Errorf("another %s is the same party", name)
		}
	}
	if got := of(func(p *provider, _ *endpoints) { p.secret, p.DisplayName = "rotated", "renamed" }); got != same {
		t.Error("a rotated secret makes another party")
	}
}
