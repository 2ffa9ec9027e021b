// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// Nobody must be able to ask without end. Where clients show who they are, a request is
// counted once that is known; documents are answered from memory.
func TestEveryRouteHasALimit(t *testing.T) {
	t.Parallel()
	byThemselves := map[string]bool{
		"POST " + tokenPath: true, "POST " + parPath: true, "POST " + revokePath: true, "POST " + deviceAuthorizationPath: true,
		"GET " + userInfoPath: true, "POST " + userInfoPath: true,
		"POST " + introspectPath: true, // of wrong secrets: a resource asks for everybody's every request
	}
	for _, r := range New(Deps{}).Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		free := byThemselves[r.Pattern] || method == "OPTIONS" || strings.HasPrefix(path, "/.well-known/") || strings.HasPrefix(path, request.ResourceMetadataPath)
		if limited := r.Rate != request.Unlimited; limited == free {
			t.Errorf("%s has a limit: %t", r.Pattern, limited)
		}
	}
}
