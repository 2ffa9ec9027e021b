// SPDX-License-Identifier: Apache-2.0

package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
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
		if !slices.Contains(languages[0].actions(), action) {
			t.Errorf("nobody can look for %s", action)
		}
		if key := "event." + string(action); languages[0].T(key) == key {
			t.Errorf("%s has no name", action)
		}
	}
	if len(declared) != len(languages[0].actions()) {
		t.Errorf("%d actions are declared, %d can be looked for", len(declared), len(languages[0].actions()))
	}
}

// An event's outcome is a refusal's code or one of a few more.
func TestEveryOutcomeHasWords(t *testing.T) {
	t.Parallel()
	languages, err := loadLanguages()
	if err != nil {
		t.Fatal(err)
	}
	outcomes := append(declared(t, "Code"), auth.Succeeded, auth.Failed)
	if !slices.Contains(outcomes, "client_left") || !slices.Contains(outcomes, string(auth.RefreshTokenInvalid)) {
		t.Fatalf("found %v", outcomes)
	}
	for _, language := range languages {
		for _, outcome := range outcomes {
			if words := language.Outcome(outcome); words == outcome {
				t.Errorf("%s has no words for %s", language.Tag, outcome)
			}
		}
	}
}

func declaredActions(t *testing.T) []auth.Action {
	t.Helper()
	found := []auth.Action{}
	for _, value := range declared(t, "Action") {
		found = append(found, auth.Action(value))
	}
	return found
}

// declared reads the constants of a type of package auth where they stand, so that
// none is forgotten.
func declared(t *testing.T, kind string) []string {
	t.Helper()
	files, err := filepath.Glob("../auth/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source: %v", err)
	}
	found := []string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != kind || len(spec.Values) == 0 {
				return true
			}
			for _, value := range spec.Values {
				literal, ok := value.(*ast.BasicLit)
				if !ok {
					continue
				}
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, text)
			}
			return true
		})
	}
	return found
}
