// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
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
		status: status.NewKind("provider", &v1alpha1.OAuthProvider{}, func(p *v1alpha1.OAuthProvider) (*[]metav1.Condition, int64) {
			return &p.Status.Conditions, p.Status.ObservedGeneration
		}),
		realm:  named(func(p *v1alpha1.OAuthProvider) string { return p.Spec.RealmRef.Name }),
		secret: named(func(p *v1alpha1.OAuthProvider) string { return p.Spec.ClientSecretRef.Name }),
		// Whether it has promised to name itself.
		published: changed(func(before, after *v1alpha1.OAuthProvider) bool {
			return before.Status.NamedIssuer != after.Status.NamedIssuer
		}),
	}
}

// Providers are the OAuthProviders of a realm, by name.
func Providers(ctx context.Context, r client.Reader, namespace, realm string) ([]v1alpha1.OAuthProvider, error) {
	var list v1alpha1.OAuthProviderList
	err := r.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{realmIndex: realm})
	if err != nil {
		return nil, fmt.Errorf("list providers: %w", err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.OAuthProvider) int { return cmp.Compare(a.Name, b.Name) })
	return list.Items, nil
}

// ProviderSecret reads the client secret of a provider. It returns a
// conditions.Failure when there is none to use.
func ProviderSecret(ctx context.Context, reader secrets.Reader, p *v1alpha1.OAuthProvider) (ClientSecret, error) {
	return ReadClientSecret(ctx, reader, p.Namespace, "clientSecretRef", render.ClientSecret(p))
}

// ProviderUptake is how far the pods of a realm, nil for none, have taken up a provider.
func ProviderUptake(realm *v1alpha1.AuthRealm, provider string) Uptake {
	if realm == nil {
		return Uptake{}
	}
	for _, p := range realm.Status.Providers {
		if p.Name == provider {
			return Uptake{Revision: p.Revision, Everywhere: p.Ready}
		}
	}
	return Uptake{}
}
