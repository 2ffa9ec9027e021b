// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// Every request of a birth is made a thousand times where a thousand realms are restored
// together. Few more than there are objects may write: each once, the status of the realm
// and of each provider as they come up, and the events that tell of it.
func TestTheBirthOfARealmTakesFewRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	made, writes := w.requests.made.Load(), w.requests.writes.Load()
	w.requests.mu.Lock()
	w.requests.by = nil
	w.requests.mu.Unlock()
	for i := range 3 {
		name := fmt.Sprintf("p%d", i)
		w.clientSecret(name, "x")
		w.provider(name, func(s *v1alpha1.OAuthProviderSpec) {
			s.Type, s.Callback = v1alpha1.GitHubProvider, v1alpha1.PerProviderCallback
		})
	}
	w.realm()
	w.ready(2)
	for i := range 3 {
		w.awaitProvider(fmt.Sprintf("p%d", i), v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)
	}
	w.settle()
	made, writes = w.requests.made.Load()-made, w.requests.writes.Load()-writes
	w.requests.mu.Lock()
	defer w.requests.mu.Unlock()
	t.Logf("%d requests, %d of them writes: %v", made, writes, w.requests.by)
	// On a busy machine providers may tell of a step between, and pods are asked more often.
	if writes > 42 {
		t.Errorf("%d requests write", writes)
	}
	if reads := made - writes; reads > 60 {
		t.Errorf("%d requests read", reads)
	}
}
