// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// gatherReferences keeps what the spec may not name out of the realm's objects. Pods do
// without what mail and text messages would need. Those that could not run without it
// are left as they are, and so is the Ingress.
func (r *reconciler) gatherReferences(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	for _, ref := range render.SecretReferences(realm) {
		failure, err := s.classify(r.checkReference(ctx, realm, ref))
		switch {
		case err != nil:
			return err
		case failure == nil:
		case ref.Field == render.IngressSecretField:
			s.withholdIngress(failure)
		case ref.Needed || failure.Reason == v1alpha1.ReasonFailed: // nobody knows whether it may be mounted
			s.inputs.WithoutServer = true
		default:
			s.inputs.Unmounted = append(s.inputs.Unmounted, ref.Field)
		}
	}
	return nil
}

func (r *reconciler) checkReference(ctx context.Context, realm *v1alpha1.AuthRealm, ref render.SecretReference) error {
	secret := render.Reference{Kind: corev1.SchemeGroupVersion.WithKind("Secret"), Name: ref.Name}
	existing, err := r.applier.Metadata(ctx, realm.Namespace, secret)
	if err != nil {
		return err
	}
	var o metav1.Object
	if existing != nil {
		o = existing
	}
	return r.references.Check(ctx, realm.Namespace, ref.Field, ref.Name, o)
}
