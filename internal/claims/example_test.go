// SPDX-License-Identifier: Apache-2.0

package claims_test

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

func TestExamplesProveWhatClaimsSay(t *testing.T) {
	t.Parallel()
	set, err := language(t).Compile([]realmconfig.Claim{
		{Name: "grafana_role", Expression: `'ops' in groups ? 'Admin' : 'Viewer'`},
		{Name: "tenant", Expression: `groups.filter(g, g.startsWith('tenant-')).map(g, g.replace('tenant-', ''))[?0]`},
		{Name: "level", Expression: `size(groups)`},
		{Name: "first", Expression: `groups[0]`},
	})
	if err != nil {
		t.Fatal(err)
	}
	in := func(groups ...string) claims.Facts { return claims.Facts{Groups: groups} }
	for name, c := range map[string]struct {
		example claims.Example
		problem string
	}{
		"all of it":               {example: claims.Example{Given: in("ops", "tenant-a"), Then: map[string]any{"grafana_role": "Admin", "tenant": "a", "level": 2.0}}},
		"some of it":              {example: claims.Example{Given: in("dev"), Then: map[string]any{"grafana_role": "Viewer"}}},
		"nothing of it":           {example: claims.Example{Given: in("dev")}},
		"left out":                {example: claims.Example{Given: in("dev"), Then: map[string]any{"tenant": nil}}},
		"another value":           {claims.Example{Name: "an admin", Given: in("dev"), Then: map[string]any{"grafana_role": "Admin"}}, `example "an admin": grafana_role is "Viewer", want "Admin"`},
		"a value that is not":     {claims.Example{Given: in("dev"), Then: map[string]any{"tenant": "a"}}, `examples[0]: tenant is left out, want "a"`},
		"a value that should not": {claims.Example{Given: in("tenant-a"), Then: map[string]any{"tenant": nil}}, `examples[0]: tenant is "a", want left out`},
		"a text for a number":     {claims.Example{Given: in("dev"), Then: map[string]any{"level": "1"}}, `examples[0]: level is 1, want "1"`},
		"another claim":           {claims.Example{Given: in("dev"), Then: map[string]any{"Tenant": "a"}}, `examples[0]: Tenant is none of the claims`},
		"one that fails":          {claims.Example{Given: in(), Then: map[string]any{"level": 0.0}}, `examples[0]: first cannot be said: index out of bounds: 0`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := set.Prove([]claims.Example{c.example}); err != nil {
				got = err.Error()
			}
			if got != c.problem {
				t.Errorf("got  %s\nwant %s", got, c.problem)
			}
		})
	}
}
