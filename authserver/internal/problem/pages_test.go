// SPDX-License-Identifier: Apache-2.0

package problem

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

var update = flag.Bool("update", false, "write the committed documents instead of comparing with them")

const problemPages = "../../../docs/problems"

// allCodes reads the codes where they are declared, so that none is forgotten.
func allCodes(t *testing.T) []auth.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../auth/code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := []auth.Code{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, auth.Code(code))
		}
		return true
	})
	return codes
}

func TestEveryCodeHasAMeaningOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, code := range allCodes(t) {
		if code != auth.Internal && TypeOf(code) == TypeOf(auth.Internal) {
			t.Errorf("%s has no status and no words", code)
		}
	}
}

// pageHead is the part of a code's page that says what the server says.
func pageHead(code auth.Code) string {
	m := TypeOf(code)
	return fmt.Sprintf("# %s\n\n> **%d %s.** %s\n>\n> `type` is `urn:realmkeeper:problem:%s`\n\n", code, m.Status, m.Title, m.Detail, code)
}

// pageIndex lists the pages in the order of the statuses.
func pageIndex(codes []auth.Code) string {
	b := &strings.Builder{}
	b.WriteString("# Problems\n\nEvery error is `application/problem+json` (RFC 9457). Programs decide by `code`, which never changes its meaning;\n" +
		"`title` and `detail` are for people. `requestId` finds the request in the server's log.\n\n| status | code | what it says |\n| --- | --- | --- |\n")
	slices.SortStableFunc(codes, func(a, b auth.Code) int { return TypeOf(a).Status - TypeOf(b).Status })
	for _, code := range codes {
		m := TypeOf(code)
		fmt.Fprintf(b, "| %d | [%s](%s.md) | %s |\n", m.Status, code, code, m.Detail)
	}
	return b.String()
}

// The heads and the index are generated; cause and cure are written by hand.
func TestProblemPagesAreCurrent(t *testing.T) {
	t.Parallel()
	codes := allCodes(t)
	want := map[string]string{"README.md": pageIndex(slices.Clone(codes))}
	for _, code := range codes {
		name := string(code) + ".md"
		page, err := os.ReadFile(filepath.Join(problemPages, name))
		if err != nil {
			t.Errorf("%s has no page: %v", code, err)
			continue
		}
		_, advice, found := strings.Cut(string(page), "## Cause\n")
		cause, cure, _ := strings.Cut(advice, "\n## Cure\n")
		if !found || len(cause) < 20 || len(cure) < 20 {
			t.Errorf("%s says no cause or no cure", name)
		}
		want[name] = pageHead(code) + "## Cause\n" + advice
	}
	for name, page := range want {
		path := filepath.Join(problemPages, name)
		if *update {
			if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(path); err != nil || string(have) != page {
			t.Errorf("docs/problems/%s is not what the server says (%v): run make generate", name, err)
		}
	}
	pages, err := os.ReadDir(problemPages)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		if _, known := want[p.Name()]; !known {
			t.Errorf("docs/problems/%s is about nothing", p.Name())
		}
	}
}
