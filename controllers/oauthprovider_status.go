// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// providerView is everything that one pass has learned about a provider.
type providerView struct {
	// realm is nil when there is none.
	realm *v1alpha1.AuthRealm
	// secret is what is wrong with the client secret, problem with the settings.
	secret  *obstacle
	problem error
	// revision names the settings by their content.
	revision string
}

// providerStatusOf is the provider's status, a pure function of what was seen
// and of the conditions that stood before.
func providerStatusOf(provider *v1alpha1.OAuthProvider, v providerView) v1alpha1.OAuthProviderStatus {
	status := v1alpha1.OAuthProviderStatus{
		ObservedGeneration: provider.Generation,
		Conditions:         provider.DeepCopy().Status.Conditions,
	}
	if v.realm != nil {
		status.CallbackURL = render.CallbackURL(v.realm)
	}
	conditions := []metav1.Condition{realmFound(provider, v), secretFound(v), accepted(v)}
	conditions = append(conditions, attached(provider, v, conditions))
	ready := summary("Every pod of the realm offers it", conditions)
	for _, c := range slices.Insert(conditions, 0, ready) {
		c.ObservedGeneration = provider.Generation
		meta.SetStatusCondition(&status.Conditions, c)
	}
	return status
}

func realmFound(provider *v1alpha1.OAuthProvider, v providerView) metav1.Condition {
	const kind = v1alpha1.RealmFoundCondition
	name := provider.Spec.RealmRef.Name
	if v.realm == nil {
		return no(kind, v1alpha1.ReasonRealmNotFound, "realmRef: there is no AuthRealm %q in this namespace; create it", name)
	}
	return yes(kind, v1alpha1.ReasonFound, "AuthRealm %q is there", name)
}

func secretFound(v providerView) metav1.Condition {
	const kind = v1alpha1.SecretFoundCondition
	if v.secret != nil {
		return hindered(kind, v.secret)
	}
	return yes(kind, v1alpha1.ReasonFound, "The client secret is there; whether the provider takes it was not asked")
}

func accepted(v providerView) metav1.Condition {
	const kind = v1alpha1.AcceptedCondition
	if v.problem != nil {
		return no(kind, v1alpha1.ReasonInvalidSettings, "The settings cannot be used: %s", oneLine(v.problem))
	}
	return yes(kind, v1alpha1.ReasonAccepted, "An auth server takes the settings")
}

// attached compares what the realm's pods run with what the spec says.
func attached(provider *v1alpha1.OAuthProvider, v providerView, needed []metav1.Condition) metav1.Condition {
	const kind = v1alpha1.AttachedCondition
	for _, c := range needed {
		if c.Status != metav1.ConditionTrue {
			return no(kind, v1alpha1.ReasonBlocked, "The realm leaves it out, because of what %s says", c.Type)
		}
	}
	name := provider.Spec.RealmRef.Name
	if render.Replicas(v.realm) == 0 {
		return no(kind, v1alpha1.ReasonScaledToZero, "AuthRealm %q is asked for no pods", name)
	}
	for _, p := range v.realm.Status.Providers {
		switch {
		case p.Name != provider.Name || p.Revision != v.revision:
		case p.Ready:
			return yes(kind, v1alpha1.ReasonAttached, "Every pod of AuthRealm %q offers it", name)
		default:
			return no(kind, v1alpha1.ReasonPropagating, "Not every pod of AuthRealm %q runs these settings yet; its ConfigPropagated says which", name)
		}
	}
	return no(kind, v1alpha1.ReasonPropagating, "AuthRealm %q has not taken up these settings yet; its own conditions say why if it lasts", name)
}
