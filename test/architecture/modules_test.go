// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The project, the local Kubernetes and the tools have thousands of packages in
// common, the Kubernetes client first. The build cache keeps one copy of a package
// only if all agree on the version of every module below it; without that, `make
// up` takes minutes longer on a machine where nothing has been built yet.
func TestModulesAgreeOnWhatTheyAllCompile(t *testing.T) {
	t.Parallel()
	project := compiled(t, "../..", "./cmd/...")
	kubernetes := compiled(t, "../../hack/localkube", "./cmd/kube")
	helm := compiled(t, "../../hack/tools", "helm.sh/helm/v4/cmd/helm")
	for _, pair := range []struct {
		names string
		a, b  map[string]string
	}{
		{"the project and Kubernetes", project, kubernetes},
		{"Kubernetes and Helm", kubernetes, helm},
		{"Helm and the project", helm, project},
	} {
		differ := map[string]bool{}
		for path, module := range pair.a {
			if other, both := pair.b[path]; both && other != module {
				differ[module+" and "+other] = true
			}
		}
		if len(differ) > 0 {
			t.Errorf("%s are compiled with different modules:\n%s", pair.names, strings.Join(slices.Sorted(maps.Keys(differ)), "\n"))
		}
	}
}

// compiled are the packages of other modules that a program in the module at dir
// is compiled from, with module and version as required: a replacement's own
// version is not part of what the build cache knows a package by.
func compiled(t *testing.T, dir, program string) map[string]string {
	t.Helper()
	const format = `{{with .Module}}{{if not .Main}}{{$.ImportPath}} {{.Path}}@{{.Version}}{{end}}{{end}}`
	cmd := exec.CommandContext(t.Context(), "go", "list", "-tags=kube", "-deps", "-f", format, program)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v", dir, err)
	}
	packages := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, module, found := strings.Cut(strings.TrimSpace(line), " "); found {
			packages[path] = module
		}
	}
	if len(packages) == 0 {
		t.Fatalf("%s in %s is compiled from no other module", program, dir)
	}
	return packages
}
