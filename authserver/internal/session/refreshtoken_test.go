// SPDX-License-Identifier: Apache-2.0

package session

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestRefreshTokenSeals(t *testing.T) {
	t.Parallel()
	token, other := mustToken(t), mustToken(t)
	sealed, err := token.seal(sealForStore, []byte("successor"))
	if err != nil {
		t.Fatal(err)
	}
	if value, err := token.open(sealForStore, sealed); err != nil || string(value) != "successor" {
		t.Errorf("opened %q, %v", value, err)
	}
	if _, err := other.open(sealForStore, sealed); err == nil {
		t.Error("another token opens it")
	}
	if _, err := token.open(sealForEphemeral, sealed); err == nil {
		t.Error("it opens for another purpose")
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := token.open(sealForStore, sealed); err == nil {
		t.Error("it opens although changed")
	}
}

func TestParseRefreshToken(t *testing.T) {
	t.Parallel()
	genuine := string(mustToken(t))
	cases := map[string]struct {
		token string
		ok    bool
	}{
		"genuine":      {genuine, true},
		"no prefix":    {strings.TrimPrefix(genuine, refreshTokenPrefix), false},
		"too short":    {genuine[:len(genuine)-4], false},
		"too long":     {genuine + "AAAA", false},
		"padded":       {genuine + "=", false},
		"empty":        {"", false},
		"with a break": {genuine[:10] + "\n" + genuine[10:], false},
	}
	for name, c := range cases {
		if _, ok := parseRefreshToken(auth.Secret(c.token)); ok != c.ok {
			t.Errorf("%s: accepted is %t", name, ok)
		}
	}
}

func mustToken(t *testing.T) RefreshToken {
	t.Helper()
	token, err := NewRefreshToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
