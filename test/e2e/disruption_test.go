// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRollingRestartUnderLoadLosesNoRequest(t *testing.T) {
	quickstart.mayBeLoaded(t)
	before := quickstart.pods(t)
	load := startLoad(t, quickstart)
	load.flow(t, 200)

	kubectl(t, "rollout", "restart", "-n", quickstart.namespace, "deployment/"+quickstart.name)
	quickstart.rolledOut(t)
	gone(t, before)
	load.flow(t, 200)

	if failures := load.finish(); len(failures) > 0 {
		t.Errorf("%d of %d requests failed: %v", len(failures), load.requests, failures)
	}
	t.Logf("%d requests while every pod was replaced, none failed", load.requests)
	quickstart.waitReady(t)
}

func TestKilledPodLogsNobodyOut(t *testing.T) {
	quickstart.mayBeLoaded(t)
	load := startLoad(t, quickstart)
	load.flow(t, 200)

	victim := quickstart.pods(t)[0]
	kubectl(t, "delete", "pod", "-n", quickstart.namespace, victim, "--grace-period=0", "--force")
	quickstart.rolledOut(t)
	load.flow(t, 200)

	failures := load.finish()
	t.Logf("%d requests, %d failed while a pod was killed: %v", load.requests, len(failures), failures)
	if len(failures) > load.requests/20 {
		t.Errorf("more than one request in twenty failed")
	}
	for i, c := range load.clients {
		if err := c.Refresh(t.Context()); err != nil {
			t.Errorf("worker %d lost its session: %v", i, err)
		}
	}
	quickstart.waitReady(t)
}

func TestRealmOutlivesItsOperator(t *testing.T) {
	quickstart.mayBeLoaded(t)
	const operators = "app.kubernetes.io/name=realmkeeper-operator"
	pods := quickstart.pods(t)
	load := startLoad(t, quickstart)
	load.flow(t, 50)

	kubectl(t, "delete", "pod", "-n", operatorHome, "-l", operators, "--wait=false")
	kubectl(t, "delete", "service", "-n", quickstart.namespace, quickstart.name+"-cache")
	eventually(t, patience, func() string {
		out, err := tryKubectl(t.Context(), "", "get", "service", "-n", quickstart.namespace, quickstart.name+"-cache")
		if err != nil {
			return "the deleted Service has not come back: " + out
		}
		return ""
	})
	kubectl(t, "rollout", "status", "-n", operatorHome, "deployment", "-l", operators, "--timeout=5m")
	load.flow(t, 50)

	if failures := load.finish(); len(failures) > 0 {
		t.Errorf("%d of %d requests failed: %v", len(failures), load.requests, failures)
	}
	quickstart.waitReady(t)
	after := quickstart.pods(t)
	slices.Sort(pods)
	slices.Sort(after)
	if !slices.Equal(pods, after) {
		t.Errorf("the realm's pods were %v and are %v: an operator restart must not touch them", pods, after)
	}
}

// A leader that is told to go lets go of its lease at once; who waits for the
// lease to end waits for leaseDuration.
func TestLeaderHandsOverBeforeItsLeaseEnds(t *testing.T) {
	const leaseDuration = 15 * time.Second
	leader := func() string {
		holder := field(t, operatorHome, "lease/operator.auth.realmkeeper.io", ".spec.holderIdentity")
		pod, _, _ := strings.Cut(holder, "_")
		return pod
	}
	before := leader()
	kubectl(t, "delete", "pod", "-n", operatorHome, before, "--wait=false")
	eventually(t, leaseDuration*2/3, func() string {
		if now := leader(); now == "" || now == before {
			return "pod " + before + " still leads"
		}
		return ""
	})
	kubectl(t, "rollout", "status", "-n", operatorHome, "deployment/"+release, "--timeout=5m")
}

// gone waits until none of the named pods serves any more.
func gone(t *testing.T, pods []string) {
	t.Helper()
	eventually(t, patience, func() string {
		for _, pod := range quickstart.pods(t) {
			if slices.Contains(pods, pod) {
				return fmt.Sprintf("pod %s is still there", pod)
			}
		}
		return ""
	})
}
