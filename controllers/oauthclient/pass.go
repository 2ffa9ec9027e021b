// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"context"
	"io"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/examples"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// keeper finds out what became of clients, and keeps their Secrets.
type keeper struct {
	client.Client
	secrets secrets.Reader
	own     ownership.Own

	board    *board
	examples *examples.Prover
	events   conditions.Recorder
	now      func() time.Time
	random   io.Reader

	// oneNamespace says that no realm of another namespace can be seen.
	oneNamespace bool

	held held
}

// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=oauthclients,verbs=get;list;watch
// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=oauthclients/finalizers,verbs=update
// +kubebuilder:rbac:groups=auth.realmkeeper.io,resources=oauthclients/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch

// pass keeps a client's Secret, says in its status what became of the client, and returns
// after how long to look at it again though nothing happens, 0 for never.
func (k *keeper) pass(ctx context.Context, c *v1alpha1.OAuthClient) (time.Duration, error) {
	st, err := k.gather(ctx, c)
	if err != nil {
		return 0, err
	}
	status, err := statusOf(c, st)
	if err != nil {
		return 0, err
	}
	if c.Status = status; st.secret.next.IsZero() {
		return 0, nil
	}
	return max(st.secret.next.Sub(st.now), time.Second), nil
}

// gather finds out, and does, everything that a client's status tells of. What cannot be
// found out or done is a failure in what is returned; an error ends the pass.
func (k *keeper) gather(ctx context.Context, c *v1alpha1.OAuthClient) (state, error) {
	st := state{now: k.now().UTC().Truncate(time.Second), named: render.RealmOfClient(c)}
	var err error
	if !k.oneNamespace || st.named.Namespace == c.Namespace {
		if st.realm, st.realmUnknown, err = attached.Realm(ctx, k, st.named.Namespace, st.named.Name); err != nil {
			return st, err
		}
	}
	if st.realm == nil && st.realmUnknown == nil {
		if st.elsewhere, err = attached.RealmElsewhere(ctx, k, st.named.Namespace, st.named.Name); err != nil {
			return st, err
		}
	}
	if st.realm != nil {
		if st.refusal, err = conditions.Classify(attached.RefuseClient(ctx, k, st.realm, c)); err != nil {
			return st, err
		}
		if st.refusal == nil { // whoever is not let in costs nothing
			st.claims = k.examples.Client(c)
		}
		st.seen = k.board.look(st.named, render.ClientID(c))
	}
	switch {
	case !render.ShowsSecret(c):
		st.secret.failure, err = conditions.Classify(k.discard(ctx, c))
	case st.realm != nil && st.refusal == nil:
		st.secret, err = k.keepSecret(ctx, c, st)
	default: // nothing is made for a realm that does not take it, and nothing is taken away
		st.secret = remembered(c)
		st.secret.take(st.secret.secrets.Rest(st.secret.policy, st.now))
	}
	return st, err
}

// forget drops what is known of a client that is gone.
func (k *keeper) forget(name types.NamespacedName) {
	k.held.drop(name)
	gone := &v1alpha1.OAuthClient{}
	gone.Namespace, gone.Name = name.Namespace, name.Name
	k.board.forgetClient(render.ClientID(gone))
}

// held are the values of secrets that are on their way to pods, and that nobody has yet.
type held struct {
	mu     sync.Mutex
	values map[types.NamespacedName]string
}

// of is the value of a client's pending secret, "" where this operator made none.
func (h *held) of(name types.NamespacedName) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.values[name]
}

func (h *held) keep(name types.NamespacedName, value string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.values == nil {
		h.values = map[types.NamespacedName]string{}
	}
	h.values[name] = value
}

func (h *held) drop(name types.NamespacedName) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.values, name)
}
