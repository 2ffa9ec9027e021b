// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"os"
	"strings"
	"testing"
)

func TestEveryDirectDependencyIsExplained(t *testing.T) {
	t.Parallel()
	explanations, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	direct, _, found := strings.Cut(string(module), "\n)")
	_, direct, foundToo := strings.Cut(direct, "require (")
	if !found || !foundToo {
		t.Fatal("go.mod has no block of requirements")
	}
	explained := map[string]bool{}
	for _, name := range strings.Split(string(explanations), "`") {
		explained[name] = true
	}
	required := map[string]bool{}
	for line := range strings.Lines(direct) {
		if fields := strings.Fields(line); len(fields) == 2 {
			required[fields[0]] = true
			if !explained[fields[0]] {
				t.Errorf("docs/dependencies.md does not say what %s is for", fields[0])
			}
		}
	}
	for name := range explained {
		if strings.Contains(name, ".") && strings.Contains(name, "/") && !strings.Contains(name, " ") &&
			!required[name] && !strings.HasPrefix(name, "hack/") {
			t.Errorf("docs/dependencies.md explains %s, which is not required", name)
		}
	}
}
