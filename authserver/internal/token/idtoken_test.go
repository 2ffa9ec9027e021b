// SPDX-License-Identifier: Apache-2.0

package token

import (
	"errors"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// An ID token that comes back is believed when the realm has signed it as one, by whichever
// of its keys and however long ago; no other token is taken for one.
func TestAnIDTokenComesBack(t *testing.T) {
	t.Parallel()
	s := newManyFamilies(t)
	now := time.Now()
	tokens := New(func() *realmconfig.Snapshot { return s }, func() time.Time { return now })
	claims := func(change func(map[string]any)) map[string]any {
		c := map[string]any{
			"iss": s.Config.Issuer, "sub": "ann", "aud": "apps.shop", "sid": "browser", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(),
		}
		change(c)
		return c
	}
	for _, algorithm := range everyAlgorithm() {
		signed, err := tokens.Sign(algorithm, auth.IDTokenType, claims(func(map[string]any) {}))
		if err != nil {
			t.Fatal(err)
		}
		now = time.Now().Add(time.Hour)
		if got, err := tokens.VerifyIDToken(signed); err != nil || got != (auth.IDToken{ClientID: "apps.shop", Subject: "ann", SessionID: "browser"}) {
			t.Errorf("%s: it says %+v, %v", algorithm, got, err)
		}
		now = time.Now()
	}
	for name, c := range map[string]struct {
		typ    string
		change func(map[string]any)
	}{
		"another type":      {"logout+jwt", func(map[string]any) {}},
		"an access token's": {"at+jwt", func(map[string]any) {}},
		"another issuer":    {auth.IDTokenType, func(c map[string]any) { c["iss"] = "https://other.example" }},
		"several audiences": {auth.IDTokenType, func(c map[string]any) { c["aud"] = []string{"a", "b"} }},
		"nobody":            {auth.IDTokenType, func(c map[string]any) { delete(c, "sub") }},
	} {
		signed, err := tokens.Sign(realmconfig.RS256, c.typ, claims(c.change))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tokens.VerifyIDToken(signed); !errors.Is(err, auth.Refuse(auth.TokenInvalid)) {
			t.Errorf("%s: it says %+v, %v", name, got, err)
		}
	}
	for _, noise := range []auth.Secret{"", "noise", "e30.e30.", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30."} {
		if _, err := tokens.VerifyIDToken(noise); !errors.Is(err, auth.Refuse(auth.TokenInvalid)) {
			t.Errorf("noise is answered %v", err)
		}
	}
}
