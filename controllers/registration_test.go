// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// awaitTokens waits until the settings have the digests of these tokens, and no others.
func (w *world) awaitTokens(tokens ...string) {
	w.t.Helper()
	want := []realmconfig.SecretDigest{}
	for _, token := range tokens {
		want = append(want, realmconfig.DigestSecret(token))
	}
	slices.SortFunc(want, func(a, b realmconfig.SecretDigest) int { return slices.Compare(a[:], b[:]) })
	eventually.Succeeds(w.t, func(context.Context) error {
		registration := w.settings().Clients.Registration
		if registration == nil || !slices.Equal(registration.InitialAccessTokens, want) {
			return fmt.Errorf("the settings say of registration %+v", registration)
		}
		return nil
	})
}

func TestPodsAreToldDigestsOfInitialAccessTokens(t *testing.T) {
	t.Parallel()
	const first, second = "hunter2-hunter2-hunter2-hunter2-1", "hunter2-hunter2-hunter2-hunter2-2"
	w := newWorld(t)
	w.realm(func(s *v1alpha1.AuthRealmSpec) {
		s.Clients = &v1alpha1.Clients{Registration: &v1alpha1.ClientRegistration{InitialAccessTokens: v1alpha1.SecretRef{Name: "agents"}}}
	})
	w.run(2)
	w.await(v1alpha1.AvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
		`clients.registration.initialAccessTokens: there is no Secret "agents"`, "create it")
	w.awaitTokens()

	agents := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "agents"}, StringData: map[string]string{"first": first + "\n"}}
	w.create(agents)
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionTrue, v1alpha1.ReasonFound)
	w.awaitTokens(first)
	w.put(agents, "second", second)
	w.awaitTokens(first, second)
	w.put(agents, "third", "hunter2")
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, `key "third" of Secret "agents" must hold 32 to 512`, "openssl rand -hex 32")
	w.awaitTokens(first, second)
	w.put(agents, "third", first)
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionTrue, v1alpha1.ReasonFound)
	w.awaitTokens(first, second)
	for i := range 9 {
		w.put(agents, fmt.Sprint("more-", i), strings.Repeat(fmt.Sprint(i), 32))
	}
	w.await(v1alpha1.SecretsFoundCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSecret, "more than 10 tokens")
	w.awaitTokens()
	w.wantUntold("hunter2")
}
