// SPDX-License-Identifier: Apache-2.0

package tlspolicy_test

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/tlspolicy"
)

func TestSuitesAreTheAuthenticatedOnes(t *testing.T) {
	t.Parallel()
	config := tlspolicy.New()
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			continue // TLS 1.3 chooses for itself
		}
		forward := strings.HasPrefix(suite.Name, "TLS_ECDHE_")
		aead := strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "_CHACHA20_")
		if got := slices.Contains(config.CipherSuites, suite.ID); got != (forward && aead) {
			t.Errorf("%s is offered: %t", suite.Name, got)
		}
	}
}
