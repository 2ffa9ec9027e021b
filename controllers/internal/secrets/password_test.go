// SPDX-License-Identifier: Apache-2.0

package secrets_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

func TestPasswordsNeedNoQuoting(t *testing.T) {
	t.Parallel()
	const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	seen := map[string]bool{}
	for range 100 {
		password, err := secrets.NewPassword(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Trim(password, alphanumeric) != "" || len(password) != 32 || seen[password] {
			t.Errorf("drew a bad password of %d characters", len(password))
		}
		seen[password] = true
	}
}
