// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestWhoseATokenOfAServiceAccountIs(t *testing.T) {
	t.Parallel()
	own, account := jwtOf(`{"sub": "shop.web"}`), jwtOf(`{"sub": "system:serviceaccount:shop:web"}`)
	for name, c := range map[string]struct {
		shown Credentials
		want  string
	}{
		"a client's own":                     {Credentials{Assertion: own}, "shop.web"},
		"a client's own, and its name":       {Credentials{Assertion: own, ClientID: "shop.web"}, "shop.web"},
		"a client's own, and another's name": {Credentials{Assertion: own, ClientID: "shop.other"}, ""},
		"a ServiceAccount's":                 {Credentials{Assertion: account, ClientID: "shop.web"}, "shop.web"},
		"a ServiceAccount's without a name":  {Credentials{Assertion: account}, ""},
		"nobody's":                           {Credentials{Assertion: "noise", ClientID: "shop.web"}, ""},
	} {
		if got, err := clientOf(c.shown); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func FuzzWorkload(f *testing.F) {
	f.Add(`{"iss": "https://k", "sub": "system:serviceaccount:shop:orders", "aud": ["https://a"], "iat": 1764504000, "exp": 1764507600,
		"kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "orders", "uid": "1"}}}`)
	f.Add(`{"kubernetes.io": [], "aud": {}}`)
	account := realmconfig.ServiceAccount{Namespace: "shop", Name: "orders"}
	now := time.Date(2025, 11, 30, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, document string) {
		token := auth.Secret("e30." + base64.RawURLEncoding.EncodeToString([]byte(document)) + ".x")
		if _, err := peek(token); err != nil && !strings.Contains(err.Error(), "no JWT of a client") {
			t.Errorf("refused with %v", err)
		}
		c := workloadClaims{}
		if json.Unmarshal([]byte(document), &c) != nil || c.check(account, "https://k", "https://a", now) != nil {
			return
		}
		life := c.Expires.Sub(c.IssuedAt.Time)
		if c.Subject != "system:serviceaccount:shop:orders" || len(c.Audience) != 1 || life > time.Hour || c.Expires.Before(now.Add(-clockSkew)) {
			t.Errorf("%s is taken", document)
		}
	})
}
