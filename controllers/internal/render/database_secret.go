// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"net/url"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

const (
	databaseName = "realmkeeper"
	databasePort = 5432
)

// DatabaseSecret has the keys of the Secret that CloudNativePG makes for an
// application, so that moving to one changes only a name.
func DatabaseSecret(in Inputs) *corev1ac.SecretApplyConfiguration {
	data := in.Database.data()
	in.DatabaseTLS.addTo(data, ManagedDatabaseURL(in), databaseURL(in, "disable"))
	data[rolesKey] = databaseSQL(in)
	return secret(in.Realm, NamesOf(in.Realm).Database(), database, data).WithOwnerReferences(owner(in.Realm))
}

// ManagedDatabaseURL is where pods find the managed PostgreSQL.
func ManagedDatabaseURL(in Inputs) []byte { return databaseURL(in, "verify-full") }

func databaseURL(in Inputs, sslmode string) []byte {
	uri := url.URL{
		Scheme:   "postgresql",
		User:     url.UserPassword(in.Database.User, in.Database.Password),
		Host:     fmt.Sprintf("%s:%d", NamesOf(in.Realm).Database(), databasePort),
		Path:     databaseName,
		RawQuery: "sslmode=" + sslmode,
	}
	return []byte(uri.String())
}
