// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"strings"
	"testing"
)

func TestNamesOfServiceAccounts(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"deployer": true, "a": true, "7": true, "nightly-backup-2": true, strings.Repeat("a", 63): true,
		"": false, strings.Repeat("a", 64): false, "Deployer": false, "-a": false, "a-": false, "a.b": false, "a_b": false, "a b": false,
		"ann@example.com": false, "service-account:deployer": false, "dé": false, "deployer\n": false, "\u0430dmin": false,
	} {
		if got := PlausibleServiceAccountName(name); got != good {
			t.Errorf("%q: %t", name, got)
		}
	}
}

// Whatever a service account is called, nothing of a user's is.
func FuzzServiceAccountsAreNoUsers(f *testing.F) {
	for _, seed := range []string{"deployer", "ann@example.com", "admin", "user", "0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10", "service-account:a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if PlausibleServiceAccountName(text) && (strings.ContainsAny(text, "@: \r\n\x00%") || len(text) > MaxServiceAccountName) {
			t.Errorf("%q passes for a name", text)
		}
		if marked := MarkedServiceAccount(text); IsID(marked) || PlausibleRole(ServiceAccountRole) {
			t.Errorf("%q could be a user's", marked)
		}
		if user := (ServiceAccount{Name: text}).Username(); PlausibleServiceAccountName(user) || IsID(user) {
			t.Errorf("%q could be a name or an id", user)
		}
	})
}
