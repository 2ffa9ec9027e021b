// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ofMigrations are files whose statements are run before a server serves.
func ofMigrations() []string {
	return []string{"migration.go", "migrator.go", "lease.go", "indexbuild.go"}
}

// ofConnections are texts that concern the connection they are sent by.
func ofConnections() []string {
	return []string{"SELECT pg_backend_pid()", "SELECT pg_terminate_backend(pg_backend_pid()) WHERE pg_is_in_recovery()"}
}

// compareTexts looks for every SQL text of the Store's files among the statements that
// have run.
func compareTexts(t *testing.T, said []string) {
	t.Helper()
	all := spaceless(strings.Join(said, "\n"))
	files, err := filepath.Glob("../*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || slices.Contains(ofMigrations(), filepath.Base(file)) {
			continue
		}
		for _, text := range textsOf(t, file) {
			if !slices.Contains(ofConnections(), text) && !pattern(text).MatchString(all) {
				t.Errorf("%s: nothing has run %q: add an exercise that does", filepath.Base(file), text)
			}
		}
	}
}

var sqlWord = regexp.MustCompile(`\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b`)

// textsOf are the literals of a file that are SQL, or a part of it.
func textsOf(t *testing.T, file string) (texts []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err == nil && sqlWord.MatchString(text) {
			texts = append(texts, text)
		}
		return true
	})
	return texts
}

// sent is a pattern of what takes the place of an argument.
const sent = ` ?(?:\$\d+|'[^']*'|-?\d+|null) ?`

var (
	argument    = regexp.MustCompile(`@[A-Za-z_]\w*`)
	placeholder = regexp.MustCompile(`%(\\\[\d\\\])?s`)
)

// pattern matches a text as it is sent: with numbers for arguments, or with the
// arguments themselves where several statements go together, and with something for what
// is formatted into it.
func pattern(text string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(spaceless(text))
	quoted = argument.ReplaceAllLiteralString(quoted, sent)
	return regexp.MustCompile(placeholder.ReplaceAllLiteralString(quoted, `.*?`))
}

func spaceless(text string) string { return strings.Join(strings.Fields(text), " ") }
