// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"bytes"
	"context"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
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

// ReadClientSecret reads the client secret that a field of the spec names. It returns a
// conditions.Failure, which names the field, when there is none to use.
func ReadClientSecret(
	ctx context.Context, reader secrets.Reader, namespace, field string, ref v1alpha1.SecretKeyRef,
) (ClientSecret, error) {
	s, err := reader.Referenced(ctx, namespace, field, ref.Name, ref.Key)
	if err != nil {
		return ClientSecret{}, err
	}
	if render.RealmOf(s.Labels) != "" || ownership.OfAnyRealm(s) {
		// Sent to the token endpoint of somebody's choice, it could be a realm's signing key.
		return ClientSecret{}, conditions.NewFailure(v1alpha1.ReasonInvalidSecret, "%s: Secret %q is a realm's own; name one of yours", field, ref.Name)
	}
	value := bytes.TrimRight(s.Data[ref.Key], "\r\n") // what editors and echo leave behind
	if len(value) == 0 || len(value) > maxClientSecret {
		return ClientSecret{}, conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"%s: key %q of Secret %q must hold the client secret alone, 1 to %d bytes", field, ref.Key, ref.Name, maxClientSecret)
	}
	return ClientSecret{value, string(s.UID) + "/" + s.ResourceVersion}, nil
}
