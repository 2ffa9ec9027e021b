// SPDX-License-Identifier: Apache-2.0

package httpapi

import "testing"

func TestWhatGatewaysAskIsForNoPage(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/api/user/profile": true, "/api/auth/verify-email": true,
		"/api/auth/verify": false, "/api/auth/verify/some/path": false, "/.well-known/jwks.json": false, "/apis": false,
	} {
		if got := forPages(path); got != want {
			t.Errorf("%s: %t, want %t", path, got, want)
		}
	}
}
