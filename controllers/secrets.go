// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// generate returns the content of one of the realm's own Secrets, and makes it
// if there is none. It reads past the cache and only ever creates, so that what
// exists is not replaced by mistake: with two operators at work, one of them
// finds the other's.
func (r *reconciler) generate(
	ctx context.Context, realm *v1alpha1.AuthRealm, name string, kind corev1.SecretType,
	content func() (map[string][]byte, error),
) (s *corev1.Secret, created bool, err error) {
	s, err = r.own(ctx, realm, name)
	if !apierrors.IsNotFound(err) {
		return s, false, err
	}
	data, err := content()
	if err != nil {
		return nil, false, fmt.Errorf("generate secret %s: %w", name, err)
	}
	s = render.Generated(realm, name, kind, data)
	err = r.Create(ctx, s, client.FieldOwner(fieldOwner))
	if apierrors.IsAlreadyExists(err) {
		s, err = r.own(ctx, realm, name)
		return s, false, err
	}
	if err != nil {
		return nil, false, r.refused(ctx, secretOf(name, realm.Namespace, data), "made", err)
	}
	return s, true, nil
}

// secretOf is what there is to know of a Secret when the API server refuses it.
func secretOf(name, namespace string, data map[string][]byte) *corev1ac.SecretApplyConfiguration {
	return corev1ac.Secret(name, namespace).WithData(data)
}

// secretWords are the words of whoever refused what was to be done with a Secret. They
// may quote what was sent, and what is there.
func (r *reconciler) secretWords(ctx context.Context, sent *corev1ac.SecretApplyConfiguration, err error) string {
	stands, readErr := r.secret(ctx, *sent.GetNamespace(), *sent.GetName())
	switch {
	case readErr == nil:
		return secretWords(err, sent, stands.Data)
	case apierrors.IsNotFound(readErr):
		return secretWords(err, sent, nil)
	}
	return "why is not told, since it may quote what is there, which cannot be read: " + conditions.StableMessage(readErr)
}

// write makes one of the realm's own Secrets what it should be, at once, and only
// over what was read of it.
func (r *reconciler) write(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered, s *corev1ac.SecretApplyConfiguration) error {
	if _, err := r.applyOne(ctx, realm, g.pin(s)); err != nil {
		return err
	}
	if s.UID != nil && s.ResourceVersion != nil {
		g.versions[*s.GetName()] = version{*s.UID, *s.ResourceVersion}
	}
	return nil
}

// own reads one of the realm's own Secrets. It returns a failure when the
// Secret is somebody else's, and apierrors.IsNotFound when there is none.
func (r *reconciler) own(ctx context.Context, realm *v1alpha1.AuthRealm, name string) (*corev1.Secret, error) {
	s, err := r.secret(ctx, realm.Namespace, name)
	if err != nil {
		return nil, err
	}
	return s, mine(realm, "Secret", s)
}

// referenced reads a Secret that the spec names and checks that it has the
// keys. It returns a failure, which names field, when something is missing,
// and with it what is there.
func (r *reconciler) referenced(ctx context.Context, namespace, field, name string, keys ...string) (map[string][]byte, error) {
	s, err := r.found(ctx, namespace, field, name, keys...)
	if s == nil {
		return nil, err
	}
	return s.Data, err
}

// found is referenced, with everything else that the Secret is.
func (r *reconciler) found(ctx context.Context, namespace, field, name string, keys ...string) (*corev1.Secret, error) {
	if !canBeNamed(name) {
		return nil, conditions.NewFailure(v1alpha1.ReasonSecretNotFound,
			"%s: no Secret can have the name %q; name one by lower-case letters, digits, '-' and '.'", field, name)
	}
	s, err := r.secret(ctx, namespace, name)
	if apierrors.IsNotFound(err) {
		return nil, conditions.NewFailure(v1alpha1.ReasonSecretNotFound, "%s: there is no Secret %q in this namespace; create it", field, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	for _, key := range keys {
		if len(s.Data[key]) == 0 {
			return s, conditions.NewFailure(v1alpha1.ReasonSecretNotFound, "%s: Secret %q has no key %q; add it", field, name, key)
		}
	}
	return s, nil
}

// canBeNamed reports whether an object may have a name. The kinds say so too, but
// not of what was there before they did.
func canBeNamed(name string) bool { return len(validation.NameIsDNSSubdomain(name, false)) == 0 }

func (r *reconciler) secret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	s := &corev1.Secret{}
	if err := r.live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, s); err != nil {
		return nil, fmt.Errorf("get secret %s: %w", name, err)
	}
	return s, nil
}
