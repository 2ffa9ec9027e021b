// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"encoding/base64"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Whatever the header is, it is one client with one secret, both clean, or refused
// without being quoted; and what a client writes by the rules is read as it was meant.
func FuzzBasic(f *testing.F) {
	encode := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, seed := range []string{
		encode("shop.web:secret"), encode("a%3Ab:c%25"), encode("a+b:c d"), encode("a:b:c"), encode(":"), encode(""), encode("%zz:"), encode("\x00:\xff"),
		"Basic", "Basic ", "basic  " + base64.StdEncoding.EncodeToString([]byte("a:b")), "Bearer x", "Basic ====", "Basic YTpi\n",
	} {
		f.Add(seed, "shop.web", "s3cr:t &+%")
	}
	f.Fuzz(func(t *testing.T, header, id, secret string) {
		if id, secret, ok := parseBasic([]string{header}); ok && (unprintable(id) || unprintable(string(secret))) {
			t.Errorf("%q is read as %q and %q", header, id, string(secret))
		}
		r := httptest.NewRequest("POST", "/oauth2/token", nil)
		r.Header.Set("Authorization", header)
		found, err := credentialsOf(r, form{})
		refusal, refused := asError(err)
		if (err != nil) != refused || refused && strings.ContainsFunc(refusal.Description, notDescribable) {
			t.Errorf("refused with %v", err)
		}
		if err == nil && found.Method != realmconfig.ClientSecretBasic {
			t.Errorf("read as %s", found.Method)
		}
		if unprintable(id) || unprintable(secret) || id == "" {
			return
		}
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		found, err = credentialsOf(r, form{})
		if err != nil || found.ClientID != id || string(found.Secret) != secret {
			t.Errorf("%q and %q are read as %q and %q, %v", id, secret, found.ClientID, string(found.Secret), err)
		}
	})
}
