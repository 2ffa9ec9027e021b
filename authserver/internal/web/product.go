// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// product is what pages call the realm: what its mails do or, without any, the
// host that people see in the address bar.
func product(settings realmconfig.Config) string {
	if settings.Email != nil {
		return settings.Email.Product
	}
	issuer, err := url.Parse(settings.Issuer)
	if err != nil {
		return settings.Realm
	}
	return issuer.Hostname()
}

func supportURL(settings realmconfig.Config) string {
	if settings.Email == nil {
		return ""
	}
	return settings.Email.SupportURL
}
