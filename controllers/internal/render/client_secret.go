// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// Keys of a client's Secret, as gateways read them.
const (
	ClientIDKey     = "client-id"
	ClientSecretKey = "client-secret"
	IssuerKey       = "issuer"
)

// ClientLabel marks the Secret of a client, by the client's name.
const ClientLabel = v1alpha1.GroupName + "/oauthclient"

// ClientSecretName names the Secret of a client.
func ClientSecretName(c *v1alpha1.OAuthClient) string {
	if s := c.Spec.Secret; s != nil && s.Name != "" {
		return s.Name
	}
	return c.Name + "-oauth-client"
}

// ClientSecretObject is the Secret of a client, with its secret and the issuer of its
// realm. It is the client's own, and goes with it.
func ClientSecretObject(c *v1alpha1.OAuthClient, issuer, value string) *corev1ac.SecretApplyConfiguration {
	data := map[string][]byte{ClientIDKey: []byte(ClientID(c)), ClientSecretKey: []byte(value), IssuerKey: []byte(issuer)}
	filled := strings.NewReplacer(
		"$("+ClientIDKey+")", ClientID(c), "$("+ClientSecretKey+")", value, "$("+IssuerKey+")", issuer)
	asked := valueOr(c.Spec.Secret, v1alpha1.ClientSecret{})
	for key, template := range asked.Keys {
		if data[key] == nil {
			data[key] = []byte(filled.Replace(string(template)))
		}
	}
	labels, annotations := map[string]string{}, map[string]string{}
	for key, value := range asked.Labels {
		labels[key] = string(value)
	}
	for key, value := range asked.Annotations {
		annotations[key] = string(value)
	}
	labels[managedByLabel], labels[ClientLabel] = product, c.Name
	return corev1ac.Secret(ClientSecretName(c), c.Namespace).
		WithLabels(labels).
		WithAnnotations(annotations).
		WithOwnerReferences(metav1ac.OwnerReference().
			WithAPIVersion(v1alpha1.GroupVersion.String()).
			WithKind("OAuthClient").
			WithName(c.Name).
			WithUID(c.UID).
			WithController(true).
			WithBlockOwnerDeletion(true)).
		WithType(corev1.SecretTypeOpaque).
		WithData(data)
}
