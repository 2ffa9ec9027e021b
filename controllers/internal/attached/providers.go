// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/allowed"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
	"github.com/realmkeeper/realmkeeper/controllers/internal/status"
)

// ProviderKind is OAuthProvider.
func ProviderKind() Kind {
	return Kind{
		object: &v1alpha1.OAuthProvider{},
		list:   func() client.ObjectList { return &v1alpha1.OAuthProviderList{} },
		plural: "providers",
		status: status.NewKind("provider", &v1alpha1.OAuthProvider{}, func(p *v1alpha1.OAuthProvider) *[]metav1.Condition { return &p.Status.Conditions }),
		realm: named(func(p *v1alpha1.OAuthProvider) types.NamespacedName {
			return types.NamespacedName{Namespace: p.Namespace, Name: p.Spec.RealmRef.Name}
		}),
		secret: named(func(p *v1alpha1.OAuthProvider) string { return p.Spec.ClientSecretRef.Name }),
		// Whether it has promised to name itself, and whether it works but for its pods. Only
		// the former has to do with the callbacks of others.
		published: changed(func(before, after *v1alpha1.OAuthProvider) bool {
			return before.Status.NamedIssuer != after.Status.NamedIssuer || ProviderProven(before) != ProviderProven(after)
		}),
		shared: changed(func(before, after *v1alpha1.OAuthProvider) bool {
			return before.Status.NamedIssuer != after.Status.NamedIssuer
		}),
		concerns: func(before, after *v1alpha1.AuthRealm) bool {
			return before.Generation != after.Generation || !maps.Equal(before.Annotations, after.Annotations)
		},
		uptake: ProviderUptake,
	}
}

// Providers are the OAuthProviders of a realm, by name.
func Providers(ctx context.Context, r client.Reader, namespace, realm string) ([]v1alpha1.OAuthProvider, error) {
	var list v1alpha1.OAuthProviderList
	err := r.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{realmIndex: key(types.NamespacedName{Namespace: namespace, Name: realm})})
	if err != nil {
		return nil, fmt.Errorf("list providers: %w", err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.OAuthProvider) int { return cmp.Compare(a.Name, b.Name) })
	return list.Items, nil
}

// ProviderSecret reads the client secret of a provider. It returns a
// conditions.Failure when there is none to use.
func ProviderSecret(ctx context.Context, references secrets.References, p *v1alpha1.OAuthProvider) (ClientSecret, error) {
	return ReadClientSecret(ctx, references, p.Namespace, "clientSecretRef", render.ClientSecret(p))
}

// ProviderSecretVersion is the version of the Secret with the client secret of a provider,
// as far as a cache of its metadata goes, "" where there is none to be named.
func ProviderSecretVersion(ctx context.Context, cache client.Reader, references secrets.References, p *v1alpha1.OAuthProvider) (string, error) {
	return ClientSecretVersion(ctx, cache, references, p.Namespace, "clientSecretRef", render.ClientSecret(p))
}

// ProviderProblem is what speaks against a provider's settings, nil when nothing does: an
// auth server would not take them, or the installation does not allow what they ask for,
// which is a conditions.Failure.
func ProviderProblem(policy allowed.Policy, p *v1alpha1.OAuthProvider) error {
	if p.Spec.AllowPrivateNetworks {
		if refusal := policy.RefusePrivateNetworks("allowPrivateNetworks"); refusal != nil {
			return refusal
		}
	}
	return render.ProviderProblem(p)
}

// NotAllowed reports whether a problem is that the installation does not allow what the
// spec asks for. The realm goes on with what it had then.
func NotAllowed(problem error) bool {
	var refusal *conditions.Failure
	return errors.As(problem, &refusal) && refusal.Reason == v1alpha1.ReasonNotAllowed
}

// ProviderProven reports whether everything that a provider says of itself is True, but for
// what its realm's pods run of it.
func ProviderProven(p *v1alpha1.OAuthProvider) bool {
	for _, c := range p.Status.Conditions {
		if c.Type != v1alpha1.ReadyCondition && c.Type != v1alpha1.AttachedCondition && (c.Status != metav1.ConditionTrue || c.ObservedGeneration != p.Generation) {
			return false
		}
	}
	return len(p.Status.Conditions) > 0
}

// ProviderUptake is how far the pods of a realm, nil for none, have taken up a provider.
func ProviderUptake(realm *v1alpha1.AuthRealm, provider string) Uptake {
	if realm == nil {
		return Uptake{}
	}
	for _, p := range realm.Status.Providers {
		if p.Name == provider {
			return Uptake{Revision: p.Revision, Everywhere: p.Attached}
		}
	}
	return Uptake{}
}
