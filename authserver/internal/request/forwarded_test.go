// SPDX-License-Identifier: Apache-2.0

package request_test

import (
	"net/http/httptest"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestWhatAGatewaySaysOfARequest(t *testing.T) {
	t.Parallel()
	named := realmconfig.Network{TrustedProxies: []string{"10.0.0.0/8"}}
	own, said := request.Forwarded{Method: "GET", Host: "auth.example.com"}, request.Forwarded{Method: "POST", Host: "app.example.com", URI: "/a?b"}
	for name, c := range map[string]struct {
		peer    string
		network realmconfig.Network
		headers [][2]string
		want    request.Forwarded
		refused bool
	}{
		"nothing":                           {peer: "10.1.2.3:4", want: own},
		"everything":                        {peer: "192.0.2.1:4", headers: [][2]string{{"X-Forwarded-Method", "POST"}, {"X-Forwarded-Host", "app.example.com"}, {"X-Forwarded-Uri", "/a?b"}}, want: said},
		"from a proxy that is named":        {peer: "10.1.2.3:4", network: named, headers: [][2]string{{"X-Forwarded-Host", "app.example.com"}}, want: request.Forwarded{Method: "GET", Host: "app.example.com"}},
		"from another one":                  {peer: "192.0.2.1:4", network: named, headers: [][2]string{{"X-Forwarded-Host", "app.example.com"}}, want: own},
		"twice, from another one":           {peer: "192.0.2.1:4", network: named, headers: [][2]string{{"X-Forwarded-Host", "a"}, {"X-Forwarded-Host", "b"}}, want: own},
		"a host twice":                      {peer: "10.1.2.3:4", headers: [][2]string{{"X-Forwarded-Host", "a"}, {"X-Forwarded-Host", "a"}}, refused: true},
		"a method twice":                    {peer: "10.1.2.3:4", headers: [][2]string{{"X-Forwarded-Method", "a"}, {"X-Forwarded-Method", "b"}}, refused: true},
		"an address twice":                  {peer: "10.1.2.3:4", headers: [][2]string{{"X-Forwarded-Uri", "a"}, {"X-Forwarded-Uri", "b"}}, refused: true},
		"an underscore, which is no dash":   {peer: "10.1.2.3:4", headers: [][2]string{{"X_Forwarded_Host", "a"}}, want: own},
		"an empty host, which says nothing": {peer: "10.1.2.3:4", headers: [][2]string{{"X-Forwarded-Host", ""}}, want: own},
	} {
		r := httptest.NewRequest("GET", "https://auth.example.com/forward-auth/shop.web", nil)
		r.RemoteAddr = c.peer
		for _, h := range c.headers {
			r.Header[h[0]] = append(r.Header[h[0]], h[1])
		}
		if got, ok := request.ForwardedBy(r, c.network); ok == c.refused || !c.refused && got != c.want {
			t.Errorf("%s is read as %+v, %t", name, got, ok)
		}
	}
}

// No two lists look the same to whoever reads them.
func FuzzHeaderList(f *testing.F) {
	f.Add("a", "b", "a,b", "")
	f.Add("a%2Cb", "", "a,b", "")
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		if a == "" && b == "" || c == "" && d == "" {
			return
		}
		one, other := request.HeaderList([]string{a, b}), request.HeaderList([]string{c, d})
		if (one == other) != (a == c && b == d) {
			t.Errorf("%q and %q are %q and %q", []string{a, b}, []string{c, d}, one, other)
		}
		for _, r := range one {
			if r <= ' ' || r >= 0x7f {
				t.Errorf("%q stands in a header", one)
			}
		}
	})
}
