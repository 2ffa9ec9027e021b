// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestClaimsAreAsTheirBoundsSay(t *testing.T) {
	t.Parallel()
	many := func(n int) (list []realmconfig.Claim) {
		for i := range n {
			list = append(list, realmconfig.Claim{Name: fmt.Sprintf("c%d", i), Expression: "1"})
		}
		return list
	}
	one := func(name, expression string, in ...realmconfig.ClaimPlace) []realmconfig.Claim {
		return []realmconfig.Claim{{Name: name, Expression: expression, In: in}}
	}
	for what, c := range map[string]struct {
		claims  []realmconfig.Claim
		problem string
	}{
		"none":                             {},
		"one":                              {claims: one("tenant", "'a'")},
		"the name is a URL":                {claims: one("https://hasura.io/jwt/claims", "{}")},
		"the longest name":                 {claims: one("a"+strings.Repeat("b", 127), "1")},
		"a longer name":                    {claims: one("a"+strings.Repeat("b", 128), "1"), problem: "claims[0].name: must be"},
		"no name":                          {claims: one("", "1"), problem: "claims[0].name: must be"},
		"a name with a space":              {claims: one("a b", "1"), problem: "claims[0].name: must be"},
		"a letter that looks like another": {claims: one("ſub", "1"), problem: "claims[0].name: must be"},
		"reserved":                         {claims: one("sub", "1"), problem: "claims[0].name: is a claim"},
		"reserved, in another case":        {claims: one("eMail_Verified", "1"), problem: "claims[0].name: is a claim"},
		"twice, in another case":           {claims: append(one("tenant", "1"), one("Tenant", "2")...), problem: "claims[1].name: stands twice"},
		"no expression":                    {claims: one("a", ""), problem: "claims[0].expression: must be"},
		"the longest expression":           {claims: one("a", strings.Repeat("ä", 2048))},
		"a longer expression":              {claims: one("a", strings.Repeat("ä", 2049)), problem: "claims[0].expression: must be"},
		"everywhere":                       {claims: one("a", "1", realmconfig.ClaimPlaces()...)},
		"nowhere that is known":            {claims: one("a", "1", "Header"), problem: "claims[0].in[0]: must be IDToken, AccessToken or UserInfo"},
		"twice in a place":                 {claims: one("a", "1", realmconfig.InIDToken, realmconfig.InIDToken), problem: "claims[0].in[1]: stands twice"},
		"as many as there may be":          {claims: many(realmconfig.MaxClaims)},
		"more":                             {claims: many(realmconfig.MaxClaims + 1), problem: "claims: must be 16 at most"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			config := realmconfig.Defaults("test/realm", "https://login.example.com")
			config.Claims = c.claims
			client := goodClient()
			client.Claims = c.claims
			for whose, err := range map[string]error{"realm": config.Validate(), "client": client.Validate()} {
				if c.problem == "" && err != nil || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
					t.Errorf("of a %s: got %v, want %q", whose, err, c.problem)
				}
			}
		})
	}
}

func TestReservedClaimsAreInOrder(t *testing.T) {
	t.Parallel()
	if list := realmconfig.ReservedClaims(); !slices.IsSorted(list) || len(list) == 0 {
		t.Errorf("got %q", list)
	}
}
