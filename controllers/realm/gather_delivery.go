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

// deliveryView is what is known of the Secrets that mail and text messages need.
type deliveryView struct {
	named   int
	failure *conditions.Failure

	// unread is set when one could not be looked at.
	unread bool

	// credentials are what pods read of them.
	credentials realmconfig.Credentials
}

// gatherDelivery looks at the Secrets that email and sms name. Pods run without
// them, so that what is missing stops nothing; all of it is said at once.
func (r *reconciler) gatherDelivery(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) error {
	var all []*conditions.Failure
	for _, s := range render.DeliverySecrets(realm) {
		g.delivery.named++
		failure, err := g.classify(r.inspectDelivery(ctx, realm, s, &g.delivery.credentials))
		if err != nil {
			return err
		}
		if failure != nil {
			all = append(all, failure)
			g.delivery.unread = g.delivery.unread || failure.Reason == v1alpha1.ReasonFailed
		}
	}
	g.delivery.failure = conditions.Join(all)
	return nil
}

func (r *reconciler) inspectDelivery(
	ctx context.Context, realm *v1alpha1.AuthRealm, s render.DeliverySecret, into *realmconfig.Credentials,
) error {
	data, err := r.generator.ReferencedData(ctx, realm.Namespace, s.Field, s.Name, s.Keys()...)
	s.Fill(into, data)
	if err != nil {
		return err
	}
	key := s.Keys()[0]
	switch {
	case s.Holds(realmconfig.SMTPCAFile) && !x509.NewCertPool().AppendCertsFromPEM(data[key]):
		return conditions.NewFailure(v1alpha1.ReasonInvalidSecret, "%s: key %q of Secret %q holds no certificate in PEM", s.Field, key, s.Name)
	case s.Holds(realmconfig.SMSSecretFile) && realm.Spec.SMS.Webhook != nil && !signingSecret(data[key]):
		return conditions.NewFailure(v1alpha1.ReasonInvalidSecret,
			"%s: key %q of Secret %q must hold whsec_ and 24 to 64 bytes in base64", s.Field, key, s.Name)
	}
	return nil
}

// signingSecret reports whether a value is one as Standard Webhooks describes it.
func signingSecret(value []byte) bool {
	encoded, found := strings.CutPrefix(strings.TrimRight(string(value), "\r\n"), "whsec_")
	secret, err := base64.StdEncoding.DecodeString(encoded)
	return found && err == nil && len(secret) >= 24 && len(secret) <= 64
}
