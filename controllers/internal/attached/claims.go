// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// ClaimsReady says whether claims can be used, of which failure says why not.
func ClaimsReady(list []v1alpha1.Claim, examples []v1alpha1.ClaimExample, failure *conditions.Failure) metav1.Condition {
	const kind = v1alpha1.ClaimsReadyCondition
	switch {
	case failure != nil && failure.Reason == v1alpha1.ReasonFailed:
		return failure.Unknown(kind)
	case failure != nil:
		return conditions.False(kind, failure.Reason, "%s. Claims stay as they were before", failure.Message)
	case len(list) == 0:
		return conditions.True(kind, v1alpha1.ReasonNotRequested, "Tokens say of people what they say of everybody")
	case len(examples) == 0:
		return conditions.True(kind, v1alpha1.ReasonAccepted, "%s can be evaluated; examples would show what they say", counted(len(list), "claim"))
	}
	return conditions.True(kind, v1alpha1.ReasonAccepted, "%s can be evaluated, and %s what tokens say",
		counted(len(list), "claim"), map[bool]string{true: "one example shows", false: fmt.Sprintf("all %d examples show", len(examples))}[len(examples) == 1])
}

func counted(n int, what string) string {
	if n == 1 {
		return "One " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
