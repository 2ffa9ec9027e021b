// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestWhoeverCanTakeThePlaceOfAClientIsANativeApp(t *testing.T) {
	t.Parallel()
	for uri, native := range map[string]bool{
		"https://app.example.com/callback":       false,
		"https://localhost.example.com/callback": false,
		"https://198.51.100.7/callback":          false,
		"https://[2001:db8::1]/callback":         false,
		"com.example.app:/callback":              true,
		"com.example.app://callback":             true,
		"http://127.0.0.1/callback":              true,
		"http://127.0.0.1:49152/callback":        true,
		"http://[::1]:49152/":                    true,
		"http://localhost:8000":                  true,
		"https://localhost/callback":             true,
		"https://LocalHost.:8443/callback":       true,
		"https://app.localhost/callback":         true,
		"https://127.8.9.1/callback":             true,
		"https://[::ffff:127.0.0.1]/callback":    true,
		"https://0.0.0.0/callback":               true,
		"%zz":                                    true, // nothing vouches for what cannot be read
	} {
		public, confidential := realmconfig.Client{Type: realmconfig.PublicClient}, realmconfig.Client{Type: realmconfig.ConfidentialClient}
		if public.IsNativeApp(uri) != native {
			t.Errorf("%s is of a native app: %t", uri, !native)
		}
		if confidential.IsNativeApp(uri) {
			t.Errorf("%s is of a native app, whose secret nobody else has", uri)
		}
	}
}
