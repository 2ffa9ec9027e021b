// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A kubelet that hangs keeps settings from its pods. The realm serves on with
// the earlier ones, says which pods lag, and heals when the kubelet does.
func TestHangingKubeletIsToldAndHarmless(t *testing.T) {
	quickstart.mayBeLoaded(t)
	load := startLoad(t, quickstart)
	load.flow(t, 50)

	localkube(t, "pause", "kubelet")
	// The cluster is used by other tests, whatever becomes of this one.
	t.Cleanup(func() { localkube(t, "resume", "kubelet") })
	kubectl(t, "patch", "-n", quickstart.namespace, quickstart.object(), "--type=merge", "-p",
		`{"spec":{"tokens":{"accessTokenLifetime":"31m"}}}`)
	const propagated = `.status.conditions[?(@.type=="ConfigPropagated")]`
	eventually(t, 20*time.Second, func() string {
		condition := field(t, quickstart.namespace, quickstart.object(), propagated+"['status','message']")
		if !strings.HasPrefix(condition, "False") || !strings.Contains(condition, "pod "+quickstart.name+"-") {
			return "the realm does not name a pod that lags: " + condition
		}
		return ""
	})
	load.flow(t, 100)

	localkube(t, "resume", "kubelet")
	quickstart.waitReady(t)
	eventually(t, patience, func() string {
		if condition := field(t, quickstart.namespace, quickstart.object(), propagated+".status"); condition != "True" {
			return "ConfigPropagated is " + condition
		}
		return ""
	})
	if failures := load.finish(); len(failures) > 0 {
		t.Errorf("%d of %d requests failed: %v", len(failures), load.requests, failures)
	}
}

func localkube(t *testing.T, args ...string) string {
	t.Helper()
	// Also runs while a test is cleaned up, when the test's own context has ended.
	return run(t, exec.CommandContext(context.WithoutCancel(t.Context()), "go",
		append([]string{"-C", "hack/localkube", "run", "./cmd/localkube"}, args...)...))
}
