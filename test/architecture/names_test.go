// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"cmp"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// names are words that are stored, sealed into stored values, or known to programs
// of others. Code may move and be called otherwise; these never change. What a type
// of constants has in addition, -update adds to testdata/names.json; a word that is
// none of a type's constants is added by hand. Nothing removes one.
type names struct {
	// Values are those of the constants of one type, whichever that is: of a kind
	// of words, none may become another.
	Values map[string][]string
	// Texts stand somewhere in the code, as they are.
	Texts map[string][]string
}

//go:generate go test . -run NamesStay$ -count=1 -update

var update = flag.Bool("update", false, "add new constants to the golden list")

const goldenNames = "testdata/names.json"

func TestStoredAndSpokenNamesStay(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(goldenNames)
	if err != nil {
		t.Fatal(err)
	}
	golden := names{}
	if err := json.Unmarshal(document, &golden); err != nil {
		t.Fatal(err)
	}
	values, texts := stringsOf(t, filepath.Join(checkout, "authserver"))
	for kind, want := range golden.Values {
		missing, added := want, []string(nil)
		for _, have := range values {
			left := slices.DeleteFunc(slices.Clone(want), func(name string) bool { return have[name] })
			more := slices.DeleteFunc(slices.Sorted(maps.Keys(have)), func(name string) bool { return slices.Contains(want, name) })
			if cmp.Or(cmp.Compare(len(left), len(missing)), cmp.Compare(len(more), len(added))) < 0 {
				missing, added = left, more
			}
		}
		if len(want) == 0 || len(missing) > 0 {
			t.Errorf("%s: no type has all of them any more, %q are missing", kind, missing)
		}
		if len(added) > 0 && !*update {
			t.Errorf("%s: %q are new: run make generate", kind, added)
		}
		golden.Values[kind] = slices.Sorted(slices.Values(append(want, added...)))
	}
	for kind, want := range golden.Texts {
		for _, name := range want {
			if !texts[name] {
				t.Errorf("%s: nothing says %q any more", kind, name)
			}
		}
	}
	if *update && !t.Failed() {
		write(t, golden)
	}
}

func write(t *testing.T, golden names) {
	t.Helper()
	document, err := json.MarshalIndent(golden, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(goldenNames, append(document, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// stringsOf reads the programs in a folder, but not their tests: the values of
// string constants by type, and every string there is.
func stringsOf(t *testing.T, folder string) (values map[string]map[string]bool, texts map[string]bool) {
	t.Helper()
	values, texts = map[string]map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if text, ok := stringOf(n); ok {
					texts[text] = true
				}
			case *ast.ValueSpec:
				kind, named := n.Type.(*ast.Ident)
				for _, v := range n.Values {
					if text, ok := stringOf(v); ok && named {
						of := file.Name.Name + "." + kind.Name
						if values[of] == nil {
							values[of] = map[string]bool{}
						}
						values[of][text] = true
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return values, texts
}

func stringOf(e ast.Expr) (string, bool) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}
