// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// Definitions are CustomResourceDefinitions that other projects bring to a
// cluster, by name, as those publish them. They are not installed: they belong to
// the whole control plane, so that a test which installs one needs its own.
func (c *ControlPlane) Definitions(t testing.TB) map[string]*unstructured.Unstructured {
	t.Helper()
	script := filepath.Join(c.root, "hack", "kinds.sh")
	if err := testenv.DependsOn(script); err != nil {
		t.Fatal(err)
	}
	fetch := exec.CommandContext(t.Context(), script)
	var stderr bytes.Buffer
	fetch.Stderr = &stderr
	out, err := fetch.Output()
	if err != nil {
		t.Fatalf("fetch definitions: %v\n%s", err, stderr.String())
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d definitions, %v", len(files), err)
	}
	found := map[string]*unstructured.Unstructured{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(data, o); err != nil {
			t.Fatalf("read %s: %v", file, err)
		}
		found[o.GetName()] = o
	}
	return found
}
