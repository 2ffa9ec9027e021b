// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"
	"testing"
)

func TestWhatIsAgreedToIsParted(t *testing.T) {
	t.Parallel()
	const a, b = "https://a.example.com", "https://b.example.com/mcp"
	for name, c := range map[string]struct{ agreed, scopes, resources []string }{
		"nothing":                  {nil, []string{}, []string{}},
		"scopes":                   {[]string{"openid", "email"}, []string{"email", "openid"}, []string{}},
		"a resource":               {[]string{AtResource + a}, []string{}, []string{a}},
		"scopes there":             {[]string{AtResource + a, AtResource + a + " write"}, []string{"write"}, []string{a}},
		"one at two resources":     {[]string{AtResource + b + " write", AtResource + a + " write"}, []string{"write"}, []string{a, b}},
		"one there and everywhere": {[]string{"write", AtResource + a + " write"}, []string{"write"}, []string{a}},
	} {
		scopes, resources := PartAgreed(c.agreed)
		if scopes == nil || resources == nil || !slices.Equal(scopes, c.scopes) || !slices.Equal(resources, c.resources) {
			t.Errorf("%s: %q at %q", name, scopes, resources)
		}
	}
}
