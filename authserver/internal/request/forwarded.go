// SPDX-License-Identifier: Apache-2.0

package request

import (
	"cmp"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Forwarded is a request that a gateway holds back, or passes on, as the gateway tells of
// it. Host may have a port.
type Forwarded struct{ Method, Host, URI string }

// ForwardedBy reads what a gateway says in X-Forwarded-Method, X-Forwarded-Host and
// X-Forwarded-Uri; what it does not say is as in the gateway's own request, with an empty
// URI. It is false for a gateway that says something twice: then a visitor may have said
// the one.
//
// Where a realm names its proxies, nobody else is believed.
func ForwardedBy(r *http.Request, network realmconfig.Network) (Forwarded, bool) {
	f := Forwarded{Method: r.Method, Host: r.Host}
	if !believed(r, network.TrustedProxies) {
		return f, true
	}
	said := [3]string{}
	for i, name := range []string{"X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri"} {
		values := r.Header.Values(name)
		if len(values) > 1 {
			return Forwarded{}, false
		}
		if len(values) == 1 {
			said[i] = values[0]
		}
	}
	return Forwarded{Method: cmp.Or(said[0], f.Method), Host: cmp.Or(said[1], f.Host), URI: said[2]}, true
}

func believed(r *http.Request, proxies []string) bool {
	peer, ok := parseHop(r.RemoteAddr)
	return len(proxies) == 0 || ok && within(prefixes(proxies), peer)
}
