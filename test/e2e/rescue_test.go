// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"
)

// What docs/operations.md tells people to do who have lost every admin.
func TestLostAdminIsReplacedByAnother(t *testing.T) {
	// An address that nobody has yet, also when the suite runs twice on one cluster.
	rescue := fmt.Sprintf("rescue-%d@example.com", time.Now().UnixNano())
	name := quickstart.name + "-initial-admin"
	kubectl(t, "patch", "-n", quickstart.namespace, quickstart.object(), "--type=merge", "-p",
		`{"spec":{"initialAdmin":{"email":"`+rescue+`"}}}`)
	kubectl(t, "delete", "-n", quickstart.namespace, "secret", name)
	eventually(t, patience, func() string {
		out, err := tryKubectl(t.Context(), "", "get", "-n", quickstart.namespace, "secret", name)
		if err != nil {
			return "the Secret has not come back: " + out
		}
		return ""
	})
	kubectl(t, "rollout", "restart", "-n", quickstart.namespace, "deployment/"+quickstart.name)
	quickstart.rolledOut(t)
	quickstart.waitReady(t)

	if email := secret(t, quickstart.namespace, name, "email"); email != rescue {
		t.Fatalf("the Secret names %s, want %s", email, rescue)
	}
	c := quickstart.client(t, true)
	quickstart.loginAsAdmin(t, c)
	if p, err := c.Profile(t.Context()); err != nil || p.Email != rescue || p.Role != "admin" {
		t.Errorf("profile says %+v, %v", p, err)
	}
}
