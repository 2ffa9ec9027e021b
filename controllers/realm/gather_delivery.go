// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// deliveryState is what is known of the Secrets that mail and text messages need.
type deliveryState struct {
	named   int
	failure *conditions.Failure

	// unknown is set when one could not be looked at.
	unknown bool

	// credentials are what pods read of them.
	credentials realmconfig.Credentials
}

// gatherDelivery looks at the Secrets that email and sms name. Pods run without
// them, so that what is missing stops nothing; all of it is said at once.
func (r *reconciler) gatherDelivery(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	var all []*conditions.Failure
	for _, secret := range render.DeliverySecrets(realm) {
		s.delivery.named++
		failure, err := s.classify(r.inspectDelivery(ctx, realm, secret, &s.delivery.credentials))
		if err != nil {
			return err
		}
		if failure != nil {
			all = append(all, failure)
			s.delivery.unknown = s.delivery.unknown || failure.Reason == v1alpha1.ReasonFailed
		}
	}
	s.delivery.failure = conditions.Join(all)
	return nil
}

func (r *reconciler) inspectDelivery(
	ctx context.Context, realm *v1alpha1.AuthRealm, secret render.DeliverySecret, into *realmconfig.Credentials,
) error {
	data, err := r.references.Data(ctx, realm.Namespace, secret.Field, secret.Name, secret.Keys()...)
	secret.Fill(into, data)
	if err != nil {
		return err
	}
	key := secret.Keys()[0]
	switch {
	case secret.Holds(realmconfig.SMTPCAFile) && !x509.NewCertPool().AppendCertsFromPEM(data[key]):
		return conditions.NewFailure(v1alpha1.ReasonInvalidSecret, "%s: key %q of Secret %q holds no certificate in PEM", secret.Field, key, secret.Name)
	case secret.Holds(realmconfig.SMSSecretFile) && realm.Spec.SMS.Webhook != nil && !signingSecret(data[key]):
		return conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"%s: key %q of Secret %q must hold whsec_ and 24 to 64 bytes in base64", secret.Field, key, secret.Name)
	}
	return nil
}

// signingSecret reports whether a value is one as Standard Webhooks describes it.
func signingSecret(value []byte) bool {
	encoded, found := strings.CutPrefix(strings.TrimRight(string(value), "\r\n"), "whsec_")
	secret, err := base64.StdEncoding.DecodeString(encoded)
	return found && err == nil && len(secret) >= 24 && len(secret) <= 64
}
