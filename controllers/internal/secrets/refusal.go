// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// Refusal is why a Secret could not be made or written, which done says. It is a
// conditions.Failure in the words of whoever refused it, unless the error ends the pass.
func (r Reader) Refusal(ctx context.Context, sent *corev1ac.SecretApplyConfiguration, done string, err error) error {
	if conditions.EndsPass(err) {
		return fmt.Errorf("write %s %s: %w", *sent.GetKind(), *sent.GetName(), err)
	}
	return conditions.NewFailure(v1alpha1.ReasonApplyFailed, "%s %q could not be %s: %s",
		*sent.GetKind(), *sent.GetName(), done, r.Message(ctx, sent, err))
}

// Message is that of an error about a Secret. Whoever refuses one may quote what was
// sent, and what is there: both are left out.
func (r Reader) Message(ctx context.Context, sent *corev1ac.SecretApplyConfiguration, err error) string {
	existing, readErr := r.Get(ctx, *sent.GetNamespace(), *sent.GetName())
	switch {
	case readErr == nil:
		return redact(err, sent, existing.Data)
	case apierrors.IsNotFound(readErr):
		return redact(err, sent, nil)
	}
	return "why is not told, since it may quote what is there, which cannot be read: " + conditions.StableMessage(readErr)
}
