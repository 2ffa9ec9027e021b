// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"slices"
	"strings"
	"testing"
)

// operatorLayers are the packages below controllers/internal, the lowest first. Each
// imports only such as stand in a line above its own. Above them all are the kinds, which
// never import each other, and then package controllers, which knows them all.
var operatorLayers = [][]string{
	{"clientsecret", "conditions", "kinds", "pki", "preflight", "rotation"},
	{"allowed", "installation", "podstatus", "render", "requeue"},
	{"examples", "ownership"},
	{"secrets", "status"},
	{"apply", "attached"},
}

func TestKindsOfTheOperatorShareOnlyWhatIsBelowThem(t *testing.T) {
	t.Parallel()
	const top, within = "controllers", "controllers/internal/"
	layer := func(name string) (int, bool) {
		shared, found := strings.CutPrefix(name, within)
		if !found {
			return len(operatorLayers), true // a kind
		}
		i := slices.IndexFunc(operatorLayers, func(l []string) bool { return slices.Contains(l, shared) })
		return i, i >= 0
	}
	for _, p := range list(t) {
		name, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours || !strings.HasPrefix(name, top+"/") {
			continue
		}
		own, known := layer(name)
		if !known {
			t.Errorf("%s has no place among the layers of the operator; give it one", name)
		}
		for _, imported := range p.Imports {
			other, found := strings.CutPrefix(imported, module)
			if !found || other != top && !strings.HasPrefix(other, top+"/") {
				continue
			}
			if below, known := layer(other); other == top || known && below >= own {
				t.Errorf("%s imports %s, which is not below it", name, other)
			}
		}
	}
}
