// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The project, the local Kubernetes and the tools all compile the Kubernetes
// client. The build cache keeps one copy of it only if all three agree on the
// version of every module in it; without that, `make up` takes minutes longer
// on a machine where nothing has been built yet.
func TestModulesAgreeOnWhatTheyAllCompile(t *testing.T) {
	t.Parallel()
	want := clientModules(t, "../..")
	for _, module := range []string{"../../hack/localkube", "../../hack/tools"} {
		got := clientModules(t, module)
		for _, m := range want {
			if !slices.Contains(got, m) {
				t.Errorf("%s does not compile the Kubernetes client with %s; it has\n%s", module, m, strings.Join(got, "\n"))
			}
		}
	}
}

// clientModules are the modules, with versions, that the Kubernetes client is
// compiled from in the module at dir.
func clientModules(t *testing.T, dir string) []string {
	t.Helper()
	const version = `{{with .Module}}{{.Path}} {{with .Replace}}{{.Version}}{{else}}{{.Version}}{{end}}{{end}}`
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", version, "k8s.io/client-go/kubernetes")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v", dir, err)
	}
	modules := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(modules)
	return slices.DeleteFunc(slices.Compact(modules), func(m string) bool { return m == "" })
}
