// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCacheKeyChangesWithEveryInput(t *testing.T) {
	t.Parallel()
	before, version := keyOf(t, nil)
	if version != "v1.37.1" {
		t.Errorf("version is %q, want the one that go.mod requires", version)
	}
	if again, _ := keyOf(t, nil); again != before {
		t.Errorf("the same inputs in another folder give %s, then %s", before, again)
	}
	for name, change := range map[string]map[string]string{
		"another requirement": {"go.mod": "require k8s.io/kubernetes v1.37.1\nrequire example.org/x v1.0.0\n"},
		"another checksum":    {"go.sum": "other"},
		"another source file": {"cmd/kube/more.go": "package main"},
		"another pause":       {"cmd/pause/main.go": "package main // changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if after, _ := keyOf(t, change); after == before {
				t.Error("the key did not change")
			}
		})
	}
}

func TestCacheKeyIgnoresTheProgramThatUsesTheBuild(t *testing.T) {
	t.Parallel()
	before, _ := keyOf(t, nil)
	after, _ := keyOf(t, map[string]string{"cmd/localkube/main.go": "package main"})
	if before != after {
		t.Error("a change of localkube itself would build Kubernetes again")
	}
}

func keyOf(t *testing.T, change map[string]string) (key, version string) {
	t.Helper()
	module := t.TempDir()
	contents := map[string]string{
		"go.mod": "require (\n\tk8s.io/kubernetes v1.37.1 // indirect\n)\n", "go.sum": "sums",
		"cmd/kube/main.go": "package main", "cmd/pause/main.go": "package main",
	}
	for name, content := range change {
		contents[name] = content
	}
	for name, content := range contents {
		path := filepath.Join(module, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	key, version, err := cacheKey(module)
	if err != nil {
		t.Fatal(err)
	}
	return key, version
}

func TestRequiredVersionFailsWithoutTheRequirement(t *testing.T) {
	t.Parallel()
	if version, err := requiredVersion("module x\nreplace k8s.io/kubernetes => ../kubernetes\n", "k8s.io/kubernetes"); err == nil {
		t.Errorf("got %q, want an error", version)
	}
}
