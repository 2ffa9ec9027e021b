// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// pullSecretsState is what is known of the Secrets that images are pulled with.
type pullSecretsState struct {
	failures []*conditions.Failure

	// advice tells of those of the installation that are not there. Many realms do
	// without them, so that it stands in the way of nothing.
	advice string
}

// gatherPullSecrets looks at the Secrets that images are pulled with. A kubelet pulls
// without one that is missing, and only its own log says why that fails.
func (r *reconciler) gatherPullSecrets(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	for _, name := range render.NamedPullSecrets(realm) {
		failure, err := s.classify(r.inspectPullSecret(ctx, realm.Namespace, name))
		if err != nil {
			return err
		}
		if failure != nil {
			s.pullSecrets.failures = append(s.pullSecrets.failures, failure)
		}
	}
	if len(realm.Spec.ImagePullSecrets) > 0 {
		return nil
	}
	for _, name := range r.images.PullSecrets {
		existing, err := r.applier.Metadata(ctx, realm.Namespace, render.Reference{Kind: corev1.SchemeGroupVersion.WithKind("Secret"), Name: name})
		failure, err := s.classify(err)
		if err != nil {
			return err
		}
		if existing == nil && failure == nil {
			s.pullSecrets.advice += fmt.Sprintf(". Secret %q, which the operator was told to pull images with, is not in this namespace; "+
				"make it if they cannot be pulled without", name)
		}
	}
	return nil
}

func (r *reconciler) inspectPullSecret(ctx context.Context, namespace, name string) error {
	const field = "imagePullSecrets"
	s, err := r.references.Secret(ctx, namespace, field, name)
	if err != nil {
		return err
	}
	if s.Type != corev1.SecretTypeDockerConfigJson && s.Type != corev1.SecretTypeDockercfg {
		return conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"%s: Secret %q is of type %s, and no image is pulled with it; make it with kubectl create secret docker-registry", field, name, s.Type)
	}
	return nil
}
