// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Client reads and writes past any cache, as the administrator.
func (c *ControlPlane) Client(t testing.TB) client.Client {
	t.Helper()
	k8s, err := client.New(c.Admin(), client.Options{Scheme: c.scheme})
	if err != nil {
		t.Fatalf("create client: %v", err)
	}
	return k8s
}

// Namespace makes a namespace for one test. It is not deleted, since nothing
// here would empty it; it goes with the control plane.
func (c *ControlPlane) Namespace(t testing.TB) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := c.Client(t).Create(t.Context(), namespace); err != nil {
		t.Fatalf("create namespace: %v", err)
	}
	return namespace.Name
}
