// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"testing"
	"time"

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

const (
	// patience is how long a test waits for the world to become as it should.
	patience = time.Minute
	// step is how often it looks.
	step = 20 * time.Millisecond
)

// Eventually waits until check returns nil, and fails the test with what it
// last returned otherwise.
func Eventually(t testing.TB, check func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(step)
	defer tick.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("after %s: %v", patience, err)
		case <-tick.C:
		}
	}
}
