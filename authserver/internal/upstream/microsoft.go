// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// tenantPlaceholder stands in the issuer of Microsoft's endpoints that serve
// every tenant: the issuer of a token has the tenant's id in its place.
const tenantPlaceholder = "{tenantid}"

// manyTenants reports whether discovered stands for every tenant's issuer at the
// host of the settings.
func (o *openID) manyTenants(discovered string) bool {
	if o.Type != realmconfig.Microsoft || !strings.Contains(discovered, tenantPlaceholder) {
		return false
	}
	ours, err := url.Parse(o.issuer())
	return err == nil && strings.HasPrefix(discovered, ours.Scheme+"://"+ours.Host+"/")
}

// tenantIssuer is the issuer of one tenant; empty when there is none of that id.
func (o *openID) tenantIssuer(discovered, tenant string) string {
	if !o.manyTenants(discovered) || uuid.Validate(tenant) != nil {
		return ""
	}
	return strings.ReplaceAll(discovered, tenantPlaceholder, tenant)
}
