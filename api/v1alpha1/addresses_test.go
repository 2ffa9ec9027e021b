// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Addresses that are compared with what browsers send, and addresses that are gone to:
// what a kind takes the auth server takes, and what would never match or never answer
// is refused in the user's words.
func TestAddressesOfSettings(t *testing.T) {
	t.Parallel()
	const (
		cors, back, help, traces = "cors: {allowedOrigins: [%q]}", "ui: {returnURLs: [%q]}", "ui: {supportURL: %q}", "tracing: {endpoint: %q}"
		origin                   = "must be an origin such as https://app.example.com"
		oneHost                  = "returnURLs must name one host in ASCII"
		star                     = "must name one host; * stands for nothing here"
		port                     = "must have a port of 1 to 65535"
		path                     = "returnURLs must have a path that is read in one way"
		space                    = "must have no spaces"
	)
	for _, c := range []struct{ spec, value, says string }{
		{cors, "https://App.Example.com", ""},
		{cors, "https://app.example.com:443", ""},
		{cors, "https://app.example.com:65535", ""},
		{cors, "https://my_app.example.com", ""},
		{cors, "https://xn--bcher-kva.example", ""},
		{cors, "https://192.0.2.7:8443", ""},
		{cors, "https://[2001:DB8::7]", ""},
		{cors, "http://localhost:80", ""},
		{cors, "https://*.example.com", origin},
		{cors, "https://bücher.example", origin},
		{cors, "https://app.example.com.", origin},
		{cors, "https://app..example.com", origin},
		{cors, "https://me@app.example.com", origin},
		{cors, "https://app.example.com?", origin},
		{cors, "https://app.example.com#a", origin},
		{cors, "https://app.example.com ", origin},
		{cors, "https://app.example.com:", origin},
		{cors, "https://app.example.com:08443", origin},
		{cors, "https://app.example.com:65536", port},
		{cors, "https://127.1", origin},
		{cors, "https://256.0.0.1", origin},
		{cors, "https://192.0.2.07", origin},
		{cors, "https://[::ffff:192.0.2.7]", ""},
		{cors, "https://[fe80::1%25eth0]", origin},
		{cors, "https://[::g]", origin},

		{back, "https://App.Example.com:443/Back/", ""},
		{back, "https://app.example.com", ""},
		{back, "https://app.example.com/café/", ""},
		{back, "https://app.example.com/caf%c3%a9/", ""},
		{back, "https://app.example.com/.well-known/back", ""},
		{back, "http://localhost:3000/", ""},
		{back, "https://[2001:db8::7]/", ""},
		{back, "https://*.example.com/", star},
		{back, "https://bücher.example/", oneHost},
		{back, "https://app.example.com./", oneHost},
		{back, "https://127.1/", oneHost},
		{back, "https://300.0.0.1/", oneHost},
		{back, "https://app.example.com:0/", port},
		{back, "https://app.example.com/a/../b", path},
		{back, "https://app.example.com/a/..", path},
		{back, "https://app.example.com/%2E%2e/b", path},
		{back, "https://app.example.com//b", path},
		{back, "https://app.example.com/a;b/", path},
		{back, `https://app.example.com/a\b`, path},
		{back, "https://app.example.com/a b", space},

		{help, "https://Bücher.example:443/hilfe#ü", ""},
		{help, "https://help.example.com./a;b//c", ""},
		{help, "https://*.example.com/", star},
		{help, "https://help.example.com/a b", space},
		{help, "https://help.example.com:99999/", port},

		{traces, "https://OTLP.example.com:4318/tenant", ""},
		{traces, "https://*.example.com", star},
		{traces, "https://otlp.example.com:99999", port},
		{traces, "https://otlp.example.com/a b", space},
	} {
		t.Run(c.value, func(t *testing.T) {
			t.Parallel()
			err := submit(t, "AuthRealm", "realm", issuer+fmt.Sprintf(c.spec, c.value))
			if c.says != "" {
				wantRefusal(t, err, c.says)
				return
			}
			if err != nil {
				t.Errorf("refused: %v", err)
			}
			config := realmconfig.Defaults("default/realm", "https://auth.example.com")
			switch c.spec {
			case cors:
				config.Browser.AllowedOrigins = []string{c.value}
			case back:
				config.Browser.ReturnURLs = []string{c.value}
			case help:
				config.UI.SupportURL = c.value
			case traces:
				config.Tracing = &realmconfig.Tracing{Endpoint: c.value}
			}
			if err := config.Validate(); err != nil {
				t.Errorf("the auth server does not take what the kind takes: %v", err)
			}
		})
	}
}

// What a provider answers at is asked by the auth server alone, and compared with what
// the provider says.
func TestAddressesOfProviders(t *testing.T) {
	t.Parallel()
	const issuer, endpoint = "type: OIDC\nissuer: %q", "type: OAuth2\nendpoints: {authorization: https://a.example, token: %q, userInfo: https://a.example}"
	for _, c := range []struct{ spec, value, says string }{
		{issuer, "https://ID.example.com:443/tenant", ""},
		{issuer, "https://*.example.com", "must name one host; * stands for nothing here"},
		{issuer, "https://id.example.com/ten ant", "must have no spaces"},
		{issuer, "https://id.example.com:70000", "must have a port of 1 to 65535"},
		{endpoint, "https://a.example/token?tenant=a", ""},
		{endpoint, "https://*.a.example/token", "must name one host; * stands for nothing here"},
		{endpoint, "https://a.example/token ", "must have no spaces"},
		{endpoint, "https://a.example:0/token", "must have a port of 1 to 65535"},
		{endpoint, "https://me@a.example/token", "must have no user or password"},
		{endpoint, "https://a.example/token#a", "must have no fragment"},
	} {
		t.Run(c.value, func(t *testing.T) {
			t.Parallel()
			err := submit(t, "OAuthProvider", "provider", with(registered, fmt.Sprintf(c.spec, c.value)))
			if c.says != "" {
				wantRefusal(t, err, c.says)
			} else if err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}
