// SPDX-License-Identifier: Apache-2.0

// Package secrets reads the Secrets that users name, and makes those that are a
// realm's own.
//
// Contents are read past the cache, which holds no Secret: a Reader asks the API
// server each time, and whoever watches Secrets watches their metadata. What a spec names
// is read through References, which keep the operator's own Secrets back. A Generator
// makes a Secret once and never replaces what it holds unasked. What the API server
// says of a Secret that it refuses is told without any value of it.
package secrets

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
)

// Reader reads Secrets.
type Reader struct{ live client.Reader }

// NewReader is a Reader that reads from live, which is not a cache.
func NewReader(live client.Reader) Reader { return Reader{live} }

// Get reads a Secret. It returns an error that is apierrors.IsNotFound when there is
// none.
func (r Reader) Get(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	s := &corev1.Secret{}
	if err := r.live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, s); err != nil {
		return nil, fmt.Errorf("get secret %s: %w", name, err)
	}
	return s, nil
}

// Owned reads one of the realm's own Secrets. It returns a conditions.Failure when the
// Secret is somebody else's, and apierrors.IsNotFound when there is none.
func (r Reader) Owned(ctx context.Context, realm *v1alpha1.AuthRealm, name string) (*corev1.Secret, error) {
	s, err := r.Get(ctx, realm.Namespace, name)
	if err != nil {
		return nil, err
	}
	return s, ownership.Check(realm, "Secret", s)
}

// Needed reads a Secret that is needed for a field of a spec and checks that it has the
// keys. It returns a conditions.Failure, which names the field, when something is
// missing, and with it the Secret, where there is one. Whether the field may name the
// Secret is for References to say.
func (r Reader) Needed(ctx context.Context, namespace, field, name string, keys ...string) (*corev1.Secret, error) {
	if !CanBeNamed(name) {
		return nil, conditions.NewFailure(v1alpha1.ReasonSecretNotFound,
			"%s: no Secret can have the name %q; name one by lower-case letters, digits, '-' and '.'", field, name)
	}
	s, err := r.Get(ctx, namespace, name)
	if apierrors.IsNotFound(err) {
		return nil, conditions.NewFailure(v1alpha1.ReasonSecretNotFound, "%s: there is no Secret %q in this namespace; create it", field, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	if said := lacking(s, keys...); said != "" {
		return s, conditions.NewFailure(v1alpha1.ReasonSecretNotFound, "%s: Secret %q %s; add what is missing, or name what is meant", field, name, said)
	}
	return s, nil
}

// CanBeNamed reports whether an object may have a name. The kinds say so too, but
// not of what was there before they did.
func CanBeNamed(name string) bool { return len(validation.NameIsDNSSubdomain(name, false)) == 0 }
