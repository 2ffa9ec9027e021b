// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

func TestServingHosts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ issuer, want string }{
		"of a public issuer":    {"https://login.example.com:8443/auth", "login.example.com"},
		"of an IPv6 issuer":     {"https://[2001:db8::1]:8443", "2001:db8::1"},
		"of the Service itself": {"https://staff.identity.svc.cluster.local", "staff.identity.svc.cluster.local"},
	} {
		hosts := render.ServingHosts(inputs(t, `issuer: "`+c.issuer+`"`).Realm)
		for _, want := range []string{c.want, "staff", "staff.identity", "staff.identity.svc", "staff.identity.svc.cluster.local"} {
			if n := count(hosts, want); n != 1 {
				t.Errorf("%s: %s stands %d times in %v", name, want, n, hosts)
			}
		}
	}
}

func count(all []string, one string) int {
	n := 0
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}
