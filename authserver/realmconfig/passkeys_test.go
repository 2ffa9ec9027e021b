// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestPasskeysBelongToNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		issuer  string
		origins []string
		refused string
	}{
		"the realm's own pages":   {"https://auth.example.com", nil, ""},
		"a host within a cluster": {"https://localhost:8443", nil, ""},
		"a related origin":        {"https://auth.example.com", []string{"https://app.example.net", "https://App.example.net:8443"}, ""},
		"an IPv4 issuer":          {"https://192.0.2.7", nil, "host name"},
		"an IPv6 issuer":          {"https://[2001:db8::1]:8443", nil, "host name"},
		"a plain origin":          {"https://auth.example.com", []string{"http://app.example.net"}, "passkeys.relatedOrigins[0]: must be an origin"},
		"a page":                  {"https://auth.example.com", []string{"https://app.example.net", "https://app.example.net/"}, "passkeys.relatedOrigins[1]: must be an origin"},
		"a related IP address":    {"https://auth.example.com", []string{"https://192.0.2.7"}, "must have a host name"},
		"every host":              {"https://auth.example.com", []string{"https://*.example.net"}, "passkeys.relatedOrigins[0]"},
		"too many":                {"https://auth.example.com", strings.Split(strings.Repeat("https://app.example.net ", realmconfig.MaxRelatedOrigins+1), " ")[:realmconfig.MaxRelatedOrigins+1], "20 at most"},
	} {
		config := realmconfig.Defaults("identity/staff", c.issuer)
		config.Passkeys = &realmconfig.Passkeys{RelatedOrigins: c.origins}
		err := config.Validate()
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
