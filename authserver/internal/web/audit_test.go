// SPDX-License-Identifier: Apache-2.0

package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestEveryActionHasAName(t *testing.T) {
	t.Parallel()
	languages, err := loadLanguages()
	if err != nil {
		t.Fatal(err)
	}
	declared := declaredActions(t)
	for _, action := range declared {
		if !slices.Contains(actions(), action) {
			t.Errorf("nobody can look for %s", action)
		}
		if key := "event." + string(action); languages[0].T(key) == key {
			t.Errorf("%s has no name", action)
		}
	}
	if len(declared) != len(actions()) {
		t.Errorf("%d actions are declared, %d can be looked for", len(declared), len(actions()))
	}
}

// declaredActions reads them where they stand, so that none is forgotten.
func declaredActions(t *testing.T) []auth.Action {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../auth/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := []auth.Action{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Action" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, auth.Action(text))
		}
		return true
	})
	return found
}
