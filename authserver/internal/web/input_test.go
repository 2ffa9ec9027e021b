// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
)

// Whoever reads a field says in limits how long it may be: what is cut is not
// what was typed.
func TestEveryFieldHasALimit(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, isCall := n.(*ast.CallExpr)
			if !isCall || len(call.Args) == 0 {
				return true
			}
			method, isMethod := call.Fun.(*ast.SelectorExpr)
			argument, isText := call.Args[0].(*ast.BasicLit)
			if !isMethod || !isText || argument.Kind != token.STRING {
				return true
			}
			receiver, _ := method.X.(*ast.Ident)
			fromForm := method.Sel.Name == "field" || method.Sel.Name == "secret"
			fromQuery := method.Sel.Name == "Get" && receiver != nil && receiver.Name == "query"
			if fromForm || fromQuery {
				field, err := strconv.Unquote(argument.Value)
				if err != nil {
					t.Fatal(err)
				}
				read[field] = true
			}
			return true
		})
	}
	known := limits()
	for field := range read {
		if known[field] == 0 {
			t.Errorf("%s has no limit", field)
		}
	}
	if len(read) < 20 {
		t.Errorf("found the fields %v", read)
	}
}

func FuzzCheckTexts(f *testing.F) {
	for _, seed := range []string{"email=ann@example.com", "name=%00", "q=%ff", "x=" + strings.Repeat("a", 5000), "name=" + strings.Repeat("%C3%BC", 100) + "a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, _ := url.ParseQuery(query)
		err := checkTexts(values)
		if err != nil {
			var refusal *auth.Error
			if !errors.As(err, &refusal) || problem.PageStatus(refusal.Code) != 400 {
				t.Errorf("%q is refused with %v", query, err)
			}
			return
		}
		for name, texts := range values {
			for _, text := range texts {
				if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || name == "name" && len(text) > maxName {
					t.Errorf("%s = %q is taken", name, text)
				}
			}
		}
	})
}
