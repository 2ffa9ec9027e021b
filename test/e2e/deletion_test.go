// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestDeletedRealmKeepsWhatItsPolicySays(t *testing.T) {
	cases := []struct {
		name, namespace, spec string
		kept                  []string
	}{
		{
			name:      "by default the data and what opens it stay",
			namespace: "e2e-retain",
			kept: []string{
				"persistentvolumeclaim/data-shop-database-0",
				"secret/shop-encryption-keys",
				"secret/shop-initial-admin",
			},
		},
		{
			name:      "with Delete nothing stays",
			namespace: "e2e-delete",
			spec:      "  replicas: 1\n  database:\n    managed:\n      deletionPolicy: Delete\n",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			shop := realm{namespace: c.namespace, name: "shop"}
			apply(t, shop.manifest(c.spec))
			t.Cleanup(func() { kubectlInCleanup(t, "delete", "namespace", c.namespace, "--wait=false") })
			shop.waitReady(t)
			shop.loginAsAdmin(t, shop.client(t, true))

			kubectl(t, "delete", "-n", shop.namespace, shop.object())
			eventually(t, patience, func() string {
				if left := shop.leftovers(t); !slices.Equal(left, c.kept) {
					return "left are " + strings.Join(left, " ") + ", want " + strings.Join(c.kept, " ")
				}
				return ""
			})
			if len(c.kept) == 0 {
				return
			}
			apply(t, shop.manifest(c.spec))
			shop.waitReady(t)
			shop.loginAsAdmin(t, shop.client(t, true))
		})
	}
}

// leftovers lists, sorted, everything in the namespace that Kubernetes itself
// did not put there.
func (r realm) leftovers(t *testing.T) []string {
	t.Helper()
	kinds := "authrealms,deployments,replicasets,statefulsets,pods,services,serviceaccounts," +
		"secrets,configmaps,persistentvolumeclaims,poddisruptionbudgets"
	names := strings.Fields(kubectl(t, "get", kinds, "-n", r.namespace, "-o", "name"))
	names = slices.DeleteFunc(names, func(name string) bool {
		return name == "serviceaccount/default" || name == "configmap/kube-root-ca.crt"
	})
	slices.Sort(names)
	return names
}

func kubectlInCleanup(t *testing.T, args ...string) {
	if out, err := tryKubectl(context.WithoutCancel(t.Context()), "", args...); err != nil {
		t.Logf("kubectl %s: %s", strings.Join(args, " "), out)
	}
}
