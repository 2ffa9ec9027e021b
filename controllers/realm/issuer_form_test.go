// SPDX-License-Identifier: Apache-2.0

package realm

import "testing"

func TestIssuersOfOnePlaceHaveOneForm(t *testing.T) {
	t.Parallel()
	for want, all := range map[string][]string{
		"https://login.example.com": {
			"https://Login.Example.COM", "https://login.example.com/", "https://login.example.com:443", "https://login.example.com:0443/",
			"https://login.example.com:", "https://login.example.com.", "HTTPS://login.example.com//", "https://login.example.com/a/..",
		},
		"https://login.example.com:8443/auth": {"https://LOGIN.example.com:8443/auth/", "https://login.example.com:08443//auth", "https://login.example.com:8443/%61uth"},
		"https://login.example.com/Auth":      {"https://login.example.com/./Auth"},
		"https://example.com/my%20realm":      {"https://example.com/my realm"},
		"https://example.com/m%C3%BCller":     {"https://example.com/müller", "https://example.com/m%c3%bcller"},
		"https://[2001:db8::1]":               {"https://[2001:DB8:0::1]:443/", "https://[2001:0db8::1]"},
		"https://[2001:db8::1]:8443":          {"https://[2001:DB8:0::1]:8443"},
		"https://10.0.0.1":                    {"https://10.0.0.1:443"},
		"%":                                   {"%"}, // which is no URL
	} {
		for _, issuer := range append(all, want) {
			if got := normalIssuer(issuer); got != want {
				t.Errorf("the form of %q is %q, want %q", issuer, got, want)
			}
		}
	}
}
