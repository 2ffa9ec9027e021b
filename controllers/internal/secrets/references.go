// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
)

// References reads the Secrets that specs name, which are never the operator's own.
type References struct {
	Reader
	own ownership.Own
}

// NewReferences is a References that reads from live, which is not a cache.
func NewReferences(live client.Reader, own ownership.Own) References {
	return References{NewReader(live), own}
}

// Check returns a conditions.Failure when a field names a Secret that is the operator's
// own. The Secret is nil where it is not there, or was not looked at yet.
func (r References) Check(ctx context.Context, namespace, field, name string, existing metav1.Object) error {
	own, err := r.own.Secret(ctx, namespace, name, existing)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", field, err)
	case own:
		return conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"%s: Secret %q is a realm's own, or called like one, and is not read; name one of yours, of another name", field, name)
	}
	return nil
}

// Secret reads a Secret that a field of a spec names and checks that it has the keys. It
// returns a conditions.Failure, which names the field, when the Secret may not be named,
// and when something is missing; with the latter the Secret, where there is one.
func (r References) Secret(ctx context.Context, namespace, field, name string, keys ...string) (*corev1.Secret, error) {
	if err := r.Check(ctx, namespace, field, name, nil); err != nil {
		return nil, err
	}
	s, missing := r.Needed(ctx, namespace, field, name, keys...)
	if s == nil {
		return nil, missing
	}
	if err := r.Check(ctx, namespace, field, name, s); err != nil {
		return nil, err
	}
	return s, missing
}

// Data is Secret for the content alone, nil where there is no Secret to be named.
func (r References) Data(ctx context.Context, namespace, field, name string, keys ...string) (map[string][]byte, error) {
	s, err := r.Secret(ctx, namespace, field, name, keys...)
	if s == nil {
		return nil, err
	}
	return s.Data, err
}
