// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const pages = "../../docs/apps"

// documented is a block on a page of docs/apps, found by what stands in it, with the
// names of the reader's things replaced by ours. Each must be there.
func documented(t *testing.T, page, language, with string, replace map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(pages, page))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(text), "```"+language+"\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		if !strings.Contains(block, with) {
			continue
		}
		for from, to := range replace {
			if !strings.Contains(block, from) {
				t.Fatalf("%q is not in the block with %q of %s", from, with, page)
			}
			block = strings.ReplaceAll(block, from, to)
		}
		return block
	}
	t.Fatalf("%s has no block of %s with %q", page, language, with)
	return ""
}

// A page is "run here" by a test that reads its settings from the page.
func TestPagesAreRunAsTheySay(t *testing.T) {
	t.Parallel()
	listed, err := filepath.Glob(filepath.Join(pages, "*.md"))
	if err != nil || len(listed) < 8 {
		t.Fatalf("found %v, %v", listed, err)
	}
	contents, err := os.ReadFile(filepath.Join(pages, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	sources := testSources(t)
	ran := 0
	for _, path := range listed {
		page := filepath.Base(path)
		if page == "README.md" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, mark, _ := strings.Cut(string(text), "\n> ")
		by, isRun := strings.CutPrefix(mark, "Run here by `")
		said := "from their documentation"
		if isRun {
			said = "run here"
		}
		if !isRun && !strings.HasPrefix(mark, "From their documentation") {
			t.Errorf("%s does not say where its settings are from", page)
		}
		if !regexp.MustCompile(`\(` + regexp.QuoteMeta(page) + `\) .*\| ` + said + ` \|\n`).Match(contents) {
			t.Errorf("README.md does not list %s as %s", page, said)
		}
		if !isRun {
			continue
		}
		ran++
		name, _, _ := strings.Cut(by, "`")
		if !runs(sources, name, page) {
			t.Errorf("%s says that it is run by %s, which does not read it", page, name)
		}
	}
	if ran == 0 {
		t.Error("no page is run")
	}
}

// runs reports whether a file with a test of a name has the name of a page.
func runs(sources []string, test, page string) bool {
	for _, source := range sources {
		if strings.Contains(source, "func "+test+"(t *testing.T)") && strings.Contains(source, `"`+page+`"`) {
			return true
		}
	}
	return false
}

func testSources(t *testing.T) (sources []string) {
	t.Helper()
	for _, pattern := range []string{"*_test.go", "../browser/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			source, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, string(source))
		}
	}
	return sources
}
