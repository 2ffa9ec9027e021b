// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	release, operatorHome = "realmkeeper", "realmkeeper-system"
	checkout              = "../.."
)

func TestHelmTestLogsIn(t *testing.T) {
	said := helm(t, "test", release, "--namespace", operatorHome, "--timeout", patience.String(), "--logs")
	if !strings.Contains(said, "Logged in over TLS") {
		t.Errorf("helm test succeeds and says only\n%s", said)
	}
}

// An upgrade replaces the operator, which then replaces every pod of every realm
// that names no image of its own; a rollback does the same the other way.
func TestUpgradeAndRollbackUnderLoadLoseNoRequest(t *testing.T) {
	quickstart.mayBeLoaded(t)
	was := quickstart.image(t)
	repository, tag, _ := strings.Cut(newImage(t, "next"), ":")
	packaged := filepath.Join(t.TempDir(), "next")
	helm(t, "package", "charts/realmkeeper", "--version", "0.1.1", "--app-version", "next", "--destination", packaged)
	load := startLoad(t, quickstart)
	load.flow(t, 200)

	helm(t, "upgrade", release, filepath.Join(packaged, "realmkeeper-0.1.1.tgz"), "--namespace", operatorHome, "--reuse-values",
		"--set-string", "image.repository="+repository, "--set-string", "image.tag="+tag, "--wait", "--timeout", patience.String())
	quickstart.runs(t, repository+":"+tag)
	load.flow(t, 200)
	upgraded := load.answered()

	helm(t, "rollback", release, "--namespace", operatorHome, "--wait", "--timeout", patience.String())
	quickstart.runs(t, was)
	load.flow(t, 200)

	if failures := load.finish(); len(failures) > 0 {
		t.Errorf("%d of %d requests failed: %v", len(failures), load.requests, failures)
	}
	t.Logf("%d requests until the upgrade was done, %d until the rollback was, none failed", upgraded, load.requests)
}

// image is what the realm's Deployment runs.
func (r realm) image(t *testing.T) string {
	t.Helper()
	return field(t, r.namespace, "deployment/"+r.name, ".spec.template.spec.containers[0].image")
}

// runs waits until the realm is ready and nothing but the image serves it.
func (r realm) runs(t *testing.T, image string) {
	t.Helper()
	eventually(t, patience, func() string {
		if now := r.image(t); now != image {
			return fmt.Sprintf("the realm's Deployment has image %s, want %s", now, image)
		}
		return ""
	})
	r.rolledOut(t)
	eventually(t, patience, func() string {
		images := strings.Fields(kubectl(t, "get", "pods", "-n", r.namespace,
			"-l", "app.kubernetes.io/instance="+r.name+",app.kubernetes.io/component=auth-server",
			"-o", "jsonpath={.items[*].spec.containers[0].image}"))
		for _, running := range images {
			if running != image {
				return fmt.Sprintf("pods run %v, want %s", images, image)
			}
		}
		return ""
	})
	r.waitReady(t)
}

// newImage builds the checkout as of another version and gives it to the cluster.
func newImage(t *testing.T, version string) string {
	t.Helper()
	return localkube(t, "image", "--version", version)
}

// helm runs the pinned Helm on the cluster of the test.
func helm(t *testing.T, args ...string) string {
	t.Helper()
	program := run(t, exec.CommandContext(t.Context(), "hack/tools.sh", "helm"))
	return run(t, exec.CommandContext(t.Context(), program, args...))
}

// run runs a command in the checkout and returns what it printed, trimmed.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	cmd.Dir = checkout
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false")
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", strings.Join(cmd.Args, " "), err, complaint.String(), out.String())
	}
	return strings.TrimSpace(out.String())
}
