// SPDX-License-Identifier: Apache-2.0

// Package attached is what the kinds have in common that hang on a realm: OAuthProvider
// and OAuthClient.
//
// An object of such a kind names a realm, and may name a Secret. The pass over the realm
// takes up the providers that it can use, and its status tells which revision of each every
// pod runs; clients, of which there may be thousands, have documents of their own. The pass
// over an object, which a Controller makes, says in the object's own status what became of
// it: its realm is there (RealmFound), what it says can be used, and every pod of the realm
// runs it as the spec says (Attached).
//
// A Kind tells which realm and which Secret an object names, so that each pass is woken by
// what the other does. Each kind has a file here with its Kind and what both passes must
// know alike.
package attached

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// Realm reads the realm of an attached object. It returns nil when there is none, and a
// failure when nobody knows; an error ends the pass.
func Realm(ctx context.Context, r client.Reader, namespace, name string) (*v1alpha1.AuthRealm, *conditions.Failure, error) {
	realm := &v1alpha1.AuthRealm{}
	err := r.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, realm)
	switch {
	case err == nil:
		return realm, nil, nil
	case apierrors.IsNotFound(err):
		return nil, nil, nil
	}
	unread, err := conditions.Classify(fmt.Errorf("get realm: %w", err))
	return nil, unread, err
}

// RealmElsewhere is a namespace that has a realm of the name, for an object whose own has
// none: "" when there is none either, or the operator sees no other namespace.
func RealmElsewhere(ctx context.Context, r client.Reader, namespace, name string) (string, error) {
	var realms v1alpha1.AuthRealmList
	if err := r.List(ctx, &realms, client.UnsafeDisableDeepCopy); err != nil {
		return "", fmt.Errorf("list realms: %w", err)
	}
	elsewhere := ""
	for i := range realms.Items {
		found := &realms.Items[i]
		if found.Name == name && found.Namespace != namespace && (elsewhere == "" || found.Namespace < elsewhere) {
			elsewhere = found.Namespace
		}
	}
	return elsewhere, nil
}

// RealmFound is the condition that says whether the realm of that name is there, or in
// which other namespace one is.
func RealmFound(name string, realm *v1alpha1.AuthRealm, unread *conditions.Failure, elsewhere string) metav1.Condition {
	const kind = v1alpha1.RealmFoundCondition
	if unread != nil {
		return unread.Unknown(kind)
	}
	if realm == nil && elsewhere != "" {
		return conditions.False(kind, v1alpha1.ReasonRealmNotFound,
			"realmRef: there is no AuthRealm %q in this namespace, and a realm takes up what is in its own alone; there is one in namespace %q: create this there",
			name, elsewhere)
	}
	if realm == nil {
		return conditions.False(kind, v1alpha1.ReasonRealmNotFound, "realmRef: there is no AuthRealm %q in this namespace; create it", name)
	}
	return conditions.True(kind, v1alpha1.ReasonFound, "AuthRealm %q is there", name)
}

// SecretFound is the condition that says whether the client secret can be used, which it
// cannot because of the failure.
func SecretFound(failure *conditions.Failure) metav1.Condition {
	const kind = v1alpha1.SecretFoundCondition
	switch {
	case failure != nil && failure.Reason == v1alpha1.ReasonFailed:
		return failure.Unknown(kind)
	case failure != nil:
		return failure.False(kind)
	}
	return conditions.True(kind, v1alpha1.ReasonFound, "The client secret is there")
}

// Accepted is the condition that says whether an auth server takes the settings, and may
// do so, which it does not because of the problem.
func Accepted(problem error) metav1.Condition {
	const kind = v1alpha1.AcceptedCondition
	var refusal *conditions.Failure
	switch {
	case errors.As(problem, &refusal):
		return refusal.False(kind)
	case problem != nil:
		return conditions.False(kind, v1alpha1.ReasonInvalidSettings, "The settings cannot be used: %s", conditions.OneLine(problem))
	}
	return conditions.True(kind, v1alpha1.ReasonAccepted, "An auth server takes the settings")
}
