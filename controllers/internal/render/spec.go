// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

const (
	defaultReplicas = 2
	defaultURLKey   = "uri"

	defaultRotationInterval = 90 * 24 * time.Hour
)

// Replicas is the number of auth server pods the realm asks for: the least, when
// it follows the load.
func Replicas(realm *v1alpha1.AuthRealm) int32 {
	if a := realm.Spec.Autoscaling; a != nil {
		return valueOr(a.MinReplicas, defaultReplicas)
	}
	return valueOr(realm.Spec.Replicas, defaultReplicas)
}

// Algorithm is the algorithm of new signing keys.
func Algorithm(realm *v1alpha1.AuthRealm) v1alpha1.SigningAlgorithm {
	if keys := realm.Spec.SigningKeys; keys != nil && keys.Algorithm != "" {
		return keys.Algorithm
	}
	return v1alpha1.ES256
}

// RotationInterval is how old a signing key becomes, 0 for however old.
func RotationInterval(realm *v1alpha1.AuthRealm) time.Duration {
	if keys := realm.Spec.SigningKeys; keys != nil && keys.RotationInterval != nil {
		return keys.RotationInterval.Duration
	}
	return defaultRotationInterval
}

// AdminEmail is the address of the realm's first user.
func AdminEmail(realm *v1alpha1.AuthRealm) string {
	if admin := realm.Spec.InitialAdmin; admin != nil && admin.Email != "" {
		return admin.Email
	}
	return addressOr("admin@"+Host(realm), "admin@localhost")
}

// ManagesDatabase reports whether the operator runs the realm's database.
func ManagesDatabase(realm *v1alpha1.AuthRealm) bool {
	return realm.Spec.Database == nil || realm.Spec.Database.URLSecretRef == nil
}

// ManagesCache reports whether the operator runs the realm's cache.
func ManagesCache(realm *v1alpha1.AuthRealm) bool {
	return realm.Spec.Cache == nil || realm.Spec.Cache.URLSecretRef == nil
}

// OwnsCertificate reports whether the realm's own authority issues its certificate.
func OwnsCertificate(realm *v1alpha1.AuthRealm) bool { return realm.Spec.TLS == nil }

// OrdersCertificate reports whether cert-manager issues the realm's certificate.
func OrdersCertificate(realm *v1alpha1.AuthRealm) bool {
	return realm.Spec.TLS != nil && realm.Spec.TLS.CertManager != nil
}

// DatabaseURL is where the database's URL stands.
func DatabaseURL(realm *v1alpha1.AuthRealm) v1alpha1.SecretKeyRef {
	if ManagesDatabase(realm) {
		return v1alpha1.SecretKeyRef{Name: NamesOf(realm).Database(), Key: tlsURLKey}
	}
	return withKey(*realm.Spec.Database.URLSecretRef)
}

// CacheURL is where the cache's URL stands.
func CacheURL(realm *v1alpha1.AuthRealm) v1alpha1.SecretKeyRef {
	if ManagesCache(realm) {
		return v1alpha1.SecretKeyRef{Name: NamesOf(realm).Cache(), Key: tlsURLKey}
	}
	return withKey(*realm.Spec.Cache.URLSecretRef)
}

// DatabaseCA is where the CA of the database stands, nil for none.
func DatabaseCA(realm *v1alpha1.AuthRealm) *v1alpha1.SecretKeyRef {
	if ManagesDatabase(realm) {
		return &v1alpha1.SecretKeyRef{Name: NamesOf(realm).Database(), Key: CABundleKey}
	}
	return caKey(realm.Spec.Database.CASecretRef)
}

// CacheCA is where the CA of the cache stands, nil for none.
func CacheCA(realm *v1alpha1.AuthRealm) *v1alpha1.SecretKeyRef {
	if ManagesCache(realm) {
		return &v1alpha1.SecretKeyRef{Name: NamesOf(realm).Cache(), Key: CABundleKey}
	}
	return caKey(realm.Spec.Cache.CASecretRef)
}

func caKey(ref *v1alpha1.SecretKeyRef) *v1alpha1.SecretKeyRef {
	if ref == nil {
		return nil
	}
	return &v1alpha1.SecretKeyRef{Name: ref.Name, Key: cmp.Or(ref.Key, CABundleKey)}
}

// CertificateSecret is the name of the Secret with the serving certificate.
func CertificateSecret(realm *v1alpha1.AuthRealm) string {
	switch {
	case OwnsCertificate(realm):
		return NamesOf(realm).Certificate()
	case OrdersCertificate(realm):
		return NamesOf(realm).OrderedCertificate()
	}
	return realm.Spec.TLS.SecretRef.Name
}

// OutlivesRealm reports whether data stays when the realm is deleted: in a
// volume that is to be retained, or in a database of the user's.
func OutlivesRealm(realm *v1alpha1.AuthRealm) bool {
	return !ManagesDatabase(realm) || managedDatabase(realm).DeletionPolicy != v1alpha1.DeleteData
}

// DatabaseStorage is what the spec says of the managed database's volume, nil for nothing.
func DatabaseStorage(realm *v1alpha1.AuthRealm) *v1alpha1.Storage {
	return managedDatabase(realm).Storage
}

// RotateDatabaseAfter is from when on the managed database's password is to be a
// new one, nil for never.
func RotateDatabaseAfter(realm *v1alpha1.AuthRealm) *metav1.Time {
	return managedDatabase(realm).RotatePasswordAfter
}

// RotateCacheAfter is RotateDatabaseAfter for the managed cache.
func RotateCacheAfter(realm *v1alpha1.AuthRealm) *metav1.Time {
	return managedCache(realm).RotatePasswordAfter
}

func managedDatabase(realm *v1alpha1.AuthRealm) v1alpha1.ManagedDatabase {
	if realm.Spec.Database == nil || realm.Spec.Database.Managed == nil {
		return v1alpha1.ManagedDatabase{}
	}
	return *realm.Spec.Database.Managed
}

func managedCache(realm *v1alpha1.AuthRealm) v1alpha1.ManagedCache {
	if realm.Spec.Cache == nil || realm.Spec.Cache.Managed == nil {
		return v1alpha1.ManagedCache{}
	}
	return *realm.Spec.Cache.Managed
}

func withKey(ref v1alpha1.SecretKeyRef) v1alpha1.SecretKeyRef {
	ref.Key = cmp.Or(ref.Key, defaultURLKey)
	return ref
}

func valueOr[T any](pointer *T, otherwise T) T {
	if pointer == nil {
		return otherwise
	}
	return *pointer
}
