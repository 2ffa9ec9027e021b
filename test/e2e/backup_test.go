// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// TestManagedDatabaseComesBackFromItsBackup runs what docs/stores.md says.
func TestManagedDatabaseComesBackFromItsBackup(t *testing.T) {
	quickstart.waitReady(t)
	app := quickstart.client(t, true)
	quickstart.loginAsAdmin(t, app)
	shell := func(command string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), "sh", "-euc", command)
		c.Env = append(c.Environ(), "NAMESPACE="+quickstart.namespace, "REALM="+quickstart.name)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	dump := t.TempDir() + "/quickstart.dump"
	pods := func(replicas string) {
		t.Helper()
		kubectl(t, "patch", "-n", quickstart.namespace, quickstart.object(), "--type=merge", "-p", `{"spec":{"replicas":`+replicas+`}}`)
	}

	shell("kubectl -n $NAMESPACE exec $REALM-database-0 -c postgresql -- pg_dump -U postgres -Fc realmkeeper > " + dump)
	shell("kubectl -n $NAMESPACE exec $REALM-database-0 -c postgresql -- psql -U postgres -d realmkeeper -c 'TRUNCATE users CASCADE'")
	if err := app.Refresh(t.Context()); err == nil {
		t.Error("a session outlives its user")
	}

	pods("0")
	eventually(t, patience, func() string {
		if left := kubectl(t, "get", "pods", "-n", quickstart.namespace, "-o", "name",
			"-l", "app.kubernetes.io/instance="+quickstart.name+",app.kubernetes.io/component=auth-server"); left != "" {
			return "pods are still there: " + strings.ReplaceAll(left, "\n", " ")
		}
		return ""
	})
	shell("kubectl -n $NAMESPACE exec -i $REALM-database-0 -c postgresql -- " +
		"pg_restore -U postgres -d realmkeeper --clean --if-exists --single-transaction < " + dump)
	pods("2")
	quickstart.waitReady(t)
	quickstart.loginAsAdmin(t, quickstart.client(t, true))
}
