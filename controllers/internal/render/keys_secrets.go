// SPDX-License-Identifier: Apache-2.0

package render

import (
	"path"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Keys of the generated Secrets' data.
var (
	KeysetKey         = path.Base(realmconfig.KeysetFile)
	EarlierKeysetKey  = path.Base(realmconfig.EarlierKeysetFile)
	EncryptionKeysKey = path.Base(realmconfig.EncryptionKeysFile)
	AdminEmailKey     = path.Base(realmconfig.InitialAdminEmailFile)
	AdminPasswordKey  = path.Base(realmconfig.InitialAdminPasswordFile)
)

// SigningKeys is the Secret with the realm's key set, and beside it what servers of an
// earlier release read.
func SigningKeys(in Inputs) *corev1ac.SecretApplyConfiguration {
	return secret(in.Realm, NamesOf(in.Realm).SigningKeys(), server, map[string][]byte{
		KeysetKey: in.Keyset, EarlierKeysetKey: in.EarlierKeyset,
	}).
		WithOwnerReferences(owner(in.Realm))
}

func encryptionKeysSecret(in Inputs) *corev1ac.SecretApplyConfiguration {
	return keptWithData(in.Realm, secret(in.Realm, NamesOf(in.Realm).EncryptionKeys(), server,
		map[string][]byte{EncryptionKeysKey: in.EncryptionKeys}))
}

func initialAdminSecret(in Inputs) *corev1ac.SecretApplyConfiguration {
	return keptWithData(in.Realm, secret(in.Realm, NamesOf(in.Realm).InitialAdmin(), server, map[string][]byte{
		AdminEmailKey:    []byte(in.Admin.Email),
		AdminPasswordKey: []byte(in.Admin.Password),
	}))
}

// keptWithData ties a Secret to the realm only when the realm's data goes with it.
func keptWithData(realm *v1alpha1.AuthRealm, s *corev1ac.SecretApplyConfiguration) *corev1ac.SecretApplyConfiguration {
	if outlivesRealm(realm, *s.Name) {
		return s
	}
	return s.WithOwnerReferences(owner(realm))
}

// outlivesRealm reports whether a Secret stays when the realm is deleted, as its data
// does: without its encryption keys a retained database cannot be read.
func outlivesRealm(realm *v1alpha1.AuthRealm, secret string) bool {
	n := NamesOf(realm)
	return OutlivesRealm(realm) && (secret == n.EncryptionKeys() || secret == n.InitialAdmin())
}

func secret(realm *v1alpha1.AuthRealm, name, component string, data map[string][]byte) *corev1ac.SecretApplyConfiguration {
	return corev1ac.Secret(name, realm.Namespace).
		WithLabels(labels(realm, component)).
		WithType(corev1.SecretTypeOpaque).
		WithData(data)
}
