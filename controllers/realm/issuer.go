// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// issuerIndex finds the realms of an issuer, in every namespace, by its normal form.
const issuerIndex = "issuer"

func indexIssuers(indexer client.FieldIndexer) error {
	return indexer.IndexField(context.Background(), &v1alpha1.AuthRealm{}, issuerIndex, func(o client.Object) []string {
		realm, ok := o.(*v1alpha1.AuthRealm)
		if !ok {
			return nil
		}
		return []string{normalIssuer(realm.Spec.Issuer)}
	})
}

// gatherIssuer looks for an older realm of the same issuer. Whoever trusts the
// issuer knows the keys of one of them, so that the other's tokens fail. Which
// is whose is for people to decide: the younger one is told of it and works on,
// as it must while one takes over from the other.
func (r *reconciler) gatherIssuer(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	var rivals v1alpha1.AuthRealmList
	err := r.List(ctx, &rivals, client.MatchingFields{issuerIndex: normalIssuer(realm.Spec.Issuer)})
	if err != nil {
		s.issuersUnknown, err = s.classify(fmt.Errorf("list realms of issuer: %w", err))
		return err
	}
	eldest := realm
	for i := range rivals.Items {
		if rival := &rivals.Items[i]; rival.DeletionTimestamp == nil && older(rival, eldest) {
			eldest = rival
		}
	}
	if eldest != realm {
		same := "the same issuer"
		if eldest.Spec.Issuer != realm.Spec.Issuer {
			same = fmt.Sprintf("the issuer %s, which is the same place,", eldest.Spec.Issuer)
		}
		s.duplicateIssuer = conditions.NewFailure(v1alpha1.ReasonDuplicateIssuer,
			"AuthRealm %q in namespace %q has %s and is older; give one of them another issuer",
			eldest.Name, eldest.Namespace, same)
	}
	return nil
}

// older orders realms by age, and those of the same second by their UID.
func older(a, b *v1alpha1.AuthRealm) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.UID < b.UID
}

// realmsOfIssuer are the realms of the issuer that a realm has, or had before it
// changed: what became of it concerns them.
func (r *reconciler) realmsOfIssuer(ctx context.Context, o client.Object) []reconcile.Request {
	realm, ok := o.(*v1alpha1.AuthRealm)
	if !ok {
		return nil
	}
	var rivals v1alpha1.AuthRealmList
	if err := r.List(ctx, &rivals, client.MatchingFields{issuerIndex: normalIssuer(realm.Spec.Issuer)}); err != nil {
		log.FromContext(ctx).Error(fmt.Errorf("list realms of issuer: %w", err), "Lost an event", "object", o.GetName())
		return nil
	}
	var requests []reconcile.Request
	for _, rival := range rivals.Items {
		if rival.UID != realm.UID {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&rival)})
		}
	}
	return requests
}
