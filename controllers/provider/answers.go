// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
)

// recordedAnswer is what a provider answered to a question, and when.
type recordedAnswer struct {
	subject string
	answer  preflight.Answer
	at      time.Time
}

// answerCache has the last answer of each provider. It is empty when an operator starts.
type answerCache struct {
	mu      sync.Mutex
	answers map[types.NamespacedName]recordedAnswer
}

func (c *answerCache) find(provider types.NamespacedName) (recordedAnswer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, found := c.answers[provider]
	return a, found
}

func (c *answerCache) store(provider types.NamespacedName, a recordedAnswer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answers == nil {
		c.answers = map[types.NamespacedName]recordedAnswer{}
	}
	c.answers[provider] = a
}

// forget is for providers that are gone.
func (c *answerCache) forget(provider types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.answers, provider)
}
