// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// What is promised in the audit log is recorded somewhere.
func TestEveryActionIsRecorded(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared, used := map[string]bool{}, map[string]int{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Action" {
					for _, name := range n.Names {
						declared[name.Name] = true
						used[name.Name]-- // the declaration is none
					}
				}
			case *ast.Ident:
				used[n.Name]++
			}
			return true
		})
	}
	if len(declared) < 20 {
		t.Fatalf("found %v", declared)
	}
	for name := range declared {
		if used[name] == 0 {
			t.Errorf("nothing records %s", name)
		}
	}
}
