// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

const (
	databaseRole = "realmkeeper"
	databaseName = "realmkeeper"
	databasePort = 5432
)

// PasswordKey is the key of a managed store's password.
const PasswordKey = corev1.BasicAuthPasswordKey

// databaseSecret has the keys of the Secret that CloudNativePG makes for an
// application, so that moving to one changes only a name.
func databaseSecret(in Inputs) *corev1ac.SecretApplyConfiguration {
	return secret(in.Realm, NamesOf(in.Realm).Database(), database, map[string][]byte{
		corev1.BasicAuthUsernameKey: []byte(databaseRole),
		PasswordKey:                 []byte(in.DatabasePassword),
		defaultURLKey:               ManagedDatabaseURL(in),
	}).WithOwnerReferences(owner(in.Realm))
}

// ManagedDatabaseURL is where pods find the managed PostgreSQL.
func ManagedDatabaseURL(in Inputs) []byte {
	uri := url.URL{
		Scheme:   "postgresql",
		User:     url.UserPassword(databaseRole, in.DatabasePassword),
		Host:     fmt.Sprintf("%s:%d", NamesOf(in.Realm).Database(), databasePort),
		Path:     databaseName,
		RawQuery: "sslmode=disable", // the managed instance does not speak TLS
	}
	return []byte(uri.String())
}
