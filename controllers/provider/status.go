// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/attached"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/preflight"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// providerView is everything that one pass has learned about a provider.
type providerView struct {
	// realm is nil when there is none, and when unread says why nobody knows.
	realm  *v1alpha1.AuthRealm
	unread *conditions.Failure
	// secret is what is wrong with the client secret, problem with the settings.
	secret  *conditions.Failure
	problem error
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
	// unasked is why the operator could not ask.
	unasked *conditions.Failure
}

// providerStatusOf is the provider's status, a pure function of what was seen
// and of the conditions that stood before.
func providerStatusOf(provider *v1alpha1.OAuthProvider, v providerView) v1alpha1.OAuthProviderStatus {
	status := v1alpha1.OAuthProviderStatus{
		ObservedGeneration: provider.Generation,
		Conditions:         provider.DeepCopy().Status.Conditions,
	}
	if v.realm != nil {
		status.CallbackURL = render.CallbackURL(v.realm, provider.Name, v.callback)
	}
	status.NamedIssuer = v.namedIssuer(provider)
	if v.answer != nil {
		status.Preflight = v.subject
	}
	asked := []metav1.Condition{attached.RealmFound(provider.Spec.RealmRef.Name, v.realm, v.unread), secretFound(v), accepted(v)}
	needed := append(slices.Clone(asked), callbackDistinct(provider, v))
	all := append(slices.Clone(needed), proven(v, asked)...)
	all = append(all, attached.Attached(v.realm, v.unread, needed, uptakeOf(v.realm, provider.Name), v.revision))
	conditions.Set(&status.Conditions, provider.Generation, slices.Insert(all, 0, providerReady(all))...)
	return status
}

// providerReady is the summary. What is wrong weighs more than what nobody knows.
func providerReady(others []metav1.Condition) metav1.Condition {
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

// proven is what the provider said, or why it was not asked.
func proven(v providerView, needed []metav1.Condition) []metav1.Condition {
	kinds := []string{v1alpha1.DiscoveredCondition, v1alpha1.CredentialsAcceptedCondition}
	if v.unasked != nil {
		return []metav1.Condition{v.unasked.Unknown(kinds[0]), v.unasked.Unknown(kinds[1])}
	}
	if v.answer == nil {
		i := slices.IndexFunc(needed, func(c metav1.Condition) bool { return c.Status != metav1.ConditionTrue })
		var list []metav1.Condition
		for _, kind := range kinds {
			list = append(list, conditions.Unknown(kind, v1alpha1.ReasonBlocked, "The provider is not asked, because of what %s says", needed[i].Type))
		}
		return list
	}
	var list []metav1.Condition
	for i, f := range []preflight.Finding{v.answer.Discovered, v.answer.CredentialsAccepted} {
		list = append(list, metav1.Condition{Type: kinds[i], Status: f.Status, Reason: f.Reason, Message: f.Message})
	}
	return list
}

func secretFound(v providerView) metav1.Condition {
	const kind = v1alpha1.SecretFoundCondition
	switch {
	case v.secret != nil && v.secret.Reason == v1alpha1.ReasonFailed:
		return v.secret.Unknown(kind)
	case v.secret != nil:
		return v.secret.False(kind)
	}
	return conditions.True(kind, v1alpha1.ReasonFound, "The client secret is there")
}

func accepted(v providerView) metav1.Condition {
	const kind = v1alpha1.AcceptedCondition
	if v.problem != nil {
		return conditions.False(kind, v1alpha1.ReasonInvalidSettings, "The settings cannot be used: %s", conditions.OneLine(v.problem))
	}
	return conditions.True(kind, v1alpha1.ReasonAccepted, "An auth server takes the settings")
}

// uptakeOf is how far the pods of its realm have taken up a provider.
func uptakeOf(realm *v1alpha1.AuthRealm, provider string) attached.Uptake {
	if realm == nil {
		return attached.Uptake{}
	}
	for _, p := range realm.Status.Providers {
		if p.Name == provider {
			return attached.Uptake{Revision: p.Revision, Everywhere: p.Ready}
		}
	}
	return attached.Uptake{}
}
