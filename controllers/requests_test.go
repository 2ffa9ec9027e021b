// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// requests counts those that were made, those of them that ask for a change, those that
// read ConfigMaps of a namespace, and those that wait for their answer. A watch has it as
// soon as it has begun.
type requests struct {
	made, writes, configMaps, waiting atomic.Int64

	mu sync.Mutex
	// by is how many there were by verb and resource.
	by map[string]int
}

// note counts a request by verb and resource, which may be one of an object of a namespace.
func (c *requests) note(r *http.Request) {
	_, resource, found := strings.Cut(r.URL.Path, "/namespaces/")
	if found {
		_, resource, _ = strings.Cut(resource, "/")
	}
	parts := strings.Split(resource, "/")
	what := r.Method + " " + parts[0]
	if len(parts) > 2 {
		what += "/" + parts[2]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[string]int{}
	}
	c.by[what]++
}

type counting struct {
	http.RoundTripper
	*requests
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		c.writes.Add(1)
	} else if path := r.URL.Path; strings.Contains(path, "/namespaces/") && strings.Contains(path, "/configmaps") && !r.URL.Query().Has("watch") {
		c.configMaps.Add(1)
	}
	c.made.Add(1)
	c.note(r)
	c.waiting.Add(1)
	defer c.waiting.Add(-1)
	return c.RoundTripper.RoundTrip(r)
}

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
