// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// state is everything that one pass has learned about a provider.
type state struct {
	now time.Time
	// realm is nil when there is none, and when realmUnknown says why nobody knows.
	realm        *v1alpha1.AuthRealm
	realmUnknown *conditions.Failure
	// elsewhere is another namespace that has a realm of the name, when this one has none.
	elsewhere string
	// secretFailure is what is wrong with the client secret, settingsProblem with the
	// settings.
	secretFailure   *conditions.Failure
	settingsProblem error
	// neighbours are the providers of its realm, itself among them, and callback is
	// what it has beside the others.
	neighbours []v1alpha1.OAuthProvider
	callback   render.Callback
	// revision names the settings by their content, the callback included.
	revision string
	// answer is the provider's, nil when it was not asked since something to ask
	// with is missing; subject names what it is about.
	answer  *preflight.Answer
	subject string
	// askFailure is why the operator could not ask.
	askFailure *conditions.Failure
}

// statusOf is the provider's status, a pure function of what was seen and of the
// conditions that stood before.
func statusOf(provider *v1alpha1.OAuthProvider, st state) v1alpha1.OAuthProviderStatus {
	status := v1alpha1.OAuthProviderStatus{
		ObservedGeneration: provider.Generation,
		Conditions:         provider.DeepCopy().Status.Conditions,
	}
	if st.realm != nil {
		status.CallbackURL = render.CallbackURL(st.realm, provider.Name, st.callback)
	}
	status.NamedIssuer = st.namedIssuer(provider)
	if st.answer != nil {
		status.Preflight = st.subject
	}
	asked := []metav1.Condition{
		attached.RealmFound(provider.Spec.RealmRef.Name, st.realm, st.realmUnknown, st.elsewhere), attached.SecretFound(st.secretFailure), attached.Accepted(st.settingsProblem),
	}
	needed := append(slices.Clone(asked), callbackDistinct(provider, st))
	all := append(slices.Clone(needed), answered(st, asked)...)
	all = append(all, attached.Attached(st.realm, st.realmUnknown, needed, attached.ProviderUptake(st.realm, provider.Name), st.revision))
	conditions.Set(&status.Conditions, provider.Generation, slices.Insert(all, 0, ready(all))...)
	return status
}

// ready is the summary. What is wrong weighs more than what nobody knows.
func ready(others []metav1.Condition) metav1.Condition {
	c := conditions.Summarize("It is proven, and every pod of the realm offers it", others)
	wrong := func(c metav1.Condition) bool { return c.Status == metav1.ConditionFalse }
	if i := slices.IndexFunc(others, wrong); i >= 0 {
		return conditions.Summarize("", others[i:])
	}
	if c.Status != metav1.ConditionTrue {
		c.Status = metav1.ConditionUnknown
	}
	return c
}

// answered are the conditions of what the provider said, or why it was not asked.
func answered(st state, needed []metav1.Condition) []metav1.Condition {
	kinds := []string{v1alpha1.DiscoveredCondition, v1alpha1.CredentialsAcceptedCondition}
	if st.askFailure != nil {
		return []metav1.Condition{st.askFailure.Unknown(kinds[0]), st.askFailure.Unknown(kinds[1])}
	}
	if st.answer == nil {
		i := slices.IndexFunc(needed, func(c metav1.Condition) bool { return c.Status != metav1.ConditionTrue })
		var list []metav1.Condition
		for _, kind := range kinds {
			list = append(list, conditions.Unknown(kind, v1alpha1.ReasonBlocked, "The provider is not asked, because of what %s says", needed[i].Type))
		}
		return list
	}
	var list []metav1.Condition
	for i, f := range []preflight.Finding{st.answer.Discovered, st.answer.CredentialsAccepted} {
		list = append(list, metav1.Condition{Type: kinds[i], Status: f.Status, Reason: f.Reason, Message: f.Message})
	}
	return list
}
