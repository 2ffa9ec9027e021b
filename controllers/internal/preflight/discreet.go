// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// discreet leaves of an answer what an identity provider says of itself, and what is known
// without asking. Whether anything else answers in a private network is told in the same
// words, and at the same time, as that nothing does: whoever may write a provider could
// otherwise look for hosts and ports there.
func discreet(ctx context.Context, a Answer) Answer {
	discovered, credentials := a.Discovered, a.CredentialsAccepted
	if !saidByProviders(discovered) {
		discovered = Finding{metav1.ConditionFalse, v1alpha1.ReasonUnreachable,
			"No identity provider of this issuer answers, and more is not told of private networks; ask from a pod of the realm. It is asked again soon"}
	}
	if !saidByProviders(credentials) {
		credentials = Finding{metav1.ConditionUnknown, v1alpha1.ReasonUnreachable,
			"The token endpoint does not answer as one, and more is not told of private networks; ask from a pod of the realm. It is asked again soon"}
	}
	if discovered != a.Discovered || credentials != a.CredentialsAccepted {
		<-ctx.Done()
	}
	a.Discovered, a.CredentialsAccepted = discovered, credentials
	return a
}

// saidByProviders reports whether a finding stands for words that nothing but an identity
// provider says, or for none at all.
func saidByProviders(f Finding) bool {
	return slices.Contains([]string{
		v1alpha1.ReasonNotNeeded, v1alpha1.ReasonBlocked, v1alpha1.ReasonForbiddenAddress,
		v1alpha1.ReasonDiscovered, v1alpha1.ReasonIssuerMismatch, v1alpha1.ReasonIssuerNotNamed,
		v1alpha1.ReasonProven, v1alpha1.ReasonInvalidClient, v1alpha1.ReasonUnauthorizedClient, v1alpha1.ReasonCallbackRefused,
	}, f.Reason)
}
