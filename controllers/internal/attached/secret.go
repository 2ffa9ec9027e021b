// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"bytes"
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// maxClientSecret is in bytes, and far above what providers hand out. All of a
// realm's share one Secret, which no single one may fill.
const maxClientSecret = 4096

// ClientSecret is that of an attached object, and the version of the Secret it was read
// from.
type ClientSecret struct {
	Value   []byte
	Version string
}

// ClientSecretVersion is the version of the Secret that a field of the spec names, as far as
// a cache of its metadata goes, "" where there is none to be named.
func ClientSecretVersion(
	ctx context.Context, cache client.Reader, references secrets.References, namespace, field string, ref v1alpha1.SecretKeyRef,
) (string, error) {
	s := kinds.Metadata(corev1.SchemeGroupVersion.WithKind("Secret"))
	err := cache.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.Name}, s)
	if err != nil {
		return "", client.IgnoreNotFound(err)
	}
	if err := references.Check(ctx, namespace, field, ref.Name, s); err != nil {
		return "", err
	}
	return versionOf(s), nil
}

func versionOf(s metav1.Object) string { return string(s.GetUID()) + "/" + s.GetResourceVersion() }

// ReadClientSecret reads the client secret that a field of the spec names. It returns a
// conditions.Failure, which names the field, when there is none to use.
func ReadClientSecret(
	ctx context.Context, references secrets.References, namespace, field string, ref v1alpha1.SecretKeyRef,
) (ClientSecret, error) {
	s, err := references.Secret(ctx, namespace, field, ref.Name, ref.Key)
	if err != nil {
		return ClientSecret{}, err
	}
	value := bytes.TrimRight(s.Data[ref.Key], "\r\n") // what editors and echo leave behind
	if len(value) == 0 || len(value) > maxClientSecret {
		return ClientSecret{}, conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"%s: key %q of Secret %q must hold the client secret alone, 1 to %d bytes", field, ref.Key, ref.Name, maxClientSecret)
	}
	return ClientSecret{value, versionOf(s)}, nil
}
