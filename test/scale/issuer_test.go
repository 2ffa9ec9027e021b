// SPDX-License-Identifier: Apache-2.0

//go:build scale

package scale

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// startIssuer runs the one identity provider that every OAuthProvider is at, as
// far as an operator asks one. It knows every client.
func startIssuer(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	issuer := "http://" + serve(t, "127.0.0.1:0", mux)
	answer := func(path string, status int, document any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(document)
		})
	}
	answer("/.well-known/openid-configuration", http.StatusOK, map[string]string{
		"issuer": issuer, "authorization_endpoint": issuer + "/auth", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/keys",
	})
	answer("/keys", http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "a"}}})
	answer("/token", http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
	return issuer
}
